"""The report's convolutional network on PyTorch's own kernels is Keras's network."""

import numpy as np
import pytest

from fashionlab.data import one_hot
from fashionlab.data.synthetic import draw
from fashionlab.engines.keras import Keras
from fashionlab.engines.keras_torch.channels_last import Conv2D, MaxPooling2D
from fashionlab.engines.keras_torch.direct import Direct
from fashionlab.recipes import RECIPES, build, override

ENGINE = Keras()
keras = ENGINE.nn
IMAGES = draw(train=24, test=1)[0]
X, Y = IMAGES.images, one_hot(IMAGES.labels, IMAGES.classes)


def model_of(name, engine=ENGINE, **changes):
    recipe = override(RECIPES[name], {"model": {"units": [16]}, **changes})
    return build(recipe, engine, IMAGES.image_shape, IMAGES.classes)


@pytest.mark.parametrize(
    ("name", "changes"),
    [
        ("report-cnn", {}),
        ("report-cnn-text", {}),
        ("cnn", {}),
        ("report-cnn", {"optimizer": "SGD", "learning_rate": 0.1}),
    ],
    ids=["report-cnn", "report-cnn-text", "cnn", "SGD"],
)
def test_it_trains_and_predicts_as_keras_does(name, changes):
    ours, theirs = model_of(name, **changes), model_of(name, Keras(fast=False), **changes)
    assert isinstance(ours, Direct) and not isinstance(theirs, Direct)
    for a, b in zip(ours.get_weights(), theirs.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)  # shapes, order and initial values
    for _ in range(5):
        theirs.reset_metrics()  # ours are of the batch alone
        a, b = (m.train_on_batch(X, Y, return_dict=True) for m in (ours, theirs))
        assert a["loss"] == pytest.approx(b["loss"], rel=1e-5)
        assert a["accuracy"] == pytest.approx(b["accuracy"])
    for a, b in zip(ours.get_weights(), theirs.get_weights(), strict=True):
        # Adam divides by a gradient's size, which magnifies the rounding of one near zero.
        np.testing.assert_allclose(a, b, atol=2e-6 if changes else 3e-4)
    ours.set_weights(theirs.get_weights())
    np.testing.assert_allclose(
        ours.predict(X, verbose=0), theirs.predict(X, verbose=0), rtol=1e-5, atol=1e-6
    )


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"strides": 2, "activation": "relu"},
        {"padding": "same"},
        {"use_bias": False},
        {"groups": 3},
        {"dilation_rate": 2},
        {"data_format": "channels_first"},
    ],
    ids=str,
)
def test_a_convolution_is_keras_s(options):
    x = np.random.default_rng(0).normal(size=(5, 9, 9, 9)).astype(np.float32)
    ours, theirs = (kind(6, (2, 3), **options) for kind in (Conv2D, keras.layers.Conv2D))
    theirs.build(x.shape)
    theirs.set_weights([np.random.default_rng(1).normal(size=w.shape) for w in theirs.weights])
    ours.build(x.shape)
    ours.set_weights(theirs.get_weights())
    a, b = (np.asarray(layer(x).detach()) for layer in (ours, theirs))
    np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-5)
    assert ours.compute_output_shape(x.shape) == a.shape


@pytest.mark.parametrize(
    "options",
    [{}, {"strides": 1}, {"padding": "same"}, {"data_format": "channels_first"}],
    ids=str,
)
def test_a_pool_is_keras_s(options):
    x = np.random.default_rng(0).normal(size=(5, 7, 9, 3)).astype(np.float32)
    ours, theirs = (kind((2, 3), **options) for kind in (MaxPooling2D, keras.layers.MaxPooling2D))
    a, b = (np.asarray(layer(x)) for layer in (ours, theirs))
    np.testing.assert_array_equal(a, b)
    assert ours.compute_output_shape(x.shape) == a.shape
