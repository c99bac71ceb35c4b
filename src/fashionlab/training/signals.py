"""Interrupts: requests to stop a training, by Ctrl-C or SIGTERM."""

import signal
import threading
from types import FrameType, TracebackType
from typing import Any, Self


class Interrupts:
    """A context in which a signal is a request that the training looks at between steps.

    SIGINT (Ctrl-C) once asks it to stop after the epoch, twice stops it at once, by
    KeyboardInterrupt. SIGTERM, which schedulers send some seconds before SIGKILL, asks it to stop
    after the step. Outside the main thread, where Python has no signals, nothing is changed, nor is
    a signal whose handling somebody else has changed.
    """

    def __init__(self) -> None:
        self.after_epoch = False
        self.after_step = False
        self._before: dict[signal.Signals, Any] = {}

    def __enter__(self) -> Self:
        if threading.current_thread() is threading.main_thread():
            usual = {signal.SIGINT: signal.default_int_handler, signal.SIGTERM: signal.SIG_DFL}
            for number, handler in usual.items():
                if signal.getsignal(number) == handler:
                    self._before[number] = signal.signal(number, self._note)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _note(self, number: int, frame: FrameType | None) -> None:
        if number == signal.SIGTERM:
            self.after_step = True
        elif self.after_epoch:
            raise KeyboardInterrupt
        else:
            self.after_epoch = True

    @property
    def status(self) -> int:
        """The exit status of a process that such a signal has stopped, as shells have it."""
        return 128 + (signal.SIGTERM if self.after_step else signal.SIGINT)
