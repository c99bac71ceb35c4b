"""The convolution network and its parts compute what Keras's own layers and formulas give."""

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from torch.utils._python_dispatch import TorchDispatchMode

from fashionlab.data import one_hot
from fashionlab.data.synthetic import draw
from fashionlab.engines import get as get_engine
from fashionlab.engines.keras import Keras
from fashionlab.engines.keras_torch.batch_normalization import BatchNormalization
from fashionlab.engines.keras_torch.direct import Direct
from fashionlab.engines.keras_torch.muon import hidden
from fashionlab.errors import InvalidValueError
from fashionlab.models import EPSILON, MOMENTUM, convnet, resnet
from fashionlab.recipes import RECIPES, build, override

ENGINE = Keras()
keras = ENGINE.nn
RECIPE = replace(
    RECIPES["small"],
    model={"stem": 4, "stages": ((6, 1), (8, 2)), "residual": True},
    precision="float32",
    optimizer="SGD",
    optimizer_options={"momentum": 0.9, "nesterov": True, "weight_decay": 0.005},
    learning_rate=0.1,
)
RESNET = {"builder": "resnet", "model": {"stem": 4, "stages": ((6, 1), (8, 2))}}
IMAGES, TEST = draw(train=24, test=10)
X, Y = IMAGES.images, one_hot(IMAGES.labels, IMAGES.classes)


def small(engine=ENGINE, **changes):
    recipe = replace(RECIPE, **changes)
    return build(recipe, engine, IMAGES.image_shape, IMAGES.classes, steps=3)


@pytest.mark.parametrize("changes", [{}, RESNET], ids=["convnet", "resnet"])
def test_the_fast_forms_predict_and_train_as_keras_does(changes):
    ours, theirs = small(**changes), small(Keras(fast=False), **changes)
    for a, b in zip(ours.get_weights(), theirs.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)  # shapes and initial values
    for _ in range(3):
        a, b = (m.train_on_batch(X, Y, return_dict=True) for m in (ours, theirs))
        assert a["loss"] == pytest.approx(b["loss"], rel=1e-4)
    before = small(**changes).get_weights()
    values = 24 * 7 * 7  # of a channel in a batch, in the smallest images that are normalised
    for a, b, old in zip(ours.get_weights(), theirs.get_weights(), before, strict=True):
        assert not np.array_equal(b, old)
        np.testing.assert_allclose(a, b, atol=2 / values * np.abs(b).max() + 1e-4)
    ours.set_weights(theirs.get_weights())
    np.testing.assert_allclose(
        ours.predict(X, verbose=0), theirs.predict(X, verbose=0), rtol=1e-4, atol=1e-4
    )


def fast_at_bfloat16(monkeypatch, answer):
    monkeypatch.setattr(Keras, "multiplies_bfloat16", answer)


def test_in_bfloat16_it_trains_with_it_and_weights_and_outputs_are_float32(monkeypatch):
    fast_at_bfloat16(monkeypatch, True)
    precise, quick = small(), small(precision="bfloat16")
    assert (precise.in_bfloat16, quick.in_bfloat16) == (False, True)
    assert {w.dtype for w in quick.weights} == {"float32"}
    a, b = (np.asarray(m(X, training=True).detach()) for m in (precise, quick))
    assert b.dtype == np.float32
    assert 1e-4 < np.abs(a - b).max() / np.abs(a).max() < 0.05  # eight bits, not twenty-four
    for _ in range(3):
        a, b = (m.train_on_batch(X, Y, return_dict=True) for m in (precise, quick))
        assert a["loss"] == pytest.approx(b["loss"], rel=0.05)


def test_what_was_trained_in_bfloat16_predicts_in_float32(monkeypatch):
    fast_at_bfloat16(monkeypatch, True)
    precise, quick = small(), small(precision="bfloat16")
    quick.train_on_batch(X, Y)
    precise.set_weights(quick.get_weights())
    a, b = (m.predict(X, verbose=0) for m in (precise, quick))
    np.testing.assert_array_equal(a, b)


def test_where_bfloat16_is_not_fast_it_is_not_used(monkeypatch):
    fast_at_bfloat16(monkeypatch, False)
    assert not small(precision="bfloat16").in_bfloat16


def test_bfloat16_is_refused_where_no_builder_has_it():
    with pytest.raises(
        InvalidValueError, match="needs the builder 'convnet' or 'resnet'; received 'mlp'"
    ):
        replace(RECIPES["mlp"], precision="bfloat16")


