"""A reader's own layers work as those of scratch do: trained, resumed, checked."""

import re
from pathlib import Path

import numpy as np
import pytest

from fashionlab import models, scratch
from fashionlab.data.synthetic import draw
from fashionlab.errors import StoppedError
from fashionlab.runs import Run
from fashionlab.scratch.layers import Conv2D, Dense, Dropout, Flatten, Layer, MaxPooling2D, Reshape
from fashionlab.training import train

from ..training.test_resume import StopsAt, recipe, result

ROOT = Path(__file__).resolve().parents[2]
F64 = {"dtype": "float64"}
RNG = np.random.default_rng(0)
X = RNG.normal(size=(30, 6, 6, 1))
Y = X.mean(axis=(1, 3))[:, :3].argmax(axis=1)


class SquaredConv2D(Conv2D):
    """A convolution with the square of its outputs."""

    def forward(self, x, training=False):
        self._f_of_z = super().forward(x, training)
        return self._f_of_z**2

    def backward(self, da, need_dx=True):
        return super().backward(da * 2 * self._f_of_z, need_dx)


class WrongConv2D(SquaredConv2D):
    """A convolution whose derivative lacks its factor."""

    def backward(self, da, need_dx=True):
        return Conv2D.backward(self, da, need_dx)


class Noise(Layer):
    """Normal noise in training, from a bit generator of another kind than that of Dropout."""

    def __init__(self, stddev, seed=None, kind=np.random.PCG64, **options):
        super().__init__(**options)
        self.stddev, self.seed, self.generator = stddev, seed, np.random.Generator(kind(seed))

    def forward(self, x, training=False):
        if not training:
            return x
        return x + self.generator.normal(0, self.stddev, x.shape).astype(self.dtype)

    def backward(self, da, need_dx=True):
        return da


class Scale(Layer):
    """A factor for each unit, under a name that is that of no argument or attribute."""

    def build(self, input_shape):
        super().build(input_shape)
        self.slope = self._add_weight(
            "slope, per unit", input_shape, lambda s, dtype: np.full(s, 2)
        )

    def forward(self, x, training=False):
        self._x = x
        return x * self.slope.value

    def backward(self, da, need_dx=True):
        self.slope.gradient[:] = (da * self._x).sum(axis=0)
        return da * self.slope.value


class Forgetful(Scale):
    def backward(self, da, need_dx=True):
        super().backward(da, need_dx)


def own(nn, shape, classes, seed, *, output="linear", conv=SquaredConv2D, **options):
    """A builder with all three."""
    glorot = nn.initializers.GlorotUniform
    return nn.Sequential(
        [
            nn.Input(shape),
            Reshape((*shape[:2], 1), **options),
            conv(4, 3, activation="tanh", kernel_initializer=glorot(seed), name="conv", **options),
            MaxPooling2D(2, **options),
            Flatten(**options),
            Scale(name="scale", **options),
            Noise(0.1, seed, name="noise", **options),
            Dropout(0.2, seed=seed, **options),
            Dense(classes, output, kernel_initializer=glorot(seed + 1), name="output", **options),
        ]
    )


def model_of(conv=SquaredConv2D, seed=3):
    model = own(scratch, (6, 6, 1), 3, seed, conv=conv, **F64)
    loss = scratch.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(scratch.optimizers.Adam(0.02), loss)
    return model


def test_a_subclass_of_a_convolution_computes_what_it_says():
    model = model_of()
    conv = scratch.Sequential([scratch.Input((6, 6, 1)), Conv2D(4, 3, activation="tanh", **F64)])
    conv.set_weights(model.get_weights()[:2])
    pooled = (conv.predict(X) ** 2).reshape(30, 2, 2, 2, 2, 4).max(axis=(2, 4))
    scale, kernel, bias = model.get_weights()[2:]
    np.testing.assert_allclose(
        model.predict(X), (pooled.reshape(30, -1) * scale) @ kernel + bias, rtol=1e-12
    )


def test_gradcheck_checks_their_own_arithmetic():
    errors = scratch.gradcheck(model_of(), X, Y)
    assert max(errors.values()) < 1e-6
    assert "scale/slope, per unit" in errors
    errors = scratch.gradcheck(model_of(conv=WrongConv2D), X, Y)
    assert errors.pop("conv/kernel") > 0.01
    assert errors.pop("conv/bias") > 0.01
    assert max(errors.values()) < 1e-6


