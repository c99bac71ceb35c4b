"""Dataset refuses parts that do not fit; split is stratified, complete and decided by its seed."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from fashionlab.data import Dataset, split
from fashionlab.data.parts import require_alike
from fashionlab.errors import DataFormatError, InvalidValueError


def make(counts: tuple[int, ...] = (50, 30, 20)) -> Dataset:
    labels = np.repeat(np.arange(len(counts)), counts).astype(np.uint8)
    images = np.arange(len(labels) * 6, dtype=np.uint32).astype(np.uint8).reshape(-1, 2, 3)
    names = tuple("abcdefgh"[: len(counts)])
    return Dataset(images, labels, names, "made", "train", "here")


@pytest.mark.parametrize(
    "change",
    [
        {"images": np.zeros((100, 6), np.uint8)},
        {"images": np.zeros((100, 2, 3))},
        {"images": np.zeros((0, 2, 3), np.uint8)},
        {"images": np.zeros((99, 2, 3), np.uint8)},
        {"labels": np.zeros(100, np.int64)},
        {"labels": np.zeros((100, 1), np.uint8)},
        {"labels": np.full(100, 3, np.uint8)},
        {"class_names": ()},
        {"class_names": ("a", "b", "a")},
        {"files": ("a/1.png",)},
    ],
)
def test_arrays_that_do_not_fit_are_refused(change: dict[str, Any]) -> None:
    with pytest.raises(DataFormatError, match="here"):
        replace(make(), **change)


def test_shape_classes_and_length_come_from_the_arrays() -> None:
    dataset = make()
    assert (len(dataset), dataset.image_shape, dataset.classes) == (100, (2, 3), 3)


def test_sha256_follows_the_content_alone() -> None:
    dataset = make()
    assert dataset.sha256 == replace(make(), name="other", source="there").sha256
    images = dataset.images.copy()
    images[3, 1, 1] ^= 1
    assert replace(dataset, images=images).sha256 != dataset.sha256
    turned = dataset.images.reshape(-1, 3, 2)
    assert replace(dataset, images=turned).sha256 != dataset.sha256


def test_take_copies_rows_in_the_order_given() -> None:
    dataset = make()
    taken = dataset.take([7, 3], part="validation")
    assert np.array_equal(taken.images, dataset.images[[7, 3]]) and taken.part == "validation"
    for bad in ([], [100], [-1]):
        with pytest.raises(InvalidValueError):
            dataset.take(bad)


def test_split_holds_out_the_fraction_of_every_class() -> None:
    train, validation = split(make(), 0.1, seed=1)
    assert np.bincount(validation.labels).tolist() == [5, 3, 2]
    assert np.bincount(train.labels).tolist() == [45, 27, 18]
    assert (train.part, validation.part) == ("train", "validation")


def test_split_loses_and_doubles_no_image() -> None:
    dataset = make((10, 10, 10))  # 30 images of 6 bytes, all different
    train, validation = split(dataset, 0.3, seed=1)
    both = np.concatenate([train.images, validation.images]).reshape(30, 6)
    assert sorted(map(bytes, both)) == sorted(map(bytes, dataset.images.reshape(30, 6)))


def test_split_is_decided_by_its_seed() -> None:
    first, again, other = (split(make(), 0.1, seed)[1].sha256 for seed in (1, 1, 2))
    assert first == again != other


@pytest.mark.parametrize("fraction", [0.0, 1.0, -0.1, float("nan"), 0.001])
def test_a_fraction_that_leaves_a_split_empty_is_refused(fraction: float) -> None:
    with pytest.raises(InvalidValueError, match="fraction"):
        split(make(), fraction, seed=0)


PIXELS = np.arange(24 * 16, dtype=np.int32).reshape(24, 4, 4) % 256  # (24, 4, 4)
CLASSES = np.arange(24) % 3  # (24,)


def test_arrays_of_any_exact_type_become_bytes():
    expected = PIXELS.astype(np.uint8)
    for images in (PIXELS, PIXELS[..., None], PIXELS.tolist()):
        found = Dataset.from_arrays(images, CLASSES[:, None])
        assert np.array_equal(found.images, expected) and found.images.dtype == np.uint8
        assert np.array_equal(found.labels, CLASSES) and found.class_names == ("0", "1", "2")
    unit = Dataset.from_arrays((PIXELS / 255).astype(np.float32), CLASSES, unit=True)
    assert np.array_equal(unit.images, expected)
    names = np.array(["cat", "dog", "owl"])  # as scikit-learn's target_names
    assert Dataset.from_arrays(PIXELS, CLASSES, names).class_names == ("cat", "dog", "owl")


@pytest.mark.parametrize(
    ("images", "labels", "options", "says"),
    [
        (PIXELS / 255, CLASSES, {}, "received float64; give unit=True"),
        (PIXELS, CLASSES, {"unit": True}, "leave unit out"),
        (PIXELS / 128, CLASSES, {"unit": True}, "floats from 0 to 1; received"),
        (np.where(PIXELS, np.nan, 0), CLASSES, {"unit": True}, "received nan"),
        (PIXELS - 1, CLASSES, {}, "received -1 to 254"),
        (PIXELS > 9, CLASSES, {}, "received bool"),
        (PIXELS[:0], CLASSES[:0], {}, "must have images and labels"),
        (PIXELS, CLASSES[:5], {}, "24 images and 5 labels"),
        (PIXELS, CLASSES / 2, {}, "labels must be whole numbers"),
        (PIXELS, CLASSES - 1, {}, "received -1 to 1"),
        (PIXELS, CLASSES + 1, {}, "without gaps; received 3 different ones, 1 to 3"),
        (PIXELS, CLASSES, {"class_names": ["cat", "dog"]}, "below the number of classes"),
        (PIXELS, CLASSES, {"class_names": "cat"}, "a list of names"),
        (PIXELS, CLASSES, {"name": "two\nlines"}, "name must be text on one line"),
        (PIXELS, CLASSES, {"name": ""}, "name must be text on one line"),
        ([[[1, 2], [3]]], [0], {}, "lists of several lengths"),
        (PIXELS, [[0], [1, 2]], {}, "lists of several lengths"),
        (PIXELS, CLASSES, {"part": "valid"}, "part must be one of train, test, validation"),
    ],
)
def test_other_arrays_are_refused(images, labels, options, says):
    with pytest.raises((DataFormatError, InvalidValueError), match=says) as caught:
        Dataset.from_arrays(images, labels, **options)
    assert "\n" not in str(caught.value)


def test_parts_must_belong_together():
    train = Dataset.from_arrays(PIXELS, CLASSES)
    test = Dataset.from_arrays(PIXELS, CLASSES, part="test")
    require_alike([train, test])
    require_alike([train, test, replace(test, part="validation")])
    for parts, says in (
        ([train, train], "received train, train"),
        ([test, train], "received test, train"),
        ([train, replace(test, images=test.images[:, 1:])], r"train \(4, 4\), test \(3, 4\)"),
        ([train, replace(test, class_names=("0", "1", "two"))], "the same class names"),
    ):
        with pytest.raises(DataFormatError, match=says):
            require_alike(parts)
