"""The loss and accuracy of an epoch: summed over its steps, and of a part of the data after it."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from math import prod
from typing import Any, Self

from fashionlab.data import Dataset, one_hot
from fashionlab.data.storage import IN_MEMORY, release

EVALUATION_BATCH = 500  # images; larger ones were no faster on two cores
STORED = {"correct": "right"}


@dataclass
class EpochMetrics:
    """The sums over the steps of the epoch so far."""

    step: int = 0
    images: int = 0
    loss: float = 0.0  # summed over images
    correct: float = 0.0
    seconds: float = 0.0  # of training alone
    learning_rate: float = 0.0  # of the last step

    def add(self, images: int, learning_rate: float, logs: Mapping[str, Any]) -> None:
        """Add a step, whose loss and accuracy are means over its images, and may be on a GPU."""
        self.learning_rate = learning_rate
        self.step += 1
        self.images += images
        self.loss = self.loss + logs["loss"] * images
        self.correct = self.correct + logs["accuracy"] * images

    def settle(self) -> None:
        """Wait for what is on a GPU."""
        self.loss, self.correct = float(self.loss), round(float(self.correct))

    def stored(self) -> dict[str, float]:
        """Return the sums by the names that they have in checkpoints of every version."""
        return {STORED.get(name, name): value for name, value in asdict(self).items()}

    @classmethod
    def from_stored(cls, sums: Mapping[str, Any]) -> Self:
        """Return the sums of a checkpoint; KeyError where it lacks one."""
        return cls(**{f.name: sums[STORED.get(f.name, f.name)] for f in fields(cls)})


def evaluate(model: Any, part: Dataset) -> tuple[float, float]:
    """Return the loss and accuracy of a model on a part, as much of it at a time as fits."""
    at_once = max(1, IN_MEMORY // (prod(part.image_shape) * EVALUATION_BATCH)) * EVALUATION_BATCH
    loss = correct = 0.0
    for first in range(0, len(part), at_once):
        labels = part.labels[first : first + at_once]
        found = model.evaluate(
            part.images[first : first + at_once],
            one_hot(labels, part.classes),
            batch_size=EVALUATION_BATCH,
            verbose=0,
        )
        release(part.images)
        if len(labels) == len(part):
            return float(found[0]), float(found[1])
        loss, correct = loss + found[0] * len(labels), correct + found[1] * len(labels)
    return loss / len(part), correct / len(part)
