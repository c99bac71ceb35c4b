"""Initial values of weights. An initializer is called with a shape and returns a new array.

`seed` is a number, or a `numpy.random.Generator`; with a number each call draws the same numbers,
without one each draws fresh ones. There is no global state. The numbers differ from those that
Keras draws from the same seed: copy weights to compare engines.
"""

import math
from typing import Any, Protocol

import numpy as np
from numpy.typing import DTypeLike, NDArray

from .arguments import find, known_only, lacking, one_of

Array = NDArray[Any]
Seed = int | np.random.Generator | None

TRUNCATED_STDDEV = 0.87962566103423978  # of a standard normal cut off at two standard deviations


class Initializer(Protocol):
    """The signature of an initializer."""

    def __call__(self, shape: tuple[int, ...], dtype: DTypeLike = "float32") -> Array:
        """Return a new array of that shape."""


class Zeros:
    """An initializer of zeros."""

    @known_only
    def __init__(self) -> None:
        pass

    def __call__(self, shape: tuple[int, ...], dtype: DTypeLike = "float32") -> Array:
        return np.zeros(shape, dtype)


class Ones:
    """An initializer of ones."""

    @known_only
    def __init__(self) -> None:
        pass

    def __call__(self, shape: tuple[int, ...], dtype: DTypeLike = "float32") -> Array:
        return np.ones(shape, dtype)


class RandomNormal:
    """A normal distribution with the given mean and standard deviation."""

    @known_only
    def __init__(self, mean: float = 0.0, stddev: float = 0.05, seed: Seed = None) -> None:
        self.mean, self.stddev, self.seed = mean, stddev, seed

    def __call__(self, shape: tuple[int, ...], dtype: DTypeLike = "float32") -> Array:
        """Return draws from N(mean, stddev²)."""
        return np.random.default_rng(self.seed).normal(self.mean, self.stddev, shape).astype(dtype)


class VarianceScaling:
    """A distribution of mean 0 and variance scale / n, n the fan-in, fan-out or their average.

    `distribution` is "uniform", within ±sqrt(3 scale / n), "untruncated_normal", or
    "truncated_normal": a wider normal whose draws beyond two of its standard deviations are drawn
    again, so that the variance is scale / n after that.
    """

    @known_only
    def __init__(
        self,
        scale: float = 1.0,
        mode: str = "fan_in",
        distribution: str = "truncated_normal",
        seed: Seed = None,
    ) -> None:
        if scale <= 0:
            raise ValueError(f"{type(self).__name__}: scale must be above 0; received {scale}")
        self.scale, self.seed = scale, seed
        self.mode = one_of("VarianceScaling: mode", mode, ("fan_in", "fan_out", "fan_avg"))
        known = ("uniform", "truncated_normal", "untruncated_normal")
        self.distribution = one_of("VarianceScaling: distribution", distribution, known)

    def __call__(self, shape: tuple[int, ...], dtype: DTypeLike = "float32") -> Array:
        """Return draws for a kernel (D, U) or (height, width, inputs, outputs)."""
        fan_in, fan_out = compute_fans(shape)
        n = {"fan_in": fan_in, "fan_out": fan_out, "fan_avg": (fan_in + fan_out) / 2}[self.mode]
        stddev = math.sqrt(self.scale / max(1.0, n))
        rng = np.random.default_rng(self.seed)
        if self.distribution == "uniform":
            limit = math.sqrt(3) * stddev
            return rng.uniform(-limit, limit, shape).astype(dtype)
        draws = rng.standard_normal(shape)
        if self.distribution == "truncated_normal":
            while (outside := np.abs(draws) >= 2).any():
                draws[outside] = rng.standard_normal(np.count_nonzero(outside))
            stddev /= TRUNCATED_STDDEV
        return (draws * stddev).astype(dtype)


def compute_fans(shape: tuple[int, ...]) -> tuple[int, int]:
    """Return the fan-in and fan-out: inputs that reach a unit, units that an input reaches."""
    if len(shape) < 2:
        return (shape[0], shape[0]) if shape else (1, 1)
    field = math.prod(shape[:-2])  # height times width of a convolution's kernel; 1 of a dense one
    return field * shape[-2], field * shape[-1]


class GlorotUniform(VarianceScaling):
    """A uniform distribution in ±sqrt(6 / (fan_in + fan_out)) (Glorot and Bengio, 2010, eq. 16)."""

    @known_only
    def __init__(self, seed: Seed = None) -> None:
        super().__init__(1.0, "fan_avg", "uniform", seed)


class GlorotNormal(VarianceScaling):
    """A truncated normal of variance 2 / (fan_in + fan_out) (Glorot and Bengio, 2010)."""

    @known_only
    def __init__(self, seed: Seed = None) -> None:
        super().__init__(1.0, "fan_avg", "truncated_normal", seed)


class HeUniform(VarianceScaling):
    """A uniform distribution in ±sqrt(6 / fan_in) (He et al., 2015)."""

    @known_only
    def __init__(self, seed: Seed = None) -> None:
        super().__init__(2.0, "fan_in", "uniform", seed)


class HeNormal(VarianceScaling):
    """A truncated normal of variance 2 / fan_in (He et al., 2015, eq. 10)."""

    @known_only
    def __init__(self, seed: Seed = None) -> None:
        super().__init__(2.0, "fan_in", "truncated_normal", seed)


_BY_NAME: dict[str, type[Any]] = {
    "glorot_uniform": GlorotUniform,
    "glorot_normal": GlorotNormal,
    "he_uniform": HeUniform,
    "he_normal": HeNormal,
    "variance_scaling": VarianceScaling,
    "random_normal": RandomNormal,
    "zeros": Zeros,
    "ones": Ones,
}


def get(identifier: str | Initializer) -> Initializer:
    """Return the initializer of that name, in snake case or the class's own, with its defaults.

    Raises ValueError for an unknown name and for what is not callable.
    """
    if isinstance(identifier, str):
        initializer: Initializer = find("initializer", identifier, _BY_NAME)()
        return initializer
    if isinstance(identifier, type):
        return get(identifier.__name__)
    if not callable(identifier):
        raise ValueError(f"expected an initializer or its name; received {identifier!r}")
    return identifier


__getattr__ = lacking("initializer", [c.__name__ for c in _BY_NAME.values()])
