"""The section on selective prediction: its numbers, and that it is whole whatever a run has."""

import re

import portable_model
import pytest
from fashionlab.report.page import render
from fashionlab.report.selective import SelectiveView

from fashionlab.evaluation.selective import selective_curve
from fashionlab.portable.measured import measured
from fashionlab.portable.metadata import DrawnOutliers

from .reading import Page

KINDS = tuple(
    DrawnOutliers(kind, 0.99 + n / 1000, n / 100, tuple(x / 20 for x in range(21)))
    for n, kind in enumerate(("letters", "<b>mixed</b>"))
)
pytestmark = pytest.mark.usefixtures("without_plots")


def shown(share, digits=1):
    return f"{100 * share:.{digits}f} %"


def test_accuracy_against_coverage_is_that_of_the_predictions(make_run):
    run = make_run()
    curve = selective_curve(*run.predictions())
    rows = Page(render([run])).table("Chosen by")
    points = [curve.at_coverage(share) for share in (1, 0.98, 0.95, 0.9)]
    assert [row[0] for row in rows[1:]] == [
        "All images",
        "Coverage 98 %",
        "Coverage 95 %",
        "Coverage 90 %",
        "Accuracy 99 %",
    ]
    for row, point in zip(rows[1:5], points, strict=True):
        low, high = point.interval
        assert row[1] == shown(point.coverage)
        assert row[2] == f"{shown(point.accuracy, 2)} {100 * low:.2f} to {shown(high, 2)}"
        assert row[3] == shown(point.threshold)


def test_an_accuracy_that_no_threshold_reaches_has_dashes(make_run, monkeypatch):
    run = make_run()
    monkeypatch.setattr("fashionlab.report.selective.ACCURACIES", (1.0,))
    surest = run.predictions()[0].max(axis=1).argmax()
    view = SelectiveView(run)
    labels = run.predictions()[1].copy()
    labels[surest] = (labels[surest] + 1) % 10
    view._curve = selective_curve(run.predictions()[0], labels)
    assert view.rows[-1] == ("Accuracy 100\N{NO-BREAK SPACE}%", None)


def test_outlier_test_and_sets_are_those_of_the_model(make_run, give_model):
    accepted = tuple(0.9 + k / 100 for k in range(10))
    run = give_model(
        make_run(), outliers=portable_model.outliers(accepted=accepted, drawn=KINDS, threshold=1.5)
    )
    html = render([run])
    page = Page(html)
    assert page.table("Drawn")[1:] == [
        ["letters", "0.9900", "0.0 %"],
        ["<b>mixed</b>", "0.9910", "1.0 %"],
    ]
    assert "score is above 1.5 is none of the classes" in page.text
    assert "accepts 94.5 % of the test images" in page.text
    (table,) = [table for table in page.tables if "Accepted" in table[0][1:2]]
    assert table[1] == ["plain", "by class"] * 3
    sets = measured(run).sets
    for k, row in enumerate(table[2:-1]):
        assert row[:2] == [run.class_names[k], shown(accepted[k])]
        assert row[2:] == [
            f"{shown(one.found.coverage_by_class[k])} {one.found.size_by_class[k]:.2f}"
            for one in sets
        ]
    assert table[-1][2:] == [f"{shown(one.found.coverage)} {one.found.size:.2f}" for one in sets]
    # One cell of each column is the worst class.
    bold = [x for x in page.all("td") if "worst" in x.get("class", "").split()]
    assert len(bold) == len(sets)
    assert "are left out" not in page.text and "fashionlab export" not in page.text


def test_runs_with_and_without_a_model_stand_on_one_page(make_run, give_model):
    runs = [give_model(make_run(seed=1)), make_run(seed=2), give_model(make_run(), sets=None)]
    page = Page(render(runs))
    assert page.text.count("Selective prediction") == 3
    assert len([table for table in page.tables if table[0][0] == "Chosen by"]) == 3
    assert len([table for table in page.tables if table[0][0] == "Drawn"]) == 2
    assert "There is no portable model, which has outlier score and prediction sets" in page.text
    assert f"; write it with: fashionlab export '{runs[1].folder}'" in page.text
    assert f"{runs[2].folder}/model.onnx has no prediction sets" in page.text
    # Without sets the shares of accepted images still have their table.
    (table,) = [table for table in page.tables if table[0] == ["Class", "Accepted"]]
    assert {len(row) for row in table} == {2} and len(table) == 12


def test_a_model_without_outlier_score_shows_its_sets_alone(make_run, give_model):
    run = make_run()
    content = portable_model.tiny_model(
        weights_sha256=run.weights_sha256(), sets=portable_model.sets()
    )
    (run.folder / "model.onnx").write_bytes(content)
    page = Page(render([run]))
    (table,) = [table for table in page.tables if table[0][:2] == ["Class", "90 %"]]
    assert {len(row) for row in table[2:]} == {7}
    assert "has no outlier score; write them with:" not in page.text
    assert "has no outlier score; write it with:" in page.text
    assert "Outlier score" not in re.findall(r"<h4>(.*?)</h4>", render([run]))


def test_a_model_of_another_run_leaves_the_page_whole_and_is_named(make_run, give_model):
    run = give_model(make_run(), weights_sha256="ab" * 32)
    text = Page(render([run])).text
    assert "model.onnx is left out: it must be a model of this run" in text


def test_the_page_says_what_breaks_the_promise(make_run):
    assert "Pictures that differ from the data" in Page(render([make_run()])).text
