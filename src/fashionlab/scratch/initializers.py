"""Where weights begin. An initializer is called with a shape and returns a new array.

A seed makes the draw repeatable; without one it is fresh each time. There is no global state. The
numbers differ from those that Keras draws from the same seed: copy weights to compare engines.
"""

from typing import Any, Protocol

import numpy as np
from numpy.typing import DTypeLike, NDArray

Array = NDArray[Any]


class Initializer(Protocol):
    """What layers expect of an initializer."""

    def __call__(self, shape: tuple[int, ...], dtype: DTypeLike = "float32") -> Array:
        """A new array of that shape."""


class Zeros:
    """All zeros."""

    def __call__(self, shape: tuple[int, ...], dtype: DTypeLike = "float32") -> Array:
        """A new array of zeros."""
        return np.zeros(shape, dtype)


class RandomNormal:
    """Normal with the given mean and standard deviation."""

    def __init__(self, mean: float = 0.0, stddev: float = 0.05, seed: int | None = None) -> None:
        self.mean, self.stddev, self.seed = mean, stddev, seed

    def __call__(self, shape: tuple[int, ...], dtype: DTypeLike = "float32") -> Array:
        """A new array of draws from N(mean, stddev²)."""
        return np.random.default_rng(self.seed).normal(self.mean, self.stddev, shape).astype(dtype)


class GlorotUniform:
    """Uniform in ±sqrt(6 / (D + U)) for a kernel (D, U) (Glorot and Bengio, 2010, eq. 16)."""

    def __init__(self, seed: int | None = None) -> None:
        self.seed = seed

    def __call__(self, shape: tuple[int, ...], dtype: DTypeLike = "float32") -> Array:
        """A new array of draws; the shape must be that of a kernel (D, U)."""
        limit = np.sqrt(6 / (shape[0] + shape[-1]))
        return np.random.default_rng(self.seed).uniform(-limit, limit, shape).astype(dtype)


_BY_NAME: dict[str, type[Zeros] | type[RandomNormal] | type[GlorotUniform]] = {
    "zeros": Zeros,
    "random_normal": RandomNormal,
    "glorot_uniform": GlorotUniform,
}


def get(identifier: str | Initializer) -> Initializer:
    """The initializer of that name, with its defaults. Raises ValueError for an unknown name."""
    if not isinstance(identifier, str):
        return identifier
    if identifier not in _BY_NAME:
        raise ValueError(f"scratch has no initializer {identifier!r}; it has {', '.join(_BY_NAME)}")
    return _BY_NAME[identifier]()
