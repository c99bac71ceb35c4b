"""Baselines are what their names say: by hand, and against scikit-learn."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier

from fashionlab.data import Dataset, storage
from fashionlab.data.forms import rows_in_block
from fashionlab.data.synthetic import draw
from fashionlab.evaluation import baselines
from fashionlab.evaluation.baselines import logistic_regression, majority, nearest_neighbours

METHODS = (majority, logistic_regression, nearest_neighbours)
NAMES = tuple("abcdefghij")


def dataset(images, labels, classes=None, part="train"):
    images, labels = np.asarray(images, np.uint8), np.asarray(labels, np.uint8)
    names = tuple(map(str, range(classes or int(labels.max()) + 1)))
    return Dataset(images, labels, names, "own", part, "memory")


def noisy(n, classes, shape, seed=0, part="train"):
    """Images of one random picture a class, with noise: no two distances are equal."""
    rng = np.random.default_rng(1)
    pictures = rng.integers(60, 196, (classes, *shape))
    rng = np.random.default_rng(seed)
    labels = np.arange(n) % classes
    noise = rng.normal(0, 110, (n, *shape))
    return dataset(np.clip(pictures[labels] + noise, 0, 255), labels, classes, part)


def flat(data):
    return data.images.reshape(len(data), -1).astype(float)


def test_the_majority_is_the_most_frequent_class_and_of_equals_the_first():
    test = dataset(np.zeros((3, 2, 2)), [0, 1, 2])
    train = dataset(np.zeros((5, 2, 2)), [2, 2, 1, 1, 0])
    found = majority(train, test)
    assert found.predicted.tolist() == [1, 1, 1]
    assert found.description.endswith("which has 2 of 5")


def test_neighbours_by_hand_of_equal_votes_the_first_class_and_of_equal_distances_the_first():
    levels = [0, 10, 20, 30, 40, 250]
    train = dataset(np.reshape(levels, (6, 1, 1)), [1, 1, 0, 0, 2, 2])
    test = dataset(np.reshape([0, 255, 25], (3, 1, 1)), [0, 1, 2], part="test")
    # Of 0 the nearest are 0 10 20 30 40: classes 1 1 0 0 2. Of 255: 250 40 30 20 10: 2 2 0 0 1.
    # Of 25: 20 30 10 40 0, the classes of the first.
    assert nearest_neighbours(train, test).predicted.tolist() == [0, 0, 0]


@pytest.mark.parametrize(("classes", "shape"), [(2, (9, 7)), (100, (8, 8)), (10, (6, 6, 3))])
def test_neighbours_are_those_of_scikit_learn(classes, shape):
    train = noisy(1500, classes, shape)
    test = noisy(300, classes, shape, seed=2, part="test")
    theirs = KNeighborsClassifier(5, algorithm="brute").fit(flat(train), train.labels)
    found = nearest_neighbours(train, test)
    np.testing.assert_array_equal(found.predicted, theirs.predict(flat(test)))
    assert "the 5 nearest training images" in found.description


# Of older versions of scikit-learn, which call SciPy with options that are to go.
@pytest.mark.filterwarnings("ignore:scipy.optimize:DeprecationWarning")
@pytest.mark.parametrize(("classes", "shape"), [(2, (4, 4)), (10, (8, 8)), (10, (6, 6, 3))])
def test_the_regression_is_about_as_accurate_as_scikit_learns(classes, shape):
    train = noisy(3000, classes, shape)
    test = noisy(2000, classes, shape, seed=2, part="test")
    theirs = LogisticRegression(max_iter=1000).fit(flat(train) / 255, train.labels)
    accuracy = theirs.score(flat(test) / 255, test.labels)
    found = (logistic_regression(train, test).predicted == test.labels).mean()
    assert 0.5 < accuracy < 0.995
    assert abs(found - accuracy) < 0.02


@pytest.mark.parametrize("method", METHODS)
def test_predictions_repeat(method):
    train, test = draw(train=300, test=50)
    first, again = method(train, test), method(train, test)
    np.testing.assert_array_equal(first.predicted, again.predicted)
    assert first.description == again.description


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("classes", [1, 2, 100])
@pytest.mark.parametrize("shape", [(5, 4), (5, 4, 3)])
def test_twelve_test_images_and_one_training_image_a_class_are_enough(method, classes, shape):
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (classes, *shape))
    train = dataset(images, np.arange(classes))
    rows = np.arange(12) % classes
    test = dataset(images[rows], rows, classes, "test")
    found = method(train, test)
    assert (found.predicted.shape, found.predicted.dtype) == ((12,), np.uint8)
    assert found.predicted.max() < classes
    if method is logistic_regression:
        assert (found.predicted == test.labels).all()


def test_large_images_are_reduced_to_the_means_of_rectangles():
    images = np.zeros((1, 128, 65), np.uint8)
    images[0, :2, 0], images[0, 2:4, 63:] = 100, [[10, 20], [30, 43]]
    reduced = baselines._reduced(images).reshape(64, 64)
    assert (reduced[0, 0], reduced[1, 63], int(reduced.sum())) == (100, 26, 126)
    colour = np.random.default_rng(0).integers(0, 256, (2, 130, 50, 3), np.uint8)
    shrunk = baselines._reduced(colour).reshape(2, 64, 50, 3)
    np.testing.assert_array_equal(shrunk[1, 31], np.rint(colour[1, 62:65].mean(axis=0)))


def test_large_images_are_searched_and_the_description_says_how():
    train = noisy(30, 3, (70, 64))
    test = noisy(12, 3, (70, 64), seed=3, part="test")
    for method in (logistic_regression, nearest_neighbours):
        found = method(train, test)
        assert found.description.endswith(", images reduced to 64 x 64")
        assert (found.predicted == test.labels).all()


def test_too_many_distances_are_those_of_a_sample_of_every_class(monkeypatch):
    train = noisy(1000, 4, (6, 6))
    train.labels[train.labels == 3] = 2
    train.labels[7] = 3  # one image alone
    test = noisy(50, 4, (6, 6), seed=2, part="test")
    monkeypatch.setattr(baselines, "MULTIPLICATIONS", 100 * 36 * 50)
    found = nearest_neighbours(train, test)
    assert found.description.endswith(", on a sample of 100 of 1,000 training images")
    assert (found.predicted == test.labels).mean() > 0.5
    rows = baselines._sample(train, 100)
    assert np.bincount(train.labels[rows]).tolist() == [25, 25, 49, 1]
    assert (np.diff(rows) > 0).all()
    some = train.take(rows)
    np.testing.assert_array_equal(found.predicted, nearest_neighbours(some, test).predicted)


def test_images_in_a_file_are_read_in_blocks_and_give_the_same(tmp_path, monkeypatch):
    train, test = noisy(500, 5, (8, 8)), noisy(100, 5, (8, 8), seed=2, part="test")
    expected = [method(train, test).predicted for method in METHODS]
    np.save(tmp_path / "train.npy", train.images)
    mapped = np.load(tmp_path / "train.npy", mmap_mode="r").view(np.ndarray)
    there = Dataset(mapped, train.labels, train.class_names, "own", "train", "file")
    monkeypatch.setattr(storage, "rows_in_block", lambda shape: 13)
    assert rows_in_block((8, 8)) != 13
    for method, predicted in zip(METHODS, expected, strict=True):
        np.testing.assert_array_equal(method(there, test).predicted, predicted)
