"""Batches: the images of an epoch; (seed, epoch) alone decide their order and augmentation."""

from collections.abc import Iterator
from functools import cached_property
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fashionlab.data.augment import Augmentation, Draws, first_flips
from fashionlab.data.dataset import Dataset
from fashionlab.data.share import Share
from fashionlab.data.storage import stays_on_disk
from fashionlab.data.windows import Windows
from fashionlab.errors import InvalidValueError


def one_hot(labels: NDArray[np.integer[Any]], classes: int) -> NDArray[np.float32]:
    """Encode (N,) labels in [0, K) as (N, K) float32 rows with a single 1."""
    labels = np.asarray(labels)
    if labels.ndim != 1 or labels.dtype.kind not in "iu":
        raise InvalidValueError(
            f"labels must be integers of shape (N,); received {labels.dtype} {labels.shape}; "
            "give class numbers"
        )
    if classes < 1 or (labels.size and not 0 <= int(labels.min()) <= int(labels.max()) < classes):
        raise InvalidValueError(
            f"labels must be in [0, {classes}); received {labels.min(initial=0)} to "
            f"{labels.max(initial=0)}; give the number of classes that the labels have"
        )
    encoded = np.zeros((len(labels), classes), dtype=np.float32)
    encoded[np.arange(len(labels)), labels] = 1.0
    return encoded


def batch_order(n: int, seed: int, epoch: int) -> NDArray[np.int64]:
    """Return the permutation of range(n) for an epoch; a resumed run needs no earlier one."""
    if n < 1 or seed < 0 or epoch < 0:
        raise InvalidValueError(
            f"n must be positive, seed and epoch not negative; received n={n}, seed={seed}, "
            f"epoch={epoch}; count epochs from 0"
        )
    return np.random.default_rng([seed, epoch]).permutation(n)


class Batches:
    """A dataset in batches of `batch_size` images; None means all images in one batch.

    A single batch is the set itself: not shuffled, since the order within a batch does not change
    its mean gradient, and not copied unless it is augmented. The last batch may be smaller, but a
    single image joins the batch before, since batch normalisation compares images; no image is
    dropped. Images that are too many to be held in memory come in the order of `Windows`.
    """

    # Steps that may be in progress before the loss of the first is read.
    steps_ahead = 1
    # What `epoch` yields of each batch, where several workers train together; None for all of it.
    share: Share | None = None

    def __init__(
        self,
        dataset: Dataset,
        batch_size: int | None,
        seed: int,
        augmentation: Augmentation | None = None,
    ) -> None:
        if batch_size is not None and batch_size < 1:
            raise InvalidValueError(
                f"batch_size must be positive; received {batch_size}; try 128, or None for all"
            )
        if seed < 0:
            raise InvalidValueError(f"seed must not be negative; received {seed}; try 0")
        if augmentation is not None:
            augmentation.require_fits(*dataset.image_shape[:2])
        self.dataset = dataset
        self.batch_size = min(batch_size or len(dataset), len(dataset))
        self.seed = seed
        self.augmentation = augmentation

    @cached_property
    def targets(self) -> NDArray[np.float32]:
        """The labels as (N, K) rows with a single 1."""
        return one_hot(self.dataset.labels, self.dataset.classes)

    @cached_property
    def _first_flips(self) -> NDArray[np.bool_]:
        return first_flips(len(self.dataset), self.seed)

    @property
    def steps(self) -> int:
        """The number of batches in an epoch."""
        whole, left = divmod(len(self.dataset), self.batch_size)
        return whole + (left > 1)

    def size(self, step: int) -> int:
        """Return the number of images in a batch of an epoch, of all workers together."""
        place = next(self.places(step))
        return int(place.stop - place.start)

    def places(self, start: int) -> Iterator[slice]:
        """Yield the places of each batch in an epoch's order, from the batch `start` on."""
        for step in range(start, self.steps):
            first = step * self.batch_size
            last = len(self.dataset) if step + 1 == self.steps else first + self.batch_size
            yield slice(first, last)

    def epoch(
        self, epoch: int, start: int = 0
    ) -> Iterator[tuple[NDArray[np.uint8], NDArray[np.float32]]]:
        """Yield (images (B, H, W[, 3]) uint8, targets (B, K) float32); do not write into them.

        `epoch` counts from 0. `start` is the number of batches to skip: a training that stopped
        within an epoch resumes with the next one.
        """
        if not 0 <= start <= self.steps:
            raise InvalidValueError(
                f"start must be from 0 to the {self.steps} batches of an epoch; received {start}; "
                "give the number of batches to skip"
            )
        n, images = len(self.dataset), self.dataset.images
        if self.steps > 1 and stays_on_disk(self.dataset.image_shape, n):
            yield from self._windows(epoch, start)
            return
        draws = self.draws(epoch)
        if self.steps == 1 and self.share is None:
            if not start:
                whole = images, self.targets
                yield draws.apply(*whole, np.arange(n)) if draws else whole
            return
        order = np.arange(n) if self.steps == 1 else batch_order(n, self.seed, epoch)
        for place in self.places(start):
            rows = self._own(order[place])
            chosen = images[rows], self.targets[rows]
            yield draws.apply(*chosen, rows) if draws else chosen

    def _windows(
        self, epoch: int, start: int
    ) -> Iterator[tuple[NDArray[np.uint8], NDArray[np.float32]]]:
        """Yield the batches of `epoch` for images that are larger than the memory."""
        data, size = self.dataset, self.batch_size
        windows = Windows(len(data), prod(data.image_shape), size, self.seed)
        for number, window in windows.epoch(data.images, epoch, start // windows.steps):
            draws = None
            if self.augmentation is not None:
                flips = self._first_flips[window.rows]
                draws = self.augmentation.draw_window(flips, self.seed, epoch, number)
            begins = number * windows.steps
            n, last = len(window.rows), min(begins + windows.steps, self.steps)
            targets = one_hot(data.labels[window.rows], data.classes)
            for step in range(max(start, begins), last):
                first = (step - begins) * size
                place = self._own(window.order[first : n if step + 1 == last else first + size])
                chosen = window.images[place], targets[place]
                yield draws.apply(*chosen, place) if draws else chosen

    def _own(self, rows: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return those rows of a batch that are this worker's."""
        return rows if self.share is None else rows[self.share.places(len(rows))]

    def draws(self, epoch: int) -> Draws | None:
        """Draw the augmentation of an epoch, counted from 0; None where there is none."""
        if self.augmentation is None:
            return None
        return self.augmentation.draw(len(self.dataset), self.seed, epoch)
