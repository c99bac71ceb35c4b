"""A limit keeps its rank among the images, whatever the other scores look like."""

import numpy as np
import pytest

from fashionlab.evaluation.ranks import carried


@pytest.mark.parametrize("shape", [np.exp, lambda x: -1 / x, lambda x: 100 * x - 7])
def test_as_many_images_lie_at_or_below_it(shape):
    theirs = np.random.default_rng(0).uniform(1, 9, 1000)
    for share in (0.001, 0.5, 0.98, 1.0):
        limit = np.quantile(theirs, share, method="inverted_cdf")
        assert carried(limit, theirs, shape(theirs)) == shape(limit)


def test_below_all_scores_it_is_the_lowest_and_above_all_the_highest():
    theirs, ours = np.array([1.0, 2.0, 3.0]), np.array([30.0, 10.0, 20.0])
    assert carried(0, theirs, ours) == carried(1, theirs, ours) == 10
    assert carried(2.5, theirs, ours) == 20
    assert carried(9, theirs, ours) == 30
