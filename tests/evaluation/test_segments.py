"""Segments: found where errors were put, of whole groups of equal images, and tested by Fisher."""

import numpy as np
import pytest
from scipy.stats import fisher_exact

from fashionlab.errors import InvalidValueError
from fashionlab.evaluation.appearance import appearance
from fashionlab.evaluation.intervals import wilson_interval
from fashionlab.evaluation.segments import LEAST_IMAGES, Segment, segments
from fashionlab.evaluation.significance import holm

NAMES = {k: tuple(f"class {c}" for c in range(k)) for k in (1, 2, 4, 100)}


def predicted(labels, wrong, classes, rival=None):
    """Log-probabilities of 0.8 for the label, or where `wrong` for the rival, by default the next.

    The other of the two has 0.15.
    """
    n = np.arange(len(labels))
    rival = (labels + 1) % classes if rival is None else rival
    p = np.full((len(labels), classes), 0.05 / max(1, classes - 2))
    p[n, np.where(wrong, rival, labels)] = 0.8
    p[n, np.where(wrong, labels, rival)] = 0.15
    return np.log(p / p.sum(axis=1, keepdims=True))


def of_levels(levels, colour=()):
    """Images whose inner pixels have one level each, so that their brightness rises with it."""
    images = np.zeros((len(levels), 6, 6, *colour), np.uint8)
    images[:, 1:5, 1:5] = np.reshape(levels, (-1, 1, 1, *(1 for _ in colour)))
    return images


def a_case(n=400, classes=4, colour=(), dark_errors=0.5):
    """Images of which the darkest fifth is wrong far more often."""
    rng = np.random.default_rng(0)
    levels = 40 + np.arange(n) * 200 // n
    labels = rng.integers(0, classes, n)
    wrong = rng.random(n) < np.where(levels < 80, dark_errors, 0.05)
    order = rng.permutation(n)
    rows = predicted(labels, wrong, classes)
    return of_levels(levels, colour)[order], rows[order], labels[order], NAMES[classes]


@pytest.mark.parametrize("classes", [2, 4, 100])
@pytest.mark.parametrize("colour", [(), (3,)])
def test_the_dark_fifth_that_fails_is_weak_and_no_other_is(classes, colour):
    found = [s for s in segments(*a_case(classes=classes, colour=colour)) if s.kind == "brightness"]
    assert [s.is_weak for s in found] == [True, False, False, False, False]
    assert [s.images for s in found] == [80] * 5
    assert found[0].accuracy < 0.6 < 0.9 < found[0].rest_accuracy


def test_where_no_group_is_worse_none_is_weak():
    assert not any(s.is_weak for s in segments(*a_case(dark_errors=0.05)))


def test_every_number_of_a_segment_is_that_of_its_images():
    images, rows, labels, names = a_case()
    found = segments(images, rows, labels, names)
    correct = rows.argmax(axis=1) == labels
    looks = appearance(images)
    values = {"brightness": looks.brightness, "contrast": looks.contrast}
    values["covered area"] = looks.covered
    two = [set(row.argsort()[-2:].tolist()) for row in rows]
    for s in found:
        if s.bounds:
            inside = (values[s.kind] >= s.bounds[0]) & (values[s.kind] <= s.bounds[1])
        else:
            inside = np.array([pair == set(s.classes) for pair in two])
        n, hits, rest = inside.sum(), correct[inside].sum(), correct[~inside]
        assert (s.images, s.correct) == (n, hits)
        assert (s.rest_images, s.rest_correct) == (len(rest), rest.sum())
        assert s.accuracy == hits / n
        assert s.rest_accuracy == rest.mean()
        assert s.interval == wilson_interval(hits, n)
        table = [[hits, n - hits], [rest.sum(), (~rest).sum()]]
        assert s.p == pytest.approx(fisher_exact(table, alternative="less").pvalue, rel=1e-9)
    assert [s.adjusted_p for s in found] == pytest.approx(holm([s.p for s in found]))


