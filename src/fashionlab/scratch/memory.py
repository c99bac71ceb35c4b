"""Where arrays lie in memory, which decides a good part of the speed; nothing of the mathematics.

Products and loops run faster over arrays that begin at a cache line, and over large ones that lie
on large pages, of which the processor's TLB covers more (benchmarks/engine/fast_forms.py).
"""

from collections.abc import Iterable, Iterator
from typing import Any, final

import numpy as np
from numpy.typing import DTypeLike, NDArray

Array = NDArray[Any]

CACHE_LINE = 64  # bytes, also the widest vector register
LARGE_PAGE = 2**21  # bytes, of x86 and most ARM machines
LARGE = 2**17  # bytes from which an array gets large pages


def aligned(shape: tuple[int, ...], dtype: DTypeLike) -> Array:
    """Return a new array of zeros that begins at a cache line, or at a large page if it is large.

    Linux gives large pages where NumPy requests them, which it does for arrays of 4 MB or more.
    What is allocated around the array is never touched, so that it takes no memory.
    """
    dtype = np.dtype(dtype)
    size = int(np.prod(shape)) * dtype.itemsize
    boundary = LARGE_PAGE if size >= LARGE else CACHE_LINE
    room = max(size + boundary, 2 * LARGE_PAGE if size >= LARGE else 0)
    memory = np.zeros(room, np.uint8)
    start = -memory.ctypes.data % boundary
    return memory[start : start + size].view(dtype).reshape(shape)


def padded_size(shape: tuple[int, ...], dtype: DTypeLike) -> int:
    """Return the size of an array with the space after it, up to the next cache line."""
    line = CACHE_LINE // np.dtype(dtype).itemsize
    return -(-int(np.prod(shape)) // line) * line


def views(vector: Array, shapes: Iterable[tuple[int, ...]]) -> Iterator[Array]:
    """Yield consecutive parts of a vector in these shapes, each from a cache line on."""
    start = 0
    for shape in shapes:
        yield vector[start : start + int(np.prod(shape))].reshape(shape)
        start += padded_size(shape, vector.dtype)


@final
class Buffer:
    """Memory of a layer for (*shape, B) values; grows to the largest B that was requested."""

    def __init__(self, shape: tuple[int, ...], dtype: DTypeLike) -> None:
        self._shape, self._dtype = shape, np.dtype(dtype)
        self._memory = np.empty(0, self._dtype)
        self._view = np.empty((*shape, 0), self._dtype)

    def __getstate__(self) -> dict[str, Any]:
        """Leave out the content: a copy is an empty buffer of the same shape and dtype."""
        empty = Buffer(self._shape, self._dtype)
        return empty.__dict__

    def __call__(self, images: int) -> Array:
        """Return a contiguous array (*shape, images), with whatever was last written there."""
        if self._view.shape[-1] != images:
            size = int(np.prod(self._shape)) * images
            if size > self._memory.size:
                self._memory = aligned((size,), self._dtype)
            self._view = self._memory[:size].reshape(*self._shape, images)
        return self._view
