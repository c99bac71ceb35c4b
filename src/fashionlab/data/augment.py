"""Augmentation: small changes of the training images, decided by (seed, epoch) alone."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fashionlab.errors import InvalidValueError

Images = NDArray[np.uint8]
STREAM = 1  # of random numbers, apart from that of the batches' order


@dataclass(frozen=True)
class Augmentation:
    """How each image is changed, anew in every epoch; raises InvalidValueError for other values."""

    flip: bool = False  # left to right, every second time
    shift: int = 0  # pixels, at most so many in each direction; black comes in

    def __post_init__(self) -> None:
        if not isinstance(self.flip, bool):
            raise InvalidValueError(f"flip must be true or false; received {self.flip!r}")
        if type(self.shift) is not int or self.shift < 0:
            raise InvalidValueError(
                f"shift must be a whole number of pixels from 0; received {self.shift!r}"
            )

    def draw(self, n: int, seed: int, epoch: int) -> "Draws":
        """What happens to each of n images in an epoch."""
        rng = np.random.default_rng([seed, epoch, STREAM])
        flipped = rng.random(n) < 0.5
        moves = rng.integers(-self.shift, self.shift + 1, (n, 2))
        return Draws(self, flipped, moves)


@dataclass(frozen=True)
class Draws:
    """The changes of an epoch: whether each image is mirrored, and how far it moves."""

    augmentation: Augmentation
    flipped: NDArray[np.bool_]  # (N,)
    moves: NDArray[np.int64]  # (N, 2) rows down, columns right

    def apply(self, images: Images, rows: NDArray[np.int64]) -> Images:
        """The images (B, H, W), which are those at `rows` (B,) of the set, changed; a new array.

        Raises InvalidValueError where a shift would leave nothing of an image.
        """
        b, height, width = images.shape
        shift = self.augmentation.shift
        if shift >= min(height, width):
            raise InvalidValueError(
                f"shift must be below the image's sides, {height} x {width}; received {shift}"
            )
        changed = images.copy()
        if self.augmentation.flip:
            flipped = self.flipped[rows]
            changed[flipped] = images[flipped, :, ::-1]
        if not shift:
            return changed
        padded = np.zeros((b, height + 2 * shift, width + 2 * shift), np.uint8)
        padded[:, shift : shift + height, shift : shift + width] = changed
        windows: Any = np.lib.stride_tricks.sliding_window_view(
            padded, (height, width), axis=(1, 2)
        )
        down, right = shift - self.moves[rows].T  # (B,) each: where the image's window begins
        moved: Images = windows[np.arange(b), down, right]
        return moved
