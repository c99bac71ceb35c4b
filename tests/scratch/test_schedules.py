"""Learning-rate schedules: values by hand, and Keras's at every step."""

import keras
import numpy as np
import pytest

from fashionlab.scratch.optimizers import schedules

CASES = [
    ("ExponentialDecay", {"initial_learning_rate": 0.1, "decay_steps": 7, "decay_rate": 0.5}),
    (
        "ExponentialDecay",
        {"initial_learning_rate": 0.1, "decay_steps": 7, "decay_rate": 0.5, "staircase": True},
    ),
    ("PiecewiseConstantDecay", {"boundaries": [5, 9], "values": [0.3, 0.2, 0.1]}),
    ("PiecewiseConstantDecay", {"boundaries": [5], "values": [0.3, 0.2]}),
    ("CosineDecay", {"initial_learning_rate": 0.1, "decay_steps": 20}),
    ("CosineDecay", {"initial_learning_rate": 0.1, "decay_steps": 20, "alpha": 0.2}),
    (
        "CosineDecay",
        {
            "initial_learning_rate": 0.01,
            "decay_steps": 15,
            "alpha": 0.1,
            "warmup_target": 0.2,
            "warmup_steps": 5,
        },
    ),
    (
        "CosineDecay",
        {"initial_learning_rate": 0.01, "decay_steps": 15, "warmup_target": 0.2},
    ),
]


@pytest.mark.parametrize(("name", "options"), CASES)
def test_every_step_has_the_rate_of_keras(name, options):
    ours, theirs = (getattr(s, name)(**options) for s in (schedules, keras.optimizers.schedules))
    mine = [ours(step) for step in range(30)]
    assert all(type(rate) is float for rate in mine)
    # Keras computes in float32, whose rounding 1 + cos magnifies where it is nearly 0
    np.testing.assert_allclose(mine, [float(theirs(s)) for s in range(30)], rtol=2e-6, atol=2e-9)


@pytest.mark.parametrize(
    ("schedule", "step", "rate"),
    [
        (schedules.ExponentialDecay(0.8, 2, 0.25), 1, 0.4),  # a quarter in 2 steps, half in one
        (schedules.ExponentialDecay(0.8, 2, 0.25, staircase=True), 3, 0.2),
        (schedules.PiecewiseConstantDecay([2, 4], [3.0, 2.0, 1.0]), 2, 3.0),  # 2 belongs before
        (schedules.PiecewiseConstantDecay([2, 4], [3.0, 2.0, 1.0]), 3, 2.0),
        (schedules.CosineDecay(1.0, 4), 2, 0.5),  # half-way down
        (schedules.CosineDecay(1.0, 4, alpha=0.2), 9, 0.2),  # over
        (schedules.CosineDecay(0.1, 4, warmup_target=0.5, warmup_steps=4), 1, 0.2),
        (schedules.CosineDecay(0.1, 4, warmup_target=0.5, warmup_steps=4), 6, 0.25),
    ],
)
def test_rate_by_hand(schedule, step, rate):
    assert schedule(step) == pytest.approx(rate)


@pytest.mark.parametrize(
    "build",
    [
        lambda: schedules.ExponentialDecay(0.1, 0, 0.5),
        lambda: schedules.CosineDecay(0.1, -1),
        lambda: schedules.PiecewiseConstantDecay([1, 2], [0.1, 0.2]),
        lambda: schedules.PiecewiseConstantDecay([2, 1], [0.1, 0.2, 0.3]),
    ],
)
def test_arguments_outside_their_range_are_refused(build):
    with pytest.raises(ValueError, match="received"):
        build()
