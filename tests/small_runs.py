"""Runs of both engines that take a second to train, on drawn garments."""

from dataclasses import replace

from fashionlab.data.synthetic import draw
from fashionlab.recipes import RECIPES
from fashionlab.training import train

DATA = draw(train=300, test=120)
CONVNET = {"stem": 4, "stages": ((6, 1), (8, 1)), "residual": True}
SMALL = {
    "scratch": ("report-cnn", {"engine": "scratch", "model": {"filters": 4, "units": (12,)}}),
    "keras": ("small", {"model": CONVNET, "precision": "float32", "warmup_epochs": 0}),
}


def trained(kind, folder, **changes):
    name, own = SMALL[kind]
    given = {"epochs": 2, "batch_size": 20, "validation_fraction": 0.2, **own, **changes}
    return train(replace(RECIPES[name], test_each_epoch=False, **given), DATA, folder)
