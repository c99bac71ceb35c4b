"""On a GPU: the same batches, about the same losses, and a stopped training goes on to the bit.

Left out where there is none; `device` machines and users' own have one.
"""

from dataclasses import replace

import numpy as np
import pytest

from fashionlab.data import Augmentation, Batches
from fashionlab.data.synthetic import draw
from fashionlab.engines.keras import Keras
from fashionlab.errors import StoppedError
from fashionlab.progress import Progress
from fashionlab.recipes import build, get
from fashionlab.training import train

ENGINE = Keras()
keras = ENGINE.nn
pytestmark = pytest.mark.skipif(not ENGINE.on_gpu, reason="needs a GPU that Keras computes on")
DATA = draw(1_200, 200)
RECIPE = replace(
    get("large"),
    epochs=3,
    warmup_epochs=1,
    batch_size=128,
    model={"stem": 16, "stages": ((32, 1), (64, 1))},
)


def test_the_batches_are_the_processors_bytes():
    augmentation = Augmentation(flip=True, shift=2, erase=0.5, cutmix=0.5)
    ours = ENGINE.batches(DATA[0], 100, 3, augmentation)
    theirs = Batches(DATA[0], 100, 3, augmentation)
    for (x, y), (images, targets) in zip(ours.epoch(1), theirs.epoch(1), strict=True):
        assert x.is_cuda
        np.testing.assert_array_equal(x.cpu().numpy(), images)
        np.testing.assert_array_equal(y.cpu().numpy(), targets)


def test_the_losses_are_the_processors_within_rounding():
    recipe = replace(RECIPE, precision="float32", learning_rate=1e-3)
    batches = Batches(DATA[0], 400, 0, recipe.augmentation)
    on_gpu = build(recipe, ENGINE, (28, 28), 10, 0, batches.steps)
    with keras.device("cpu"):
        here = build(recipe, ENGINE, (28, 28), 10, 0, batches.steps)
        here.set_weights(on_gpu.get_weights())  # a GPU draws others from the same seed
    for x, y in batches.epoch(0):
        theirs = float(on_gpu.train_on_batch(x, y, return_dict=True)["loss"])
        with keras.device("cpu"):
            ours = here.train_on_batch(x, y, return_dict=True)["loss"]
        assert theirs == pytest.approx(ours, rel=1e-3)


def test_a_recorded_step_is_the_step(tmp_path, monkeypatch):
    recorded = train(RECIPE, DATA, tmp_path / "recorded")
    monkeypatch.setattr("fashionlab.engines.keras_torch.recorded.WARM", 10**9)
    launched = train(RECIPE, DATA, tmp_path / "launched")
    assert recorded.weights_sha256() == launched.weights_sha256()
    assert [row["loss"] for row in recorded.history()] == [
        row["loss"] for row in launched.history()
    ]


class Stops(Progress):
    def epoch(self, row):
        if row["epoch"] == 2:
            raise KeyboardInterrupt


def test_a_stopped_training_goes_on_to_the_bit(tmp_path):
    whole = train(RECIPE, DATA, tmp_path / "whole")
    assert whole.environment()["gpu"]["name"]
    with pytest.raises((StoppedError, KeyboardInterrupt)):
        train(RECIPE, DATA, tmp_path / "run", progress=Stops(), checkpoint_steps=4)
    run = train(RECIPE, DATA, tmp_path / "run", resume=True)
    assert run.environment()["resumed"]
    assert run.weights_sha256() == whole.weights_sha256()
