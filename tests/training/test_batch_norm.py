"""Weights that are averages get statistics of their own in batch normalisation, on both engines."""

from dataclasses import replace

import numpy as np
import pytest
from safetensors.numpy import load_file

from fashionlab.data.synthetic import draw
from fashionlab.engines import get as get_engine
from fashionlab.recipes import RECIPES, build
from fashionlab.training import batch_norm, train
from fashionlab.training.batch_norm import chosen, update_bn

ENGINES = ("scratch", "keras")
TRAIN, TEST = draw(120, 20)
RECIPE = replace(
    RECIPES["tiny"],
    epochs=2,
    batch_size=20,
    warmup_epochs=0,
    model={"stem": 3, "stages": ((4, 1),)},
    precision="float32",
    optimizer="SGD",
    optimizer_options={"momentum": 0.9},
)


@pytest.mark.parametrize("name", ENGINES)
def test_they_are_the_means_over_batches_of_what_the_layer_gets(name, monkeypatch):
    monkeypatch.setattr(batch_norm, "BATCH", 30)
    engine = get_engine(name)
    nn = engine.nn
    layer = nn.layers.BatchNormalization(momentum=0.9)
    model = nn.Sequential(
        [nn.layers.Input((28, 28)), nn.layers.Rescaling(0.5), nn.layers.Reshape((28, 28, 1)), layer]
    )
    update_bn(engine, model, TRAIN.images[:90])
    batches = TRAIN.images[:90].reshape(3, -1) * 0.5
    mean, variance = (np.asarray(w).item() for w in model.get_weights()[2:])
    assert mean == pytest.approx(batches.mean(), rel=1e-5)
    assert variance == pytest.approx(batches.var(axis=1).mean(), rel=1e-5)
    assert layer.momentum == 0.9


@pytest.mark.parametrize("name", ENGINES)
def test_a_run_that_averages_its_weights_has_the_statistics_of_the_average(name, tmp_path):
    recipe = replace(RECIPE, engine=name, moving_average=0.9)
    train(recipe, (TRAIN, TEST), tmp_path / "run", seed=3)
    weights = load_file(tmp_path / "run" / "weights.safetensors")
    model = build(recipe, get_engine(name), TRAIN.image_shape, TRAIN.classes)
    for layer in model.layers:
        for variable in layer.weights:
            stored = weights[f"{layer.name}.{variable.name}"]
            wrong = np.full_like(stored, 7) if "moving" in variable.name else stored
            if name == "keras":
                variable.assign(wrong)
            else:
                variable.value[:] = wrong
    update_bn(get_engine(name), model, chosen(TRAIN.images, 3))
    for layer in model.layers:
        for variable, value in zip(layer.weights, layer.get_weights(), strict=True):
            expected = weights[f"{layer.name}.{variable.name}"]
            np.testing.assert_allclose(value, expected, rtol=1e-4, atol=1e-5)


def test_the_images_are_at_most_so_many_and_the_seeds_alone(monkeypatch):
    monkeypatch.setattr(batch_norm, "IMAGES", 50)
    a, b, c = (chosen(TRAIN.images, seed) for seed in (1, 1, 2))
    assert a.shape == (50, 28, 28)
    assert np.array_equal(a, b) and not np.array_equal(a, c)
    own = {image.tobytes() for image in TRAIN.images}
    assert {image.tobytes() for image in a} <= own
    assert not np.array_equal(a, TRAIN.images[:50])
