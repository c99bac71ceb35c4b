"""The record of robustness as the page shows it: the worst corruption first."""

import pytest

from fashionlab.evaluation.robustness import Corrupted, Robustness
from fashionlab.report.run.robustness import RobustnessView

STRENGTHS = (1.0, 2.0, 3.0, 4.0, 5.0)
RECORD = Robustness(
    50,
    3,
    45,
    (
        Corrupted("fog", "density", STRENGTHS, (40, 30, 20, 10, 0)),
        Corrupted("noise", "level", STRENGTHS, (45, 45, 45, 45, 45)),
        Corrupted("blur", "pixels", STRENGTHS, (10, 10, 10, 10, 10)),
    ),
)


def test_rows_have_the_shares_and_their_mean_and_begin_with_the_worst():
    assert RobustnessView(RECORD).rows == [
        ("blur", pytest.approx([0.2, 0.2, 0.2, 0.2, 0.2, 0.2])),
        ("fog", pytest.approx([0.8, 0.6, 0.4, 0.2, 0.0, 0.4])),
        ("noise", pytest.approx([0.9, 0.9, 0.9, 0.9, 0.9, 0.9])),
    ]


def test_series_begin_with_the_images_as_they_are():
    series = RobustnessView(RECORD).series
    assert [one.name for one in series] == ["fog", "noise", "blur"]
    assert series[0].accuracy == (0.9, 0.8, 0.6, 0.4, 0.2, 0.0)


def test_the_drawing_says_all_accuracies_in_words():
    drawing = RobustnessView(RECORD).chart().replace("\N{NO-BREAK SPACE}", " ")
    assert "fog 80 %, 60 %, 40 %, 20 %, 0 %; noise 90 %" in drawing
