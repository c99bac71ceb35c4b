"""write_page: the page of one run, as one HTML file that needs no network and no other file."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from markupsafe import Markup

from fashionlab.data import Parts
from fashionlab.data.fashion_mnist import NAME
from fashionlab.evaluation.baselines import Baseline
from fashionlab.evaluation.class_intervals import class_intervals
from fashionlab.evaluation.explanation import Explanation
from fashionlab.portable.measured import measured
from fashionlab.report.charts import curves
from fashionlab.report.charts.scatter import swatch
from fashionlab.report.html import from_template, refuse_foreign, script_json, write_html
from fashionlab.report.remarks import remarks, test_set_use
from fashionlab.report.pictures import COLUMNS
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
from fashionlab.runs import Run


def write_page(run: Run, out: Path, data: Parts | None = None, **measures: Any) -> Path:
    """Write the page of a run to `out`, whole or not at all; returns `out`.

    `data` are the data that the run was trained on; without them the page has few pictures and no
    segments. The keywords are those of `render`. It replaces an earlier page of fashionlab but
    nothing else. Raises RunError where something else is in the way, `out` cannot be written, or
    the run folder is incomplete; InvalidValueError where `data` are another run's.
    """
    refuse_foreign(out)
    return write_html(render(run, data, **measures), out)


def render(
    run: Run,
    data: Parts | None = None,
    *,
    baselines: Sequence[Baseline] = (),
    explanation: Explanation | None = None,
    missing: Sequence[str] = (),
) -> str:
    """Return the page as text.

    `baselines` and `explanation` are what `report.measure` measures; `missing` are sentences on
    what could not be measured, and the remedy.
    """
    view = RunView(run)
    test = TestImages(run, data.test if data else None)
    promised = measured(run)
    compared_with = compared(test, baselines)
    confusion = ConfusionView(view.metrics, test)
    calibration = CalibrationView(test, promised.metadata)
    coverage = CoverageView(run, promised)
    segments = SegmentsView(test)
    record = run.robustness()
    robustness = RobustnessView(record) if record else None
    errors, hits = confident_errors(test), unsure_hits(test)
    _ = confusion.images  # the pictures that most need a place on the sheet come first
    explained = ExplanationView(explanation, test, run.image_shape) if explanation else None
    script_data = {
        "classes": list(view.class_names),
        "columns": COLUMNS,
        "points": explained.points() if explained else [],
    }
    sheets = [test.sheet]
    if explained:
        _ = explained.images, explained.kernels
        sheets += [explained.sheet, explained.kernel_sheet]
    return from_template(
        "run/page.html.j2",
        script="page.js",
        title=title(view),
        verdict=verdict(view, compared_with),
        facts_below=_below(view, calibration, coverage, segments, robustness),
        notes=[*remarks([view]), *missing],
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
        mean, clean = robustness.measured.mean, robustness.measured.clean_accuracy
        robust = (
            f"Under corruptions its accuracy is {100 * mean:.1f} % on average, of "
            f"{100 * clean:.1f} % on the same images without."
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
