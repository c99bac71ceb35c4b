"""The plots, read back from their SVG."""

import re
import xml.etree.ElementTree as ET

import matplotlib
import numpy as np
import pytest

from fashionlab.report import plots

SVG = "{http://www.w3.org/2000/svg}"
ROWS = [
    {
        "epoch": n,
        "loss": 3 / n,
        "accuracy": 1 - 0.5 / n,
        "test_loss": 4 / n + 0.1 * (n > 3),
        "test_accuracy": 1 - 0.7 / n,
    }
    for n in range(1, 7)
]


def series(svg, name):
    """(x, y) of the vertices of a named line; y grows downwards, as in the file."""
    groups = [g for g in ET.fromstring(svg).iter(f"{SVG}g") if g.get("id") == f"{name}-series"]
    if not groups:
        return None
    path = groups[0].find(f"{SVG}path").get("d")
    return np.array([[float(n) for n in pair] for pair in re.findall(r"[ML] (\S+) (\S+)", path)])


def texts(svg):
    return ["".join(text.itertext()) for text in ET.fromstring(svg).iter(f"{SVG}text")]


@pytest.mark.parametrize(
    ("draw", "quantity"),
    [(plots.loss_curves, "loss"), (plots.accuracy_curves, "accuracy")],
)
def test_training_and_test_lines_go_through_the_values_of_the_history(draw, quantity):
    svg = draw(ROWS, "epoch")
    drawn = np.concatenate([series(svg, "training"), series(svg, "test")])  # (12, 2)
    values = [row[column] for column in (quantity, f"test_{quantity}") for row in ROWS]
    assert len(drawn) == len(values)
    # One straight relation from value to height holds for both lines: they share the axis.
    slope, offset = np.polyfit(values, drawn[:, 1], 1)
    assert slope < 0
    np.testing.assert_allclose(slope * np.array(values) + offset, drawn[:, 1], atol=1e-3)
    np.testing.assert_allclose(np.diff(drawn[:6, 0]), np.diff(drawn[:6, 0])[0], atol=1e-3)


def test_a_validation_split_is_drawn_and_named_as_one():
    rows = [{k.replace("test_", "validation_"): v for k, v in row.items()} for row in ROWS]
    svg = plots.loss_curves(rows, "iteration")
    assert series(svg, "validation") is not None
    assert series(svg, "test") is None
    assert {"training", "validation", "Iteration"} <= set(texts(svg))
    assert "test" not in texts(svg)


def test_the_course_reports_curve_is_drawn_where_given():
    svg = plots.accuracy_curves(ROWS, "epoch", (0.8, 0.9, 0.85))
    assert len(series(svg, "paper")) == 3
    assert series(plots.accuracy_curves(ROWS, "epoch"), "paper") is None


def test_one_epoch_and_a_loss_that_is_not_a_number_can_be_drawn():
    row = ROWS[0] | {"loss": float("nan")}
    assert "Epoch" in texts(plots.loss_curves([row], "epoch"))


def test_the_matrix_shows_every_count_and_every_name_twice():
    confusion = [[901, 12, 0], [7, 33, 411], [5, 6, 8]]
    names = ["Shirt", "$x_1$ & <b>", "裤子"]
    written = texts(plots.confusion_heatmap(confusion, names))
    for number in np.ravel(confusion):
        assert str(number) in written
    for name in names:
        assert written.count(name) == 2


def test_hostile_and_long_names_leave_the_matrix_sound():
    names = ["--></svg><script>", "\x00\x1b", "a" * 500]
    written = texts(plots.confusion_heatmap(np.eye(3, dtype=int).tolist(), names))
    assert names[0] in written
    assert max(map(len, written)) <= plots.NAME_LENGTH


def test_a_matrix_of_many_classes_has_a_scale_in_place_of_counts():
    classes = plots.COUNTED_CLASSES + 1
    confusion = np.full((classes, classes), 777).tolist()
    written = texts(plots.confusion_heatmap(confusion, [f"c{k}" for k in range(classes)]))
    assert "777" not in written
    assert "Share of the true class" in written


def drawn():
    return (
        plots.loss_curves(ROWS, "epoch"),
        plots.accuracy_curves(ROWS, "epoch"),
        plots.confusion_heatmap([[3, 1], [0, 4]], ["a", "b"]),
    )


def test_the_same_numbers_give_the_same_bytes_whatever_the_users_style():
    first = drawn()
    with matplotlib.rc_context(
        {"lines.linewidth": 9, "svg.hashsalt": None, "grid.linestyle": "--"}
    ):
        before = dict(matplotlib.rcParams)
        assert drawn() == first
        assert dict(matplotlib.rcParams) == before


def test_a_plot_refers_to_nothing_outside_itself():
    many = plots.confusion_heatmap(np.eye(30, dtype=int).tolist(), [str(k) for k in range(30)])
    for svg in (*drawn(), many):
        addresses = set(re.findall(r'"(https?:[^"]*)"', svg))
        assert addresses <= {"http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink"}
        assert svg.count("http") == len(re.findall(r'xmlns(?::\w+)?="http', svg))
        for element in ET.fromstring(svg).iter():
            link = element.get("{http://www.w3.org/1999/xlink}href", "#")
            assert link.startswith(("#", "data:image/png;base64,"))
