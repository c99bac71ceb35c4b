"""Lock: one process at a time writes a run folder; the kernel frees it when its owner dies.

Its file is FOLDER.lock, which says who holds it while it is held. It lies next to the folder, since
Windows does not rename a folder in which a file is open. On a file system without locks the same
file is a lease, which its owner renews.
"""

import errno
import os
import socket
import sys
import time
import warnings
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path

from fashionlab import files
from fashionlab.errors import BusyError
from fashionlab.runs import lease
from fashionlab.runs.lease import Lease

TRIES = (0.01, 0.05)  # seconds between tries to hold it
ROUNDS = 100  # in which its file can be removed before it is locked
NO_LOCKS = {errno.ENOSYS, errno.ENOLCK, errno.ENOTSUP, errno.EOPNOTSUPP, errno.EINVAL}
FLAGS = os.O_RDWR | files.BINARY | getattr(os, "O_NOFOLLOW", 0)


class Lock:
    """A lock on a folder; `run` is the name of what is written there, for messages."""

    def __init__(self, folder: Path, run: Path) -> None:
        self.folder, self.run, self.path = folder, run, file_of(folder)
        self._descriptor = -1
        self._lease: Lease | None = None

    def acquire(self) -> None:
        """Take the lock, and make the folder where it is missing.

        Raises RunError, which names the owner, where another process holds it; OSError where the
        folder cannot be written.
        """
        is_locked = self._open_and_lock()
        try:
            os.ftruncate(self._descriptor, 0)
            if is_locked:
                os.write(self._descriptor, lease.content(_description()))
            else:
                self._lease = Lease(self.path, _description())
                if not self._lease.claim():
                    raise self._taken()
            self.folder.mkdir(exist_ok=True)
        except BaseException as error:
            self.release()
            if isinstance(error, OSError):
                where = error.filename or str(self.path)
                raise OSError(error.errno, error.strerror, where) from error
            raise

    def _open_and_lock(self) -> bool:
        """Open the file that has the lock's name, and lock it; return what `_lock` does."""
        for _ in range(ROUNDS):
            self.path.parent.mkdir(parents=True, exist_ok=True)
            try:
                self._descriptor = os.open(self.path, FLAGS | os.O_CREAT, 0o644)
            except FileNotFoundError:  # the parent was removed in between
                continue
            try:
                is_locked = self._lock()
                if self._is_named():  # else it was opened just before its owner removed it
                    return is_locked
            except BaseException:
                self._close()
                raise
            self._close()
        raise self._taken()

    def require_free(self) -> None:
        """Raise RunError, which names the owner, where another process holds the lock."""
        try:
            self._descriptor = os.open(self.path, FLAGS)
        except OSError:  # no file, no lock
            return
        try:
            self._lock()
        finally:
            self._close()

    @property
    def is_lease(self) -> bool:
        """Whether the file system has no locks, and it is held by a lease."""
        return self._lease is not None

    @property
    def is_held(self) -> bool:
        """Whether it is held; a lease can be lost."""
        return self._descriptor >= 0 and (self._lease is None or self._lease.is_held)

    def _lock(self) -> bool:
        """Return whether the file is locked, False where it has no lock, but is free.

        Raises RunError, which names the owner, where another process holds it.
        """
        remedy = ""
        try:
            is_locked = is_free = self._is_locked()
        except OSError as error:
            if error.errno not in NO_LOCKS:
                raise OSError(error.errno, error.strerror, str(self.path)) from error
            is_locked, is_free = False, True
        if is_free and not lease.is_free(self.path, is_locked):
            is_free, remedy = False, f"; if it has ended, remove {self.path}"
        if not is_free:
            raise self._taken(remedy)
        return is_locked

    def _is_locked(self) -> bool:
        """Lock the file; a process that only looks has it locked for a moment: hence tries."""
        lock = _lock_descriptor()
        for pause in TRIES:
            if lock(self._descriptor):
                return True
            time.sleep(pause)
        return lock(self._descriptor)

    def _taken(self, remedy: str = "") -> BusyError:
        owner = _named(lease.read(self.path))
        return BusyError(
            f"{self.run} is being trained by {owner}; wait for it, or choose another --out{remedy}"
        )

    def _is_named(self) -> bool:
        """Return whether the open file still has the lock's name."""
        try:
            return os.path.samestat(os.fstat(self._descriptor), self.path.stat())
        except FileNotFoundError:
            return False

    def _close(self) -> None:
        os.close(self._descriptor)
        self._descriptor = -1
        if self._lease:
            self._lease.release()
            self._lease = None

    def release(self) -> None:
        """Remove the lock's file, and release the lock."""
        if self._descriptor < 0:
            return
        try:
            if self.is_held and self._is_named():  # else the name is another's by now
                self.path.unlink()
            self._close()
        except PermissionError:  # Windows, where an open file cannot be removed
            self._close()
            with suppress(OSError):  # another process has opened it already
                self.path.unlink()


def file_of(folder: Path) -> Path:
    """Return the file of the lock on a folder."""
    return folder.with_name(f"{folder.name}.lock")


def _lock_descriptor() -> Callable[[int], bool]:
    """Return the function that locks an open file, whatever the system calls it."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that other parts of it need fcntl
        import filelock  # here: it takes 50 ms
    return lambda descriptor: filelock.lock_descriptor(descriptor, blocking=False)


def _description() -> dict[str, object]:
    return {
        "pid": os.getpid(),
        "host": socket.gethostname(),
        "since": time.strftime("%Y-%m-%d %H:%M:%S"),
        "command": " ".join(sys.argv)[:200],
    }


def _named(owner: Mapping[str, object]) -> str:
    try:
        said = "process {pid} on {host} since {since} ({command})".format_map(owner)
    except LookupError:  # it has only just begun
        return "another process"
    return " ".join(said.split())
