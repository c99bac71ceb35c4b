"""The drawings of selective prediction, read back."""

import numpy as np
import portable_model
import pytest

from fashionlab.evaluation.selective import selective_curve
from fashionlab.portable.metadata import DrawnOutliers
from fashionlab.report.charts import coverage as charts

from .drawn import dots, lines, marks, texts, tree


def curve(n=1000):
    rng = np.random.default_rng(0)
    p = rng.uniform(0.5, 1, n)  # of class 0
    labels = (rng.random(n) > p).astype(np.int64)
    return selective_curve(np.log(np.stack([p, 1 - p], axis=1)), labels)


def accuracy(ours, points):
    return charts.accuracy_against_coverage(ours, points, "coverage", "alt")


def receiver(test, accepted):
    return charts.receiver_curves(test, accepted, "receiver", "alt")


def test_the_line_and_its_marks_are_coverage_and_accuracy():
    ours = curve()
    points = [ours.at_coverage(share) for share in (0.9, 0.98, 0.3)]
    svg = accuracy(ours, points)
    shown, line = dots(svg, "blue")[-3:], max(lines(svg, "blue"), key=len)
    said = np.array([[point.coverage, point.accuracy] for point in points])
    # The first two marks give the scale of both axes; the third one and the line must be on it.
    scale = (said[1] - said[0]) / (shown[1] - shown[0])
    assert scale[0] > 0 > scale[1]
    np.testing.assert_allclose(said[0] + (shown[2] - shown[0]) * scale, said[2], atol=1e-4)
    drawn = said[0] + (line - shown[0]) * scale  # (coverage, accuracy) of each vertex
    assert drawn[-1] == pytest.approx([1, ours.at_coverage(1).accuracy], abs=1e-4)
    exact = np.interp(drawn[:, 0], ours.kept / ours.images, ours.correct / ours.kept)
    np.testing.assert_allclose(drawn[:, 1], exact, atol=2e-3)
    assert len(line) > 50 and drawn[0, 0] < 0.05
    for (left, _, right, _), words in marks(svg):
        kept = int(words.split(", ")[1].split()[0].replace(",", ""))
        middle = said[0, 0] + ((left + right) / 2 - shown[0, 0]) * scale[0]
        assert middle == pytest.approx(kept / ours.images, abs=1e-3)


@pytest.mark.parametrize("n", [1, 2, 7])
@pytest.mark.parametrize("label", [0, 1])
def test_a_few_images_all_right_or_all_wrong_can_be_drawn(n, label):
    p = np.linspace(0.6, 0.9, n)
    few = selective_curve(np.log(np.stack([p, 1 - p], axis=1)), np.full(n, label))
    assert "Accuracy of the answers" in texts(accuracy(few, [few.at_coverage(0.9)]))


def kinds(names, share=0.5):
    points = tuple(float(x) ** 30 for x in np.linspace(0, 1, 21))
    return tuple(DrawnOutliers(name, 0.97, share, points) for name in names)


def test_each_kind_of_drawn_pictures_has_its_curve():
    svg = receiver(portable_model.outliers(drawn=kinds("abc")), 0.95)
    for colour in ("blue", "red", "green"):
        line = max(lines(svg, colour), key=len)
        # From the first accepted picture on, both rise to the corner of 100 %.
        assert (np.diff(line[:, 0]) >= -1e-6).all() and (np.diff(line[:, 1]) <= 1e-6).all()
    axes = {"Test images accepted", "Drawn pictures accepted (logarithmic from 1 %)"}
    assert axes <= set(texts(svg))


@pytest.mark.parametrize(
    "points", [(0.0,) * 21, (1.0,) * 21, (0.0,) * 20 + (1.0,), tuple(x / 20 for x in range(21))]
)
@pytest.mark.parametrize("accepted", [0.0, 0.2, 0.95, 1.0])
def test_any_curve_can_be_drawn_and_its_mark_lies_on_the_axes(points, accepted):
    drawn = (DrawnOutliers("letters", 0.5, 0.3, points),)
    svg = receiver(portable_model.outliers(drawn=drawn), accepted)
    height = float(tree(svg).get("viewBox").split()[3])
    assert 0 < dots(svg, "blue")[-1, 1] < height


def test_the_piece_before_a_name_has_the_colour_and_dashes_of_its_curve():
    svg = receiver(portable_model.outliers(drawn=kinds(["a", "b"])), 0.95)
    for number, colour in enumerate(("blue", "red")):
        piece = charts.line_of(number)
        assert f"var(--{colour})" in piece and f"var(--{colour})" in svg
    assert 'stroke-dasharray="none"' in charts.line_of(0)
    assert 'stroke-dasharray="6 2"' in charts.line_of(1) and "stroke-dasharray: 6,2" in svg
