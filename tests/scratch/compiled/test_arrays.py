"""Arrays of all kinds do in C what they do in NumPy; none makes C read what is not there."""

import numpy as np
import pytest

from fashionlab.scratch import losses, optimizers
from fashionlab.scratch.callbacks import Callback
from fashionlab.scratch.layers import Conv2D, Dense, Flatten, MaxPooling2D, Rescaling

from .pairs import ROUNDING, batch_of, model_of, near, pair

pytestmark = pytest.mark.usefixtures("compiled")

SHAPE = (6, 5, 2)
N = 21


def layers():
    return [
        Rescaling(1 / 64, 0.1),
        Conv2D(5, 2, activation="relu"),
        MaxPooling2D(2),
        Flatten(),
        Dense(4),
    ]


def sparse():
    return losses.SparseCategoricalCrossentropy(from_logits=True)


def numbers(dtype):
    """Images with negative numbers, where there are any."""
    rng = np.random.default_rng(0)
    dtype = np.dtype(dtype)
    if dtype.kind == "f":
        return rng.normal(0, 50, (N, *SHAPE)).astype(dtype)
    if dtype.kind == "b":
        return rng.integers(0, 2, (N, *SHAPE)).astype(dtype)
    ends = np.iinfo(dtype)
    return rng.integers(max(ends.min, -500), min(ends.max, 500) + 1, (N, *SHAPE)).astype(dtype)


LAYOUTS = {
    "as it is": lambda x: x,
    "Fortran": np.asfortranarray,
    "reversed": lambda x: x[::-1, ::-1, ::-1, ::-1].copy()[::-1, ::-1, ::-1, ::-1],
    "every other": lambda x: np.repeat(np.repeat(x, 2, axis=0), 2, axis=2)[::2, :, ::2],
    "at an odd address": lambda x: odd(x),
    "one image for all": lambda x: np.broadcast_to(x[:1], x.shape),
    "turned axes": lambda x: x.transpose(3, 1, 2, 0).copy().transpose(3, 1, 2, 0),
}


def odd(x):
    memory = np.zeros(x.nbytes + 1, np.uint8)
    view = memory[1:].view(x.dtype).reshape(x.shape)
    view[...] = x
    return view


def same_step(x, y, w=None, loss=sparse):
    plain, fast = pair(SHAPE, layers, loss=loss)
    kept = x.copy(), y.copy()
    for model in (plain, fast):
        model.train_on_batch(x, y, w)
    near(fast.weights_vector, plain.weights_vector, ROUNDING, "weights")
    fast.set_weights(plain.get_weights())
    near(fast.predict(x), plain.predict(x), ROUNDING, "prediction")
    near(fast.evaluate(x, y)[0], plain.evaluate(x, y)[0], ROUNDING, "loss")
    np.testing.assert_array_equal(x, kept[0])
    np.testing.assert_array_equal(y, kept[1])


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize(
    "dtype", ["u1", "b1", "i1", "u2", "i4", "i8", "u8", "f2", "f4", ">f4", "f8"]
)
def test_images_of_any_type_in_any_order(dtype, layout):
    x = LAYOUTS[layout](numbers(dtype))
    x.flags.writeable = False
    same_step(x, np.arange(N) % 4)


@pytest.mark.parametrize("dtype", ["i8", "i4", "i1", "u1", "u8", ">i4", "f4", "f8"])
def test_labels_of_any_type_in_any_order(dtype):
    y = (np.arange(N) % 4).astype(dtype)
    for labels in (y, y[:, np.newaxis], np.repeat(y, 3)[::3], y[::-1].copy()[::-1]):
        labels.flags.writeable = False
        same_step(numbers("u1"), labels)


@pytest.mark.parametrize("dtype", ["f4", "f8", "i8", "u1", "b1"])
def test_targets_of_any_type_in_any_order(dtype):
    y = np.eye(4, dtype=dtype)[np.arange(N) % 4]
    w = np.linspace(0, 2, 2 * N)[::2]
    for targets in (y, np.asfortranarray(y), y[::-1].copy()[::-1], np.repeat(y, 2, axis=1)[:, ::2]):
        same_step(numbers("u1"), targets, w, lambda: losses.CategoricalCrossentropy(True))


def ways_in(model, x, y):
    """Every public way of targets into a model."""
    good = np.zeros(len(y), int)
    return {
        "fit": lambda: model.fit(x, y, verbose=0),
        "fit, an iterable": lambda: model.fit([(x, good), (x, y)], verbose=0),
        "fit, validation": lambda: model.fit(x, good, validation_data=(x, y), verbose=0),
        "fit, validation_split": lambda: model.fit(x, y, validation_split=0.5, verbose=0),
        "train_on_batch": lambda: model.train_on_batch(x, y),
        "compute_gradients": lambda: model.compute_gradients(x, y),
        "evaluate": lambda: model.evaluate(x, y),
    }


