"""write_page: the page of one run, as one HTML file that needs no network and no other file."""

from collections.abc import Callable, Sequence
from pathlib import Path

from markupsafe import Markup

from fashionlab.data import Parts
from fashionlab.data.fashion_mnist import NAME
from fashionlab.errors import MissingDependencyError
from fashionlab.evaluation.baselines import Baseline
from fashionlab.evaluation.class_intervals import class_intervals
from fashionlab.evaluation.explanation import Explanation
from fashionlab.portable.measured import measured
from fashionlab.report.charts import curves
from fashionlab.report.charts.scatter import swatch
from fashionlab.report.formatting import percent
from fashionlab.report.html import from_template, refuse_foreign, script_json, write_own
from fashionlab.report.measure.baselines import baselines, kept_baselines
from fashionlab.report.measure.explanation import measure_explanation
from fashionlab.report.pictures import COLUMNS
from fashionlab.report.remarks import remarks, test_set_use
from fashionlab.report.run.calibration import CalibrationView
from fashionlab.report.run.confusion import ConfusionView
from fashionlab.report.run.coverage import CoverageView
from fashionlab.report.run.explanation import ExplanationView
from fashionlab.report.run.pictures import TestImages
from fashionlab.report.run.robustness import RobustnessView
from fashionlab.report.run.samples import confident_errors, unsure_hits
from fashionlab.report.run.segments import SegmentsView
from fashionlab.report.run.verdict import absent, compared, verdict, weakest
from fashionlab.report.view import RunView, environment_facts, recipe_facts
from fashionlab.runs import Run, require_same_data

Log = Callable[[str], object]


def write_page(
    run: Run,
    out: Path,
    data: Parts | None = None,
    *,
    method: str | None = None,
    notes: Sequence[str] = (),
    log: Log = lambda line: None,
) -> Path:
    """Write the page of a run to `out`, whole or not at all; returns `out`.

    With `data`, those that the run was trained on, it measures what it needs and what was not
    measured before, and keeps it: simple baselines in the cache, the explanation in the run's
    folder. Without, the page has few pictures and no segments. `method` makes the map of the test
    set: "pca", "t-sne" or "umap"; None takes the map that is there. `notes` are sentences for the
    box at the top; `log` receives lines about what takes long.

    It replaces an earlier page of fashionlab but nothing else. Raises RunError where something else
    is in the way, `out` cannot be written, or the run folder is incomplete; InvalidValueError where
    `data` are another run's, or the method is unknown; MissingDependencyError where a method is
    given and its package, or the run's engine, is not installed.
    """
    refuse_foreign(out)
    if data is None:
        return write_own(render(run, notes=notes), out)
    RunView(run)  # a damaged run and other data are refused before anything is measured
    require_same_data(run, data.test, "test")
    require_same_data(run, data.train, "train")
    notes = list(notes)
    simple = baselines(data.train, data.test, log)
    explanation = run.explanation()
    drawn = explanation.map.method if explanation and explanation.map else None
    if explanation is None or method not in (None, drawn):
        try:
            explanation = measure_explanation(run, data, method=method or "pca", log=log)
        except MissingDependencyError as error:
            if method:
                raise
            notes.append(f"The page lacks an explanation: {error}.")
    page = render(run, data, simple=simple, explanation=explanation, notes=notes)
    return write_own(page, out)


def render(
    run: Run,
    data: Parts | None = None,
    *,
    simple: Sequence[Baseline] | None = None,
    explanation: Explanation | None = None,
    notes: Sequence[str] = (),
) -> str:
    """Return the page as text; what is None is what was measured before."""
    simple = kept_baselines(run) if simple is None else simple
    explanation = explanation or run.explanation()
    view = RunView(run)
    test = TestImages(run, data.test if data else None)
    promised = measured(run)
    compared_with = compared(test, simple)
    calibration = CalibrationView(test, promised.metadata)
    coverage = CoverageView(run, promised)
    segments = SegmentsView(test)
    record = run.robustness()
    robustness = RobustnessView(record) if record else None
    # In this order, so that the pictures that most need a place on the sheet come first.
    errors, hits = confident_errors(test), unsure_hits(test)
    confusion = ConfusionView(view.metrics, test)
    explained = ExplanationView(explanation, test) if explanation else None
    script_data = {
        "classes": list(view.class_names),
        "columns": COLUMNS,
        "sheet": explained.points_sheet if explained else "",
        "points": explained.points if explained else [],
    }
    sheets = dict.fromkeys([test.sheet, *(explained.sheets if explained else ())])
    return from_template(
        "run/page.html.j2",
        script="page.js",
        title=title(view),
        verdict=verdict(view, compared_with),
        facts_below=_below(view, calibration, coverage, segments, robustness),
        notes=[*notes, *remarks([view])],
        test_set_use=test_set_use([view]),
        view=view,
        baselines=compared_with,
        drawings=_curves(view),
        confusion=confusion,
        intervals=class_intervals(view.metrics.confusion),
        swatches=[swatch(k) for k in range(len(view.class_names))],
        errors=errors,
        hits=hits,
        calibration=calibration,
        selective=coverage,
        segments=segments,
        robustness=robustness,
        explained=explained,
        recipe=recipe_facts(view),
        environment=environment_facts(view.environment),
        sheets=[sheet.style for sheet in sheets],
        data=script_json(script_data),
    )


def _below(
    view: RunView,
    calibration: CalibrationView,
    coverage: CoverageView,
    segments: SegmentsView,
    robustness: RobustnessView | None,
) -> list[str]:
    """Return the sentences below the verdict, those that say something."""
    robust = ""
    if robustness:
        found = robustness.measured
        robust = (
            f"Under corruptions its accuracy falls from {percent(found.clean_accuracy, 1)} to "
            f"{percent(found.mean, 1)} on average."
        )
    weak = segments.sentence if segments.is_known and segments.weak else ""
    said = [weakest(view), absent(view), calibration.sentence, coverage.sentence, weak, robust]
    return [sentence for sentence in said if sentence]


def _curves(view: RunView) -> list[Markup]:
    theirs = (view.genuine and view.paper and view.paper.test_accuracy_by_epoch) or ()
    history, unit, best = view.history, view.unit, view.best_epoch
    drawn = [
        curves.loss_curves(history, unit, "loss", best),
        curves.accuracy_curves(history, unit, "accuracy", best, theirs),
        curves.rate_curve(history, unit, "rate"),
    ]
    return [one for one in drawn if one is not None]


def title(view: RunView) -> str:
    """Return the title of a run's page."""
    data = "Fashion-MNIST" if view.test.name == NAME else view.test.name
    return f"{view.recipe.name} on {data}"