def test_the_pair_that_is_confused_is_weak_whichever_of_the_two_is_said():
    rng = np.random.default_rng(1)
    labels = rng.integers(0, 4, 600)
    rival = np.array([3, 2, 1, 0])[labels]  # 0 and 3; 1 and 2
    wrong = (rng.random(600) < 0.4) & ((labels == 1) | (labels == 2))
    rows = predicted(labels, wrong, 4, rival)
    names = ("Coat", "Shirt", "T-shirt", "Bag")
    found = segments(of_levels([99] * 600), rows, labels, names)
    assert [(s.name, s.classes, s.is_weak) for s in found] == [
        ("Coat or Bag", (0, 3), False),
        ("Shirt or T-shirt", (1, 2), True),
    ]


def test_equal_values_are_in_one_segment_and_names_have_them():
    levels = [0] * 55 + [90] * 12 + [180] * 33
    labels = np.zeros(100, int)
    found = segments(of_levels(levels), predicted(labels, labels > 0, 2), labels, NAMES[2])
    groups = [(s.name, s.images) for s in found if s.kind == "brightness"]
    assert groups == [("brightness 0", 55), ("brightness 40", 12), ("brightness 80", 33)]
    covered = [(s.name, s.bounds, s.images) for s in found if s.kind == "covered area"]
    assert covered == [
        ("covered area 0 %", (0.0, 0.0), 55),
        ("covered area 44.4 %", (16 / 36, 16 / 36), 45),
    ]


def test_a_name_has_both_bounds_in_three_digits():
    found = segments(*a_case())
    assert [s.name for s in found if s.kind == "brightness"][:2] == [
        "brightness 17.8 to 35.1",
        "brightness 35.6 to 52.9",
    ]


@pytest.mark.parametrize(("n", "groups"), [(19, 0), (20, 2), (39, 3), (60, 5), (61, 5)])
def test_few_images_are_in_fewer_groups_of_at_least_ten(n, groups):
    labels = np.zeros(n, int)
    found = segments(
        of_levels(np.arange(n) * 3), predicted(labels, labels > 0, 2), labels, NAMES[2]
    )
    sizes = [s.images for s in found if s.kind == "brightness"]
    assert len(sizes) == groups
    assert all(size >= LEAST_IMAGES for size in sizes)


@pytest.mark.parametrize("classes", [1, 2, 100])
def test_12_images_have_no_segment(classes):
    labels = np.zeros(12, np.uint8)
    rows = np.zeros((12, 1)) if classes == 1 else predicted(labels, labels > 0, classes)
    assert segments(of_levels(range(12)), rows, labels, NAMES[classes]) == ()


def test_two_classes_are_one_pair_which_has_no_rest():
    assert {s.kind for s in segments(*a_case(classes=2))} == {"brightness", "contrast"}


@pytest.mark.parametrize(("n", "pairs"), [(9, {(0, 1)}), (10, {(0, 1), (2, 3)})])
def test_a_segment_of_nine_images_is_left_out(n, pairs):
    labels = np.array([0, 1] * 20 + [2] * n)
    rows = predicted(labels, labels > 3, 4, np.array([1, 0, 3, 2])[labels])
    found = segments(of_levels([9] * len(labels)), rows, labels, NAMES[4])
    assert {s.classes for s in found if s.kind == "classes"} == pairs


def test_one_small_p_among_many_is_no_weakness():
    segment = Segment("contrast", "", (0, 1), None, 20, 10, 20, 17, p=0.02, adjusted_p=0.06)
    assert not segment.is_weak


def test_rows_that_are_certain_have_a_pair_too():
    labels = np.repeat([0, 1, 2], 20)
    rows = np.full((60, 4), -np.inf)
    rows[np.arange(60), labels] = 0
    found = segments(of_levels([9] * 60), rows, labels, NAMES[4])
    pairs = [(s.classes, s.images) for s in found if s.kind == "classes"]
    assert pairs == [((0, 1), 40), ((0, 2), 20)]


def test_what_does_not_fit_is_refused():
    images, rows, labels, names = a_case()
    with pytest.raises(InvalidValueError, match="received 399 and 4"):
        segments(images[1:], rows, labels, names)
    with pytest.raises(InvalidValueError, match="received 400 and 3"):
        segments(images, rows, labels, names[1:])
    with pytest.raises(InvalidValueError, match="must be as many; received 400 and 399"):
        segments(images, rows, labels[1:], names)
