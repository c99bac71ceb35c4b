"""Every gradient that back-propagation gives is the slope of the loss, in float64.

A ReLU and a maximum have kinks, where there is no slope: the weights are drawn so that no kink lies
within a step of 1e-6, which a wrong gradient could not make true.
"""

import tracemalloc
from itertools import product

import numpy as np
import pytest

from fashionlab import scratch
from fashionlab.scratch import activations, losses
from fashionlab.scratch.layers import (
    Activation,
    AveragePooling2D,
    BatchNormalization,
    Conv2D,
    Dense,
    Dropout,
    Flatten,
    GlobalAveragePooling2D,
    MaxPooling2D,
    Rescaling,
    Reshape,
)

ACTIVATIONS = ("linear", "relu", "sigmoid", "tanh", "softmax", "gelu")
F64 = {"dtype": "float64"}
IMAGE = (6, 7, 2)
TOLERANCE = 1e-6  # of the largest gradient of a weight; gradcheck's docstring


def smooth():
    """Something with weights before the layer in question, so that its dX is seen too."""
    return Conv2D(3, 2, activation="tanh", **F64)


def network(shape, *layers, loss=None, weights_seed=0):
    model = scratch.Sequential([scratch.Input(shape), *layers])
    rng = np.random.default_rng(weights_seed)
    for v in model.variables:
        if v.trainable:
            v.value[...] = rng.uniform(0.2, 0.9, v.shape) * rng.choice([-1, 1], v.shape)
    model.compile("sgd", loss or "mse")
    return model


def worst_error(model, batch=5, y=None):
    rng = np.random.default_rng(1)
    x = rng.normal(size=(batch, *model.input_shape))
    y = rng.normal(size=(batch, *model.output_shape)) if y is None else y
    errors = scratch.gradcheck(model, x, y, sample_weight=rng.uniform(0.5, 2, batch))
    assert list(errors) == [
        f"{layer.name}/{v.name}" for layer in model.layers for v in layer.weights if v.trainable
    ]
    return max(errors.values())


def head():
    return Flatten(**F64), Dense(3, **F64)


@pytest.mark.parametrize("f", ACTIVATIONS)
def test_dense_and_activation(f):
    layers = Dense(5, "tanh", **F64), Dense(4, f, **F64), Activation(f, **F64), Dense(3, f, **F64)
    assert worst_error(network((4,), *layers)) < TOLERANCE


@pytest.mark.parametrize("f", ACTIVATIONS)
@pytest.mark.parametrize(("padding", "strides"), list(product(["valid", "same"], [1, 2, (1, 3)])))
def test_convolution(f, padding, strides):
    conv = Conv2D(3, (2, 3), strides, padding, activation=f, **F64)
    assert worst_error(network(IMAGE, smooth(), conv, *head())) < TOLERANCE


@pytest.mark.parametrize("pool", [MaxPooling2D, AveragePooling2D])
@pytest.mark.parametrize("padding", ["valid", "same"])
@pytest.mark.parametrize("strides", [None, 1, 2, (3, 1)], ids=str)
def test_pooling(pool, padding, strides):
    # a softmax between them, so that few values are equal
    layers = smooth(), Activation("softmax", **F64), pool((2, 3), strides, padding, **F64)
    assert worst_error(network(IMAGE, *layers, *head())) < TOLERANCE


@pytest.mark.parametrize("f", ["linear", "relu", "sigmoid", "tanh"])
@pytest.mark.parametrize(
    ("size", "strides", "padding", "pool"),
    [(2, 1, "valid", 2), (3, 1, "same", 2), ((2, 1), (1, 2), "valid", (2, 3)), (1, 1, "valid", 1)],
    ids=str,
)
def test_convolution_and_maximum(f, size, strides, padding, pool):
    conv = Conv2D(4, size, strides, padding, activation=f, **F64)
    first = Conv2D(1, 1, activation="softmax" if f == "linear" else "tanh", **F64)
    model = network(IMAGE, first, conv, MaxPooling2D(pool, **F64), *head())
    assert worst_error(model) < TOLERANCE


@pytest.mark.parametrize(("center", "scale"), list(product([True, False], repeat=2)))
@pytest.mark.parametrize("flat", [True, False])
def test_batch_normalization(center, scale, flat):
    norm = BatchNormalization(center=center, scale=scale, **F64)
    if flat:
        model = network((4,), Dense(5, "tanh", **F64), norm, Dense(3, **F64))
    else:
        model = network(IMAGE, smooth(), norm, *head())
    averages = [v.numpy() for v in model.variables if not v.trainable]
    assert worst_error(model) < TOLERANCE
    for v, before in zip([v for v in model.variables if not v.trainable], averages, strict=True):
        np.testing.assert_array_equal(v.value, before)


