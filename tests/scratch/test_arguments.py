"""A name that scratch lacks is refused in one line, wherever it is used."""

import pytest

from fashionlab.scratch import activations, initializers, losses, optimizers


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
