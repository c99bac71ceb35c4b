"""Folds, and the networks of folds."""

import numpy as np
import pytest

from fashionlab.audit.folds import folds
from fashionlab.audit.predictions import trained_folds
from fashionlab.progress import Progress
from fashionlab.recipes import override

from .conftest import FAST

FAST_MLP = override(FAST, {"epochs": 1})


def test_folds_have_their_share_of_every_class():
    labels = np.random.default_rng(0).integers(0, 3, 1000)
    fold_of = folds(labels, ("a", "b", "c"), 4, seed=1)
    for k in range(3):
        counts = np.bincount(fold_of[labels == k], minlength=4)
        assert counts.max() - counts.min() <= 1
    sizes = np.bincount(fold_of)
    assert sizes.max() - sizes.min() <= 3
    assert (fold_of == folds(labels, ("a", "b", "c"), 4, seed=1)).all()
    assert (fold_of != folds(labels, ("a", "b", "c"), 4, seed=2)).any()


@pytest.mark.parametrize("rows", [[0, 1, 2], [50]])
def test_a_fold_predicts_its_own_images(flipped, tmp_path, rows):
    fold_of = np.ones(400, np.int64)
    fold_of[rows] = 0
    fold = next(trained_folds(FAST_MLP, flipped[0], fold_of, 0, tmp_path, Progress()))
    np.testing.assert_array_equal(fold.rows, rows)
    np.testing.assert_allclose(
        fold.log_probabilities(),
        fold.run.network().log_probabilities(flipped[0][0].images[rows]),
        atol=1e-5,
    )
