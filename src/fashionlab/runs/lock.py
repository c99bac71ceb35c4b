"""Lock: one process at a time writes a run folder; the kernel frees it when its owner dies."""

import fcntl
import json
import os
import socket
import sys
import time
from contextlib import suppress
from pathlib import Path

from fashionlab.errors import RunError

NAME = "lock"
TRIES = (0.01, 0.05)  # seconds between tries to hold it


class Lock:
    """A lock on a folder, in its file `lock`, which says who holds it while it is held.

    `run` is the name of what is written there, for messages.
    """

    def __init__(self, folder: Path, run: Path) -> None:
        self.folder, self.run = folder, run
        self._path = folder / NAME
        self._descriptor = -1

    def acquire(self) -> None:
        """Make the folder where it is missing, and take the lock.

        Raises RunError, which names the owner, where another process does; OSError where the folder
        cannot be written or its file system has no locks.
        """
        while self._descriptor < 0:
            self.folder.mkdir(parents=True, exist_ok=True)
            try:
                self._descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
            except FileNotFoundError:  # the folder was finished, or removed, in between
                continue
            try:
                if not self._hold():
                    raise self._taken()
            except BaseException:
                self._close()
                raise
            if not self._is_named():
                self._close()
        try:
            os.ftruncate(self._descriptor, 0)
            os.write(self._descriptor, json.dumps(_description()).encode())
        except OSError as error:
            self.release(self.folder)
            with suppress(OSError):  # there is more in it
                self.folder.rmdir()
            raise OSError(error.errno, error.strerror, str(self._path)) from error

    def require_free(self) -> None:
        """Raise RunError, which names the owner, where another process holds the lock."""
        try:
            self._descriptor = os.open(self._path, os.O_RDWR | os.O_CLOEXEC)
        except OSError:  # no folder, no lock
            return
        try:
            if not self._hold():
                raise self._taken()
        finally:
            self._close()

    def _hold(self) -> bool:
        """Return whether it is held; a process that only looks holds it briefly: hence tries."""
        for pause in (*TRIES, None):
            try:
                fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return True
            except BlockingIOError:
                if pause is not None:
                    time.sleep(pause)
            except OSError as error:
                raise OSError(error.errno, error.strerror, str(self._path)) from error
        return False

    def _taken(self) -> RunError:
        return RunError(
            f"{self.run} is being trained by {_owner(self._descriptor)}; wait for it, or choose "
            "another --out"
        )

    def _is_named(self) -> bool:
        """Return whether the locked file still has the lock's name."""
        try:
            return os.path.samestat(os.fstat(self._descriptor), self._path.stat())
        except FileNotFoundError:
            return False

    def _close(self) -> None:
        os.close(self._descriptor)
        self._descriptor = -1

    def release(self, folder: Path) -> None:
        """Release the lock, and remove its file from `folder`, where it is now."""
        if self._descriptor < 0:
            return
        self._path = folder / NAME
        try:
            if self._is_named():  # else the name is another's by now
                self._path.unlink()
        finally:
            self._close()


def _description() -> dict[str, object]:
    return {
        "pid": os.getpid(),
        "host": socket.gethostname(),
        "since": time.strftime("%Y-%m-%d %H:%M:%S"),
        "command": " ".join(sys.argv)[:200],
    }


def _owner(descriptor: int) -> str:
    try:
        owner = json.loads(os.pread(descriptor, 4096, 0))
        said = f"process {owner['pid']} on {owner['host']} since {owner['since']} "
        return " ".join(f"{said}({owner['command']})".split())
    except (ValueError, LookupError, TypeError):  # it has only just begun
        return "another process"
