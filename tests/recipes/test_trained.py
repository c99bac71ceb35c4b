"""A trained network: what it says, what its layers give, its derivative and its kernels."""

import subprocess
import sys
from dataclasses import replace

import colour
import numpy as np
import pytest
from small_runs import CONVNET

from fashionlab.engines import get
from fashionlab.errors import InvalidValueError
from fashionlab.evaluation.predictions import log_probabilities
from fashionlab.recipes import RECIPES, TrainedNetwork, build_network

RNG = np.random.default_rng(0)
IMAGES = {
    shape: RNG.integers(0, 256, (6, *shape), np.uint8) for shape in [(12, 12), (8, 10, 3), (28, 28)]
}
LABELS = np.array([0, 1, 2, 2, 1, 0])
NETWORKS = {
    "mlp": {"model": {"units": (7, 5)}},
    "no hidden layer": {"model": {"units": ()}},
    "one unit": {"model": {"units": (1,), "activation": "tanh"}},
    "dropout": {"model": {"units": (9,), "dropout": 0.5}},
    "softmax": {"model": {"units": (6,)}, "output_activation": "softmax"},
    "sigmoid": {"model": {"units": (6,), "activation": "tanh"}, "output_activation": "sigmoid"},
    "flip": {"model": {"units": (6,)}, "flip_at_prediction": True},
    "cnn": {"builder": "cnn", "model": {"filters": 4, "units": (6,), "dropout": 0.3}},
    "convnet": {"builder": "convnet", "model": CONVNET | {"residual": False}},
    "strided": {"builder": "convnet", "model": {"stem": 4, "stem_stride": 2, "stages": ((5, 0),)}},
}


def recipe(name, engine):
    given = {"output_activation": "linear", "flip_at_prediction": False} | NETWORKS[name]
    given = {"builder": "mlp", "engine": engine} | given
    return replace(RECIPES["net"], name="tested", precision="float32", **given)


def weights_of(recipe, shape, classes=3):
    """Random weights by name, with moving averages that are not those of a new layer."""
    network = build_network(recipe, get(recipe.engine), shape, classes, seed=1)
    rng, weights = np.random.default_rng(2), {}
    for layer in network.layers:
        for w, value in zip(layer.weights, layer.get_weights(), strict=True):
            drawn = rng.normal(0, 0.3, value.shape) + (value if value.ndim > 1 else 0)
            if w.name in ("moving_variance", "gamma"):
                drawn = rng.uniform(0.5, 2, value.shape)
            weights[f"{layer.name}.{w.name}"] = drawn.astype(np.float32)
    return weights


def of(name, engine="scratch", shape=(12, 12), classes=3):
    own = recipe(name, engine)
    return TrainedNetwork(own, weights_of(own, shape, classes), shape, classes)


@pytest.mark.parametrize("shape", IMAGES)
@pytest.mark.parametrize("name", NETWORKS)
def test_both_engines_give_the_same(name, shape):
    pytest.importorskip("keras")
    ours = of(name, "scratch", shape)
    theirs = TrainedNetwork(recipe(name, "keras"), ours._weights, shape, 3)
    images = IMAGES[shape]
    for method in ("log_probabilities", "features"):
        found, expected = getattr(ours, method)(images), getattr(theirs, method)(images)
        assert found.shape == expected.shape and found.dtype == np.float32
        np.testing.assert_allclose(found, expected, atol=2e-5 * max(1, np.abs(expected).max()))
    found, expected = (x.saliency(images, LABELS) for x in (ours, theirs))
    assert found.shape == images.shape and found.dtype == np.float32 and np.abs(found).max() > 0
    np.testing.assert_allclose(found, expected, atol=1e-4 * np.abs(expected).max())
    np.testing.assert_array_equal(ours.first_kernels(), theirs.first_kernels())


def test_a_residual_network_has_the_slope_that_differences_have():
    pytest.importorskip("keras")
    own = replace(recipe("convnet", "keras"), model=CONVNET | {"activation": "gelu"})
    network = TrainedNetwork(own, weights_of(own, (12, 12)), (12, 12), 3)
    images = IMAGES[12, 12]
    found = network.saliency(images, LABELS)
    model, logits = network._network, lambda x: network._network.predict(x, verbose=0)
    assert model.count_params() == sum(w.size for w in network._weights.values())
    for place in [(0, 0), (5, 6), (11, 3)]:
        up, down = images.astype(np.float32), images.astype(np.float32)
        up[:, *place] += 0.5
        down[:, *place] -= 0.5
        slope = (logits(up) - logits(down))[np.arange(6), LABELS]
        np.testing.assert_allclose(
            found[:, *place], slope, atol=0.05 * np.abs(found).max(), rtol=0.05
        )


@pytest.mark.parametrize("engine", ["scratch", "keras"])
def test_the_derivative_of_a_linear_network_is_its_weights(engine):
    if engine == "keras":
        pytest.importorskip("keras")
    network = of("no hidden layer", engine)
    found = network.saliency(IMAGES[12, 12], LABELS)
    kernel = network._weights["output.kernel"]  # (144, 3)
    np.testing.assert_allclose(found, kernel.T[LABELS].reshape(6, 12, 12) / 255, rtol=1e-5)


