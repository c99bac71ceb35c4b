"""The synthetic set: balanced, decided by its seed, learnable but not trivial."""

import numpy as np
import pytest

from fashionlab.data.synthetic import draw
from fashionlab.errors import InvalidValueError


def test_shapes_names_and_balance() -> None:
    train, test = draw(train=205, test=50)
    assert train.images.shape == (205, 28, 28) and test.images.shape == (50, 28, 28)
    assert set(np.bincount(train.labels)) == {20, 21} and set(np.bincount(test.labels)) == {5}
    assert train.class_names[9] == "Ankle boot" and train.name == "synthetic"
    assert not np.array_equal(train.labels, np.sort(train.labels))


def test_the_seed_decides_and_the_size_of_one_split_leaves_the_other() -> None:
    train, test = draw(100, 50, seed=4)
    assert draw(100, 50, seed=4)[0].sha256 == train.sha256
    assert draw(100, 50, seed=5)[0].sha256 != train.sha256
    assert draw(30, 50, seed=4)[1].sha256 == test.sha256


def test_nearest_centroid_learns_it_but_not_perfectly() -> None:
    train, test = draw()
    x, y = (part.images.reshape(len(part), -1) / 255.0 for part in (train, test))
    centroids = np.stack([x[train.labels == label].mean(0) for label in range(10)])
    distance = (centroids**2).sum(1) - 2 * y @ centroids.T  # (N, K), up to a constant per row
    accuracy = (distance.argmin(1) == test.labels).mean()
    assert 0.7 < accuracy < 0.95


def test_sizes_out_of_range_are_refused() -> None:
    for sizes in ((0, 1, 0), (1, 0, 0), (1, 1, -1)):
        with pytest.raises(InvalidValueError):
            draw(*sizes)
