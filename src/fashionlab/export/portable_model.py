"""export_onnx: a run -> the portable model, checked against the run before it is written."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fashionlab import __version__, files
from fashionlab.data import Dataset, Parts, split
from fashionlab.data.fashion_mnist import SHA256
from fashionlab.dependencies import needs
from fashionlab.errors import InvalidValueError, ModelError
from fashionlab.evaluation.calibration import (
    LEAST,
    best_temperature,
    expected_calibration_error,
    tempered,
    threshold,
)
from fashionlab.evaluation.conformal import Quantiles, carried, quantiles
from fashionlab.evaluation.metrics import compute_metrics
from fashionlab.evaluation.outliers import ACCEPT, require_accept
from fashionlab.portable import Metadata, Predictor
from fashionlab.portable.graph import LARGEST_BYTES
from fashionlab.portable.metadata import examples_limit
from fashionlab.runs import Run, require_same_data

Data = tuple[Dataset, Dataset]  # train, test

TOLERANCE = 1e-5  # the largest difference of a probability to the run's own
EXAMPLES_OF_A_CLASS = 2
LICENCES = {  # of a model trained on the data of this hash
    SHA256["train"]: "MIT; trained on Fashion-MNIST, MIT, Copyright (c) 2017 Zalando SE",
}
OTHER_FORMS = "choose a smaller recipe, or export it --to keras or --to safetensors"
RELATED = "another run's of the same recipe"
UNKNOWN_LICENCE = "not stated"


@dataclass(frozen=True)
class Exported:
    """A file that was written, and the measurements on it."""

    path: Path
    metadata: Metadata
    difference: float  # the largest of a probability to the run's, over all test images
    decisions: int  # test images on which it decides differently from the run


UNCALIBRATED: dict[str, Any] = {
    "temperature": 1.0,
    "threshold": 0.0,
    "calibrated_on": "",
    "outliers": None,
    "sets": None,
}


def export_onnx(
    run: Run,
    data: Data,
    out: str | Path,
    *,
    calibrated_by: Run | None = None,
    calibrate: bool = True,
    accept: float = ACCEPT,
    bits: int = 32,
    licence: str | None = None,
    log: Callable[[str], None] = lambda line: None,
) -> Exported:
    """Write the portable model of `run`, trained on `data` (train, test), to `out`.

    Temperature, thresholds and the quantiles of prediction sets come from the data's own validation
    part (`data.Parts`), else from images that the run held out of its training, or that
    `calibrated_by` did, a run of the same recipe; without `calibrate` there are none, and no
    outlier score. `accept` is the share of those images that the score's threshold accepts. `bits`
    is 32, or 8 for a quantized model. The file is written when, over all test images, no
    probability differs by more than TOLERANCE from the run's and no decision differs; with 8 bits
    the accuracy is stated as measured. An earlier file at `out` is replaced. `log` receives lines
    about steps that take long.

    Raises ModelError where that does not hold, or the recipe has no portable form;
    InvalidValueError where `data` are not the run's, or nothing was held out;
    MissingDependencyError without onnx.
    """
    if bits not in (32, 8):
        raise InvalidValueError(f"bits must be 32 or 8; received {bits}")
    require_accept(accept)
    graph, out, training, test = _graph(), Path(out), *data
    own = data.validation if isinstance(data, Parts) else None
    for part, role in ((training, "train"), (test, "test"), (own, "validation")):
        if part is not None:
            require_same_data(run, part, role)
    if (size := run.parameters * bits // 8) > LARGEST_BYTES:
        raise ModelError(
            f"a portable model must have at most {LARGEST_BYTES:,} bytes; the weights of "
            f"{run.folder} would have {size:,}; {OTHER_FORMS}"
        )
    by = calibrated_by or run
    calibrating = _calibrating(run, by, training, own) if calibrate else None
    model = _emitted(run, training, bits)
    with _as_the_runs():
        draft = _metadata(run, data, bits, licence)
    if calibrating is not None:
        kept, held_out = calibrating
        ours = graph.finished(model, draft)
        theirs = ours if by is run else graph.finished(_emitted(by, training, bits), draft)
        calibration = _calibration(theirs, held_out, _whose(own is not None, by is run))
        if by is not run:
            calibration["sets"] = _carried(calibration, theirs, ours, kept)
        draft = replace(draft, **calibration)
        log(f"learning the outlier score from {len(kept):,} images and drawn outliers")
        with _as_the_runs():
            model, outliers = _scored()(
                run,
                by,
                lambda one, head: _emitted(one, training, bits, head),
                (kept, held_out, test),
                draft,
                accept,
            )
        draft = replace(draft, outliers=outliers)
    expected = tempered(run.predictions()[0], draft.temperature)  # (N, K)
    found = _log_probabilities(graph.finished(model, draft), test)
    difference = float(np.abs(np.exp(found) - np.exp(expected)).max())
    decisions = int((found.argmax(axis=1) != expected.argmax(axis=1)).sum())
    if bits == 32 and (difference > TOLERANCE or decisions):
        raise ModelError(
            f"the portable model's probabilities must be the run's within {TOLERANCE:g}, and its "
            f"decisions the same; they differ by {difference:.2g}, and {decisions} decisions; "
            "please report it, with the run's config.json"
        )
    metrics = compute_metrics(found, test.labels)
    metadata = replace(
        draft,
        accuracy=metrics.accuracy,
        accuracy_interval=metrics.accuracy_interval,
        calibration_error=expected_calibration_error(found, test.labels),
    )
    files.write(out, graph.finished(model, metadata))
    return Exported(out, metadata, difference, decisions)


def _graph() -> Any:
    """Return the module that emits ONNX; it needs onnx, which using a model does not."""
    with needs("export", "fashionlab[export]"):
        from fashionlab.export import graph
    return graph


def _scored() -> Any:
    """Return the function that adds an outlier score; it needs onnx too."""
    from fashionlab.export.outlier_score import scored

    return scored


def _emitted(run: Run, training: Dataset, bits: int, head: Any = None) -> Any:
    """Return the graph of the run's network, with temperature 1, and with `head` a score."""
    graph, shape = _graph(), training.image_shape
    model = graph.emit(run.recipe, shape, len(run.class_names), run.weights(), head)
    if bits == 32:
        return model
    with needs("export with 8 bits", "fashionlab[export]"):
        from fashionlab.export.quantize import quantized

        return quantized(model, training.images, whole=graph.HEAD)


