"""Reliability diagram and dot charts, read back."""

import numpy as np
import pytest

from fashionlab.evaluation.calibration import Bin, reliability
from fashionlab.report.charts.intervals import Dot, dot_chart, reliability_diagram

from .drawn import dots, lines, marks, straight, texts


def log_probabilities(p):
    return np.log(np.stack([p, 1 - p], axis=1))


def test_bins_stand_at_their_mean_probability_and_accuracy_red_where_these_differ():
    rng = np.random.default_rng(0)
    p = rng.uniform(0.5, 1, 4000)
    labels = (rng.random(4000) > np.where(p > 0.8, p - 0.2, p)).astype(np.int64)
    bins = [one for one in reliability(log_probabilities(p), labels) if one.images]
    away = [not one.interval[0] <= one.confidence <= one.interval[1] for one in bins]
    assert any(away) and not all(away)
    svg = reliability_diagram(bins, "name", "alt")
    shown = np.concatenate([dots(svg, "blue"), dots(svg, "red")])
    assert (len(dots(svg, "blue")), len(dots(svg, "red"))) == (away.count(False), away.count(True))
    ordered = [one for one, red in zip(bins, away, strict=True) if not red]
    ordered += [one for one, red in zip(bins, away, strict=True) if red]
    # The same scale holds for both axes, whose ranges are equal, and the diagonal is on it.
    right = straight([one.confidence for one in ordered], shown[:, 0])
    down = straight([one.accuracy for one in ordered], shown[:, 1])
    assert right > 0 > down
    intervals = [line for colour in ("blue", "red") for line in lines(svg, colour)]
    heights = [abs(line[0, 1] - line[1, 1]) for line in intervals if len(line) == 2]
    wide = [-down * (one.interval[1] - one.interval[0]) for one in ordered]
    np.testing.assert_allclose(heights, wide, atol=0.01)
    assert [words.split(" images")[0].split(": ")[1] for _, words in marks(svg)] == [
        f"{one.images:,}" for one in bins
    ]


@pytest.mark.parametrize("correct", [0, 1, 7])
def test_a_single_bin_can_be_drawn(correct):
    svg = reliability_diagram([Bin(0.9, 1.0, 7, correct, 1.0)], "name", "alt")
    assert len(marks(svg)) == 1


def rows(values, marked=()):
    return [
        Dot(f"row {k}", value, (value - 0.1, value + 0.05), f"words {k}", k in marked)
        for k, value in enumerate(values)
    ]


def test_rows_stand_one_below_the_other_with_their_intervals_and_words():
    values = [0.9, 0.5, 0.7]
    svg = dot_chart(
        rows(values, {1}), "name", "alt", label="Accuracy", reference=0.8, reference_name="all"
    )
    shown = np.concatenate([dots(svg, "blue"), dots(svg, "red")])[[0, 2, 1]]
    slope = straight(values, shown[:, 0])
    assert (np.diff(shown[:, 1]) > 0).all()
    (line,) = [one for one in lines(svg, "red") if len(one) == 2]
    assert line[1, 0] - line[0, 0] == pytest.approx(0.15 * slope, abs=0.01)
    reference = [one for one in lines(svg, "soft") if one[0, 0] == one[1, 0]]
    assert reference[0][0, 0] == pytest.approx(shown[0, 0] + (0.8 - 0.9) * slope, abs=0.01)
    for (left, top, right, bottom), words in marks(svg):
        k = int(words.removeprefix("words "))
        assert left <= shown[k, 0] <= right and top <= shown[k, 1] <= bottom
    assert {"row 0", "all", "Accuracy"} <= set(texts(svg))


@pytest.mark.parametrize("values", [[0.5], [0.0, 0.0], [1.0] * 40])
def test_one_row_equal_rows_and_many_rows_can_be_drawn(values):
    svg = dot_chart(
        rows(values), "name", "alt", label="Accuracy", reference=values[0], reference_name="all"
    )
    assert len(marks(svg)) == len(values)
