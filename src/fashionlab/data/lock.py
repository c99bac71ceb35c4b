"""A lock on a folder: one process at a time fills it, and another waits."""

import errno
import os
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

NAME = ".fetch.lock"  # stays in the folder, empty: who removes it could remove another's
LOOK_S = 0.2  # between looks at a lock that another process has
NO_LOCKS = {errno.ENOSYS, errno.ENOLCK, errno.ENOTSUP, errno.EOPNOTSUPP, errno.EINVAL}


@contextmanager
def locked(folder: Path, log: Callable[[str], None], name: str = NAME) -> Iterator[bool]:
    """Wait until no other process has the lock, and hold it; `log` gets a line where it waits.

    `name` is the file's. Yields whether it is held: False on a file system without locks. The
    kernel frees the lock of a process that dies. Raises OSError where the folder cannot be
    written.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that other parts of it need fcntl
        import filelock  # here: it takes 50 ms
    path = folder / name
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        is_held, is_said = True, False
        try:
            while not filelock.lock_descriptor(descriptor, blocking=False):
                if not is_said:
                    log(f"waiting for another process, which has locked {path}")
                is_said = True
                time.sleep(LOOK_S)
        except OSError as error:
            if error.errno not in NO_LOCKS:
                raise OSError(error.errno, error.strerror, str(path)) from error
            is_held = False
        yield is_held
    finally:
        os.close(descriptor)  # and the lock with it
