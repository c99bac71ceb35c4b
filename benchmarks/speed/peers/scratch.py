"""The network from scratch, as its users call it: `fit` and `predict` on uint8 images.

With FASHIONLAB_JIT_COMPILE=0 in its environment it computes in NumPy, else in C where it can.
"""

import os
from inspect import signature
from typing import Any

from benchmarks.speed.cases import CLASSES, LEARNING_RATES, MOMENTUM, SIDE
from benchmarks.speed.peers import Array, Task
from fashionlab import models, scratch


class Peer:
    """See `benchmarks.speed.peers.Peer`."""

    def __init__(self, task: Task) -> None:
        self.task, case = task, task.case
        self.images, self.labels = task.read("images"), task.read("labels")
        self.test = task.read("test_images")
        builder = models.cnn if case.convolution else models.mlp
        self.model: Any = builder(
            scratch,
            (SIDE, SIDE),
            CLASSES,
            0,
            units=case.units,
            activation=case.activation,
        )
        self.reset()

    def reset(self) -> None:
        """Set a new optimizer and the initial weights."""
        rate = LEARNING_RATES[self.task.optimizer]
        if self.task.optimizer == "sgd":
            optimizer: Any = scratch.optimizers.SGD(rate, momentum=MOMENTUM)
        else:
            optimizer = scratch.optimizers.Adam(rate)
        loss = scratch.losses.SparseCategoricalCrossentropy(True)
        in_numpy = os.environ.get("FASHIONLAB_JIT_COMPILE") == "0"
        options = {"jit_compile": False if in_numpy else "auto"}
        known = options.keys() & signature(self.model.compile).parameters.keys()
        self.model.compile(optimizer, loss, **{name: options[name] for name in known})
        compiled = bool(getattr(self.model, "jit_compile", False))
        self.form = f"uint8, {'C' if compiled else 'NumPy'}"
        self.model.set_weights(self.task.weights())

    def train(self, first: int, steps: int) -> float:
        """Train with one call of `fit`."""
        batch = self.task.case.batch
        part = slice(first * batch, (first + steps) * batch)
        history = self.model.fit(
            self.images[part], self.labels[part], batch_size=batch, shuffle=False, verbose=0
        )
        return float(history.history["loss"][0])

    def predict(self, batch: int) -> Array:
        """Return logits, in micro-batches that the model chooses, whatever `batch` is."""
        scores: Array = self.model.predict(self.test)
        return scores
