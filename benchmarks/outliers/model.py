"""The scores that a portable model gives to images."""

import hashlib
import json
from pathlib import Path

import numpy as np

from benchmarks.outliers.receiver import Scores
from benchmarks.outliers.sets import Images
from fashionlab.data import load, split
from fashionlab.portable.metadata import INPUT, KEY
from fashionlab.portable.predictor import read, session
from fashionlab.runs import Run

OUTLIER = "outlier_score"  # the model's second output
PROBABILITY = "1 - largest probability"  # a score that every model has
AT_ONCE = 100  # images of a call


class Model:
    """A portable model and the score that is measured: its outlier score, if it has one."""

    def __init__(self, path: Path, score: str | None = None) -> None:
        content = read(path)
        self.sha256 = hashlib.sha256(content).hexdigest()
        self._session = session(content, threads=1)
        self.metadata = json.loads(self._session.get_modelmeta().custom_metadata_map[KEY])
        outputs = [output.name for output in self._session.get_outputs()]
        self.score = score or (OUTLIER if OUTLIER in outputs else PROBABILITY)
        if self.score == OUTLIER and OUTLIER not in outputs:
            raise SystemExit(f"{path} must have the output {OUTLIER}; it has {', '.join(outputs)}")

    def scores(self, images: Images) -> Scores:
        """Return the scores (N,) of images (N, 28, 28)."""
        output = OUTLIER if self.score == OUTLIER else "probabilities"
        parts = [
            self._session.run([output], {INPUT: images[i : i + AT_ONCE]})[0]
            for i in range(0, len(images), AT_ONCE)
        ]
        found = np.concatenate(parts).astype(np.float64)  # (N, 1), or (N, K)
        return found[:, 0] if self.score == OUTLIER else 1 - found.max(axis=1)


def held_out(folder: Path, model: Model) -> Scores:
    """Return the scores of the images that a run held out of its training.

    They are those of `model` where it is of that run's weights; else of the run's own portable
    model, since the other network may have been trained on these images.
    """
    run, training = Run(folder), load()[0]
    if run.data["train"].sha256 != training.sha256 or not run.recipe.validation_fraction:
        raise SystemExit(
            f"{folder} must be a run that held out images of {training.name}; train one with "
            "--validation-fraction 0.1"
        )
    _, images = split(training, run.recipe.validation_fraction, run.seed)
    own = model.metadata["weights_sha256"] == run.weights_sha256()
    scored = model if own else Model(folder / "model.onnx", model.score)
    return scored.scores(images.images)
