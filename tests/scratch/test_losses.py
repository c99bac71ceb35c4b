"""Losses: by hand, by central differences, and Keras's values and gradients."""

import keras
import numpy as np
import pytest

from fashionlab.scratch import losses

N, K = 9, 4
CASES = [
    ("CategoricalCrossentropy", {}),
    ("CategoricalCrossentropy", {"from_logits": True}),
    ("CategoricalCrossentropy", {"label_smoothing": 0.2}),
    ("CategoricalCrossentropy", {"from_logits": True, "label_smoothing": 0.2}),
    ("SparseCategoricalCrossentropy", {}),
    ("SparseCategoricalCrossentropy", {"from_logits": True}),
    ("MeanSquaredError", {}),
]


def case(name, options, dtype="float32", order="C"):
    """Targets (N, K) or labels (N,), predictions (N, K), weights (N,)."""
    rng = np.random.default_rng(0)
    labels = rng.integers(0, K, N)
    y = labels if name.startswith("Sparse") else np.eye(K)[labels]
    if name.startswith("Categorical"):
        y[0] = 0.5  # no distribution: its sum is 2
    p = rng.normal(0, 3, (N, K)) if options.get("from_logits") else rng.uniform(0.1, 2, (N, K))
    return y, np.asarray(p, dtype, order=order), rng.uniform(0, 2, N).astype(dtype)


def gradient_of_keras(loss, y, p, weights):
    tensor = keras.ops.convert_to_tensor(p).requires_grad_()
    value = loss(y, tensor, sample_weight=weights)
    value.backward()
    return float(value.detach()), tensor.grad.numpy()


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize(("name", "options"), CASES)
def test_value_and_gradient_are_those_of_keras(name, options, order):
    y, p, weights = case(name, options, order=order)
    kept = p.copy()
    ours = getattr(losses, name)(**options)
    theirs = getattr(keras.losses, name)(**options)
    for w in (None, weights):
        value, gradient = gradient_of_keras(theirs, y, p.copy(), w)
        assert ours(y, p, sample_weight=w) == pytest.approx(value, rel=1e-6)
        ours.forward(y, p)
        dp = ours.backward(1 / N if w is None else w / N)
        np.testing.assert_allclose(dp, gradient, rtol=5e-6, atol=1e-7)
        assert dp.dtype == np.float32
    np.testing.assert_array_equal(p, kept)


