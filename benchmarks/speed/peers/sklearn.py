"""scikit-learn's MLPClassifier: `partial_fit`, one pass over a turn's images in its batches.

It computes in float32 for float32 images, and in float64 for uint8.
"""

from typing import Any

import numpy as np
import sklearn
from sklearn.neural_network import MLPClassifier

from benchmarks.speed.cases import BETA_1, BETA_2, CLASSES, EPSILON, LEARNING_RATES, MOMENTUM
from benchmarks.speed.peers import Array, Task


class Peer:
    """See `benchmarks.speed.peers.Peer`."""

    form = "float32, partial_fit"

    def __init__(self, task: Task) -> None:
        self.task, case = task, task.case
        sklearn.set_config(assume_finite=True, skip_parameter_validation=True)
        self.images, self.labels = task.images("images"), task.read("labels")
        self.test = task.images("test_images")
        self.model: Any = MLPClassifier(
            case.units,
            activation="logistic" if case.activation == "sigmoid" else case.activation,
            solver=task.optimizer,
            alpha=0.0,
            batch_size=case.batch,
            learning_rate_init=LEARNING_RATES[task.optimizer],
            max_iter=1,
            shuffle=False,
            momentum=MOMENTUM,
            nesterovs_momentum=False,
            beta_1=BETA_1,
            beta_2=BETA_2,
            epsilon=EPSILON,
        )
        few = slice(0, CLASSES * 2)  # only to have the arrays made, in float32
        self.model.set_params(batch_size=CLASSES)
        self.model.partial_fit(self.images[few], self.labels[few], classes=np.arange(CLASSES))
        self.model.set_params(batch_size=case.batch)
        self.reset()

    def reset(self) -> None:
        """Copy the initial weights into its arrays; the next partial_fit makes a new optimizer."""
        first = self.task.weights()
        for array, value in zip(self.model.coefs_, first[::2], strict=True):
            array[...] = value
        for array, value in zip(self.model.intercepts_, first[1::2], strict=True):
            array[...] = value
        del self.model._optimizer

    def train(self, first: int, steps: int) -> float:
        """Train with one pass over the turn's images."""
        batch = self.task.case.batch
        part = slice(first * batch, (first + steps) * batch)
        self.model.partial_fit(self.images[part], self.labels[part])
        return float(self.model.loss_curve_[-1])

    def predict(self, batch: int) -> Array:
        """Return `predict_proba`, `batch` images at once."""
        starts = range(0, len(self.test), batch)
        return np.concatenate([self.model.predict_proba(self.test[i : i + batch]) for i in starts])
