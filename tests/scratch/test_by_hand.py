"""A step of each part, worked on paper."""

import numpy as np
import pytest

from fashionlab import scratch
from fashionlab.scratch import losses, optimizers
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


def a_step(layer, x, da, weights=()):
    """A, dX and the weights' gradients of one image x, as the layer sees it."""
    x, da = np.array(x, "float64"), np.array(da, "float64")
    layer.build(x.shape)
    for v, value in zip(layer.weights, weights, strict=True):
        v.value, v.gradient = np.array(value, "float64"), np.zeros(v.shape)
        assert v.value.shape == v.shape
    a = layer.forward(x[None], training=True)[0]
    dx = layer.backward(da[None], need_dx=True)[0]
    return a.tolist(), dx.tolist(), [v.gradient.tolist() for v in layer.weights]


def test_dense_by_hand():
    # Z = X W + b = (1 + 6 + 10, 2 + 8 + 20); dW = Xᵀ dZ, db = dZ, dX = dZ Wᵀ
    layer = Dense(2, dtype="float64")
    a, dx, (dw, db) = a_step(layer, [1, 2], [1, -1], ([[1, 2], [3, 4]], [10, 20]))
    assert a == [17, 30]
    assert dw == [[1, -1], [2, -2]]
    assert db == [1, -1]
    assert dx == [1 - 2, 3 - 4]


def test_dense_with_relu_by_hand():
    # Z = (-1, 3): the first unit is off
    layer = Dense(2, "relu", dtype="float64")
    a, dx, (dw, db) = a_step(layer, [1], [5, 7], ([[-1, 3]], [0, 0]))
    assert (a, dx, dw, db) == ([0, 3], [21], [[0, 7]], [0, 7])


IMAGE = [[[1], [2], [3]], [[4], [5], [6]], [[7], [8], [9]]]  # (3, 3, 1)


def test_convolution_by_hand():
    # the kernel ((1, 0), (0, -1)) takes the pixel below to the right off: 1 - 5 = -4 everywhere
    layer = Conv2D(1, 2, dtype="float64")
    da = [[[1], [0]], [[0], [2]]]
    a, dx, (dw, db) = a_step(layer, IMAGE, da, ([[[[1]], [[0]]], [[[0]], [[-1]]]], [100]))
    assert a == [[[96], [96]], [[96], [96]]]
    assert dw == [[[[1 + 2 * 5]], [[2 + 2 * 6]]], [[[4 + 2 * 8]], [[5 + 2 * 9]]]]
    assert db == [3]
    assert dx == [[[1], [0], [0]], [[0], [-1 + 2], [0]], [[0], [0], [-2]]]


def test_convolution_with_same_padding_and_a_stride_by_hand():
    # 3 pixels with stride 2 make 2 windows of 2: one pixel is missing, at the end
    layer = Conv2D(1, 2, strides=2, padding="same", use_bias=False, dtype="float64")
    ones = np.ones((2, 2, 1, 1))
    a, dx, _ = a_step(layer, IMAGE, [[[1], [2]], [[3], [4]]], (ones,))
    assert a == [[[1 + 2 + 4 + 5], [3 + 6]], [[7 + 8], [9]]]
    assert dx == [[[1], [1], [2]], [[1], [1], [2]], [[3], [3], [4]]]


def test_maximum_by_hand():
    # windows (1 2; 4 5), (2 3; 5 6), ... overlap, and 9 is the largest of the last
    layer = MaxPooling2D(2, 1, dtype="float64")
    a, dx, _ = a_step(layer, IMAGE, [[[1], [2]], [[3], [4]]])
    assert a == [[[5], [6]], [[8], [9]]]
    assert dx == [[[0], [0], [0]], [[0], [1], [2]], [[0], [3], [4]]]


def test_average_by_hand():
    # with "same" the last windows hold 2 pixels and 1: padding does not count
    layer = AveragePooling2D(2, padding="same", dtype="float64")
    a, dx, _ = a_step(layer, IMAGE, [[[4], [2]], [[6], [1]]])
    assert a == [[[3], [4.5]], [[7.5], [9]]]
    assert dx == [[[1], [1], [1]], [[1], [1], [1]], [[3], [3], [1]]]


def test_global_average_by_hand():
    a, dx, _ = a_step(GlobalAveragePooling2D(dtype="float64"), [[[1, 0], [3, 4]]], [2, 6])
    assert (a, dx) == ([2, 2], [[[1, 3], [1, 3]]])


