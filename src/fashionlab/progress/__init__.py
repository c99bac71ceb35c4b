"""What a training tells while it runs, and an estimate of the time that is left.

progress     Progress, which says nothing; Several; Step; Pace, in images a second
lines        Lines, an epoch each
bar          Bar, on a terminal
tensorboard  events for TensorBoard
"""

import sys
from collections.abc import Callable

from fashionlab.progress.bar import Bar
from fashionlab.progress.lines import Lines
from fashionlab.progress.progress import Pace, Progress, Several, Step, duration

__all__ = ["Bar", "Lines", "Pace", "Progress", "Several", "Step", "duration", "for_stderr"]


def for_stderr(say: Callable[[str], None]) -> Progress:
    """A bar where standard error is a terminal, else lines."""
    return Bar() if sys.stderr.isatty() else Lines(say)
