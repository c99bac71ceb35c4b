"""Batches: the images of one epoch; (seed, epoch) alone decide their order and changes."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fashionlab.data.augment import Augmentation, Draws
from fashionlab.data.dataset import Dataset
from fashionlab.errors import InvalidValueError


def one_hot(labels: NDArray[np.integer[Any]], classes: int) -> NDArray[np.float32]:
    """(N,) labels in [0, K) to (N, K) float32 rows with a single 1."""
    labels = np.asarray(labels)
    if labels.ndim != 1 or labels.dtype.kind not in "iu":
        raise InvalidValueError(
            f"labels must be integers of shape (N,), got {labels.dtype} {labels.shape}: "
            "give class numbers"
        )
    if classes < 1 or (labels.size and not 0 <= int(labels.min()) <= int(labels.max()) < classes):
        raise InvalidValueError(
            f"labels must be in [0, {classes}), got {labels.min(initial=0)} to "
            f"{labels.max(initial=0)}: give the number of classes that the labels have"
        )
    encoded = np.zeros((len(labels), classes), dtype=np.float32)
    encoded[np.arange(len(labels)), labels] = 1.0
    return encoded


def batch_order(n: int, seed: int, epoch: int) -> NDArray[np.int64]:
    """A permutation of range(n); a resumed run finds the order of its epoch without a history."""
    if n < 1 or seed < 0 or epoch < 0:
        raise InvalidValueError(
            f"n must be positive, seed and epoch not negative, got n={n}, seed={seed}, "
            f"epoch={epoch}: count epochs from 0"
        )
    return np.random.default_rng([seed, epoch]).permutation(n)


class Batches:
    """A dataset in batches of `batch_size` images; None means all images in one batch.

    One batch of all images is the set itself: neither shuffled, since the order within a batch does
    not change its mean gradient, nor copied unless it is augmented. The last batch may be smaller;
    none is dropped.
    """

    # Steps that may be under way before the loss of the first is read.
    steps_ahead = 1

    def __init__(
        self,
        dataset: Dataset,
        batch_size: int | None,
        seed: int,
        augmentation: Augmentation | None = None,
    ) -> None:
        if batch_size is not None and batch_size < 1:
            raise InvalidValueError(
                f"batch_size must be positive, got {batch_size}: try 128, or None for all images"
            )
        if seed < 0:
            raise InvalidValueError(f"seed must not be negative, got {seed}: try 0")
        self.dataset = dataset
        self.batch_size = min(batch_size or len(dataset), len(dataset))
        self.seed = seed
        self.augmentation = augmentation
        self.targets = one_hot(dataset.labels, dataset.classes)  # (N, K) float32

    @property
    def steps(self) -> int:
        """Batches in an epoch."""
        return -(-len(self.dataset) // self.batch_size)

    def epoch(
        self, epoch: int, start: int = 0
    ) -> Iterator[tuple[NDArray[np.uint8], NDArray[np.float32]]]:
        """Yield (images (B, H, W) uint8, targets (B, K) float32); do not write into them.

        `epoch` counts from 0. `start` is the number of batches to leave out: a training that was
        stopped within an epoch goes on with the batches that it would have had.
        """
        if not 0 <= start <= self.steps:
            raise InvalidValueError(
                f"start must be from 0 to the {self.steps} batches of an epoch, got {start}: give "
                "the number of batches to leave out"
            )
        n, images = len(self.dataset), self.dataset.images
        draws = self.draws(epoch)
        if self.steps == 1:
            if not start:
                whole = images, self.targets
                yield draws.apply(*whole, np.arange(n)) if draws else whole
            return
        order = batch_order(n, self.seed, epoch)
        for first in range(start * self.batch_size, n, self.batch_size):
            rows = order[first : first + self.batch_size]
            chosen = images[rows], self.targets[rows]
            yield draws.apply(*chosen, rows) if draws else chosen

    def draws(self, epoch: int) -> Draws | None:
        """What happens to the images in an epoch, counted from 0; None for nothing."""
        if self.augmentation is None:
            return None
        return self.augmentation.draw(len(self.dataset), self.seed, epoch)
