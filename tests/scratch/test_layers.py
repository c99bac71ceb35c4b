"""What layers keep: shapes, what they are given, memory order, randomness."""

import numpy as np
import pytest

from fashionlab import scratch
from fashionlab.scratch.layers import (
    Activation,
    AveragePooling2D,
    BatchNormalization,
    Conv2D,
    Dense,
    Dropout,
    Flatten,
    GlobalAveragePooling2D,
    Input,
    MaxPooling2D,
    Rescaling,
    Reshape,
)

IMAGE = (6, 6, 2)


def every_layer():
    return [
        Conv2D(4, 2, padding="same", activation="relu"),
        MaxPooling2D(2),
        Conv2D(3, 2, activation="gelu"),
        MaxPooling2D(2, 1, "same"),
        BatchNormalization(),
        AveragePooling2D(2, 1, "same"),
        Activation("tanh"),
        Reshape((2, 2, -1)),
        Rescaling(0.5, 1),
        Flatten(),
        Dense(5, "sigmoid"),
        Dropout(0.3, seed=1),
        Dense(3),
    ]


def model_of(*layers, shape=IMAGE, seed=0):
    model = scratch.Sequential([Input(shape), *layers])
    rng = np.random.default_rng(seed)
    model.set_weights([rng.uniform(0.1, 1, w.shape) for w in model.get_weights()])
    model.compile("sgd", scratch.losses.SparseCategoricalCrossentropy(from_logits=True))
    return model


def bytes_of(n, shape=IMAGE, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (n, *shape), dtype=np.uint8)


def test_of_equal_values_the_first_gets_the_gradient():
    x = np.zeros((4, 2, 3, 1))  # (B, H, W, C)
    pool = MaxPooling2D((2, 3), dtype="float64")
    pool.build((2, 3, 1))
    pool.forward(x, training=True)
    dx = pool.backward(np.full((4, 1, 1, 1), 7.0))
    assert dx[:, 0, 0, 0].tolist() == [7.0] * 4
    assert np.abs(dx).sum() == 28


LAYOUTS = {
    "F order": np.asfortranarray,
    "every other image": lambda x: np.repeat(x, 2, axis=0)[::2],
    "mirrored view": lambda x: x[:, :, ::-1].copy()[:, :, ::-1],
    "channels before rows": lambda x: np.ascontiguousarray(x.transpose(0, 3, 1, 2)).transpose(
        0, 2, 3, 1
    ),
    "int64": lambda x: x.astype("int64"),
    "float32": lambda x: x.astype("float32"),
    "float64": lambda x: x.astype("float64"),
    "big-endian": lambda x: x.astype(">f4"),
    "list": lambda x: x.tolist(),
}


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("rescaled", [True, False])
def test_memory_order_and_type_of_the_images_do_not_matter(layout, rescaled):
    x = bytes_of(7)
    y = np.arange(7) % 3
    other = LAYOUTS[layout](x)
    results = []
    for images in (x, other):
        first = [Rescaling(1 / 255)] if rescaled else []
        model = model_of(*first, *every_layer())
        predictions = model.predict(images)
        model.fit(images, y, batch_size=3, epochs=2, shuffle=False, verbose=0)
        results.append((predictions, model.weights_vector.copy()))
    for a, b in zip(*results, strict=True):
        np.testing.assert_allclose(a, b, rtol=2e-5, atol=1e-6)


def test_images_of_bools_are_numbers_0_and_1():
    x = bytes_of(4) > 127
    model = model_of(*every_layer())
    np.testing.assert_array_equal(model.predict(x), model.predict(x.astype("float32")))


@pytest.mark.parametrize("i", range(13))
def test_a_layer_writes_into_nothing_that_it_is_given_or_has_returned(i):
    model = model_of(*every_layer())
    layer = model.layers[i]
    rng = np.random.default_rng(0)
    x = rng.normal(size=(4, *layer.input_shape)).astype("float32")
    da = rng.normal(size=(4, *layer.output_shape)).astype("float32")
    x.flags.writeable = da.flags.writeable = False
    a = layer.forward(x, training=True)
    dx = layer.backward(da)
    kept = a.copy(), dx.copy()
    layer.forward(-x, training=True)
    layer.backward(-da)
    np.testing.assert_array_equal(a, kept[0])
    np.testing.assert_array_equal(dx, kept[1])


@pytest.mark.parametrize("dtype", ["float32", "float64", "uint8"])
@pytest.mark.parametrize(
    "first",
    [
        Rescaling(0.5),
        Activation("relu"),
        Dropout(0.5),
        BatchNormalization(),
        Conv2D(2, 2),
        MaxPooling2D(2, 1, "same"),
        AveragePooling2D(1),
        Flatten(),
        Reshape((-1,)),
        GlobalAveragePooling2D(),
    ],
    ids=lambda layer: type(layer).__name__,
)
def test_the_images_are_left_untouched_even_read_only(first, dtype):
    layer = type(first)(**OPTIONS.get(type(first), {}))
    flat = [] if isinstance(first, GlobalAveragePooling2D) else [Flatten()]
    x, y = bytes_of(6).astype(dtype), np.arange(6) % 3
    x.flags.writeable = y.flags.writeable = False
    model = model_of(layer, *flat, Dense(3))
    before = x.copy()
    model.fit(x, y, batch_size=4, verbose=0)
    model.evaluate(x, y)
    model.predict(x)
    model.train_on_batch(x, y)
    np.testing.assert_array_equal(x, before)


