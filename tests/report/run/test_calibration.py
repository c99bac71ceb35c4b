"""Calibration in sentences, with and without the temperature of a portable model."""

from types import SimpleNamespace

import numpy as np
import portable_model
import pytest

from fashionlab.evaluation.calibration import tempered
from fashionlab.report.run.calibration import CalibrationView


def images(p, correct):
    """Images of two classes: each with the probability p of its decision, which is class 0."""
    lp = np.log(np.stack([p, 1 - p], axis=1))
    return SimpleNamespace(log_probabilities=lp, labels=np.where(correct, 0, 1))


def drawn(p, share, n=1000):
    return images(np.full(n, p), np.arange(n) < share * n)


@pytest.mark.parametrize(
    ("p", "share", "said"),
    [
        (0.9, 0.9, "can be taken at their word: expected calibration error 0.0 %"),
        (0.9, 0.881, "can be taken at their word: expected calibration error 1.9 %"),
        (0.9, 0.7, "It is too sure: its probabilities are 90.0 % on average, and 70.0 % of"),
        (0.7, 0.9, "It is less sure than it could be: its probabilities are 70.0 % on average"),
    ],
)
def test_the_sentence_says_whether_it_is_too_sure(p, share, said):
    view = CalibrationView(drawn(p, share), None)
    assert said in view.sentence.replace("\N{NO-BREAK SPACE}", " ")
    assert len(view.rows) == 1 and view.temperature is None


def test_the_temperature_of_the_model_is_the_last_row_and_what_is_shown():
    test = drawn(0.9, 0.7)
    view = CalibrationView(test, portable_model.metadata(temperature=2.0))
    assert [row.name for row in view.rows] == ["The run's probabilities", "Temperature 2.000"]
    assert view.shown is view.rows[1]
    p = np.exp(tempered(test.log_probabilities, 2.0)).max()
    assert view.shown.expected == pytest.approx(abs(p - 0.7))
    assert view.shown.maximum == pytest.approx(abs(p - 0.7))
    assert view.shown.brier == pytest.approx(0.7 * 2 * (1 - p) ** 2 + 0.3 * 2 * p**2)


def test_the_drawing_says_its_bins_in_words():
    view = CalibrationView(drawn(0.9, 0.7), None)
    alt = view.diagram().replace("\N{NO-BREAK SPACE}", " ")
    assert "90 % predicted, 70 % correct of 1,000." in alt