@pytest.mark.parametrize(
    "changes",
    [{}, {"model": {**RECIPE.model, "residual": False}}, RESNET],
    ids=["residual", "plain", "resnet"],
)
def test_its_direct_training_pass_is_kerass(changes):
    model = small(**changes)
    direct = np.asarray(model(X, training=True).detach())
    after = [np.array(w) for w in model.get_weights()]
    own = small(**changes)
    slow = super(Direct, own).call(keras.ops.convert_to_tensor(X), training=True)
    np.testing.assert_allclose(direct, np.asarray(slow.detach()), rtol=1e-4, atol=1e-5)
    for a, b in zip(after, own.get_weights(), strict=True):  # the moving statistics among them
        np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-6)


def test_batch_normalisation_by_hand():
    rng = np.random.default_rng(0)
    x = rng.normal(3, 2, (5, 4, 6, 7)).astype(np.float32)  # (B, C, H, W)
    layer = BatchNormalization(axis=1, momentum=0.9, epsilon=1e-5)
    layer.build(x.shape)
    gamma, beta = rng.normal(size=(2, 4)).astype(np.float32)
    layer.set_weights([gamma, beta, np.zeros(4, np.float32), np.ones(4, np.float32)])
    out = np.asarray(layer(x, training=True).detach())
    mean, variance = x.mean((0, 2, 3)), x.var((0, 2, 3))
    by_channel = (slice(None), np.newaxis, np.newaxis)
    expected = (x - mean[by_channel]) / np.sqrt(variance + 1e-5)[by_channel]
    expected = expected * gamma[by_channel] + beta[by_channel]
    np.testing.assert_allclose(out, expected, rtol=1e-4, atol=1e-4)
    n = 5 * 6 * 7
    moving = [0.1 * mean, 0.9 + 0.1 * variance * n / (n - 1)]
    for weight, value in zip(layer.get_weights()[2:], moving, strict=True):
        np.testing.assert_allclose(weight, value, rtol=1e-5)
    out = np.asarray(layer(x, training=False).detach())
    expected = (x - moving[0][by_channel]) / np.sqrt(moving[1] + 1e-5)[by_channel]
    expected = expected * gamma[by_channel] + beta[by_channel]
    np.testing.assert_allclose(out, expected, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("mode", ["axis", "mask"])
def test_batch_normalisation_leaves_the_rest_to_keras(mode):
    x = np.random.default_rng(0).normal(size=(5, 6, 4)).astype(np.float32)
    mask = np.arange(6) < np.array([[6], [2], [3], [6], [4]]) if mode == "mask" else None
    ours, theirs = BatchNormalization(), keras.layers.BatchNormalization()
    a, b = (np.asarray(layer(x, training=True, mask=mask).detach()) for layer in (ours, theirs))
    np.testing.assert_array_equal(a, b)


def test_convnet_has_the_layers_that_its_options_say():
    options = {"stem": 3, "stem_stride": 2, "stages": ((5, 0), (4, 2)), "activation": "silu"}
    model = convnet(keras, (28, 20), 7, 0, **options, layout=ENGINE.layout)
    shapes = [layer.output.shape[1:] for layer in model.layers if "silu" in layer.name]
    assert shapes == [(3, 14, 10), (5, 7, 5), (4, 3, 2), (4, 3, 2), (4, 3, 2)]
    kernels = 4 * 4 * 3 + 9 * 3 * 5 + 9 * 5 * 4 + 2 * 9 * 4 * 4
    norms, dense = 4 * (3 + 5 + 4 + 4 + 4), (4 + 1) * 7
    assert model.count_params() == kernels + norms + dense
    norm = model.get_layer("conv_1_norm")
    assert (norm.momentum, norm.epsilon) == (MOMENTUM, EPSILON)
    assert model.predict(np.zeros((2, 28, 20), np.uint8), verbose=0).shape == (2, 7)


def test_resnet_has_the_layers_that_its_options_say():
    options = {"stem": 3, "stages": ((5, 1), (4, 2)), "activation": "silu"}
    model = resnet(keras, (28, 20, 3), 7, 0, **options, layout=ENGINE.layout)
    shapes = [layer.output.shape[1:] for layer in model.layers if "conv" in layer.name]
    assert set(shapes) == {(3, 28, 20), (5, 28, 20), (4, 28, 20), (4, 14, 10)}
    kernels = 9 * (3 * 3 + 3 * 5 + 2 * 5 * 5 + 5 * 4 + 4 * 4 * 4)
    norms, dense = 4 * (3 + 3 * 5 + 5 * 4), (4 + 1) * 7
    assert model.count_params() == kernels + norms + dense
    assert model.predict(np.zeros((2, 28, 20, 3), np.uint8), verbose=0).shape == (2, 7)


def test_a_block_adds_its_input_before_the_last_activation():
    model = resnet(keras, (6, 6), 2, 0, stem=4, stages=((4, 1),))
    names = ["conv_2_relu", "conv_4_norm", "block_1_relu", "means"]
    outputs = [model.get_layer(name).output for name in names]
    x = np.random.default_rng(0).integers(0, 256, (3, 6, 6), dtype=np.uint8)
    before, made, after, means = map(np.asarray, keras.Model(model.inputs, outputs).predict(x))
    np.testing.assert_array_equal(after, np.maximum(before + made, 0))
    np.testing.assert_allclose(means, after.mean((1, 2)), rtol=1e-5)
    assert (made < 0).any()


def test_scratch_predicts_and_trains_as_keras_does():
    plain = override(RECIPE, {"model": {"residual": False}, "moving_average": None})
    theirs = build(plain, ENGINE, IMAGES.image_shape, IMAGES.classes, steps=3)
    ours = build(plain, get_engine("scratch"), IMAGES.image_shape, IMAGES.classes, steps=3)
    ours.set_weights(theirs.get_weights())
    for _ in range(3):
        a, b = (m.train_on_batch(X, Y, return_dict=True) for m in (ours, theirs))
        assert a["loss"] == pytest.approx(b["loss"], rel=1e-3)
    ours.set_weights(theirs.get_weights())
    np.testing.assert_allclose(
        ours.predict(X, verbose=0), theirs.predict(X, verbose=0), rtol=1e-4, atol=1e-4
    )


def test_scratch_says_what_it_lacks():
    with pytest.raises(InvalidValueError, match="no layer 'Add'"):
        build(RECIPE, get_engine("scratch"), (28, 28), 10)  # it is residual


def test_stages_that_leave_nothing_of_an_image_are_refused():
    with pytest.raises(InvalidValueError, match=r"2 stages must leave a pixel .* images of 3 x 28"):
        build(RECIPE, ENGINE, (3, 28), 10)


def test_muon_trains_on_and_leaves_no_weight_where_it_was():
    recipe = replace(RECIPE, optimizer="Muon", optimizer_options={}, learning_rate=0.02)
    model = build(recipe, ENGINE, IMAGES.image_shape, IMAGES.classes, steps=30)
    before = [w.numpy().copy() for w in model.trainable_weights]
    losses = [model.train_on_batch(X, Y, return_dict=True)["loss"] for _ in range(30)]
    assert losses[-1] < losses[0] / 1.5
    for weights, old in zip(model.trainable_weights, before, strict=True):
        assert not np.array_equal(weights.numpy(), old)


class Dispatched(TorchDispatchMode):
    """The names of the operators that PyTorch runs."""

    def __init__(self):
        super().__init__()
        self.names = Counter()

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        self.names[str(function)] += 1
        return function(*args, **(kwargs or {}))


@pytest.mark.parametrize("network", [{}, RESNET], ids=["convnet", "resnet"])
def test_a_step_makes_no_tensor_of_a_constant_and_reads_none_back(network):
    """On a GPU either would wait for all that was launched before, and could not be recorded."""
    changes = {"optimizer": "Muon", "optimizer_options": {}, "moving_average": 0.9}
    model = small(**changes, **network, precision="bfloat16")
    x, y = (keras.ops.convert_to_tensor(a) for a in (X, Y))
    model.train_on_batch(x, y)
    model.optimizer.prepare()
    with Dispatched() as dispatched:
        model._step(x, y, model.optimizer.update)
    made = ("lift_fresh", "scalar_tensor", "_local_scalar_dense", "nonzero")
    assert dispatched.names["aten.convolution_backward.default"]
    assert [name for name in dispatched.names if any(part in name for part in made)] == []


def test_muon_leaves_the_first_kernel_to_adamw_in_colour_as_in_grey():
    recipe = replace(RECIPE, optimizer="Muon", optimizer_options={}, learning_rate=0.02)
    recipe = override(recipe, {"model": {"stem": 3, "stages": ((6, 1), (8, 2))}})
    for channels in (1, 3):
        model = build(recipe, ENGINE, (12, 12, channels), 4)
        kernels = [w for w in model.trainable_weights if len(w.shape) == 4]
        assert [k.shape[2] for k in kernels] == [channels, 3, 6, 6, 8, 8]
        assert {id(k) for k in hidden(model.trainable_weights)} == {id(k) for k in kernels[1:]}
