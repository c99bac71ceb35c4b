"""The network from scratch, used as anybody uses it: `fit` and `predict` on uint8 images."""

from typing import Any

from fashionlab import models, scratch
from fashionlab.bench.cases import CLASSES, LEARNING_RATES, MOMENTUM, SIDE
from fashionlab.bench.peers import Array, Task


class Peer:
    """See `fashionlab.bench.peers.Peer`."""

    form = "uint8 images"

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
        """A new optimizer, the first weights."""
        rate = LEARNING_RATES[self.task.optimizer]
        if self.task.optimizer == "sgd":
            optimizer: Any = scratch.optimizers.SGD(rate, momentum=MOMENTUM)
        else:
            optimizer = scratch.optimizers.Adam(rate)
        self.model.compile(optimizer, scratch.losses.SparseCategoricalCrossentropy(True))
        self.model.set_weights(self.task.weights())

    def train(self, first: int, steps: int) -> float:
        """One call of `fit`."""
        batch = self.task.case.batch
        part = slice(first * batch, (first + steps) * batch)
        history = self.model.fit(
            self.images[part], self.labels[part], batch_size=batch, shuffle=False, verbose=0
        )
        return float(history.history["loss"][0])

    def predict(self, batch: int) -> Array:
        """In pieces that the model chooses itself, whatever `batch` is."""
        scores: Array = self.model.predict(self.test)
        return scores
