"""Windows: the order of an epoch over images that are larger than the memory.

The rows lie in blocks of about a megabyte. An epoch takes the blocks in a random order, joins them,
and cuts the row of rows into windows of whole batches; only within a window are rows shuffled one
by one. So a batch has images of a hundred places of the file, the disk reads a megabyte at a time,
and the memory holds two windows: that in use and the next, which a thread reads.

Symbols: N rows, n rows of a window.
"""

import math
import os
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fashionlab.data.storage import reading

BLOCK = 2**20  # bytes that are read together
WINDOW = 2**27  # bytes of a window, about
PRIORITY = 10  # of the thread on Linux, where 0 is usual and 19 the lowest
SHUFFLE = 3  # stream of random numbers; see `data.augment` for the others


def _yield_to_training() -> None:
    """Let this thread take mostly what training leaves of the processor, where that is possible.

    Each of the cores that a matrix product uses waits for the slowest: a reader that takes half of
    one for a moment halves them all. At the lowest priority, though, a window comes too late.
    """
    if sys.platform == "linux":
        with suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), PRIORITY)


@dataclass(frozen=True, eq=False)
class Window:
    """Some images as they were read, and the order in which they are trained on."""

    images: NDArray[np.uint8]  # (n, H, W[, 3])
    rows: NDArray[np.int64]  # (n,), their places in the set
    order: NDArray[np.int64]  # (n,), of the images in the window


@dataclass(frozen=True)
class Windows:
    """The windows of every epoch, decided by the shape of the data and the seed."""

    count: int  # N
    image_bytes: int
    batch_size: int
    seed: int

    @property
    def steps(self) -> int:
        """The batches in a window."""
        return max(1, WINDOW // (self.image_bytes * self.batch_size))

    @property
    def size(self) -> int:
        """The rows of a window; the last of an epoch has what is left."""
        return self.steps * self.batch_size

    @property
    def windows(self) -> int:
        """The windows in an epoch: a single row that is left joins the last, as in `Batches`."""
        joined = self.batch_size > 1
        return max(1, math.ceil((self.count - joined) / self.size))

    def rows(self, epoch: int, window: int) -> list[slice]:
        """Return the rows of a window as slices of the set, in the order of the epoch's blocks."""
        block = max(1, BLOCK // self.image_bytes)
        blocks = math.ceil(self.count / block)
        order = np.random.default_rng([self.seed, epoch]).permutation(blocks)
        sizes = np.full(blocks, block)
        sizes[order == blocks - 1] = self.count - (blocks - 1) * block
        ends = sizes.cumsum()
        first = window * self.size
        last = self.count if window + 1 == self.windows else first + self.size
        slices = []
        for place in range(int(np.searchsorted(ends, first, "right")), blocks):
            begins = int(ends[place] - sizes[place])
            if begins >= last:
                break
            low, high = max(first, begins) - begins, min(last, int(ends[place])) - begins
            start = int(order[place]) * block
            slices.append(slice(start + low, start + high))
        return slices

    def read(
        self, images: NDArray[np.uint8], epoch: int, window: int, into: NDArray[np.uint8]
    ) -> Window:
        """Return a window, whose images are read into the beginning of an array."""
        slices = self.rows(epoch, window)
        rows = np.concatenate([np.arange(s.start, s.stop) for s in slices])
        order = np.random.default_rng([self.seed, epoch, SHUFFLE, window]).permutation(len(rows))
        chosen, first = into[: len(rows)], 0
        with reading(images) as read:
            for s in slices:
                last = first + s.stop - s.start
                read(s, chosen[first:last])
                first = last
        return Window(chosen, rows, order)

    def epoch(
        self, images: NDArray[np.uint8], epoch: int, first: int = 0
    ) -> Iterator[tuple[int, Window]]:
        """Yield the windows of an epoch from `first` on, each with its number.

        A window is valid until the next one: its memory is used again, since new pages cost about
        as much as reading.
        """
        most = min(self.count, self.size + 1)  # the last may have a row more
        memory = [np.empty((most, *images.shape[1:]), np.uint8) for _ in range(2)]
        with ThreadPoolExecutor(1, "window", initializer=_yield_to_training) as thread:
            coming: Any = thread.submit(self.read, images, epoch, first, memory[first % 2])
            for number in range(first, self.windows):
                window = coming.result()
                if number + 1 < self.windows:
                    into = memory[(number + 1) % 2]
                    coming = thread.submit(self.read, images, epoch, number + 1, into)
                yield number, window
