"""Batches from arrays and iterables, and smaller batches from large ones."""

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from . import checks
from .checks import Batch, Given

if TYPE_CHECKING:
    from .sequential import Sequential

Array = NDArray[Any]


def some(batch: Batch, part: slice) -> Batch:
    """Return some images of a batch, with their targets and weights."""
    x, y, weights = batch
    return x[part], y[part], None if weights is None else weights[part]


def micro_batches(batch: Batch, size: int) -> Iterator[Batch]:
    """Yield all images of a batch, at most `size` at a time."""
    return (some(batch, slice(i, i + size)) for i in range(0, len(batch[0]), size))


def hold_out(arrays: Batch, share: float) -> tuple[Batch, Batch | None]:
    """Return the arrays without a share of the images, and that share, from their end."""
    if not share:
        return arrays, None
    n = len(arrays[0])
    kept = int(n * (1 - share))
    if not 0 < kept < n:
        raise ValueError(
            f"fit: validation_split must leave images on both sides of {n}; received {share}"
        )
    return some(arrays, slice(kept)), some(arrays, slice(kept, None))


def of_arrays(arrays: Batch, batch_size: int, rng: np.random.Generator | None) -> Iterator[Batch]:
    """Yield batches in an order drawn from `rng`, or in the arrays' own."""
    x, y, weights = arrays
    if batch_size >= len(x):
        yield arrays
    elif rng is None:
        yield from micro_batches(arrays, batch_size)
    else:
        order = rng.permutation(len(x))
        for start in range(0, len(x), batch_size):
            chosen = order[start : start + batch_size]  # take is a third faster than x[chosen]
            of_chosen = None if weights is None else weights.take(chosen)
            yield x.take(chosen, 0), y.take(chosen, 0), of_chosen


def of_iterable(
    model: "Sequential", batches: Iterable[Given], class_weight: Mapping[int, float] | None
) -> Iterator[Batch]:
    """Yield the iterable's batches, each checked."""
    for batch in batches:
        yield checks.checked_batch(model, "fit: a batch", batch, class_weight)
