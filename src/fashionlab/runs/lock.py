"""Lock: one process at a time writes a run folder; the kernel frees it when its owner dies.

FOLDER.lock   locked by its owner, and says who that is; next to the folder, since Windows does
              not rename a folder in which a file is open
FOLDER.lease  only where the file system has no locks: its owner renews it every RENEWED
              seconds; who finds it unrenewed for EXPIRED seconds, or its owner dead on the
              same machine, takes it
"""

import errno
import json
import os
import socket
import sys
import time
import warnings
from contextlib import suppress
from pathlib import Path
from typing import Any

from fashionlab import files
from fashionlab.errors import RunError

TRIES = (0.01, 0.05)  # seconds between tries to hold it
EXPIRED, RENEWED = 30.0, 5.0  # seconds
NO_LOCKS = {errno.ENOSYS, errno.ENOLCK, errno.ENOTSUP, errno.EOPNOTSUPP, errno.EINVAL}
FLAGS = os.O_RDWR | files.BINARY | getattr(os, "O_NOFOLLOW", 0)
LOCKED = 1  # byte at the start, which on Windows no other process can read
LONGEST = 4096  # bytes of an owner's description


class Lock:
    """A lock on a folder; `run` is the name of what is written there, for messages."""

    def __init__(self, folder: Path, run: Path) -> None:
        self.folder, self.run = folder, run
        self._path, self.lease_path = paths(folder)
        self._descriptor = -1
        self._lease: Any = None  # a filelock.SoftFileLease, while it is held

    def acquire(self) -> None:
        """Take the lock, and make the folder where it is missing.

        Raises RunError, which names the owner, where another process holds it; OSError where the
        folder cannot be written.
        """
        while self._descriptor < 0:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            try:
                self._descriptor = os.open(self._path, FLAGS | os.O_CREAT, 0o644)
            except FileNotFoundError:  # the parent was removed in between
                continue
            try:
                if not self._hold():
                    raise self._taken()
            except BaseException:
                self._close()
                raise
            if not self._is_named():  # it was opened just before its owner removed it
                self._close()
        try:
            os.ftruncate(self._descriptor, 0)
            os.write(self._descriptor, b" " * LOCKED + json.dumps(_description()).encode())
            self.folder.mkdir(exist_ok=True)
        except OSError as error:
            self.release()
            raise OSError(error.errno, error.strerror, error.filename or str(self._path)) from error

    def require_free(self) -> None:
        """Raise RunError, which names the owner, where another process holds the lock."""
        try:
            self._descriptor = os.open(self._path, FLAGS)
        except OSError:  # no file, no lock
            return
        try:
            if not self._hold():
                raise self._taken()
        finally:
            self._close()

    @property
    def is_lease(self) -> bool:
        """Whether it is held by a lease, because the file system has no locks."""
        return self._lease is not None

    @property
    def is_held(self) -> bool:
        """Whether it is held; a lease can be lost by a process that was suspended for too long."""
        return self._descriptor >= 0 and not (self._lease and self._lease.compromise)

    def _hold(self) -> bool:
        """Return whether it is held now: by the kernel, or by a lease where that has no locks."""
        try:
            held = self._hold_by_kernel()
        except OSError as error:
            if error.errno not in NO_LOCKS:
                raise OSError(error.errno, error.strerror, str(self._path)) from error
            return self._hold_lease()
        # A process that had no locks here, maybe on another machine, may hold the lease.
        return held and (not self.lease_path.exists() or self._hold_lease())

    def _hold_by_kernel(self) -> bool:
        """Return whether the file is locked; who only looks locks it for a moment: hence tries."""
        lock = _filelock().lock_descriptor
        for pause in TRIES:
            if lock(self._descriptor, blocking=False):
                return True
            time.sleep(pause)
        return bool(lock(self._descriptor, blocking=False))

    def _hold_lease(self) -> bool:
        """Return whether the lease is held; wait until another's has expired or is renewed."""
        library, before = _filelock(), _written(self.lease_path)

        def is_renewed() -> bool:
            now = _written(self.lease_path)
            return before is not None and now is not None and now != before

        lease = library.SoftFileLease(
            self.lease_path,
            lease_duration=EXPIRED,
            heartbeat_interval=RENEWED,
            thread_local=False,
        )
        try:
            lease.acquire(timeout=EXPIRED + RENEWED, cancel_check=is_renewed)
        except (library.Timeout, library.LeaseSettingsMismatch):
            return False
        self._lease = lease
        return True

    def _taken(self) -> RunError:
        gone = f"if it is gone, remove {self.lease_path}; " if self.lease_path.exists() else ""
        return RunError(
            f"{self.run} is being trained by {_owner(self._descriptor)}; {gone}wait for it, or "
            "choose another --out"
        )

    def _is_named(self) -> bool:
        """Return whether the open file still has the lock's name."""
        try:
            return os.path.samestat(os.fstat(self._descriptor), self._path.stat())
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
        named = self.is_held and self._is_named()  # else the name is another's by now
        try:
            if named:
                self._path.unlink()
        except PermissionError:  # Windows, where an open file cannot be removed
            self._close()
            with suppress(OSError):  # another process has opened it already
                self._path.unlink()
        finally:
            if self._descriptor >= 0:
                self._close()


def paths(folder: Path) -> tuple[Path, Path]:
    """Return the files of the lock on a folder, the lease last."""
    return folder.with_name(f"{folder.name}.lock"), folder.with_name(f"{folder.name}.lease")


def _filelock() -> Any:
    """Return the library; importing it takes 50 ms, and warns where there is no fcntl."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import filelock
    return filelock


def _written(path: Path) -> int | None:
    with suppress(OSError):
        return path.stat().st_mtime_ns
    return None


def _description() -> dict[str, object]:
    return {
        "pid": os.getpid(),
        "host": socket.gethostname(),
        "since": time.strftime("%Y-%m-%d %H:%M:%S"),
        "command": " ".join(sys.argv)[:200],
    }


def _owner(descriptor: int) -> str:
    try:
        os.lseek(descriptor, LOCKED, os.SEEK_SET)
        owner = json.loads(os.read(descriptor, LONGEST))
        said = f"process {owner['pid']} on {owner['host']} since {owner['since']} "
        return " ".join(f"{said}({owner['command']})".split())
    except (OSError, ValueError, LookupError, TypeError):  # it has only just begun
        return "another process"