OPTIONS = {
    Rescaling: {"scale": 0.5},
    Activation: {"activation": "relu"},
    Dropout: {"rate": 0.5},
    Conv2D: {"filters": 2, "kernel_size": 2},
    MaxPooling2D: {"pool_size": 2, "strides": 1, "padding": "same"},
    AveragePooling2D: {"pool_size": 1},
    Reshape: {"target_shape": (-1,)},
}


def test_two_forwards_in_a_row_do_not_share_memory_with_what_was_returned():
    model = model_of(*every_layer())
    x = bytes_of(5)
    for once in (model.predict, model):
        first = once(x)
        kept = first.copy()
        second = once(x[::-1])
        np.testing.assert_array_equal(first, kept)
        np.testing.assert_allclose(second, kept[::-1], rtol=1e-4, atol=1e-5)


def test_an_image_has_the_same_outputs_in_a_batch_of_any_size():
    model = model_of(*every_layer())
    x = bytes_of(11)
    whole = model.predict(x)
    for size in (1, 2, 4, 11, 100):  # 4: the last batch is short
        np.testing.assert_allclose(model.predict(x, batch_size=size), whole, rtol=2e-5, atol=1e-6)


def test_gradients_of_a_batch_after_a_larger_one_and_after_a_prediction_are_its_own():
    x, y = bytes_of(9), np.arange(9) % 3
    layers = [layer for layer in every_layer() if not isinstance(layer, Dropout)]
    model, fresh = (
        model_of(*layers),
        model_of(*[layer for layer in every_layer() if not isinstance(layer, Dropout)]),
    )
    model.compute_gradients(x, y)
    model.predict(x)
    for part in (slice(0, 2), slice(3, 4)):
        model.compute_gradients(x[part], y[part])
        fresh.compute_gradients(x[part], y[part])
        for a, b in zip(model.variables, fresh.variables, strict=True):
            if a.trainable:
                np.testing.assert_array_equal(a.gradient, b.gradient)


def test_dropout_keeps_its_share_and_the_mean_and_does_nothing_outside_training():
    model = model_of(Dropout(0.3, seed=5), shape=(100,))
    x = np.ones((300, 100), np.float32)
    a = model(x, training=True)
    kept = a > 0
    np.testing.assert_allclose(a[kept], 1 / 0.7, rtol=1e-6)
    assert kept.mean() == pytest.approx(0.7, abs=0.01)  # 3.8 standard deviations
    np.testing.assert_array_equal(model(x), x)
    assert not np.array_equal(model(x, training=True), a)
    again = model_of(Dropout(0.3, seed=5), shape=(100,))
    np.testing.assert_array_equal(again(x, training=True), a)


@pytest.mark.parametrize(("rate", "expected"), [(0, 1.0), (1, 0.0)])
def test_dropout_of_nothing_and_of_all(rate, expected):
    model = model_of(Dropout(rate), Dense(3, kernel_initializer="ones"), shape=(4,))
    model.set_weights([np.ones((4, 3)), np.zeros(3)])
    np.testing.assert_array_equal(
        model(np.ones((2, 4)), training=True), np.full((2, 3), 4 * expected)
    )
    model.train_on_batch(np.ones((2, 4)), np.array([0, 1]))
    assert np.isfinite(model.weights_vector).all()


def test_summary_names_layers_shapes_and_parameters(capsys):
    model = scratch.Sequential([Input(IMAGE), *every_layer()], name="net")
    model.summary()
    printed = capsys.readouterr().out
    lines = []
    model.summary(print_fn=lines.append)
    assert "".join(lines).strip() == printed.strip()
    for layer in model.layers:
        assert f"{layer.name} ({type(layer).__name__})" in printed
        assert str((None, *layer.output_shape)) in printed
    assert f"{model.count_params():,}" in printed


def test_layers_get_names_as_keras_gives_them():
    layers = Flatten(), Dense(2), Dense(2, name="mine"), Dense(2), BatchNormalization()
    model = scratch.Sequential([Input(IMAGE), *layers])
    names = [layer.name for layer in model.layers]
    assert names[:4] == ["flatten", "dense", "mine", "dense_1"]
    assert model.name == "sequential"


def test_a_layer_that_is_added_keeps_the_weights_so_far():
    model = scratch.Sequential([Input((4,)), Dense(3), BatchNormalization()])
    before = [np.random.default_rng(0).uniform(1, 2, w.shape) for w in model.get_weights()]
    model.set_weights(before)
    model.add(Dense(2))
    for a, b in zip(before, model.get_weights(), strict=False):
        np.testing.assert_array_equal(a.astype("float32"), b)
    assert model.output_shape == (2,)


def test_float64_throughout():
    f64 = {"dtype": "float64"}
    model = scratch.Sequential([Input((4,)), Dense(3, "gelu", **f64), Dense(2, **f64)])
    assert model.predict(np.ones((2, 4), np.float32)).dtype == np.float64
    assert {w.dtype for w in model.get_weights()} == {np.dtype("float64")}
