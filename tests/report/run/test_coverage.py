"""The section on coverage: it is whole whatever a run and its portable model have."""

import portable_model
import pytest
from report_runs import give_portable

from fashionlab.evaluation.selective import selective_curve
from fashionlab.portable.measured import measured
from fashionlab.portable.metadata import DrawnOutliers
from fashionlab.report.run.coverage import CoverageView
from fashionlab.report.run.page import render

from ..reading import Page

KINDS = tuple(
    DrawnOutliers(kind, 0.99 + n / 1000, n / 100, tuple(x / 20 for x in range(21)))
    for n, kind in enumerate(("letters", "<b>mixed</b>"))
)
pytestmark = pytest.mark.usefixtures("without_plots")


def shown(share, digits=1):
    return f"{100 * share:.{digits}f} %"


def test_an_accuracy_that_no_threshold_reaches_has_dashes(make_run, monkeypatch):
    run = make_run()
    monkeypatch.setattr("fashionlab.report.run.coverage.ACCURACIES", (1.0,))
    lp, labels = run.predictions()
    surest = lp.max(axis=1).argmax()
    labels = labels.copy()
    labels[surest] = (labels[surest] + 1) % 10
    view = CoverageView(run, measured(run))
    view._curve = selective_curve(lp, labels)
    assert view.rows[-1] == ("Accuracy 100\N{NO-BREAK SPACE}%", None)
    monkeypatch.setattr(CoverageView, "rows", property(lambda self: [("Accuracy 100 %", None)]))
    assert Page(render(run)).table("Chosen by")[1:] == [["Accuracy 100 %", "none", "–", "–"]]


def test_outlier_test_and_sets_are_those_of_the_model(make_run):
    accepted = tuple(0.9 + k / 100 for k in range(10))
    run = give_portable(
        make_run(), outliers=portable_model.outliers(accepted=accepted, drawn=KINDS, threshold=1.5)
    )
    page = Page(render(run))
    assert page.table("Drawn")[1:] == [
        ["letters", "0.9900", "0.0 %"],
        ["<b>mixed</b>", "0.9910", "1.0 %"],
    ]
    assert "score is above 1.5 is none of the classes" in page.text
    assert "accepts 94.5 % of the test images" in page.text
    table = page.captioned("Test images whose prediction set")
    assert table[1] == ["plain", "by class"] * 3
    assert [row[1] for row in table[2:-1]] == [shown(share) for share in accepted]
    # One cell of each column is the worst class.
    bold = [one for one in page.all("td") if "worst" in one.get("class", "").split()]
    assert len(bold) == len(measured(run).sets)


def test_a_run_without_a_model_says_how_to_write_one(make_run):
    run = make_run()
    page = Page(render(run))
    assert "There is no portable model, which has outlier score and prediction sets" in page.text
    assert f"; write it with: fashionlab export '{run.folder}'" in page.text
    assert "Prediction sets" not in page.sections and "Outlier score" not in page.sections
    assert "Pictures that differ from the data" in page.text


def test_a_model_without_sets_shows_what_it_accepts(make_run):
    run = give_portable(make_run(), sets=None)
    page = Page(render(run))
    assert f"{run.folder}/model.onnx has no prediction sets" in page.text
    (table,) = [table for table in page.tables if table[0] == ["Class", "Accepted"]]
    assert {len(row) for row in table} == {2} and len(table) == 12


def test_a_model_without_outlier_score_shows_its_sets_alone(make_run):
    run = make_run()
    content = portable_model.tiny_model(
        weights_sha256=run.weights_sha256(), sets=portable_model.sets()
    )
    (run.folder / "model.onnx").write_bytes(content)
    page = Page(render(run))
    (table,) = [table for table in page.tables if table[0][:2] == ["Class", "90 %"]]
    assert {len(row) for row in table[2:]} == {7}
    assert "has no outlier score; write it with:" in page.text
    assert "Outlier score" not in page.sections and "Prediction sets" in page.sections
