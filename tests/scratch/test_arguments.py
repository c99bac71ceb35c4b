"""Every constructor speaks Keras: its arguments, their order and defaults; what lacks says so."""

import inspect

import keras
import pytest

from fashionlab.scratch import activations, initializers, losses, optimizers

ROOMS = {
    "optimizers": (optimizers, ["SGD", "Adam", "AdamW", "RMSprop"]),
    "optimizers.schedules": (
        optimizers.schedules,
        ["ExponentialDecay", "PiecewiseConstantDecay", "CosineDecay"],
    ),
    "losses": (
        losses,
        ["CategoricalCrossentropy", "SparseCategoricalCrossentropy", "MeanSquaredError"],
    ),
    "initializers": (
        initializers,
        [
            *("Zeros", "Ones", "RandomNormal", "VarianceScaling"),
            *("GlorotUniform", "GlorotNormal", "HeUniform", "HeNormal"),
        ],
    ),
}
CLASSES = [
    pytest.param(getattr(room, name), f"{path}.{name}", id=name)
    for path, (room, names) in ROOMS.items()
    for name in names
]


def in_keras(path):
    found = keras
    for part in path.split("."):
        found = getattr(found, part)
    return found


@pytest.mark.parametrize(("ours", "path"), CLASSES)
def test_every_argument_is_keras_own_with_its_default_and_place(ours, path):
    mine = inspect.signature(ours).parameters
    theirs = inspect.signature(in_keras(path)).parameters
    for name, parameter in mine.items():
        assert parameter.default == theirs[name].default, name
    by_place = [n for n, p in mine.items() if p.kind is p.POSITIONAL_OR_KEYWORD]
    assert by_place == list(theirs)[: len(by_place)]


@pytest.mark.parametrize(("ours", "path"), CLASSES)
def test_an_argument_of_keras_that_scratch_lacks_is_a_type_error_of_one_line(ours, path):
    lacking = set(inspect.signature(in_keras(path)).parameters) - set(
        inspect.signature(ours).parameters
    )
    for name in [*lacking, "nonsense"]:
        with pytest.raises(TypeError, match=f"{ours.__name__}: scratch has no argument '{name}'"):
            ours(**{name: 1})


@pytest.mark.parametrize(
    ("room", "kind", "name", "has"),
    [
        (optimizers, "optimizer", "Lion", "SGD, Adam, AdamW, RMSprop"),
        (losses, "loss", "Hinge", "MeanSquaredError"),
        (initializers, "initializer", "Orthogonal", "GlorotUniform"),
        (activations, "activation", "swish", "relu, sigmoid"),
    ],
)
def test_a_name_of_keras_that_scratch_lacks_says_what_there_is(room, kind, name, has):
    message = f"scratch has no {kind} '{name}'; it has .*{has}.*; use the keras engine"
    with pytest.raises(AttributeError, match=message):
        getattr(room, name)
    with pytest.raises(ValueError, match=f"scratch has no {kind} '{name}'"):
        room.get(name)
