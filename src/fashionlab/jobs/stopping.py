"""Signals that stop a process which gives jobs to others and waits for them."""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

from fashionlab.errors import StoppedError


@contextmanager
def stoppable(said: Callable[[], str], remedy: str) -> Iterator[None]:
    """Turn Ctrl-C and SIGTERM, also a second one while all is being closed, into StoppedError.

    `said` returns what has been done until then; `remedy` is what goes on with it.
    """
    with terminable() as status:
        try:
            yield
        except KeyboardInterrupt:
            raise StoppedError(said(), status(), remedy) from None


@contextmanager
def terminable() -> Iterator[Callable[[], int]]:
    """Have SIGTERM raise KeyboardInterrupt too; yield what returns the exit status that it is.

    Outside the main thread, and where somebody else handles SIGTERM, nothing is changed.
    """
    received = [signal.SIGINT]

    def note(number: int, frame: FrameType | None) -> None:
        received.append(signal.SIGTERM)
        raise KeyboardInterrupt

    usual = threading.current_thread() is threading.main_thread() and (
        signal.getsignal(signal.SIGTERM) == signal.SIG_DFL
    )
    if usual:
        signal.signal(signal.SIGTERM, note)
    try:
        yield lambda: 128 + received[-1]
    finally:
        if usual:
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
