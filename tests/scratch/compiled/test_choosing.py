"""compile(jit_compile=...): C where it is there and has all of the model, and what it lacks."""

import copy
import re

import numpy as np
import pytest

from fashionlab import scratch
from fashionlab.scratch import activations, layers, losses, optimizers
from fashionlab.scratch.compiled import library
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

from .pairs import model_of, near

pytestmark = pytest.mark.usefixtures("compiled")


class OwnLayer(layers.Layer):
    def forward(self, x, training=False):
        return 2 * x

    def backward(self, da, need_dx=True):
        return 2 * da


class OwnDense(Dense):
    def forward(self, x, training=False):
        return super().forward(x, training) * 2


class OwnDropout(Dropout):
    pass


class OwnLoss(losses.MeanSquaredError):
    def forward(self, y, p):
        return 2 * super().forward(y, p)


class OwnOptimizer(optimizers.SGD):
    def _update(self, w, dw, rate):
        w -= rate


class OwnForward(scratch.Sequential):
    def forward(self, x, training=False):
        return 2 * super().forward(x, training)


class OwnBackward(scratch.Sequential):
    def backward(self, da):
        super().backward(2 * da)


class OwnMethod(scratch.Sequential):
    """A subclass that leaves the passes as they are."""

    def summary(self, *, print_fn=None):
        return "mine"


CUBE = activations.Activation("cube", lambda z: z**3, lambda da, z, a: da * 3 * z**2)
NOT_RELU = activations.Activation("relu", lambda z: z, lambda da, z, a: da)
IMAGE = (6, 6, 1)

LACKING = {  # layers, what is given to compile, the class -> what the line names
    "BatchNormalization": ([Conv2D(2, 2), BatchNormalization(), Flatten()], {}),
    "AveragePooling2D": ([Conv2D(2, 2), AveragePooling2D(2), Flatten()], {}),
    "GlobalAveragePooling2D": ([Conv2D(2, 2), GlobalAveragePooling2D()], {}),
    "weights in float64": ([Flatten(dtype="float64"), Dense(3, dtype="float64")], {}),
    "OwnLayer": ([Flatten(), OwnLayer(), Dense(3)], {}),
    "OwnDense": ([Flatten(), OwnDense(3)], {}),
    "OwnDropout": ([Flatten(), OwnDropout(0.5), Dense(3)], {}),
    "OwnLoss": ([Flatten(), Dense(3)], {"loss": OwnLoss()}),
    "OwnOptimizer": ([Flatten(), Dense(3)], {"optimizer": OwnOptimizer()}),
    "forward of OwnForward": ([Flatten(), Dense(3)], {"kind": OwnForward}),
    "backward of OwnBackward": ([Flatten(), Dense(3)], {"kind": OwnBackward}),
    "activation 'cube'": ([Flatten(), Dense(3, CUBE)], {}),
    "activation 'relu'": ([Flatten(), Dense(3, NOT_RELU)], {}),
    "model without weights": ([Flatten()], {}),
    "softmax of images": ([Conv2D(2, 2, activation="softmax"), Flatten()], {}),
    "Rescaling": ([Flatten(), Dense(3), Rescaling(2.0)], {}),
    "Conv2D of values that another layer gives in another shape": (
        [Flatten(), Dense(32), Reshape((4, 4, 2)), Conv2D(2, 2)],
        {},
    ),
    "MaxPooling2D of images, or of values in another shape": (
        [MaxPooling2D(2), Conv2D(2, 2), Flatten()],
        {},
    ),
}


def lacking(what, jit_compile):
    made, given = LACKING[what]
    given = {"loss": "mse", "optimizer": "sgd", "kind": scratch.Sequential} | given
    kind = given.pop("kind")
    model = kind([scratch.Input(IMAGE), *copy.deepcopy(made)])
    model.compile(**copy.deepcopy(given), jit_compile=jit_compile)
    return model


