"""Lease: a claim on a file, which others respect while it is renewed: a lock where are none.

A process that was suspended for longer than EXPIRED loses it, and finds another's token in the
file: hence `is_held` before each write.
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
_expired: set[tuple[str, int]] = set()  # token and time of the last renewal


class Lease:
    """The lease of this process on a file; `token` is part of the file's JSON."""

    def __init__(self, path: Path) -> None:
        self._path, self.token = path, secrets.token_hex(16)
        self._released = threading.Event()
        _own.add(self.token)

    def hold(self) -> bool:
        """Return whether it is held, after the token was written; then it is renewed."""
        time.sleep(SETTLED)
        if not self.is_held:
            self.release()
            return False
        threading.Thread(target=self._renew, name="lease", daemon=True).start()
        return True

    @property
    def is_held(self) -> bool:
        """Whether no other process has taken it over."""
        return read(self._path).get("token") == self.token

    def release(self) -> None:
        """Renew it no more."""
        self._released.set()
        _own.discard(self.token)

    def _renew(self) -> None:
        while not self._released.wait(RENEWED):
            if self.is_held:
                with suppress(OSError):  # until the next time
                    os.utime(self._path)


def read(path: Path) -> Mapping[str, Any]:
    """Return the owner's JSON in a lock's file; empty where it has not said who it is."""
    with suppress(OSError, ValueError, RecursionError):
        with path.open("rb", buffering=0) as file:
            file.seek(STARTS)
            owner = json.loads(file.read(LONGEST))
        if isinstance(owner, dict):
            return owner
    return {}


def is_free(path: Path, is_locked: bool) -> bool:
    """Return whether no living process holds the lease; wait until it is renewed or has expired.

    `is_locked`: this process has locked the file, so that its owner can have nothing but a lease.
    Without locks, and without a token in it, its owner may hold a lock from a machine that has.
    """
    owner = read(path)
    token = owner.get("token")
    if not owner or _is_dead(owner):
        return True
    if not isinstance(token, str):
        return is_locked
    began, renewed = time.monotonic(), _renewed(path)
    while (token, renewed) not in _expired:
        if time.monotonic() > began + EXPIRED:
            _expired.add((token, renewed))
        time.sleep(LOOK)
        if read(path).get("token") != token or _renewed(path) != renewed:
            return False
    return True


def _is_dead(owner: Mapping[str, Any]) -> bool:
    """Return whether the owner was a process of this machine that has ended."""
    pid, token = owner.get("pid"), owner.get("token")
    if owner.get("host") != socket.gethostname() or type(pid) is not int or os.name == "nt":
        return False  # os.kill would end a process on Windows
    if pid == os.getpid():  # as the first process of a container that was started again
        return token is not None and token not in _own
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, OverflowError):
        return True
    except PermissionError:
        return False
    return False


def _renewed(path: Path) -> int:
    """Return the time of the last renewal; opening the file asks the server, not a cache."""
    with suppress(OSError), path.open("rb") as file:
        return os.fstat(file.fileno()).st_mtime_ns
    return 0
