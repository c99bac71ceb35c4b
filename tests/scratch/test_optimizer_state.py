"""An optimizer's state: an exact resume, one model, and what does not fit."""

import copy

import keras
import numpy as np
import pytest

from fashionlab import scratch
from fashionlab.scratch import optimizers

from .test_optimizers import RULES, gradients, start, steps_of_ours


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(("name", "rule"), RULES)
def test_state_resumes_to_the_bit(name, rule, dtype):
    make = getattr(optimizers, name)
    options = {"use_ema": True, "ema_overwrite_frequency": 4}
    steps, through = gradients(dtype=dtype), make(**rule, **options)
    w = steps_of_ours(through, start(dtype=dtype), steps[:7])
    resumed = make(**rule, **options)
    through.learning_rate = 0.02
    resumed.state = kept = through.state
    at_seven = w.copy()
    steps_of_ours(through, w, steps[7:])
    np.testing.assert_array_equal(steps_of_ours(resumed, at_seven, steps[7:]), w)
    assert kept["iterations"] == 7
    assert {a.dtype for n, a in kept.items() if a.ndim} == {np.dtype(dtype)}


@pytest.mark.parametrize(
    "change",
    [
        lambda s: s.pop("m"),
        lambda s: s.pop("iterations"),
        lambda s: s.update(nonsense=np.zeros(50)),
        lambda s: s.update(v=np.zeros(49)),
        lambda s: s.update(v=np.zeros(49), m=np.zeros(49)),
        lambda s: s.update(iterations=np.array(-1)),
        lambda s: s.update(iterations=np.array(0)),
    ],
)
def test_a_state_that_does_not_fit_changes_nothing(change):
    adam = optimizers.Adam()
    steps_of_ours(adam, start(), gradients(steps=2))
    before, broken = adam.state, adam.state
    change(broken)
    with pytest.raises(ValueError, match="Adam: expected"):
        adam.state = broken
    for name, array in adam.state.items():
        np.testing.assert_array_equal(array, before[name])


@pytest.mark.parametrize("name", ["SGD", "Adam"])
@pytest.mark.parametrize("size", [50, 51])
def test_weights_of_another_model_are_refused(name, size):
    optimizer, weights, others = getattr(optimizers, name)(), start(), start(size)
    optimizer.step(weights, start())
    optimizer.step(weights[:], start())  # another view of the same memory
    with pytest.raises(ValueError, match=rf"^{name}: .* received another one, \({size},\); make a"):
        optimizer.step(others, start(size))
    np.testing.assert_array_equal(others, start(size))
    assert optimizer.iterations == 2


def test_a_state_of_weights_of_another_size_is_refused():
    adam, other = optimizers.Adam(), optimizers.Adam()
    adam.step(start(), start())
    other.state = adam.state
    with pytest.raises(ValueError, match=r"\(50,\); received weights of shape \(51,\)"):
        other.step(start(51), start(51))


@pytest.mark.parametrize("library", [keras, scratch], ids=["keras", "scratch"])
def test_one_optimizer_trains_one_model(library):
    def model(optimizer):
        made = library.Sequential([library.layers.Input((2,)), library.layers.Dense(1)])
        made.compile(optimizer, "mse")
        return made

    def train(model):
        model.fit(np.ones((4, 2), "float32"), np.ones((4, 1), "float32"), verbose=0)

    optimizer = library.optimizers.Adam()
    first, second = model(optimizer), model(optimizer)
    train(first)
    train(first)
    before = second.get_weights()
    with pytest.raises(ValueError, match=r"[Uu]nknown variable|received another one"):
        train(second)
    for a, b in zip(before, second.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
    if library is scratch:  # sees it at once
        with pytest.raises(ValueError, match="make a new optimizer for each model"):
            model(optimizer)
    train(model(copy.deepcopy(optimizer)) if library is scratch else model("adam"))


def test_a_model_without_weights_may_be_trained():
    model = scratch.Sequential([scratch.Input((2,)), scratch.layers.Activation("tanh")])
    model.compile("adam", "mse")
    model.fit(np.ones((4, 2)), np.ones((4, 2)), batch_size=2, epochs=2, verbose=0)


def test_an_optimizer_keeps_its_model_when_a_layer_without_weights_is_added():
    model = scratch.Sequential([scratch.Input((2,)), scratch.layers.Dense(2)])
    model.compile("adam", "mse")
    model.train_on_batch(np.ones((4, 2)), np.ones((4, 2)))
    model.add(scratch.layers.Activation("tanh"))
    model.train_on_batch(np.ones((4, 2)), np.ones((4, 2)))
    assert model.optimizer.iterations == 2
    model.add(scratch.layers.Dense(2))
    with pytest.raises(ValueError, match="and after adding a layer with weights"):
        model.train_on_batch(np.ones((4, 2)), np.ones((4, 2)))


def test_the_state_is_a_copy():
    adam = optimizers.Adam()
    adam.step(start(), start())
    adam.state["m"][:] = 0
    assert adam.state["m"].any()