@pytest.mark.parametrize("way", ways_in(None, None, [0]))
@pytest.mark.parametrize("bad", [-1, 4, 2**31, -(2**40), 2.5, np.nan, np.inf])
def test_labels_out_of_range_are_refused_on_every_way_in(bad, way):
    y = np.array([0, 1, 2, 3] * 5, type(bad))
    y[-1] = bad
    lines = []
    for model in pair(SHAPE, layers, loss=sparse):
        with pytest.raises(ValueError, match="SparseCategoricalCrossentropy") as refused:
            ways_in(model, numbers("u1")[:20], y)[way]()
        lines.append(str(refused.value))
    assert lines[0] == lines[1]


class Changes(Callback):
    """Changes an array of the running fit, which was checked when it began."""

    def __init__(self, array, value):
        self.array, self.value = array, value

    def on_train_batch_begin(self, batch, logs=None):
        if batch == 2:
            self.array[...] = self.value


@pytest.mark.parametrize("shuffle", [False, True])
@pytest.mark.parametrize("value", [-1, 4, 2**31 - 1, -(2**31), 10**8])
def test_labels_that_a_callback_breaks_count_as_no_class(value, shuffle):
    found = []
    for model in pair(SHAPE, layers, loss=sparse):
        x, y = numbers("u1"), np.arange(N) % 4
        order = np.random.default_rng(0) if shuffle else False
        broken = [Changes(y, value)]
        history = model.fit(x, y, 4, epochs=2, shuffle=order, callbacks=broken, verbose=0).history
        found.append((model.weights_vector, history["loss"], model.evaluate(x, y * 0)))
    for one, other in zip(*found, strict=True):
        near(other, one, 2e-5, "after the fit")


def test_images_that_a_callback_breaks_end_the_training_with_the_last_good_weights():
    for model in pair(SHAPE, layers, loss=sparse):
        x, y = numbers("f4"), np.arange(N) % 4
        before = model.get_weights()
        with pytest.raises(FloatingPointError, match="the last good weights back"):
            model.fit(x, y, 4, shuffle=False, callbacks=[Changes(x, np.nan)], verbose=0)
        for w, first in zip(model.get_weights(), before, strict=True):
            np.testing.assert_array_equal(w, first)


def test_a_loss_that_is_no_longer_finite_leaves_finite_weights():
    lines = []
    for model in pair(SHAPE, layers, loss=sparse, optimizer=lambda: optimizers.SGD(1e30, 0.9)):
        x, y, _ = batch_of(model, 100)
        with pytest.raises(FloatingPointError, match="the loss must stay finite") as ended:
            model.fit(x, y, 10, epochs=100, shuffle=False, verbose=0)
        assert np.isfinite(model.weights_vector).all()
        assert np.isfinite(model.evaluate(x, y)).all()
        lines.append(str(ended.value).partition(",")[0])
    assert lines[0] == lines[1]


def test_images_beyond_float32_are_infinite_in_both():
    for model in pair(SHAPE, layers, loss=sparse):
        x = np.full((3, *SHAPE), 1e300)
        before = model.weights_vector.copy()
        with pytest.raises(FloatingPointError, match="the loss must stay finite"):
            model.train_on_batch(x, np.zeros(3, int))
        np.testing.assert_array_equal(model.weights_vector, before)


def test_no_images_are_refused_in_the_same_words():
    lines = []
    for model in pair(SHAPE, layers, loss=sparse):
        for call in (model.predict, lambda x, m=model: m.train_on_batch(x, [])):
            with pytest.raises(ValueError, match="at least one image") as refused:
                call(np.empty((0, *SHAPE)))
            lines.append(str(refused.value))
    assert lines[:2] == lines[2:]


def test_an_enormous_batch_takes_the_memory_of_a_small_one():
    model = model_of((30,), lambda: [Rescaling(1 / 255), Dense(40, "relu"), Dense(4)], loss=sparse)
    x, y, _ = batch_of(model, 200_000)
    one, other = model.compute_gradients(x, y), model.evaluate(x, y)
    assert one[0] / len(x) == pytest.approx(other[0], rel=1e-12)
    assert model.program._made.capacity == 1024
    parts = sum(
        model.evaluate(x[i : i + 999], y[i : i + 999])[0] * len(x[i : i + 999])
        for i in range(0, len(x), 999)
    )
    assert parts / len(x) == pytest.approx(other[0], rel=1e-12)
    near(model.predict(x)[-5:], model.predict(x[-5:]), 0, "the last ones")


def test_large_images_go_through_in_such_numbers_as_c_can_count():
    model = model_of((2048, 2048, 1), lambda: [Conv2D(1, 2, 2), Flatten(), Dense(1)], loss=mse)
    largest = model.program._largest
    assert largest >= 1
    assert largest * (1024 * 1024 + 1) * 16 < 2**31


def mse():
    return losses.MeanSquaredError()
