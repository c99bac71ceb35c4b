"""Adam by PyTorch's fused kernel is Keras's own, with its state."""

import numpy as np
import pytest
import torch

from fashionlab.engines.keras import Keras
from fashionlab.engines.keras_torch.adam import Adam

ENGINE = Keras()
keras = ENGINE.nn
SHAPES = [(4, 4, 1, 8), (20, 10), (7,), ()]


def trained(kind, steps=6, scale=1.0, **options):
    """Return the variables and the optimizer after some steps with the same gradients."""
    rng = np.random.default_rng(3)
    variables = [keras.Variable(rng.normal(size=s).astype(np.float32)) for s in SHAPES]
    optimizer = kind(learning_rate=0.01, **options)
    for _ in range(steps):
        gradients = [(rng.normal(size=s) * scale).astype(np.float32) for s in SHAPES]
        optimizer.apply([keras.ops.convert_to_tensor(g) for g in gradients], variables)
    return variables, optimizer


@pytest.mark.parametrize("scale", [1.0, 1e-7], ids=["ordinary", "as small as epsilon"])
def test_weights_and_state_are_those_of_keras(scale):
    (ours, mine), (theirs, kerass) = (
        trained(kind, scale=scale) for kind in (Adam, keras.optimizers.Adam)
    )
    for a, b in zip([*ours, *mine.variables], [*theirs, *kerass.variables], strict=True):
        a, b = a.numpy(), b.numpy()
        np.testing.assert_allclose(a, b, rtol=2e-5, atol=2e-6 * np.abs(b).max())
    names = [[v.path.rpartition("_")[2] for v in o.variables[2:]] for o in (mine, kerass)]
    assert names[0] == names[1]
    assert int(mine.iterations) == 6


def test_a_step_by_hand():
    """m = 0.1 g, v = 0.001 g^2, both divided by 1 - beta: the first step is the learning rate."""
    variable = keras.Variable(np.float32([1, 1, 1]))
    Adam(learning_rate=0.25).apply([torch.tensor([3.0, -2.0, 0.0])], [variable])
    np.testing.assert_allclose(variable.numpy(), [0.75, 1.25, 1], rtol=1e-6)


@pytest.mark.parametrize(
    "options",
    [
        {"clipnorm": 0.1},
        {"clipvalue": 0.1},
        {"global_clipnorm": 0.1},
        {"weight_decay": 0.1},
        {"amsgrad": True},
        {"use_ema": True, "ema_momentum": 0.9},
        {"gradient_accumulation_steps": 2},
        {"loss_scale_factor": 8.0},
    ],
    ids=str,
)
def test_what_keras_adds_is_left_to_keras(options):
    (ours, _), (theirs, _) = (trained(k, **options) for k in (Adam, keras.optimizers.Adam))
    for a, b in zip(ours, theirs, strict=True):
        np.testing.assert_array_equal(a.numpy(), b.numpy())


def test_keras_s_steps_and_these_go_on_from_each_other():
    """They have one state: three steps of one and three of the other are six of either."""

    class Changing(Adam):
        def apply(self, *arguments):
            self.clipvalue = 1e9 if int(self.iterations) >= 3 else None  # by Keras from then on
            super().apply(*arguments)

    (mixed, _), (theirs, _) = (trained(kind) for kind in (Changing, keras.optimizers.Adam))
    for a, b in zip(mixed, theirs, strict=True):
        np.testing.assert_allclose(a.numpy(), b.numpy(), rtol=2e-5, atol=2e-6)


def test_a_gradient_that_is_missing_and_a_foreign_variable_are_keras_s_errors():
    variables, optimizer = trained(Adam)
    with pytest.raises(ValueError, match="No gradients provided"):
        optimizer.apply([None] * len(variables), variables)
    foreign = keras.Variable(np.zeros(3, np.float32))
    with pytest.raises(ValueError, match="Unknown variable"):
        optimizer.apply([torch.zeros(3)], [foreign])


def test_the_engine_has_it_for_the_recipes():
    assert ENGINE.optimizer("Adam") is Adam
    assert Keras(fast=False).optimizer("Adam") is keras.optimizers.Adam