@pytest.mark.parametrize("what", LACKING)
def test_what_c_lacks_runs_in_numpy_by_itself(what):
    found = []
    for jit_compile in ("auto", False):
        model = lacking(what, jit_compile)
        assert not model.jit_compile
        rng = np.random.default_rng(0)
        model.set_weights([rng.uniform(0.1, 1, w.shape) for w in model.get_weights()])
        x = rng.normal(size=(5, *IMAGE))
        y = rng.normal(size=(5, *model.output_shape))
        for layer in model.layers:
            if layer.generator:
                layer.generator = np.random.default_rng(0)
        model.train_on_batch(x, y)
        found.append((model.weights_vector, model.predict(x)))
    for one, other in zip(*found, strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("what", LACKING)
def test_what_c_lacks_is_refused_in_one_line_where_c_is_demanded(what):
    with pytest.raises(ValueError, match=re.escape(what)) as refused:
        lacking(what, True)
    line = str(refused.value)
    assert line.startswith("compile: jit_compile=True: C has no ")
    assert line.endswith("; 'auto' takes NumPy")
    assert "\n" not in line


def small(jit_compile="auto", kind=scratch.Sequential, **options):
    model = kind([scratch.Input((4,)), Dense(5, "relu"), Dense(3)])
    options = {"optimizer": "adam", "loss": "mse"} | options
    model.compile(jit_compile=jit_compile, **options)
    return model


@pytest.mark.parametrize(("jit_compile", "in_c"), [("auto", True), (True, True), (False, False)])
def test_the_choice(jit_compile, in_c):
    assert small(jit_compile).jit_compile is in_c


def test_auto_is_the_default_and_a_subclass_that_leaves_the_passes_runs_in_c():
    model = scratch.Sequential([scratch.Input((4,)), Dense(3)])
    assert not model.jit_compile
    model.compile("sgd", "mse")
    assert model.jit_compile
    assert small(kind=OwnMethod).jit_compile


@pytest.mark.parametrize("value", ["on", "True", None, 2, "", "AUTO"])
def test_other_values_are_refused(value):
    with pytest.raises(ValueError, match=re.escape(f"must be 'auto', True or False; {value!r}")):
        small(value)


def test_without_a_library_auto_takes_numpy_and_true_says_why(monkeypatch):
    monkeypatch.setattr(library, "load", lambda: None)
    monkeypatch.setattr(library, "reason", lambda: "it was not built; build it")
    assert not small("auto").jit_compile
    with pytest.raises(ValueError, match="jit_compile=True: it was not built; build it; 'auto'"):
        small(True)


def test_compile_again_with_another_choice_loss_and_optimizer():
    model = small(True)
    x = np.random.default_rng(0).normal(size=(9, 4))
    y = np.eye(3)[np.arange(9) % 3]
    model.train_on_batch(x, y)
    for loss in ("categorical_crossentropy", "mse"):
        for optimizer in ("sgd", "rmsprop"):
            found = []
            weights = model.get_weights()
            for jit_compile in (False, True):
                model.set_weights(weights)
                given = losses.CategoricalCrossentropy(from_logits=True) if "_" in loss else loss
                model.compile(optimizer, given, jit_compile=jit_compile)
                assert model.jit_compile is jit_compile
                value = model.train_on_batch(x, y)
                found.append((value, model.weights_vector.copy(), model.predict(x)))
            for one, other in zip(*found, strict=True):
                near(other, one, 1e-6, loss)


def test_another_optimizer_without_compile_is_refused():
    model = small(True)
    model.optimizer = OwnOptimizer()
    with pytest.raises(TypeError, match="compile the model again for another optimizer"):
        model.train_on_batch(np.ones((2, 4)), np.ones((2, 3)))


def test_layers_that_are_added_after_compile_are_trained_too():
    found = []
    for jit_compile in (False, True):
        model = model_of((4,), lambda: [Dense(5, "relu")], jit_compile=jit_compile, loss=mse)
        x = np.random.default_rng(0).normal(size=(9, 4))
        model.train_on_batch(x, np.ones((9, 5)))
        model.add(Activation("tanh"))  # without weights: the optimizer keeps its own
        model.train_on_batch(x, np.ones((9, 5)))
        model.add(Dense(2, kernel_initializer=scratch.initializers.GlorotUniform(seed=1)))
        model.compile(optimizers.Adam(), "mse", jit_compile=jit_compile)
        model.train_on_batch(x, np.ones((9, 2)))
        assert model.jit_compile is jit_compile
        found.append((model.weights_vector, model.predict(x)))
    for one, other in zip(*found, strict=True):
        near(other, one, 1e-6, "after add")


def mse():
    return losses.MeanSquaredError()


def test_a_layer_that_c_lacks_added_after_compile():
    model = small("auto")
    model.add(BatchNormalization())
    assert not model.jit_compile
    model = small(True)
    with pytest.raises(ValueError, match="C has no BatchNormalization"):
        model.add(BatchNormalization())
    assert not model.jit_compile
    x = np.ones((2, 4))
    np.testing.assert_array_equal(model.predict(x), model.forward(x))
