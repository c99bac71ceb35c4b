"""Loss, accuracy and learning rate, read back from the drawing."""

import math

import numpy as np
import pytest

from fashionlab.report.charts import curves

from .drawn import lines, marks, straight, texts, tree

ROWS = [
    {
        "epoch": n,
        "loss": 3 / n,
        "accuracy": 1 - 0.5 / n,
        "test_loss": 4 / n + 0.1 * (n > 3),
        "test_accuracy": 1 - 0.7 / n,
        "learning_rate": 0.01 / n,
    }
    for n in range(1, 7)
]
VALIDATED = [{k.replace("test_", "validation_"): v for k, v in row.items()} for row in ROWS]


def long_line(svg, colour, vertices=6):
    (line,) = [line for line in lines(svg, colour) if len(line) == vertices]
    return line


@pytest.mark.parametrize(
    ("draw", "quantity"), [(curves.loss_curves, "loss"), (curves.accuracy_curves, "accuracy")]
)
def test_lines_go_through_the_values_of_the_history(draw, quantity):
    svg = draw(ROWS, "epoch", "name", None)
    drawn = np.concatenate([long_line(svg, "blue"), long_line(svg, "red")])  # (12, 2)
    values = [row[column] for column in (quantity, f"test_{quantity}") for row in ROWS]
    assert straight(values, drawn[:, 1]) < 0  # both lines share the axis
    assert straight([row["epoch"] for row in ROWS] * 2, drawn[:, 0]) > 0
    assert {"training", "test", "Epoch"} <= set(texts(svg))


def test_every_epoch_has_a_strip_with_its_values():
    svg = curves.accuracy_curves(ROWS, "epoch", "name", None)
    strips, line = marks(svg), long_line(svg, "blue")
    assert len(strips) == len(ROWS)
    for (place, words), (x, y), row in zip(strips, line, ROWS, strict=True):
        assert (place[0] + place[2]) / 2 == pytest.approx(x, abs=0.1)
        assert place[1] <= y <= place[3]
        said = f"Epoch {row['epoch']}: training {100 * row['accuracy']:.2f} % and test "
        said += f"{100 * row['test_accuracy']:.2f} %"
        assert words.replace("\N{NO-BREAK SPACE}", " ") == said


def test_a_validation_split_is_drawn_and_named_as_one():
    svg = curves.loss_curves(VALIDATED, "iteration", "name", None)
    assert len(long_line(svg, "green")) == 6 and not lines(svg, "red")
    assert {"training", "validation", "Iteration"} <= set(texts(svg))


def test_the_best_epoch_is_marked_where_it_is():
    svg = curves.loss_curves(VALIDATED, "epoch", "name", 4)
    (line,) = [one for one in lines(svg, "soft") if len(one) == 2]
    assert line[0, 0] == line[1, 0] == pytest.approx(long_line(svg, "blue")[3, 0], abs=0.01)
    assert "best epoch 4" in texts(svg)
    assert "The weights are those of epoch 4." in tree(svg).get("aria-label")
    assert "best" not in "".join(texts(curves.loss_curves(ROWS, "epoch", "name", None)))


def test_the_course_reports_curve_is_drawn_where_given():
    svg = curves.accuracy_curves(ROWS, "epoch", "name", None, (0.8, 0.9, 0.85))
    assert len(long_line(svg, "faint", 3)) == 3 and "course report" in texts(svg)
    assert "course report" not in texts(curves.accuracy_curves(ROWS, "epoch", "name", None))


def test_the_learning_rate_is_drawn_where_the_history_has_it():
    svg = curves.rate_curve(ROWS, "epoch", "name")
    straight([row["learning_rate"] for row in ROWS], long_line(svg, "blue")[:, 1])
    older = [{k: v for k, v in row.items() if k != "learning_rate"} for row in ROWS]
    assert curves.rate_curve(older, "epoch", "name") is None


@pytest.mark.parametrize("value", [math.nan, math.inf])
@pytest.mark.parametrize("place", [0, 2, -1])
def test_a_loss_that_is_not_a_number_can_be_drawn(value, place):
    rows = [dict(row) for row in ROWS]
    rows[place]["loss"] = value
    svg = curves.loss_curves(rows, "epoch", "name", None)
    assert f"training {value}" in marks(svg)[place][1]


def test_all_losses_that_are_no_numbers_and_a_rate_of_zero_can_be_drawn():
    rows = [row | {"loss": math.nan, "test_loss": math.nan, "learning_rate": 0.0} for row in ROWS]
    assert "Epoch" in texts(curves.loss_curves(rows, "epoch", "name", None))
    assert "Epoch" in texts(curves.rate_curve(rows, "epoch", "name"))


def test_one_epoch_can_be_drawn():
    for draw in (curves.loss_curves, curves.accuracy_curves):
        assert len(marks(draw(ROWS[:1], "epoch", "name", 1))) == 1


def test_many_epochs_have_no_markers():
    rows = [ROWS[0] | {"epoch": n} for n in range(1, 200)]
    svg = curves.loss_curves(rows, "epoch", "name", None)
    assert len(marks(svg)) == 199
    assert not [use for use in tree(svg).iter("use") if "fill: var(--blue)" in use.get("style", "")]
