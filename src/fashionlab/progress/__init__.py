"""The progress of a training: losses and metrics so far, speed, and an estimate of the time left.

Also that of a download, in bytes.

progress     Progress, which shows nothing; ProgressList; Step; Pace, in images a second
lines        Lines, one per epoch
bar          Bar, on a terminal
download     download_bar, on a terminal
tensorboard  events for TensorBoard
"""

import sys
from collections.abc import Callable

from fashionlab.progress.bar import Bar
from fashionlab.progress.download import download_bar
from fashionlab.progress.lines import Lines
from fashionlab.progress.progress import Pace, Progress, ProgressList, Step, duration

__all__ = [
    "Bar",
    "Lines",
    "Pace",
    "Progress",
    "ProgressList",
    "Step",
    "download_bar",
    "duration",
    "for_stderr",
]


def for_stderr(say: Callable[[str], None]) -> Progress:
    """Return a bar where standard error is a terminal, else lines; it is None without a console."""
    return Bar() if sys.stderr and sys.stderr.isatty() else Lines(say)