def test_weights_begin_as_their_initializer_says():
    np.testing.assert_array_equal(model_of().get_weights()[2], np.full(16, 2.0))


def test_training_repeats_and_resumes_to_the_bit():
    def train(model, epochs):
        model.micro_batch_size = 4
        options = {"batch_size": 15, "shuffle": False, "verbose": 0}
        return model.fit(X, Y, epochs=epochs, **options).history["loss"]

    whole, first, resumed = model_of(), model_of(), model_of(seed=4)
    losses = train(whole, 20)
    assert losses[-1] < 0.7 * losses[0]
    train(first, 12)
    resumed.set_weights(first.get_weights())
    resumed.optimizer.state = first.optimizer.state
    resumed.generator_states = first.generator_states
    assert train(resumed, 8) == losses[12:]
    np.testing.assert_array_equal(resumed.weights_vector, whole.weights_vector)


def test_the_layer_of_the_document_works():
    document = (ROOT / "docs" / "backprop.md").read_text(encoding="utf-8")
    (source,) = re.findall(r"```python\n(.*?)```", document, re.DOTALL)
    names = {"Layer": Layer, "np": np}
    exec(source, names)
    noisy = names["GaussianNoise"](0.5, seed=1)
    model = scratch.Sequential([scratch.Input((400,)), noisy])
    x = np.ones((50, 400), np.float32)
    np.testing.assert_array_equal(model.predict(x), x)
    drawn = model(x, training=True)
    assert drawn.std() == pytest.approx(0.5, rel=0.02)
    assert drawn.dtype == np.float32
    assert model.generator_states


def test_the_words_of_dropouts_generator_are_those_of_earlier_checkpoints():
    model = scratch.Sequential([scratch.Input((3,)), Dropout(0.5, seed=7, name="drop")])
    expected = np.random.SFC64(7).state
    words = [*expected["state"]["state"], expected["has_uint32"], expected["uinteger"]]
    assert model.generator_states["drop"].tolist() == words


def test_a_run_with_them_resumes_to_the_bit(tmp_path, monkeypatch):
    monkeypatch.setitem(models.BUILDERS, "own", own)
    chosen = recipe("scratch", builder="own", model={}, epochs=2)
    data = draw(200, 60)
    train(chosen, data, tmp_path / "whole")
    with pytest.raises(StoppedError):
        train(chosen, data, tmp_path / "run", progress=StopsAt(8), checkpoint_steps=3)
    train(chosen, data, tmp_path / "run", resume=True)
    assert result(tmp_path / "run") == result(tmp_path / "whole")
    assert "scale.slope, per unit" in Run(tmp_path / "run").weights()


@pytest.mark.parametrize("kind", ["SFC64", "PCG64", "PCG64DXSM", "Philox", "MT19937"])
def test_the_state_of_any_generator_is_captured_and_set(kind):
    make = getattr(np.random, kind)
    model, other = (
        scratch.Sequential([scratch.Input((3,)), Noise(1.0, seed, make, name="n"), Dropout(0.5)])
        for seed in (1, 2)
    )
    model.layers[0].generator.integers(9, dtype=np.int32)  # keeps 32 bits for the next draw
    state = model.generator_states
    assert {words.dtype.name for words in state.values()} == {"uint64"}
    other.generator_states = state
    x = np.ones((2, 3))
    np.testing.assert_array_equal(model(x, training=True), other(x, training=True))
    assert not np.array_equal(state["n"], model.generator_states["n"])
    for broken in ({}, state | {"n": state["n"][:-1]}, state | {"other": state["n"]}):
        with pytest.raises(ValueError, match=r"generator_states: expected shapes .*; received"):
            other.generator_states = broken


def test_a_layer_that_returns_no_gradient_is_refused():
    layers = Dense(2, **F64), Forgetful(name="mine", **F64), Dense(3, **F64)
    model = scratch.Sequential([scratch.Input((4,)), *layers])
    model.compile("sgd", "mse")
    with pytest.raises(TypeError, match=r"^mine: backward must return dX; received None$"):
        model.fit(np.ones((5, 4)), np.ones((5, 3)), verbose=0)