def _calibrating(
    run: Run, by: Run, training: Dataset, own: Dataset | None
) -> tuple[Dataset, Dataset]:
    """Return the training images of `by`, and those that calibrate `run`: `own`, or held out.

    InvalidValueError where `by` held none out.
    """
    if own is not None:
        return training, own
    fraction, name = by.recipe.validation_fraction, by.recipe.name
    if "validation" in by.data:  # nothing was held out of training then, whatever the recipe says
        raise InvalidValueError(
            f"{by.folder} was trained next to a validation part of its data, which calibrates it; "
            "received training and test part alone; give data with that part, or --uncalibrated"
        )
    if not fraction:
        raise InvalidValueError(
            f"calibrated probabilities need images that {by.folder} was not trained on, and it "
            "held none out; give --calibrated-by a run of the same recipe that did (fashionlab "
            f"train {name} --validation-fraction 0.1), or --uncalibrated"
        )
    free = ("validation_fraction", "test_each_epoch")
    recipes = [{k: v for k, v in asdict(one.recipe).items() if k not in free} for one in (run, by)]
    if different := [name for name in recipes[0] if recipes[0][name] != recipes[1][name]]:
        raise InvalidValueError(
            f"{by.folder} must be a run of the same recipe to calibrate {run.folder}; they differ "
            f"in {', '.join(different)}"
        )
    require_same_data(by, training)
    return split(training, fraction, by.seed)


def _whose(own_part: bool, own_run: bool) -> str:
    """Return which images calibrated a model."""
    if own_part:
        return "images of the data's own validation part"
    return f"held-out training images, {'its own' if own_run else RELATED}"


def _calibration(content: bytes, held_out: Dataset, whose: str) -> dict[str, Any]:
    """Return the calibration of a file with temperature 1 on held-out images, as metadata."""
    found = _log_probabilities(content, held_out)
    temperature = float(np.float32(best_temperature(found, held_out.labels)))
    final = tempered(found, temperature)
    return {
        "temperature": temperature,
        "threshold": threshold(final),
        "sets": quantiles(final, held_out.labels),
        "calibrated_on": f"{len(held_out):,} {whose}",
    }


def _carried(calibration: dict[str, Any], theirs: bytes, ours: bytes, kept: Dataset) -> Quantiles:
    """Return the quantiles of a calibration for another file, by images that both know."""
    found = (_log_probabilities(content, kept) for content in (theirs, ours))
    their, our = (tempered(one, calibration["temperature"]) for one in found)
    return carried(calibration["sets"], their, our, kept.labels)


def _log_probabilities(content: bytes, part: Dataset) -> NDArray[np.float64]:
    """Return (N, K), computed by the file as every reader will; ModelError where none would."""
    with _as_the_runs():
        found = Predictor(content).probabilities(part.images)
    return np.asarray(np.log(np.maximum(np.float64(found), LEAST)))


@contextmanager
def _as_the_runs() -> Iterator[None]:
    """Turn the error that a reader of the file would raise into one about the run."""
    try:
        yield
    except ModelError as error:
        rule, _, _ = str(error).rpartition(";")
        raise ModelError(f"the run has no portable form: {rule}; {OTHER_FORMS}") from error


def _metadata(run: Run, data: Data, bits: int, licence: str | None) -> Metadata:
    """Return the metadata, except the calibration and the measurements on the file itself."""
    _, test = data
    each = min(EXAMPLES_OF_A_CLASS, examples_limit(test.image_shape) // test.classes)
    source = run.data["train"]
    return Metadata(
        name=run.recipe.name,
        class_names=run.class_names,
        image_shape=test.image_shape,
        **UNCALIBRATED,
        accuracy=0.0,
        accuracy_interval=(0.0, 0.0),
        calibration_error=0.0,
        test_images=len(test),
        data_name=source.name,
        train_sha256=source.sha256,
        test_sha256=run.data["test"].sha256,
        parameters=run.parameters,
        bits=bits,
        weights_sha256=run.weights_sha256(),
        seed=run.seed,
        version=__version__,
        licence=licence or LICENCES.get(source.sha256, UNKNOWN_LICENCE),
        preparation=run.preparation,
        examples=tuple(
            (label, test.images[row])
            for label in range(test.classes)
            for row in np.flatnonzero(test.labels == label)[:each]
        ),
    )
