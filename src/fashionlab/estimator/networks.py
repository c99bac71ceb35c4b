"""The networks that ScratchClassifier trains, and the check of what they are built from."""

import inspect
from collections.abc import Callable, Mapping, Sequence
from numbers import Integral, Real
from typing import Any

import numpy as np

from fashionlab import models, scratch
from fashionlab.errors import InvalidValueError


def dense(
    nn: Any,
    input_shape: tuple[int, ...],
    classes: int,
    seed: int,
    *,
    units: Sequence[int] = (100,),
    activation: str = "relu",
    dtype: str = "float32",
) -> scratch.Sequential:
    """Build dense layers of `units`, then logits; the features are taken as they are."""
    rng = np.random.default_rng(seed)

    def layer(n: int, f: str) -> Any:
        glorot = nn.initializers.GlorotUniform(seed=rng)
        return nn.layers.Dense(n, activation=f, kernel_initializer=glorot, dtype=dtype)

    model: scratch.Sequential = nn.Sequential(
        [
            nn.layers.Input(input_shape),
            nn.layers.Flatten(dtype=dtype),
            *(layer(n, activation) for n in units),
            layer(classes, "linear"),
        ]
    )
    return model


BUILDERS: dict[str, Callable[..., Any]] = {"dense": dense, **models.BUILDERS}


def build(
    builder: Callable[..., Any],
    shape: tuple[int, ...],
    classes: int,
    seed: int,
    options: Mapping[str, Any],
) -> scratch.Sequential:
    """Return the builder's network; raise InvalidValueError unless it ends in K logits.

    Generators that the builder left unseeded are seeded by `seed`.
    """
    try:
        inspect.signature(builder).bind(scratch, shape, classes, seed, **options)
    except TypeError as error:
        raise InvalidValueError(
            f"units and builder_options must fit the builder: {error}; received {options}"
        ) from error
    model = builder(scratch, shape, classes, seed, **options)
    fits = getattr(model, "output_shape", None) == (classes,)  # Keras has the images' axis too
    require("builder", fits, f"one that returns a scratch Sequential of {classes} logits", model)
    last = getattr(model.layers[-1], "activation", scratch.activations.linear)
    require("the network's last activation", last.name == "linear", "linear", last.name)
    trained: scratch.Sequential = model
    for i, layer in enumerate(trained.layers):
        if layer.generator is not None and layer.seed is None:
            layer.generator = np.random.default_rng([seed, 2, i])
    return trained


def check_parameters(estimator: Any) -> None:
    """Raise InvalidValueError where a parameter of ScratchClassifier is out of range."""
    known = callable(estimator.builder) or estimator.builder in BUILDERS
    require("builder", known, f"a function or one of {', '.join(BUILDERS)}", estimator.builder)
    for name in ("batch_size", "epochs", "patience"):
        value = getattr(estimator, name)
        require(name, _whole(value), "a whole number from 1", value)
    for name in ("units", "image_shape"):
        value = getattr(estimator, name)
        listed = value is None or (isinstance(value, Sequence) and all(map(_whole, value)))
        require(name, listed, "None or a sequence of whole numbers from 1", value)
    given = (
        estimator.builder not in ("cnn", *models.CONVOLUTIONAL) or estimator.image_shape is not None
    )
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
