"""Checks of the arguments that a model receives.

An error names the method that was called, what it expected and what it received.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from .sequential import Sequential

Array = NDArray[Any]
Batch = tuple[Array, Array, Array | None]  # images, targets, weights or None for ones
Given = tuple[Array, Array] | tuple[Array, Array, Array | None]  # by the user


def checked_images(model: "Sequential", method: str, x: Any) -> Array:
    """Return images (N, ...) as an array; raise ValueError unless they are finite real numbers."""
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
) -> Batch:
    """Return the arrays of a batch or a data set; raise ValueError where they do not fit."""
    x = checked_images(model, method, x)
    if y is None:
        raise ValueError(f"{method}: targets y are needed for the array x; received None")
    y = np.asarray(y)
    if y.ndim == 0 or len(y) != len(x):
        raise ValueError(f"{method}: expected targets of {len(x)} images; received {y.shape}")
    model.loss.check_targets(y, (len(x), *model.output_shape))
    if class_weight is not None:
        if sample_weight is not None:
            raise ValueError(
                f"{method}: class_weight and sample_weight must not be given together; "
                "received both; multiply them into sample_weight"
            )
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


def checked_batch(
    model: "Sequential", what: str, batch: Any, class_weight: Mapping[int, float] | None = None
) -> Batch:
    """Return (images, targets) or (images, targets, weights) as three, the last None if absent."""
    if not isinstance(batch, tuple | list) or len(batch) not in (2, 3):
        raise ValueError(
            f"{what} must be (images, targets) or (images, targets, weights); "
            f"received {type(batch).__name__}"
        )
    x, y, weights = (*batch, None)[:3]
    return checked(model, what, x, y, weights, class_weight)


def labels(y: Array) -> Array:
    """Return labels (B,) for one-hot rows (B, K), or for labels (B,) or (B, 1)."""
    return y.argmax(axis=-1) if y.ndim == 2 and y.shape[1] > 1 else y.ravel()


def positive(what: str, value: int) -> int:
    """Return `value`; raise ValueError where it is below 1."""
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
    return np.asarray(table[labels(y).astype(int)])
