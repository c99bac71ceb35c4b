"""Sets and batches of a single image: batch normalisation, held-out images, resuming."""

import os
import signal
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from fashionlab.data import Dataset, split
from fashionlab.engines import get as get_engine
from fashionlab.errors import InvalidValueError, RunError, StoppedError
from fashionlab.progress import Progress
from fashionlab.recipes import RECIPES, build, override
from fashionlab.runs import Run
from fashionlab.training import batch_norm, train
from fashionlab.training.batch_norm import update_bn

ENGINES = ("scratch", "keras")
TINY = override(
    RECIPES["tiny"], {"epochs": 1, "batch_size": 64, "optimizer": "Adam", "learning_rate": 0.001}
)


def images(n, part="train", side=8):
    rng = np.random.default_rng(n)
    pixels = rng.integers(0, 256, (n, side, side), np.uint8)
    labels = (np.arange(n) % 3).astype(np.uint8)
    return Dataset(pixels, labels, ("a", "b", "c"), "noise", part, "nowhere")


@pytest.mark.parametrize("name", ENGINES)
def test_a_last_image_is_trained_on_with_the_batch_before(name, tmp_path):
    data = images(129), images(1, "test")
    run = train(replace(TINY, engine=name), data, tmp_path / "run")
    assert np.isfinite(run.history()[0]["loss"])
    assert run.protocol()["images_trained_on"] == 129
    assert all(np.isfinite(weights).all() for weights in run.weights().values())


@pytest.mark.parametrize("name", ENGINES)
@pytest.mark.parametrize(("n", "batch_size"), [(129, 1), (1, 64)])
def test_batches_of_one_image_that_leave_no_variance_are_refused(name, n, batch_size, tmp_path):
    recipe = replace(TINY, engine=name, batch_size=batch_size)
    with pytest.raises(InvalidValueError, match="batch normalisation needs two values"):
        train(recipe, (images(n), images(3, "test")), tmp_path / "run")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", ENGINES)
@pytest.mark.parametrize("builder", ["mlp", "cnn", "convnet"])
def test_a_set_of_one_image_can_be_trained_on_where_positions_vary(name, builder, tmp_path):
    recipe = override(replace(TINY, engine=name), {"builder": builder, "moving_average": 0.9})
    data = images(1, side=28), images(1, "test", side=28)
    assert len(train(recipe, data, tmp_path / "run").predictions()[1]) == 1


def test_one_image_of_a_class_is_trained_on_and_one_image_may_be_held_out(tmp_path):
    data = images(11)
    labels, names = np.uint8([0] * 10 + [1]), data.class_names[:2]
    alone = Dataset(data.images, labels, names, "noise", "train", "nowhere")
    for share in (0.01, 0.5, 0.99):
        if share == 0.01:
            with pytest.raises(InvalidValueError, match="validation must hold at least one image"):
                split(alone, share, 0)
            continue
        kept, held_out = split(alone, share, 0)
        assert 1 in kept.labels and set(held_out.labels) == {0}
    recipe = replace(TINY, engine="scratch", validation_fraction=0.1)
    test = replace(images(1, "test"), class_names=names)
    run = train(recipe, (alone, test), tmp_path / "run")
    assert run.protocol()["images_held_out"] == 1


@pytest.mark.parametrize("name", ENGINES)
def test_statistics_are_of_batches_of_one_size(name, monkeypatch):
    monkeypatch.setattr(batch_norm, "BATCH", 64)
    engine = get_engine(name)
    model = build(replace(TINY, engine=name), engine, (8, 8), 3)
    data = images(129).images
    update_bn(engine, model, data)
    first = next(x for x in model.layers if hasattr(x, "moving_variance"))
    found = [np.array(w) for w in first.get_weights()[2:]]
    # a last batch of one image would have weighed as much as all before it
    for part in (data[:43], data[43:86], data[86:]):
        update_bn(engine, model, part)
        found[0] = found[0] - np.array(first.get_weights()[2]) / 3
        found[1] = found[1] - np.array(first.get_weights()[3]) / 3
    np.testing.assert_allclose(found, 0, atol=1e-5)


def test_a_resumed_training_makes_the_same_steps(tmp_path):

    class Stop(Progress):
        def step(self, step):
            if step.step == 1:
                os.kill(os.getpid(), signal.SIGTERM)

    data, recipe = (images(129), images(3, "test")), replace(TINY, engine="scratch")
    whole = train(recipe, data, tmp_path / "whole")
    with pytest.raises(StoppedError):
        train(recipe, data, tmp_path / "parts", progress=Stop(), checkpoint_steps=1)
    resumed = train(recipe, data, tmp_path / "parts", resume=True)
    assert isinstance(resumed, Run) and resumed.weights_sha256() == whole.weights_sha256()


@pytest.mark.parametrize("seed", [-1, 2**63, 10**400, 1.0, True, "0", None])
def test_a_seed_of_any_type_is_refused_in_one_line(seed, tmp_path):
    with pytest.raises(InvalidValueError, match="seed must be a whole number from 0"):
        train(TINY, (images(9), images(3, "test")), tmp_path / "run", seed)


@pytest.mark.parametrize("name", ["a\0b", ".", "/", "..", ""])
def test_a_folder_that_cannot_be_written_is_refused_in_one_line(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for resume in (False, True):
        with pytest.raises(RunError):
            train(TINY, (images(9), images(3, "test")), Path(name), resume=resume)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("steps", [0, -1, 0.5, True, "1"])
def test_a_distance_of_checkpoints_of_any_type_is_refused_in_one_line(steps, tmp_path):
    with pytest.raises(InvalidValueError, match="checkpoint_steps must be a whole number from 1"):
        train(TINY, (images(9), images(3, "test")), tmp_path / "run", checkpoint_steps=steps)
