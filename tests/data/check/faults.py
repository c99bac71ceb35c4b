"""Sets that have one fault, and what `check` finds."""

from dataclasses import replace

import numpy as np

from fashionlab.data.check import check
from fashionlab.data.dataset import Dataset
from fashionlab.data.synthetic import draw


def drawn(train=400, test=100, seed=0):
    """(train, test) without a fault."""
    return draw(train, test, seed)


def changed(part, change):
    """A copy of a part whose images were changed by a function."""
    return replace(part, images=np.ascontiguousarray(change(part.images.copy())))


def found(*parts):
    """The findings by their kind."""
    return {finding.kind: finding for finding in check(parts).findings}


def grey(images, labels, names="ab", part="train", name="drawn"):
    return Dataset(
        np.asarray(images, np.uint8), np.asarray(labels, np.uint8), tuple(names), name, part, "here"
    )
