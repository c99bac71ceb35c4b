"""A small set with labels that were flipped on purpose, and a recipe that is fast on it."""

import numpy as np
import pytest

from fashionlab.data.synthetic import draw
from fashionlab.recipes import RECIPES, override

FAST = override(
    RECIPES["net"],
    {
        "name": "fast",
        "epochs": 30,
        "batch_size": 32,
        "learning_rate": 0.01,
        "model": {"units": [64], "activation": "relu"},
    },
)


@pytest.fixture(scope="session")
def flipped():
    """(parts, row of the flipped labels): ten of 400 labels, the last one in the test part."""
    train, test = draw(300, 100)
    rows = np.array([*range(0, 270, 30), 350])
    for row in rows[:-1]:
        train.labels[row] = (train.labels[row] + 5) % 10
    test.labels[50] = (test.labels[50] + 5) % 10
    return (train, test), rows


@pytest.fixture(scope="session")
def made(flipped, tmp_path_factory):
    """(the audit, its folder)."""
    from fashionlab.audit import audit

    out = tmp_path_factory.mktemp("audit") / "out"
    return audit(flipped[0], out, FAST, 3), out
