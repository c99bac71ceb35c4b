"""A copy of a model, by deepcopy, copy or pickle, is a model of its own that trains alike."""

import copy
import pickle

import numpy as np
import pytest

from fashionlab.scratch import Sequential, layers, optimizers

X = np.random.default_rng(0).integers(0, 256, (40, 10, 10), np.uint8)
Y = np.random.default_rng(1).integers(0, 4, 40)
WAYS = {
    "deepcopy": copy.deepcopy,
    "copy": copy.copy,
    "pickle": lambda model: pickle.loads(pickle.dumps(model)),
}
OPTIMIZERS = {
    "SGD": lambda: optimizers.SGD(0.1, momentum=0.9),
    "Adam": lambda: optimizers.Adam(0.01),
    "AdamW": lambda: optimizers.AdamW(0.01, use_ema=True),
    "RMSprop": lambda: optimizers.RMSprop(
        optimizers.schedules.CosineDecay(0.0, 50, warmup_target=0.01, warmup_steps=5)
    ),
}


def compiled(optimizer):
    model = Sequential(
        [
            layers.Input((10, 10)),
            layers.Rescaling(1 / 255),
            layers.Reshape((10, 10, 1)),
            layers.Conv2D(4, 3, activation="relu"),
            layers.MaxPooling2D(2),
            layers.Conv2D(3, 2, use_bias=False),
            layers.BatchNormalization(),
            layers.Activation("gelu"),
            layers.Flatten(),
            layers.Dropout(0.3, seed=1),
            layers.Dense(4),
        ]
    )
    model.compile(OPTIMIZERS[optimizer](), "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def trained(model, steps):
    for _ in range(steps):
        model.train_on_batch(X, Y)
    return model


def same(ours, theirs):
    return all(np.array_equal(u, v) for u, v in zip(ours, theirs, strict=True))


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("steps", [0, 3])
def test_a_copy_trains_as_the_model_would_and_leaves_it_alone(steps, optimizer, way):
    model = trained(compiled(optimizer), steps)
    before = model.get_weights()
    other = trained(WAYS[way](model), 4)
    assert same(model.get_weights(), before) and not same(other.get_weights(), before)
    last = other.get_weights()
    trained(model, 4)
    assert same(model.get_weights(), last) and same(other.get_weights(), last)
    state = other.optimizer.state
    assert all(np.array_equal(x, state[name]) for name, x in model.optimizer.state.items())
    assert same([other.predict(X)], [model.predict(X)])


@pytest.mark.parametrize("way", WAYS)
def test_a_copys_weights_are_views_of_its_own_vector(way):
    model = trained(compiled("Adam"), 1)
    other = WAYS[way](model)
    for one in (model, other):
        for v in one.variables:
            assert not v.trainable or np.may_share_memory(v.value, one.weights_vector)
    assert not np.may_share_memory(model.weights_vector, other.weights_vector)


def test_a_model_that_is_not_compiled_or_has_no_layers_is_copied_too():
    for model in (Sequential(), Sequential([layers.Input((3,)), layers.Dense(2)])):
        for way in WAYS.values():
            assert same(way(model).get_weights(), model.get_weights())


def test_a_pickle_has_nothing_of_the_last_batch():
    model = compiled("SGD")
    before = len(pickle.dumps(model))
    model.train_on_batch(np.resize(X, (1000, 10, 10)), np.resize(Y, 1000))
    model.predict(np.zeros((2000, 10, 10), np.uint8))
    assert len(pickle.dumps(model)) < before + 10_000


def test_arrays_that_cannot_be_written_are_copied(tmp_path):
    joblib = pytest.importorskip("joblib")
    joblib.dump(trained(compiled("Adam"), 2), tmp_path / "model")
    model = joblib.load(tmp_path / "model", mmap_mode="r")
    other = joblib.load(tmp_path / "model")
    assert same(trained(model, 2).get_weights(), trained(other, 2).get_weights())
