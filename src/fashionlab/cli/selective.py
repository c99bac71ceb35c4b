"""Selective prediction in `evaluate`: as lines, and as JSON.

That is accuracy against coverage, and what the run's portable model promises: how many pictures its
outlier test accepts, and how often its prediction sets hold the truth.
"""

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from fashionlab.cli.output import show
from fashionlab.text import printable

if TYPE_CHECKING:
    from fashionlab.evaluation.selective import Answered, SelectiveCurve
    from fashionlab.portable.measured import Measured, MeasuredSets
    from fashionlab.runs import Run


def selective_answer(run: "Run") -> dict[str, Any]:
    """Return accuracy against coverage, the outlier test and the sets as JSON values."""
    from fashionlab.evaluation.selective import ACCURACIES, COVERAGES

    curve, measured = _both(run)
    return {
        "selective": {
            "area": curve.area,
            "at_coverage": [
                {"at_least": share, **_point(curve.at_coverage(share))} for share in COVERAGES
            ],
            "at_accuracy": [
                {"at_least": share, **(_point(found) if found else {"coverage": 0.0})}
                for share in ACCURACIES
                for found in [curve.at_accuracy(share)]
            ],
        },
        "outliers": _outliers(run, measured),
        "sets": [_set(run, one) for one in measured.sets] or None,
        "model_remark": measured.remark or None,
    }


def show_selective(run: "Run") -> None:
    """Print the same in lines."""
    from fashionlab.evaluation.selective import ACCURACIES, COVERAGES

    curve, measured = _both(run)
    points = [curve.at_coverage(share) for share in COVERAGES]
    answers = (f"{point.coverage:.1%} of them {_accuracy(point)}" for point in points)
    show(f"accuracy on the surest images: {'; '.join(answers)}")
    for share in ACCURACIES:
        found = curve.at_accuracy(share)
        show(
            f"{found.coverage if found else 0:.1%} of the images can be answered with an accuracy "
            f"of {share:.0%}; area under the risk-coverage curve {curve.area:.4f}, in a random "
            f"order {1 - curve.at_coverage(1).accuracy:.4f}"
        )
    _show_outliers(run, measured)
    _show_sets(run, measured)
    if measured.remark:
        show(measured.remark)


def _both(run: "Run") -> "tuple[SelectiveCurve, Measured]":
    from fashionlab.evaluation.selective import selective_curve
    from fashionlab.portable.measured import measured

    return selective_curve(*run.predictions()), measured(run)


def _accuracy(point: "Answered") -> str:
    low, high = point.interval
    return f"{point.accuracy:.2%} ({low:.2%} to {high:.2%})"


def _point(point: "Answered") -> dict[str, Any]:
    return {
        "coverage": point.coverage,
        "accuracy": point.accuracy,
        "accuracy_interval": point.interval,
        "threshold": point.threshold,
    }


def _outliers(run: "Run", measured: "Measured") -> dict[str, Any] | None:
    test = measured.outliers
    if test is None:
        return None
    by_class = dict(zip(run.class_names, test.accepted, strict=True))
    return {
        "threshold": test.threshold,
        "accept": test.accept,
        "accepted": measured.accepted,
        "accepted_by_class": by_class,
        "drawn": [asdict(one) for one in test.drawn],
    }


def _set(run: "Run", one: "MeasuredSets") -> dict[str, Any]:
    found = asdict(one.found)
    for name in ("coverage_by_class", "size_by_class"):
        found[name] = dict(zip(run.class_names, found[name], strict=True))
    return {
        "level": one.level,
        "by_class": one.by_class,
        **found,
        "coverage_interval": one.interval,
        "worst_class": run.class_names[one.worst],
    }


def _show_outliers(run: "Run", measured: "Measured") -> None:
    test = measured.outliers
    if test is None:
        return
    show(
        f"the outlier test, a score of at most {test.threshold:.3g}, was set to accept "
        f"{test.accept:.1%} of held-out images, and accepts {measured.accepted:.1%} of the test "
        "images"
    )
    names = map(printable, run.class_names)
    classes = (f"{name} {share:.1%}" for name, share in zip(names, test.accepted, strict=True))
    show("  by class: " + ", ".join(classes))
    for one in test.drawn:
        show(f"  drawn {printable(one.kind)}: {one.accepted:.1%} accepted, area {one.area:.4f}")


def _show_sets(run: "Run", measured: "Measured") -> None:
    if not measured.sets:
        return
    head = ("hold truth", "classes", "empty")
    show(f"{'prediction sets':<22} " + " ".join(f"{text:>10}" for text in head) + "  worst class")
    for one in measured.sets:
        name = f"{one.level:.0%}{', class-conditional' if one.by_class else ''}"
        found = one.found
        worst = found.coverage_by_class[one.worst]
        show(
            f"{name:<22} {found.coverage:>10.2%} {found.size:>10.3f} {found.empty:>10.2%}  "
            f"{printable(run.class_names[one.worst])} {worst or 0:.2%}"
        )
