"""What a model is given: checked against its shapes, split, and in batches.

Errors name the method that was called, what it expected and what it received.
"""

from collections.abc import Iterable, Iterator, Mapping
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from .sequential import Sequential

Array = NDArray[Any]
Batch = tuple[Array, Array] | tuple[Array, Array, Array]  # images, targets, weights of the images
Weighted = tuple[Array, Array, Array | None]  # the same, with None for equal weights


def checked_images(model: "Sequential", method: str, x: Any) -> Array:
    """The images (N, ...) as an array of real, finite numbers; ValueError for anything else."""
    x = np.asarray(x)
    if x.ndim == 0 or x.shape[1:] != model.input_shape or not len(x):
        raise ValueError(
            f"{method}: {model.name} expects at least one image of shape {model.input_shape}, "
            f"with the batch's axis before it; received {x.shape}"
        )
    if x.dtype.kind not in "buif":
        raise ValueError(f"{method}: images must be real numbers; received {x.dtype}")
    with np.errstate(over="ignore", invalid="ignore"):  # a sum takes a third of the time
        finite = x.dtype.kind != "f" or np.isfinite(x.sum()) or np.isfinite(x).all()
    if not finite:
        raise ValueError(f"{method}: images must be finite; received NaN or infinity")
    return np.asarray(x)


def checked(
    model: "Sequential",
    method: str,
    x: Any,
    y: Any,
    sample_weight: Any = None,
    class_weight: Mapping[int, float] | None = None,
) -> Weighted:
    """The arrays of a batch or a data set; ValueError where they do not fit the model."""
    x = checked_images(model, method, x)
    if y is None:
        raise ValueError(f"{method}: targets y are needed beside the array x; received None")
    y = np.asarray(y)
    if y.ndim == 0 or len(y) != len(x):
        raise ValueError(f"{method}: expected targets of {len(x)} images; received {y.shape}")
    model.loss.check_targets(y, (len(x), *model.output_shape))
    if class_weight is not None:
        if sample_weight is not None:
            raise ValueError(f"{method}: give class_weight or sample_weight, not both")
        sample_weight = _weights_of_classes(method, y, class_weight, model.output_shape[-1])
    if sample_weight is None:
        return x, y, None
    weights = np.asarray(sample_weight, model.dtype)
    if weights.shape not in ((len(x),), (len(x), 1)) or not np.isfinite(weights).all():
        raise ValueError(
            f"{method}: sample_weight must be a finite number for each of {len(x)} images; "
            f"received {weights.shape}"
        )
    return x, y, weights.ravel()


def check_validation(model: "Sequential", data: Any) -> None:
    """Raise ValueError where `validation_data` does not fit the model."""
    if not isinstance(data, tuple | list) or len(data) not in (2, 3):
        raise ValueError(
            "fit: validation_data must be (images, targets) or (images, targets, weights); "
            f"received {type(data).__name__}"
        )
    checked(model, "fit: validation_data", *data)


def classes(y: Array) -> Array:
    """Labels (B,) of one-hot rows (B, K), or of labels (B,) or (B, 1)."""
    return y.argmax(axis=-1) if y.ndim == 2 and y.shape[1] > 1 else y.ravel()


def split(arrays: Weighted, share: float) -> tuple[Weighted, Batch | None]:
    """The arrays and, from their end, what is held out of them."""
    if not share:
        return arrays, None
    x, y, weights = arrays
    kept = int(len(x) * (1 - share))
    if not 0 < kept < len(x):
        raise ValueError(
            f"fit: validation_split must leave images on both sides of {len(x)}; received {share}"
        )
    if weights is None:
        return (x[:kept], y[:kept], None), (x[kept:], y[kept:])
    return (x[:kept], y[:kept], weights[:kept]), (x[kept:], y[kept:], weights[kept:])


def some(x: Array, y: Array, weights: Array | None, part: slice) -> Weighted:
    """A part of the images."""
    return x[part], y[part], None if weights is None else weights[part]


def pieces(given: Weighted, size: int) -> Iterator[Weighted]:
    """All images, at most `size` at a time."""
    return (some(*given, slice(i, i + size)) for i in range(0, len(given[0]), size))


def shares(n: int, count: int) -> list[slice]:
    """n images in `count` parts, one after the other, whose sizes differ by one at most."""
    bounds = [n * i // count for i in range(count + 1)]
    return [slice(a, b) for a, b in pairwise(bounds)]


def of_arrays(
    arrays: Weighted, batch_size: int, rng: np.random.Generator | None
) -> Iterator[Weighted]:
    """Batches in an order drawn from `rng`, or in the arrays' own."""
    x, y, weights = arrays
    if batch_size >= len(x):
        yield arrays
        return
    order = None if rng is None else rng.permutation(len(x))
    for start in range(0, len(x), batch_size):
        part = slice(start, start + batch_size)
        if order is None:
            yield some(x, y, weights, part)
        else:
            chosen = order[part]  # take is a third faster than x[chosen]
            of_chosen = None if weights is None else weights.take(chosen)
            yield x.take(chosen, 0), y.take(chosen, 0), of_chosen


def of_iterable(
    model: "Sequential", batches: Iterable[Batch], class_weight: Mapping[int, float] | None
) -> Iterator[Weighted]:
    """The iterable's batches, each checked."""
    for batch in batches:
        if not isinstance(batch, tuple | list) or len(batch) not in (2, 3):
            raise ValueError(
                "fit: a batch must be (images, targets) or (images, targets, weights); "
                f"received {type(batch).__name__}"
            )
        weights = batch[2] if len(batch) == 3 else None
        yield checked(model, "fit", batch[0], batch[1], weights, class_weight)


def positive(what: str, value: int) -> int:
    """`value`, where it is at least 1; ValueError otherwise."""
    if value < 1:
        raise ValueError(f"{what} must be at least 1; received {value}")
    return value


def _weights_of_classes(
    method: str, y: Array, class_weight: Mapping[int, float], count: int
) -> Array:
    if not set(class_weight) <= set(range(count)):
        raise ValueError(
            f"{method}: class_weight must map classes from 0 to {count - 1} to weights; "
            f"received {dict(class_weight)}"
        )
    table = np.array([class_weight.get(k, 1.0) for k in range(count)])
    return np.asarray(table[classes(y).astype(int)])
