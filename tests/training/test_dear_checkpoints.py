"""Checkpoints that take long are written rarely, and a training is resumed from them to the bit."""

from dataclasses import replace

import pytest

from fashionlab.data.synthetic import draw
from fashionlab.errors import StoppedError
from fashionlab.progress import Progress
from fashionlab.recipes import get
from fashionlab.runs import RunWriter
from fashionlab.training import loop, train

DATA = draw(100, 30)
RECIPE = replace(get("net"), epochs=5, batch_size=50, warmup_epochs=0, model={"units": (4,)})


class StopsAfter(Progress):
    """Ctrl-C within epoch 4, after its first step."""

    def step(self, step):
        if (step.epoch, step.step) == (4, 1):
            raise KeyboardInterrupt


@pytest.fixture
def saved(monkeypatch):
    """The steps of the checkpoints that were written."""
    steps, save = [], RunWriter.save_checkpoint

    def noted(writer, checkpoint):
        steps.append(checkpoint.steps)
        save(writer, checkpoint)

    monkeypatch.setattr(RunWriter, "save_checkpoint", noted)
    return steps


def test_cheap_ones_follow_every_epoch(saved, tmp_path):
    train(RECIPE, DATA, tmp_path / "run")
    assert saved == [2, 4, 6, 8, 10]


def test_dear_ones_are_rare_and_the_result_is_the_same(saved, tmp_path, monkeypatch):
    whole = train(RECIPE, DATA, tmp_path / "whole").weights_sha256()
    del saved[:]
    monkeypatch.setattr(loop, "CHEAP", 0.0)
    monkeypatch.setattr(loop, "RARITY", 10**9)
    with pytest.raises((StoppedError, KeyboardInterrupt)):
        train(RECIPE, DATA, tmp_path / "run", progress=StopsAfter())
    assert saved == [2]
    run = train(RECIPE, DATA, tmp_path / "run", resume=True)
    assert run.weights_sha256() == whole
    assert run.environment()["resumed"] == [{"after_step": 2, "changed": []}]


def test_those_that_are_asked_for_are_always_written(saved, tmp_path, monkeypatch):
    monkeypatch.setattr(loop, "CHEAP", 0.0)
    monkeypatch.setattr(loop, "RARITY", 10**9)
    train(RECIPE, DATA, tmp_path / "run", checkpoint_steps=1)
    assert saved == list(range(1, 11))
