"""Classes: empty, small, unbalanced, in other proportions."""

import numpy as np

from .faults import drawn, found, grey


def without(part, label, kept):
    rows = np.flatnonzero(part.labels == label)[kept:]
    return part.take(np.setdiff1d(np.arange(len(part)), rows))


def test_an_empty_class_is_an_error_in_train_and_a_warning_in_test() -> None:
    train, test = drawn()
    finding = found(without(train, 3, 0), test)["empty-class"]
    assert finding.severity == "error" and finding.text.endswith("in train: Dress.")
    assert found(train, without(test, 3, 0))["empty-class"].severity == "warning"


def test_a_class_of_three_images_is_named_and_shown() -> None:
    train, test = drawn()
    kinds = found(without(train, 8, 3), test)
    assert "Bag (3)" in kinds["small-class"].text
    assert len(kinds["small-class"].pictures) == 3
    assert "Bag 3" in kinds["unbalanced"].text


def test_one_class_alone_is_an_error() -> None:
    images = np.random.default_rng(0).integers(0, 256, (30, 6, 6))
    assert found(grey(images, [0] * 30, "a"))["one-class"].severity == "error"


def test_classes_in_other_proportions_are_named() -> None:
    train, test = drawn(1000, 1000)
    only = test.take(np.flatnonzero(np.isin(test.labels, (0, 1, 2, 3, 4, 5))))
    assert "other-proportions" in found(train, only)
    assert "other-proportions" not in found(train, test.take(np.arange(40)))