def test_with_an_output_activation_it_is_still_the_derivative_of_the_logit():
    network = of("softmax")
    linear = replace(network.recipe, output_activation="linear")
    np.testing.assert_array_equal(
        network.saliency(IMAGES[12, 12], LABELS),
        TrainedNetwork(linear, network._weights, (12, 12), 3).saliency(IMAGES[12, 12], LABELS),
    )


def test_of_an_image_and_its_mirror_image_it_is_that_of_the_mean_logit():
    network, images = of("flip"), IMAGES[12, 12]
    alone = TrainedNetwork(
        replace(network.recipe, flip_at_prediction=False), network._weights, (12, 12), 3
    )
    own = alone.saliency(images, LABELS)
    mirrored = alone.saliency(images[:, :, ::-1], LABELS)[:, :, ::-1]
    np.testing.assert_allclose(network.saliency(images, LABELS), (own + mirrored) / 2, atol=1e-8)


@pytest.mark.parametrize("jit", [True, False])
@pytest.mark.parametrize("name", NETWORKS)
def test_features_are_what_the_output_layer_gets(name, jit, monkeypatch):
    if not jit:
        monkeypatch.setattr("fashionlab.scratch.compiled.program", lambda *_: None)
    network, images = of(name), IMAGES[12, 12]
    found = network.features(images)
    model, x = network._network, images.astype(np.float32)
    for layer in model.layers[:-1]:
        x = layer.forward(x, False)
    np.testing.assert_allclose(found, x, atol=1e-5 * np.abs(x).max())
    z = found @ network._weights["output.kernel"] + network._weights["output.bias"]
    if not network.recipe.flip_at_prediction:
        np.testing.assert_allclose(
            network.log_probabilities(images),
            log_probabilities(model.layers[-1].activation(z), network.recipe.output_activation),
            atol=1e-4,
        )


def test_kernels_by_hand():
    own = recipe("cnn", "scratch")
    weights = weights_of(own, (8, 10, 3))
    kernel = weights["conv_1.kernel"]  # (2, 2, 3, 4)
    found = TrainedNetwork(own, weights, (8, 10, 3), 3).first_kernels()
    assert found.shape == (4, 2, 2, 3)
    assert found[3, 1, 0, 2] == kernel[1, 0, 2, 3]
    own = recipe("mlp", "scratch")
    weights = weights_of(own, (12, 12))
    found = TrainedNetwork(own, weights, (12, 12), 3).first_kernels()
    assert found.shape == (7, 12, 12, 1)
    assert found[5, 2, 3, 0] == weights["hidden_1.kernel"][2 * 12 + 3, 5]


def test_the_first_convolution_of_a_residual_network_has_the_kernels():
    own = replace(recipe("convnet", "keras"), model=CONVNET)
    found = TrainedNetwork(own, {"conv_1.kernel": np.zeros((3, 3, 1, 4))}, (12, 12), 3)
    assert found.first_kernels().shape == (4, 3, 3, 1)
    assert TrainedNetwork(own, {}, (12, 12), 3).first_kernels() is None


@pytest.mark.parametrize("classes", [2, 100])
def test_two_classes_and_a_hundred(classes):
    network = of("cnn", classes=classes)
    labels = np.array([0, 1, classes - 1, 0, 1, classes - 1])
    assert network.log_probabilities(IMAGES[12, 12]).shape == (6, classes)
    assert np.isfinite(network.saliency(IMAGES[12, 12], labels)).all()


def test_weights_of_another_network_are_refused_in_one_line():
    network = of("mlp")
    for weights in ({}, network._weights | {"hidden_1.kernel": np.zeros((2, 2), np.float32)}):
        other = TrainedNetwork(network.recipe, weights, (12, 12), 3)
        for use in (other.log_probabilities, other.features):
            with pytest.raises(InvalidValueError, match="must be of the network of tested"):
                use(IMAGES[12, 12])


def test_images_and_labels_that_do_not_fit_are_refused():
    network, images = of("mlp"), IMAGES[12, 12]
    for given in (images[0], images[:0], images.astype(float), IMAGES[8, 10, 3]):
        with pytest.raises(InvalidValueError, match="images must be uint8"):
            network.features(given)
    for labels in (LABELS[:2], LABELS + 1, LABELS - 1):
        with pytest.raises(InvalidValueError, match=r"labels must be 6 numbers in \[0, 3\)"):
            network.saliency(images, labels)


def test_a_run_and_its_network_are_read_without_the_engine(tmp_path):
    from fashionlab.training import train

    train(replace(recipe("mlp", "scratch"), epochs=2), colour.draw(), tmp_path / "run")
    script = (
        "import sys; from fashionlab.runs import Run; "
        f"network = Run({str(tmp_path / 'run')!r}).network(); "
        "assert network.first_kernels().shape == (7, 12, 14, 3); "
        "assert not {'keras', 'torch', 'onnxruntime'} & {*sys.modules}"
    )
    subprocess.run([sys.executable, "-c", script], check=True)
