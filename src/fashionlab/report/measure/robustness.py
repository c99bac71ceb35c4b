"""measure_robustness: a run's accuracy under corruptions, measured once and kept in its folder."""

from collections.abc import Callable

from fashionlab.data import Dataset
from fashionlab.evaluation.robustness import Robustness, robustness
from fashionlab.portable.classifier import classifier
from fashionlab.runs import Run, require_same_data, write_robustness
from fashionlab.shipped import outputs


def measure_robustness(
    run: Run, test: Dataset, seed: int = 0, log: Callable[[str], None] = lambda line: None
) -> Robustness:
    """Measure a run's accuracy under corruptions on its test images, and keep the record.

    The record goes into the run's folder and replaces an earlier one there, which
    `Run.robustness` returns; for the shipped run it goes into the working folder. `log` receives
    lines on what is done, and one where the record cannot be written: the answer is returned all
    the same.

    Raises InvalidValueError where `test` is not the run's test part, RunError where the run cannot
    be read, MissingDependencyError where its engine is needed and is not installed.
    """
    require_same_data(run, test, "test")
    probabilities = classifier(run, log)
    measured = robustness(
        lambda images: probabilities(images).argmax(axis=1),
        test.images,
        test.labels,
        seed,
        log=log,
    )
    try:
        log(f"kept in {write_robustness(run, measured, outputs(run.folder))}")
    except OSError as error:
        log(f"not kept: cannot write {error.filename}: {error.strerror}")
    return measured
