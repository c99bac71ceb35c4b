"""Operating systems in the place of `os` of one module: one that fails, and one that is Windows."""

import os

CALLS = ("open", "write", "fsync", "mkdir", "rename", "replace")


class FailingOs:
    """Stands in the place of `os`: the call number `fails` raises OSError(`number`)."""

    def __init__(self, fails, number):
        self.fails, self.number, self.calls = fails, number, []

    def __getattr__(self, name):
        real = getattr(os, name)
        if name not in CALLS:
            return real

        def call(*arguments):
            self.calls.append(name)
            if len(self.calls) == self.fails:
                raise OSError(self.number, os.strerror(self.number))
            return real(*arguments)

        return call


class Windows:
    """Stands in the place of `os`: this system, under the name of Windows."""

    name = "nt"

    def __getattr__(self, name):
        return getattr(os, name)
