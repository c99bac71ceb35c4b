"""The plots of selective prediction, read back from their SVG."""

import re
import xml.etree.ElementTree as ET

import numpy as np
import portable_model
import pytest

from fashionlab.evaluation.selective import selective_curve
from fashionlab.portable.metadata import DrawnOutliers
from fashionlab.report import selective_plots as plots

from .test_plots import SVG, series, texts


def curve(n=1000):
    rng = np.random.default_rng(0)
    p = rng.uniform(0.5, 1, n)  # of class 0
    labels = (rng.random(n) > p).astype(np.int64)
    return selective_curve(np.log(np.stack([p, 1 - p], axis=1)), labels)


def vertices(svg, gid):
    """(x, y) of a named line's vertices; y grows downwards, as in the file."""
    (group,) = [g for g in ET.fromstring(svg).iter(f"{SVG}g") if g.get("id") == gid]
    path = group.find(f"{SVG}path").get("d")
    return np.array([[float(n) for n in pair] for pair in re.findall(r"[ML] (\S+) (\S+)", path)])


def test_the_line_goes_through_coverage_and_accuracy():
    ours = curve()
    drawn = series(plots.accuracy_against_coverage(ours, []), "accuracy")
    shares = [ours.at(int(k)) for k in ours.kept.searchsorted(np.linspace(0, 1000, 201)[1:])]
    for column, values in enumerate(
        ([point.coverage for point in shares], [point.accuracy for point in shares])
    ):
        # A steep part at the left leaves the axes; the rest is one straight relation.
        kept = drawn[-150:, column]
        slope, offset = np.polyfit(values[-150:], kept, 1)
        assert (slope > 0) == (column == 0)
        np.testing.assert_allclose(slope * np.array(values[-150:]) + offset, kept, atol=2e-3)


def test_each_mark_is_a_point_of_the_line():
    ours = curve()
    with_marks = plots.accuracy_against_coverage(ours, [ours.at_coverage(0.9)])
    without = plots.accuracy_against_coverage(ours, [])
    line = series(with_marks, "accuracy")
    np.testing.assert_array_equal(line, series(without, "accuracy"))
    (x, y) = re.findall(r'<use [^>]*x="(\S+)" y="(\S+)"[^>]*fill: #0072b2', with_marks)[-1]
    assert min(np.hypot(line[:, 0] - float(x), line[:, 1] - float(y))) < 1e-2


@pytest.mark.parametrize("n", [1, 2, 7])
@pytest.mark.parametrize("label", [0, 1])
def test_a_few_images_all_right_or_all_wrong_can_be_drawn(n, label):
    p = np.linspace(0.6, 0.9, n)
    few = selective_curve(np.log(np.stack([p, 1 - p], axis=1)), np.full(n, label))
    svg = plots.accuracy_against_coverage(few, [few.at_coverage(0.9)])
    assert "Accuracy of the answers" in texts(svg)


def kinds(names, share=0.5):
    power = 30
    points = tuple(float(x) ** power for x in np.linspace(0, 1, 21))
    return tuple(DrawnOutliers(name, 0.97, share, points) for name in names)


def test_each_kind_of_drawn_pictures_has_its_curve_and_name():
    names = ("letters", "$x_1$ & <b>", "noise")
    test = portable_model.outliers(drawn=kinds(names))
    svg = plots.receiver_curves(test, 0.95)
    assert set(names) <= set(texts(svg))
    for number in range(3):
        line = vertices(svg, f"kind-{number}")
        # From the first accepted picture on, both rise to the corner of 100 %.
        assert (np.diff(line[:, 0]) >= -1e-6).all() and (np.diff(line[:, 1]) <= 1e-6).all()
    assert {"Test images accepted", "Drawn pictures accepted (logarithmic from 1 %)"} <= set(
        texts(svg)
    )


@pytest.mark.parametrize(
    "points", [(0.0,) * 21, (1.0,) * 21, (0.0,) * 20 + (1.0,), tuple(x / 20 for x in range(21))]
)
@pytest.mark.parametrize("accepted", [0.0, 0.2, 0.95, 1.0])
def test_any_curve_can_be_drawn_and_its_mark_lies_on_the_axes(points, accepted):
    drawn = (DrawnOutliers("letters", 0.5, 0.3, points),)
    svg = plots.receiver_curves(portable_model.outliers(drawn=drawn), accepted)
    height = float(ET.fromstring(svg).get("viewBox").split()[3])
    (_, y) = re.findall(r'<use [^>]*x="(\S+)" y="(\S+)"[^>]*fill: #0072b2', svg)[-1]
    assert 0 < float(y) < height


def test_many_kinds_leave_the_legend_short():
    names = [f"kind {n}" for n in range(50)]
    svg = plots.receiver_curves(portable_model.outliers(drawn=kinds(names)), 0.95)
    assert len(set(names) & set(texts(svg))) == plots.NAMED


def test_the_same_numbers_give_the_same_bytes():
    test = portable_model.outliers(drawn=kinds(["letters"]))
    assert plots.receiver_curves(test, 0.9) == plots.receiver_curves(test, 0.9)
    ours = curve()
    assert plots.accuracy_against_coverage(ours, []) == plots.accuracy_against_coverage(ours, [])