@pytest.mark.parametrize(("name", "options"), CASES)
def test_gradient_equals_the_central_difference(name, options):
    y, p, weights = case(name, options, "float64")
    loss, step = getattr(losses, name)(**options), 1e-6
    loss.forward(y, p)
    dp = loss.backward(weights)
    numeric = np.empty_like(p)
    for i in np.ndindex(p.shape):
        moved = p.copy()
        moved[i] += step
        above = (loss.forward(y, moved) * weights).sum()
        moved[i] -= 2 * step
        numeric[i] = (above - (loss.forward(y, moved) * weights).sum()) / (2 * step)
    assert np.abs(dp).max() > 1e-2
    np.testing.assert_allclose(dp, numeric, rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize("sparse", [False, True])
def test_clipped_probabilities_have_the_gradient_of_keras(sparse):
    # the chosen probability 0, tiny, both bounds of the clip, and 1
    p = np.array([[0, 1], [1e-9, 1], [1e-7, 1], [1e-6, 1], [1, 1e-9], [1, 0]], np.float32)
    labels = np.zeros(len(p), np.int64)
    y = labels if sparse else np.eye(2)[labels]
    name = "SparseCategoricalCrossentropy" if sparse else "CategoricalCrossentropy"
    value, gradient = gradient_of_keras(getattr(keras.losses, name)(), y, p, None)
    loss = getattr(losses, name)()
    assert loss(y, p) == pytest.approx(value, rel=1e-6)
    loss.forward(y, p)
    np.testing.assert_allclose(loss.backward(1 / len(p)), gradient, rtol=2e-6, atol=1e-7)


@pytest.mark.parametrize("name", ["CategoricalCrossentropy", "SparseCategoricalCrossentropy"])
def test_huge_logits_have_finite_values_and_gradients(name):
    p = np.array([[1e4, -1e4, 0]], np.float32)
    loss = getattr(losses, name)(from_logits=True)
    y = np.array([1]) if name.startswith("Sparse") else np.array([[0, 1, 0]])
    assert loss.forward(y, p).tolist() == [2e4]
    assert loss.backward(1.0).tolist() == [[1, -1, 0]]


def test_categorical_crossentropy_by_hand():
    # P = (1, 3) is Q = (1/4, 3/4), Y = (1, 0): dL/dQ = (-4, 0), dP = ((-4, 0) + 1) / 4
    loss = losses.CategoricalCrossentropy()
    y, p = np.array([[1.0, 0.0]]), np.array([[1.0, 3.0]])
    np.testing.assert_allclose(loss.forward(y, p), [np.log(4)])
    np.testing.assert_allclose(loss.backward(1.0), [[-0.75, 0.25]])


def test_label_smoothing_by_hand():
    # Y = (1, 0) smoothed by 0.2 is (0.9, 0.1); logits (0, log 3) are Q = (1/4, 3/4); dP = Q - Y
    loss = losses.CategoricalCrossentropy(from_logits=True, label_smoothing=0.2)
    y, p = np.array([[1, 0]]), np.array([[0.0, np.log(3)]])
    np.testing.assert_allclose(loss.forward(y, p), [0.9 * np.log(4) + 0.1 * np.log(4 / 3)])
    np.testing.assert_allclose(loss.backward(1.0), [[0.25 - 0.9, 0.75 - 0.1]])


def test_sparse_crossentropy_by_hand_and_as_a_column():
    # logits (0, log 3): Q = (1/4, 3/4)
    loss, p = losses.SparseCategoricalCrossentropy(from_logits=True), np.array([[0.0, np.log(3)]])
    for y in (np.array([1]), np.array([[1]]), np.array([1.0])):
        loss.check_targets(y, p.shape)
        np.testing.assert_allclose(loss.forward(y, p), [np.log(4 / 3)])
        np.testing.assert_allclose(loss.backward(2.0), [[0.5, -0.5]])


def test_mean_squared_error_by_hand():
    # differences (1, -2): (1 + 4) / 2; dP = 2 (1, -2) / 2, times the scale 3
    loss = losses.MeanSquaredError()
    assert loss.forward(np.array([[1, 2]]), np.array([[2.0, 0.0]])).tolist() == [2.5]
    assert loss.backward(3.0).tolist() == [[3, -6]]


def test_weights_scale_the_losses_and_not_the_divisor():
    # losses (1, 4), weights (2, 0.5), divided by 2 images
    loss, y, p = losses.MeanSquaredError(), np.zeros((2, 1)), np.array([[1.0], [2.0]])
    assert loss(y, p, sample_weight=[2, 0.5]) == 2
    assert loss(y, p, sample_weight=[[2], [0.5]]) == 2
    assert loss(y, p, sample_weight=2) == 5


@pytest.mark.parametrize(
    ("loss", "y", "shape", "message"),
    [
        ("sparse_categorical_crossentropy", [3, 11], (2, 10), r"in \[0, 10\); received 11"),
        ("sparse_categorical_crossentropy", [3, 10], (2, 10), r"in \[0, 10\); received 10"),
        ("sparse_categorical_crossentropy", [3, -1], (2, 10), r"in \[0, 10\); received -1"),
        ("sparse_categorical_crossentropy", [3, 0.5], (2, 10), "whole numbers .* received .0.5"),
        ("sparse_categorical_crossentropy", [3, np.nan], (2, 10), "whole numbers .* received .nan"),
        ("sparse_categorical_crossentropy", [3, np.inf], (2, 10), "received inf"),
        ("sparse_categorical_crossentropy", [1, 2, 3], (2, 10), r"\(2,\).*received \(3,\)"),
        ("sparse_categorical_crossentropy", [[0, 1], [1, 0]], (2, 2), r"received \(2, 2\)"),
        ("sparse_categorical_crossentropy", [0, 1], (2, 2, 2), r"received \(2, 2, 2\)"),
        ("categorical_crossentropy", [1, 2], (2, 10), r"one-hot.*\(2, 10\).*received \(2,\)"),
        ("categorical_crossentropy", [["a", "b"]], (1, 2), "numbers"),
        ("categorical_crossentropy", np.zeros((0, 2)), (0, 2), "at least one image"),
        ("mean_squared_error", [1, 2], (2, 1), r"targets \(2, 1\).*received \(2,\)"),
    ],
)
def test_targets_that_do_not_fit_are_refused(loss, y, shape, message):
    with pytest.raises(ValueError, match=message):
        losses.get(loss).check_targets(np.array(y), shape)
    with pytest.raises(ValueError, match=message):
        losses.get(loss)(np.array(y), np.ones(shape))


@pytest.mark.parametrize(
    "call",
    [
        lambda: losses.MeanSquaredError()([[1]], [[1]], sample_weight=[1, 2]),
        lambda: losses.CategoricalCrossentropy(label_smoothing=1.5),
    ],
)
def test_arguments_outside_their_range_are_refused(call):
    with pytest.raises(ValueError, match="received"):
        call()


@pytest.mark.parametrize("name", ["mse", "mean_squared_error", "MeanSquaredError"])
def test_get_by_every_name(name):
    assert type(losses.get(name)) is losses.MeanSquaredError
