"""Checks of ScratchClassifier's parameters."""

from collections.abc import Collection, Sequence
from numbers import Integral, Real
from typing import Any

from fashionlab.errors import InvalidValueError


def check_parameters(estimator: Any, builders: Collection[str]) -> None:
    """Raise InvalidValueError where a parameter of ScratchClassifier is out of range."""
    known = callable(estimator.builder) or estimator.builder in builders
    require("builder", known, f"a function or one of {', '.join(builders)}", estimator.builder)
    for name in ("batch_size", "epochs", "patience"):
        value = getattr(estimator, name)
        require(name, _whole(value), "a whole number from 1", value)
    for name in ("units", "image_shape"):
        value = getattr(estimator, name)
        listed = value is None or (isinstance(value, Sequence) and all(map(_whole, value)))
        require(name, listed, "None or a sequence of whole numbers from 1", value)
    given = estimator.builder not in ("cnn", "convnet") or estimator.image_shape is not None
    require(
        "image_shape", given, f"given for the builder {estimator.builder!r}", estimator.image_shape
    )
    share, rate = estimator.validation_fraction, estimator.learning_rate
    inside = isinstance(share, Real) and 0 < float(share) < 1
    require("validation_fraction", inside, "in (0, 1)", share)
    positive = rate is None or (isinstance(rate, Real) and float(rate) > 0)
    require("learning_rate", positive, "None or a number above 0", rate)


def _whole(value: object) -> bool:
    return isinstance(value, Integral) and not isinstance(value, bool) and int(value) > 0


def require(name: str, fits: bool, expected: str, received: object) -> None:
    """Raise InvalidValueError unless the value fits."""
    if not fits:
        raise InvalidValueError(f"{name} must be {expected}; received {received!r}")