def test_batch_normalization_by_hand():
    # (0, 2) has mean 1 and variance 1; with epsilon 3 the deviation is 2: X̂ = (-1/2, 1/2),
    # A = 4 X̂ + 1. dA = (1, 3): mean 2, mean of dA X̂ = 1/2,
    # dX = 4 / 2 (dA - 2 - X̂ / 2) = 2 (-1 + 1/4, 1 - 1/4)
    layer = BatchNormalization(momentum=0.75, epsilon=3.0, dtype="float64")
    weights = ([4], [1], [10], [20])
    a, dx, (dgamma, dbeta, *_) = a_step(layer, [[[0], [2]]], [[[1], [3]]], weights)
    assert a == [[[-1], [3]]]
    assert (dgamma, dbeta) == ([1], [4])
    assert dx == [[[-1.5], [1.5]]]
    assert layer.moving_mean.value.tolist() == [0.75 * 10 + 0.25 * 1]
    assert layer.moving_variance.value.tolist() == [0.75 * 20 + 0.25 * 1]
    # outside training: (X - 7.75) / sqrt(15.25 + 3)
    inference = layer.forward(np.full((1, 1, 2, 1), 7.75))
    np.testing.assert_array_equal(inference, 1.0)


def test_dropout_by_hand():
    layer = Dropout(0.75, seed=0, dtype="float64")
    a, dx, _ = a_step(layer, [1.0] * 50, [3.0] * 50)
    assert set(a) == {0.0, 4.0}  # 1 / (1 - 0.75)
    assert dx == [3 * value for value in a]


def test_rescaling_flatten_reshape_and_activation_by_hand():
    assert a_step(Rescaling(2.0, 1.0, dtype="float64"), [1, 2], [3, 4]) == ([3, 5], [6, 8], [])
    x, da = [[1, 2], [3, 4]], [5, 6, 7, 8]
    assert a_step(Flatten(dtype="float64"), x, da) == ([1, 2, 3, 4], [[5, 6], [7, 8]], [])
    assert a_step(Reshape((-1,), dtype="float64"), x, da) == ([1, 2, 3, 4], [[5, 6], [7, 8]], [])
    assert a_step(Activation("relu", dtype="float64"), [-1, 2], [5, 6]) == ([0, 2], [0, 6], [])


def test_one_descent_step_of_a_softmax_layer_by_hand():
    # X = (1, 2), W = 0, b = 0: Q = (1/2, 1/2). Y = (1, 0): L = log 2, dZ = Q - Y = (-1/2, 1/2),
    # dW = Xᵀ dZ = ((-1/2, 1/2), (-1, 1)), db = dZ; a step with rate 1 takes them off.
    model = scratch.Sequential(
        [scratch.Input((2,)), Dense(2, activation="softmax", kernel_initializer="zeros")]
    )
    model.compile(optimizers.SGD(1.0), "categorical_crossentropy", metrics=["accuracy"])
    history = model.fit(np.array([[1.0, 2.0]]), np.array([[1.0, 0.0]]), verbose=0)
    kernel, bias = model.get_weights()
    np.testing.assert_allclose(kernel, [[0.5, -0.5], [1.0, -1.0]], rtol=1e-6)
    np.testing.assert_allclose(bias, [0.5, -0.5], rtol=1e-6)
    assert history.history["loss"] == [pytest.approx(np.log(2))]
    assert history.history["accuracy"] == [1.0]


def test_loss_of_unnormalised_probabilities_by_hand():
    # P = (1, 3) is Q = (1/4, 3/4)
    loss = losses.CategoricalCrossentropy()
    assert loss(np.array([[1.0, 0.0]]), np.array([[1.0, 3.0]])) == pytest.approx(np.log(4))


def test_loss_from_logits_is_not_clipped():
    loss = losses.CategoricalCrossentropy(from_logits=True)
    assert loss(np.array([[1.0, 0.0]]), np.array([[0.0, 60.0]])) == pytest.approx(60.0)


def test_weights_of_images_by_hand():
    # squared errors 1 and 9 with weights 3 and 1: (3 + 9) / 2 images
    model = scratch.Sequential([scratch.Input((1,)), Dense(1, kernel_initializer="zeros")])
    model.compile("sgd", "mse")
    x, y = np.zeros((2, 1)), np.array([[1.0], [3.0]])
    assert model.evaluate(x, y, sample_weight=[3, 1]) == pytest.approx(6)
