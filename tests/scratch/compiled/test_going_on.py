"""Copies, pickles, checkpoints and weights that are set: training in C goes on to the bit."""

import copy
import pickle

import numpy as np
import pytest

from fashionlab import ScratchClassifier, scratch
from fashionlab.scratch import losses, optimizers
from fashionlab.scratch.layers import Dense

from .pairs import batch_of, model_of, near
from .test_same_bits import convolutions, dense

pytestmark = pytest.mark.usefixtures("compiled")

WAYS = {
    "deepcopy": copy.deepcopy,
    "copy": copy.copy,
    "pickle": lambda model: pickle.loads(pickle.dumps(model)),
}
RULES = {
    "SGD": lambda: optimizers.SGD(0.05, momentum=0.9, nesterov=True),
    "Adam": lambda: optimizers.Adam(0.002, global_clipnorm=0.1),
    "AdamW": lambda: optimizers.AdamW(0.002, use_ema=True, ema_overwrite_frequency=3),
    "RMSprop": lambda: optimizers.RMSprop(0.001, momentum=0.5, centered=True),
}
NETWORKS = {
    "dense": ((5, 7), dense(33, f="tanh", rate=0.3), {}),
    "convolutions": ((9, 11, 3), convolutions, {"loss": scratch.losses.CategoricalCrossentropy}),
}


def made(network, rule):
    shape, make, options = NETWORKS[network]
    return model_of(shape, make, optimizer=RULES[rule], **options)


def trained(model, steps):
    x, y, w = batch_of(model, 40, weighted=True)
    for i in range(steps):
        model.train_on_batch(x[i:], y[i:], w[i:])
    return model


def same(one, other):
    assert one.jit_compile
    assert other.jit_compile
    np.testing.assert_array_equal(one.weights_vector, other.weights_vector)
    for name, value in one.optimizer.state.items():
        np.testing.assert_array_equal(other.optimizer.state[name], value)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("network", NETWORKS)
def test_a_copy_trains_on_in_c_and_leaves_the_model_alone(network, rule, way):
    model = trained(made(network, rule), 3)
    other = WAYS[way](model)
    before = model.weights_vector.copy()
    trained(other, 3)
    np.testing.assert_array_equal(model.weights_vector, before)
    same(trained(model, 3), other)


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("network", NETWORKS)
def test_a_checkpoint_goes_on_to_the_same_bits(network, rule):
    through = trained(made(network, rule), 3)
    resumed = made(network, rule)
    trained(resumed, 1)  # of which nothing may be left
    resumed.set_weights(through.get_weights())
    resumed.optimizer.state = through.optimizer.state
    resumed.generator_states = through.generator_states
    same(trained(through, 4), trained(resumed, 4))


def test_a_checkpoint_in_other_memory_and_of_another_type():
    """Slots that are strided or float64, as a file may give them."""
    through = trained(made("dense", "Adam"), 3)
    for form in (lambda v: np.repeat(v, 2)[::2], lambda v: v.astype(">f4"), np.float64):
        resumed = made("dense", "Adam")
        state = through.optimizer.state
        resumed.set_weights(through.get_weights())
        resumed.optimizer.state = {n: form(v) if v.ndim else v for n, v in state.items()}
        resumed.generator_states = through.generator_states
        other = copy.deepcopy(through)
        same(trained(other, 2), trained(resumed, 2))


def test_slots_of_another_size_are_refused_before_c_reads_them():
    model = trained(made("dense", "Adam"), 1)
    state = model.optimizer.state
    model.optimizer.vectors.clear()
    model.optimizer.state = {n: v[:-1] if v.ndim else v for n, v in state.items()}
    with pytest.raises(ValueError, match="set the state of an optimizer of this model"):
        trained(model, 1)


@pytest.mark.parametrize("network", NETWORKS)
def test_weights_that_are_set_between_steps_count(network):
    model = made(network, "SGD")
    x, y, w = batch_of(model, 20)
    other = copy.deepcopy(model)
    rng = np.random.default_rng(0)
    for v, u in zip(model.variables, other.variables, strict=True):
        value = rng.normal(0, 0.1, v.shape)
        v.value[...] = value  # by itself, not by set_weights
        u.value[...] = value
    other.set_weights(other.get_weights())
    np.testing.assert_array_equal(model.predict(x), other.predict(x))
    np.testing.assert_allclose(model.predict(x), model.forward(x), rtol=0, atol=1e-5)
    model.train_on_batch(x, y, w)
    other.train_on_batch(x, y, w)
    np.testing.assert_array_equal(model.weights_vector, other.weights_vector)


def test_a_fitted_estimator_goes_on_in_c_after_a_pickle():
    rng = np.random.default_rng(0)
    x, y = rng.random((80, 12), np.float32), rng.integers(0, 3, 80)
    fitted = ScratchClassifier(epochs=3, random_state=0).fit(x, y)
    other = pickle.loads(pickle.dumps(fitted))
    np.testing.assert_array_equal(other.predict_proba(x), fitted.predict_proba(x))
    for one in (fitted, other):
        one.partial_fit(x, y)
    np.testing.assert_array_equal(other.predict_proba(x), fitted.predict_proba(x))
    assert fitted.model_.jit_compile
    assert other.model_.jit_compile


def test_an_option_of_the_optimizer_that_was_set_later_without_its_slot_is_an_error():
    for name, options in [("SGD", {"momentum": 0.5}), ("RMSprop", {"centered": True})]:
        for jit_compile in (True, False):
            make = getattr(optimizers, name)
            model = model_of((4,), lambda: [Dense(3)], make, losses.MeanSquaredError)
            model.compile(model.optimizer, "mse", jit_compile=jit_compile)
            model.train_on_batch(np.ones((2, 4)), np.ones((2, 3)))
            vars(model.optimizer).update(options)
            with pytest.raises(KeyError):
                model.train_on_batch(np.ones((2, 4)), np.ones((2, 3)))


def test_an_option_of_the_optimizer_that_was_set_later_counts():
    found = []
    for jit_compile in (False, True):
        model = model_of(
            (4,),
            lambda: [Dense(3)],
            optimizer=optimizers.Adam,
            loss=losses.MeanSquaredError,
            jit_compile=jit_compile,
        )
        x, y, _ = batch_of(model, 9)
        for options in ({}, {"learning_rate": 0.1}, {"beta_1": 0.5}, {"global_clipnorm": 1e-3}):
            for name, value in options.items():
                setattr(model.optimizer, name, value)
            model.train_on_batch(x / 255, y)
        found.append(model.weights_vector)
    near(found[1], found[0], 1e-5, "weights")
