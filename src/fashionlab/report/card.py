"""write_card: the model card of a run, as a README for Hugging Face or a repository."""

from contextlib import suppress
from pathlib import Path

import numpy as np

from fashionlab import __version__
from fashionlab.errors import ModelError
from fashionlab.evaluation.calibration import expected_calibration_error
from fashionlab.evaluation.class_intervals import class_intervals
from fashionlab.portable.card import MARK, Card, Row, Section, verdicts
from fashionlab.portable.metadata import Metadata
from fashionlab.portable.own_model import own_model
from fashionlab.report.formatting import count, decimal, interval, p_value, percent, points
from fashionlab.report.html import refuse_foreign, write_own
from fashionlab.report.measure.baselines import kept_baselines
from fashionlab.report.remarks import remarks, test_set_use
from fashionlab.report.run.pictures import TestImages
from fashionlab.report.run.verdict import compared
from fashionlab.report.view import RunView, environment_facts, recipe_facts
from fashionlab.runs import Run

KIND = "model card", MARK


def write_card(run: Run, out: Path) -> Path:
    """Write the model card of a run to `out`, such as RUN/README.md; returns `out`.

    The file appears whole or not at all, and replaces an earlier card of fashionlab but nothing
    else. Raises RunError where something else is in the way, `out` cannot be written, or a file of
    the run is missing or damaged.
    """
    refuse_foreign(out, *KIND)
    return write_own(card(run).markdown(), out, *KIND)


def card(run: Run) -> Card:
    """Return the facts of a run, with baselines and robustness where they were measured before.

    Of a portable model of the run there are its calibration error, verdicts and licence. Raises
    RunError where a file of the run is missing or damaged.
    """
    view, metadata = RunView(run), _metadata(run)
    metrics, protocol = view.metrics, [*view.protocol, *remarks([view]), *test_set_use([view])]
    said = Section("Protocol", tuple(map(_sentence, protocol)))
    sections = [_baselines(run), _robustness(run), said if protocol else None]
    validation = view.validation
    parts = [("Training images", count(view.train.images))]
    if validation is not None:
        parts.append(("Validation images", count(validation.images)))
    return Card(
        name=view.recipe.name,
        class_names=run.class_names,
        image_shape=run.image_shape,
        preparation=run.preparation,
        parameters=run.parameters,
        accuracy=metrics.accuracy,
        accuracy_interval=metrics.accuracy_interval,
        test_images=view.images,
        data_name=view.train.name,
        train_sha256=view.train.sha256,
        test_sha256=view.test.sha256,
        seed=run.seed,
        weights_sha256=run.weights_sha256(),
        version=(view.environment.get("versions") or {}).get("fashionlab", __version__),
        licence=metadata.licence if metadata else "",
        log_loss=metrics.log_loss,
        calibration_error=(
            metadata.calibration_error
            if metadata
            else expected_calibration_error(*run.predictions())
        ),
        is_portable=metadata is not None,
        by_class=_by_class(view, metadata),
        sections=tuple(section for section in sections if section),
        verdicts=verdicts(metadata) if metadata else (),
        training=(*parts, *recipe_facts(view).items()),
        environment=tuple(environment_facts(view.environment).items()),
        command=view.command,
    )


def _metadata(run: Run) -> Metadata | None:
    """Return what the run's portable model says; None for none, or one that is not the run's."""
    with suppress(ModelError):
        if (model := own_model(run)) is not None:
            return model.metadata
    return None


def _by_class(view: RunView, metadata: Metadata | None) -> tuple[Row, ...]:
    metrics = view.metrics
    bounds = class_intervals(metrics.confusion)
    header = ["Class", "Precision", "Recall", "95 % interval of the recall", "F1", "Test images"]
    rows = [
        [
            name,
            percent(metrics.precision[k]),
            percent(metrics.recall[k]),
            "–" if (recall := bounds[k].recall) is None else interval(recall),
            decimal(metrics.f1[k]),
            count(metrics.support[k]),
        ]
        for k, name in enumerate(view.class_names)
    ]
    if metadata is not None and metadata.outliers is not None:
        header.append("Accepted by the outlier test")
        for row, share in zip(rows, metadata.outliers.accepted, strict=True):
            row.append(percent(share))
    return tuple(map(tuple, [header, *rows]))


def _baselines(run: Run) -> Section | None:
    """Return simple methods on the same data; None where they were not measured yet."""
    found = compared(TestImages(run, None), kept_baselines(run))
    if not found:
        return None
    header = ("Method", "Accuracy", "95 % interval", "This model", "Significance")
    rows = [
        (
            one.name,
            percent(one.accuracy),
            interval(one.bounds),
            points(one.difference),
            p_value(one.p),
        )
        for one in found
    ]
    said = "Simple methods on the same images, with McNemar's test between each and this model."
    made = (_sentence(f"{one.name}: {one.description}") for one in found)
    return Section("Baselines", (said, *made), (header, *rows))


def _robustness(run: Run) -> Section | None:
    """Return the accuracy under corruptions; None where it was not measured yet."""
    measured = run.robustness()
    if measured is None:
        return None
    accuracies = measured.accuracies  # (C, S)
    strengths = range(1, accuracies.shape[1] + 1)
    rows = [
        (one.name, *(percent(float(share), 1) for share in row))
        for one, row in zip(measured.corruptions, accuracies, strict=True)
    ]
    return Section(
        "Robustness",
        (
            f"Mean accuracy {percent(measured.mean)} under {len(rows)} corruptions in "
            f"{len(strengths)} strengths, {percent(measured.clean_accuracy)} on the same "
            f"{count(measured.images)} test images as they are; the worst is "
            f"{measured.corruptions[int(np.argmin(accuracies.mean(axis=1)))].name}.",
        ),
        (("Corruption", *(f"Strength {s}" for s in strengths)), *rows),
    )


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:].rstrip('.')}."
