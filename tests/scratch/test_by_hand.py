"""One step of each part, worked on paper."""

import numpy as np
import pytest

from fashionlab import scratch
from fashionlab.scratch import activations, losses, optimizers


def test_one_descent_step_of_a_softmax_layer_by_hand():
    # X = (1, 2), W = 0, b = 0: Q = (1/2, 1/2). Y = (1, 0): L = log 2, dZ = Q - Y = (-1/2, 1/2),
    # dW = Xᵀ dZ = ((-1/2, 1/2), (-1, 1)), db = dZ; a step with rate 1 takes them off.
    model = scratch.Sequential(
        [
            scratch.Input((2,)),
            scratch.layers.Dense(2, activation="softmax", kernel_initializer="zeros"),
        ]
    )
    model.compile(optimizers.SGD(1.0), "categorical_crossentropy", metrics=["accuracy"])
    history = model.fit(np.array([[1.0, 2.0]]), np.array([[1.0, 0.0]]), verbose=0)
    kernel, bias = model.get_weights()
    np.testing.assert_allclose(kernel, [[0.5, -0.5], [1.0, -1.0]], rtol=1e-6)
    np.testing.assert_allclose(bias, [0.5, -0.5], rtol=1e-6)
    assert history.history["loss"] == [pytest.approx(np.log(2))]
    assert history.history["accuracy"] == [1.0]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("linear", [-1.0, 0.0, 1.0]),
        ("relu", [0.0, 0.0, 1.0]),
        ("sigmoid", [0.26894142, 0.5, 0.73105858]),
        ("tanh", [-0.76159416, 0.0, 0.76159416]),
        ("softmax", [0.09003057, 0.24472847, 0.66524096]),
    ],
)
def test_activation_at_minus_one_zero_and_one(name, expected):
    z = np.array([[-1.0, 0.0, 1.0]])
    activations.get(name).forward(z)
    np.testing.assert_allclose(z, [expected], rtol=1e-7)


@pytest.mark.parametrize("name", ["sigmoid", "softmax", "tanh"])
def test_activation_of_huge_numbers_is_finite(name):
    z = np.array([[-1e4, 0.0, 1e4]], np.float32)
    activations.get(name).forward(z)
    assert np.isfinite(z).all()


def test_sigmoid_is_accurate_where_it_is_nearly_0():
    z = np.linspace(-80, 80, 1001, dtype=np.float32)
    a = z.copy()
    activations.sigmoid.forward(a)
    np.testing.assert_allclose(a, 1 / (1 + np.exp(-z.astype(np.float64))), rtol=1e-5)


def test_loss_of_unnormalised_probabilities_by_hand():
    # P = (1, 3) is Q = (1/4, 3/4)
    loss = losses.CategoricalCrossentropy()
    assert loss(np.array([[1.0, 0.0]]), np.array([[1.0, 3.0]])) == pytest.approx(np.log(4))


def test_loss_from_logits_is_not_clipped():
    loss = losses.CategoricalCrossentropy(from_logits=True)
    assert loss(np.array([[1.0, 0.0]]), np.array([[0.0, 60.0]])) == pytest.approx(60.0)


def test_two_steps_of_momentum_by_hand():
    w = np.array([1.0])
    sgd = optimizers.SGD(0.1, momentum=0.5)
    sgd.step(w, np.array([1.0]))  # v = -0.1
    sgd.step(w, np.array([1.0]))  # v = -0.05 - 0.1
    np.testing.assert_allclose(w, [0.75])


def test_first_step_of_adam_is_the_rate():
    w = np.array([1.0, 1.0])
    optimizers.Adam(0.1).step(w, np.array([5.0, -3.0]))
    np.testing.assert_allclose(w, [0.9, 1.1], rtol=1e-5)
