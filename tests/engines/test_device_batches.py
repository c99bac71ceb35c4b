"""Batches that are cut out and changed on a GPU are those of the processor, to the byte."""

from dataclasses import replace
from functools import partial

import numpy as np
import pytest

from fashionlab import engines
from fashionlab.data import Augmentation, Batches
from fashionlab.data.synthetic import draw
from fashionlab.recipes import get
from fashionlab.runs import Run
from fashionlab.training import train

from .. import colour

engines.get("keras")

from fashionlab.engines.keras import Keras  # noqa: E402
from fashionlab.engines.keras_torch.device_batches import DeviceBatches, augments_here  # noqa: E402

DATA = draw(100, 40)
SETS = {"grey": DATA[0], "colour": colour.draw(100, 40)[0]}
CHANGES = {
    "nothing": None,
    "flip": Augmentation(flip=True),
    "shift": Augmentation(shift=3),
    "erase": Augmentation(erase=0.7),
    "cutmix": Augmentation(cutmix=0.6),
    "fmix": Augmentation(fmix=0.6),
    "mixup": Augmentation(mixup=0.4),
    "as a recipe has them": Augmentation(flip=True, shift=2, erase=0.5, cutmix=0.5),
}


@pytest.mark.parametrize("batch_size", [32, 33, None])
@pytest.mark.parametrize("name", CHANGES)
@pytest.mark.parametrize("kind", SETS)
def test_they_are_the_same_bytes(kind, name, batch_size):
    assert augments_here(CHANGES[name])
    ours = DeviceBatches(SETS[kind], batch_size, 3, CHANGES[name], "cpu")
    theirs = Batches(SETS[kind], batch_size, 3, CHANGES[name])
    assert ours.steps == theirs.steps
    for epoch, start in ((0, 0), (1, 0), (2, min(2, ours.steps - 1))):
        pairs = list(zip(ours.epoch(epoch, start), theirs.epoch(epoch, start), strict=True))
        assert len(pairs) == ours.steps - start
        for (x, y), (images, targets) in pairs:
            assert x.numpy().dtype == np.uint8
            np.testing.assert_array_equal(x.numpy(), images)
            np.testing.assert_array_equal(y.numpy(), targets)


def test_what_they_do_not_have_is_left_to_the_processor():
    assert not augments_here(Augmentation(rotate=5.0))
    assert not augments_here(Augmentation(zoom=0.1))


def test_a_training_on_them_is_the_same_to_the_bit(tmp_path, monkeypatch):
    recipe = replace(
        get("large"),
        epochs=3,
        warmup_epochs=1,
        batch_size=16,
        model={"stem": 4, "stages": ((6, 1), (8, 1))},
        augment={"flip": True, "shift": 1, "erase": 0.5},
        precision="float32",
    )
    train(recipe, DATA, tmp_path / "processor")
    on_device = partial(DeviceBatches, device="cpu")
    monkeypatch.setattr(Keras, "batches", lambda engine, *rest: on_device(*rest))
    train(recipe, DATA, tmp_path / "device")
    a, b = Run(tmp_path / "processor"), Run(tmp_path / "device")
    assert a.weights_sha256() == b.weights_sha256()
    seconds = {"seconds"}
    for row, other in zip(a.history(), b.history(), strict=True):
        assert {k: row[k] for k in row.keys() - seconds} == {
            k: other[k] for k in other.keys() - seconds
        }