def test_dropout_with_its_mask_frozen():
    model = network((4,), Dense(40, "tanh", **F64), Dropout(0.4, seed=3, **F64), Dense(3, **F64))
    assert worst_error(model) < TOLERANCE


def test_dropout_draws_after_gradcheck_what_it_would_have_drawn_without():
    def draws(check):
        model = network((4,), Dense(9, **F64), Dropout(0.4, seed=3, **F64), Dense(3, **F64))
        if check:
            worst_error(model)
        return model(np.ones((2, 4)), training=True)

    np.testing.assert_array_equal(draws(True), draws(False))


def test_global_average_rescaling_and_reshape():
    layers = Rescaling(0.5, 0.1, **F64), Reshape((7, -1, 2), **F64), smooth()
    tail = Rescaling(-2.0, 0.3, **F64), GlobalAveragePooling2D(**F64), Dense(3, **F64)
    assert worst_error(network(IMAGE, *layers, *tail)) < TOLERANCE


ONE_HOT = np.eye(3)[[0, 2, 1, 1, 0]]
SOFT = np.array([[0.2, 0.3, 0.5]] * 5)
LABELS = np.array([0, 2, 1, 1, 0])


@pytest.mark.parametrize(
    ("loss", "output", "y"),
    [
        (losses.CategoricalCrossentropy(), "softmax", ONE_HOT),
        (losses.CategoricalCrossentropy(), "sigmoid", SOFT),
        (losses.CategoricalCrossentropy(from_logits=True), "linear", ONE_HOT),
        (losses.CategoricalCrossentropy(True, label_smoothing=0.1), "linear", ONE_HOT),
        (losses.SparseCategoricalCrossentropy(), "softmax", LABELS),
        (losses.SparseCategoricalCrossentropy(from_logits=True), "linear", LABELS[:, None]),
        (losses.MeanSquaredError(), "tanh", ONE_HOT),
    ],
)
@pytest.mark.parametrize("hidden", ["tanh", "relu", "gelu"])
def test_loss(loss, output, y, hidden):
    model = network((4,), Dense(6, hidden, **F64), Dense(3, output, **F64), loss=loss)
    assert worst_error(model, y=y) < TOLERANCE


def test_a_wrong_gradient_is_found():
    wrong = activations.Activation("wrong", activations.tanh.forward, activations.sigmoid.backward)
    assert worst_error(network((4,), Dense(5, wrong, **F64), Dense(3, **F64))) > 0.01


def test_gradcheck_leaves_the_weights_as_they_are():
    model = network(IMAGE, smooth(), *head())
    before = model.weights_vector.copy()
    worst_error(model)
    np.testing.assert_array_equal(model.weights_vector, before)


def test_gradcheck_refuses_float32_and_a_model_that_is_not_compiled():
    model = scratch.Sequential([scratch.Input((2,)), Dense(2)])
    with pytest.raises(RuntimeError, match="compile"):
        scratch.gradcheck(model, np.ones((1, 2)), np.ones((1, 2)))
    model.compile("sgd", "mse")
    with pytest.raises(ValueError, match="must be float64; received float32"):
        scratch.gradcheck(model, np.ones((1, 2)), np.ones((1, 2)))


@pytest.mark.parametrize("batch", [1, 4, 7, 10])
def test_a_batch_in_micro_batches_has_the_gradients_of_the_whole(batch):
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(10, *IMAGE)), rng.normal(size=(10, 3))
    weights = rng.uniform(0.5, 2, 10)
    model = network(IMAGE, smooth(), MaxPooling2D(2, **F64), *head())
    assert model.micro_batch_size >= len(x)
    whole_loss, _ = model.compute_gradients(x, y, weights)
    whole = model.gradients_vector.copy()
    model.micro_batch_size = batch
    loss, _ = model.compute_gradients(x, y, weights)
    np.testing.assert_allclose(model.gradients_vector, whole, rtol=1e-12, atol=1e-14)
    assert loss == pytest.approx(whole_loss, rel=1e-13)


def test_micro_batches_bound_the_memory_of_a_convolution_of_many_channels():
    rng = np.random.default_rng(0)
    conv = Conv2D(32, 3, padding="same")  # 4.1 MB of windows an image
    model = scratch.Sequential([scratch.Input((60, 60, 32)), conv, GlobalAveragePooling2D()])
    model.compile("sgd", "mse")
    x, y = rng.random((40, 60, 60, 32), "float32"), rng.random((40, 32), "float32")
    tracemalloc.start()
    model.compute_gradients(x, y)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 100e6


def test_a_batch_larger_than_a_micro_batch_is_not_split_where_images_are_compared():
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(10, 4)), rng.normal(size=(10, 3))
    model = network((4,), Dense(5, **F64), BatchNormalization(**F64), Dense(3, **F64))
    loss, _ = model.compute_gradients(x, y)
    model.micro_batch_size = 4
    assert model.compute_gradients(x, y)[0] == pytest.approx(loss, rel=1e-13)
