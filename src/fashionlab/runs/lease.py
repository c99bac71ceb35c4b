"""Lease: a claim on a file, which others respect while it is renewed: a lock where are none.

A process that was suspended for longer than EXPIRED loses it, and finds another's token in the
file: hence `is_held` before each write. Nothing depends on clocks of other machines, nor on times
and numbers of files, which not every network file system has.
"""

import json
import os
import secrets
import socket
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

EXPIRED, RENEWED = 30.0, 5.0  # seconds without a renewal until it is free, and between two
SETTLED = 0.5  # seconds in which several processes that claim it at once see the last of them
LOOK = 0.1  # seconds between looks at another's
STARTS, LONGEST = 1, 4096  # bytes; on Windows no other process can read a locked byte, the first

_own: set[str] = set()  # tokens of this process
_expired: set[str] = set()  # what files said whose owners renewed them no more


def content(owner: Mapping[str, Any]) -> bytes:
    """Return what a lock's file has of its owner."""
    return b" " * STARTS + json.dumps(owner).encode()


def read(path: Path) -> dict[str, Any]:
    """Return the owner in a lock's file; empty where it has not said who it is."""
    with suppress(OSError, ValueError, RecursionError):
        with path.open("rb", buffering=0) as file:  # opened each time: it asks the server, no cache
            file.seek(STARTS)
            owner = json.loads(file.read(LONGEST))
        if isinstance(owner, dict):
            return owner
    return {}


class Lease:
    """The lease of this process, `owner`, on a file that exists."""

    def __init__(self, path: Path, owner: Mapping[str, Any]) -> None:
        self._path, self._owner, self._token = path, owner, secrets.token_hex(16)
        self._renewals = 0
        self._released = threading.Event()

    def claim(self) -> bool:
        """Return whether it is held from now on; False where another claimed it at the same time.

        Raises OSError.
        """
        _own.add(self._token)
        self._write()
        time.sleep(SETTLED)
        if not self.is_held:
            return False
        threading.Thread(target=self._renew, name="lease", daemon=True).start()
        return True

    @property
    def is_held(self) -> bool:
        """Whether no other process has taken it over."""
        return read(self._path).get("token") == self._token

    def release(self) -> None:
        """Renew it no more."""
        self._released.set()
        _own.discard(self._token)

    def _renew(self) -> None:
        while not self._released.wait(RENEWED):
            if self.is_held:
                with suppress(OSError):  # until the next time
                    self._write()

    def _write(self) -> None:
        """Write into the file, always as many bytes, so that it is whole at every moment."""
        renewal = {"token": self._token, "renewals": f"{self._renewals:010}"}
        with self._path.open("r+b", buffering=0) as file:
            file.write(content({**self._owner, **renewal}))
        self._renewals += 1


def is_free(path: Path, is_locked: bool) -> bool:
    """Return whether no living process holds the lease; wait until it is renewed or has expired.

    `is_locked`: this process has locked the file, so that its owner can have nothing but a lease.
    Without locks, and without a token in it, its owner may hold a lock from a machine that has.
    """
    owner = read(path)
    if not owner or _is_dead(owner):
        return True
    if "token" not in owner:
        return is_locked
    began, said = time.monotonic(), json.dumps(owner)
    while said not in _expired:
        time.sleep(LOOK)
        if read(path) != owner:
            return False
        if time.monotonic() > began + EXPIRED:
            _expired.add(said)
    return True


def _is_dead(owner: Mapping[str, Any]) -> bool:
    """Return whether the owner was a process of this machine that has ended."""
    pid = owner.get("pid")
    if owner.get("host") != socket.gethostname() or type(pid) is not int or os.name == "nt":
        return False  # os.kill would end a process on Windows
    if pid == os.getpid():  # as the first process of a container that was started again
        return "token" in owner and owner["token"] not in _own
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, OverflowError):
        return True
    except PermissionError:
        return False
    return False
