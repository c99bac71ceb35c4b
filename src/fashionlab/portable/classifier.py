"""classifier: a run as a function of images, by the fastest means that gives the run's predictions.

The only module of this package that may need more than onnxruntime: a run without a portable model
is computed by the library that it was trained with.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from fashionlab.errors import ModelError
from fashionlab.portable.own_model import OwnModel, own_model
from fashionlab.runs import Run

Classifier = Callable[[NDArray[np.uint8]], NDArray[np.float32]]


def classifier(run: Run, log: Callable[[str], None] = lambda line: None) -> Classifier:
    """Return a function of images (N, H, W[, 3]) uint8 to probabilities (N, K) of a run's classes.

    By the run's portable model, with onnxruntime alone, where it is there, sound, of the run's
    weights and of 32 bits; its probabilities are calibrated. Else by the run's network, built by
    its engine. Both decide as the run did, with its test-time augmentation. `log` receives a line
    on which of the two it is, and why.

    Raises RunError where the run cannot be read; the function raises MissingDependencyError where
    the run has no portable model and its engine is not installed.
    """
    try:
        if (model := own_model(run)) is not None:
            return _portable(model, log)
    except ModelError as error:
        log(str(error))
    return _network(run, log)


def _portable(model: OwnModel, log: Callable[[str], None]) -> Classifier:
    """Return the probabilities of a portable model; ModelError where they are not the run's."""
    from fashionlab.portable.predictor import Predictor

    if (bits := model.metadata.bits) != 32:
        raise ModelError(f"{model.file} is left out: its weights are rounded to {bits} bits")
    try:
        predictor = Predictor(model.content)
    except ModelError as error:
        raise ModelError(f"{model.file} is left out: {error}") from error
    log(f"classified by {model.file}")
    return predictor.probabilities


def _network(run: Run, log: Callable[[str], None]) -> Classifier:
    log(f"classified by the run's network, on the engine {run.recipe.engine}")
    network = run.network()
    return lambda images: np.exp(network.log_probabilities(images))
