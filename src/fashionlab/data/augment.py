"""Augmentation: small changes of the training images, decided by (seed, epoch) alone.

All of it is NumPy over a whole batch. Images stay bytes, and come in the order in which the changes
are made: flip, rotate and zoom, shift, erase, then mix with another image of the batch.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fashionlab.errors import InvalidValueError

Images = NDArray[np.uint8]
Targets = NDArray[np.float32]
Numbers = NDArray[np.float64]
# Streams of random numbers, apart from that of the batches' order, which is (seed, epoch).
CHANGES, FIRST_FLIPS = 1, 2
# Shares of the image, and height over width, of random erasing: Zhong et al. 2017.
LEAST_ERASED, MOST_ERASED, FLATTEST = 0.02, 0.4, 0.3
NOISE = 64  # places, a side, where the noise of an erased rectangle may begin


@dataclass(frozen=True)
class Augmentation:
    """How each image is changed, anew in every epoch; raises InvalidValueError for other values.

    Every image is flipped in one of two epochs that follow each other: which, is drawn once (Jordan
    2024, "94% on CIFAR-10 in 3.29 seconds", 3.6). Rotation, zoom and shift are uniform up to their
    bounds; black comes in. An erased rectangle is filled with noise (Zhong et al. 2017). With
    `cutmix` a rectangle comes from another image of the batch, whose label gets the rectangle's
    share of the target (Yun et al. 2019); with `mixup` every image and target is a mean, of weights
    from Beta(mixup, mixup), of two (Zhang et al. 2018).
    """

    flip: bool = False  # left to right
    rotate: float = 0.0  # degrees, at most so many either way
    zoom: float = 0.0  # at most this share larger or smaller
    shift: int = 0  # pixels, at most so many in each direction
    erase: float = 0.0  # probability that a rectangle is erased
    cutmix: float = 0.0  # probability that a rectangle is replaced
    mixup: float = 0.0  # the Beta distribution's parameter; 0 for none

    def __post_init__(self) -> None:
        if not isinstance(self.flip, bool):
            raise InvalidValueError(f"flip must be true or false; received {self.flip!r}")
        if type(self.shift) is not int or self.shift < 0:
            raise InvalidValueError(
                f"shift must be a whole number of pixels from 0; received {self.shift!r}"
            )
        for name, most, unit in (
            ("rotate", 180, " degrees"),
            ("zoom", 0.5, ""),
            ("erase", 1, ""),
            ("cutmix", 1, ""),
            ("mixup", 100, ""),
        ):
            value = getattr(self, name)
            if type(value) not in (int, float) or not 0 <= value <= most:
                raise InvalidValueError(
                    f"{name} must be from 0 to {most}{unit}; received {value!r}"
                )
        if self.cutmix and self.mixup:
            raise InvalidValueError(
                f"cutmix and mixup must not be mixed; received {self.cutmix:g} and {self.mixup:g}, "
                "set one to 0"
            )

    def draw(self, n: int, seed: int, epoch: int) -> "Draws":
        """What happens to each of n images in an epoch, counted from 0."""
        first = np.random.default_rng([seed, 0, FIRST_FLIPS]).random(n) < 0.5
        rng = np.random.default_rng([seed, epoch, CHANGES])
        return Draws(
            self,
            flipped=first ^ bool(epoch % 2),
            moves=rng.integers(-self.shift, self.shift + 1, (n, 2)),
            angles=np.deg2rad(rng.uniform(-self.rotate, self.rotate, n)),
            scales=1 + rng.uniform(-self.zoom, self.zoom, n),
            erased=_erased(rng, n) * (rng.random((n, 1)) < self.erase) if self.erase else None,
            noise_seed=int(rng.integers(2**31)),
            noise_starts=rng.integers(0, NOISE, (n, 2)),
            replaced=_replaced(rng, n) * (rng.random((n, 1)) < self.cutmix)
            if self.cutmix
            else None,
            weights=rng.beta(self.mixup, self.mixup, n) if self.mixup else None,
        )


def _erased(rng: np.random.Generator, n: int) -> Numbers:
    """(n, 4) rectangles of random erasing: centre (down, right) and sides, as shares of a side."""
    area = rng.uniform(LEAST_ERASED, MOST_ERASED, n)
    ratio = FLATTEST ** rng.uniform(-1, 1, n)
    height, width = np.sqrt(area * ratio).clip(max=1), np.sqrt(area / ratio).clip(max=1)
    down, right = rng.random((2, n))  # the rectangle lies within the image
    return np.stack(
        [height / 2 + down * (1 - height), width / 2 + right * (1 - width), height, width], axis=1
    )


def _replaced(rng: np.random.Generator, n: int) -> Numbers:
    """(n, 4) rectangles of CutMix: a uniform area, the image's shape, its centre anywhere."""
    side = np.sqrt(rng.random(n))
    return np.stack([*rng.random((2, n)), side, side], axis=1)


@dataclass(frozen=True)
class Draws:
    """The changes of an epoch, each for every image of the set."""

    augmentation: Augmentation
    flipped: NDArray[np.bool_]  # (N,)
    moves: NDArray[np.int64]  # (N, 2) pixels down and right
    angles: Numbers  # (N,) radians, clockwise on the screen
    scales: Numbers  # (N,) sizes, 1 for none
    erased: Numbers | None  # (N, 4) rectangles, as shares of a side; sides of 0 for none
    noise_seed: int
    noise_starts: NDArray[np.int64]  # (N, 2) where in the noise a rectangle's begins
    replaced: Numbers | None  # (N, 4) rectangles as in `erased`
    weights: Numbers | None  # (N,) of the image itself, in a mean of two

    def apply(
        self, images: Images, targets: Targets, rows: NDArray[np.int64]
    ) -> tuple[Images, Targets]:
        """Images (B, H, W) and targets (B, K), which are those at `rows` (B,) of the set, changed.

        Both are new where they differ. An image is mixed with the one as far from the batch's end
        as it is from its beginning. Raises InvalidValueError where a shift would leave nothing.
        """
        height, width = images.shape[1:]
        shift = self.augmentation.shift
        if shift >= min(height, width):
            raise InvalidValueError(
                f"shift must be below the image's sides, {height} x {width}; received {shift}"
            )
        changed = images.copy()
        if self.augmentation.flip:
            flipped = self.flipped[rows]
            changed[flipped] = images[flipped, :, ::-1]
        if self.augmentation.rotate or self.augmentation.zoom:
            changed = _turned(changed, self.angles[rows], self.scales[rows])
        if shift:
            changed = _moved(changed, self.moves[rows], shift)
        if self.erased is not None:
            erased = _inside(self.erased[rows], height, width)
            changed = np.where(erased, self._noise(rows, height, width), changed)
        if self.replaced is not None:
            replaced = _inside(self.replaced[rows], height, width)
            changed = np.where(replaced, changed[::-1], changed)
            share = 1 - replaced.mean(axis=(1, 2))
            targets = _mean(targets, share[:, np.newaxis])
        if self.weights is not None:
            weights = self.weights[rows]
            changed = np.rint(_mean(changed, weights[:, np.newaxis, np.newaxis])).astype(np.uint8)
            targets = _mean(targets, weights[:, np.newaxis])
        return changed, targets

    def _noise(self, rows: NDArray[np.int64], height: int, width: int) -> Images:
        """(B, H, W) windows of one sheet of noise, so that an epoch draws few numbers."""
        sheet = self.sheet(height, width)
        noise: Images = _windows(sheet, height, width)[tuple(self.noise_starts[rows].T)]
        return noise

    def sheet(self, height: int, width: int) -> Images:
        """The noise, as wide and as high as all its windows together."""
        rng = np.random.default_rng(self.noise_seed)
        return rng.integers(0, 256, (height + NOISE - 1, width + NOISE - 1), np.uint8)


def _windows(images: Any, height: int, width: int) -> Any:
    """Views of the last two axes: (..., H', W') to (..., H' - H + 1, W' - W + 1, H, W)."""
    return np.lib.stride_tricks.sliding_window_view(images, (height, width), axis=(-2, -1))


def _moved(images: Images, moves: NDArray[np.int64], most: int) -> Images:
    """Moved by (B, 2) pixels down and right, `most` at most."""
    b, height, width = images.shape
    padded = np.pad(images, ((0, 0), (most, most), (most, most)))
    down, right = most - moves.T  # (B,) each: where the image's window begins
    moved: Images = _windows(padded, height, width)[np.arange(b), down, right]
    return moved


def _turned(images: Images, angles: Numbers, scales: Numbers) -> Images:
    """Turned by (B,) radians and scaled by (B,) about the centre; bilinear, black outside."""
    b, height, width = images.shape
    down, right = np.ogrid[:height, :width]
    down, right = (down - (height - 1) / 2).ravel(), (right - (width - 1) / 2).ravel()
    grid = np.stack(np.broadcast_arrays(down[:, np.newaxis], right), axis=-1)
    grid = grid.reshape(-1, 2).astype(np.float32)  # (HW, 2) about the centre
    cos, sin = np.cos(angles) / scales, np.sin(angles) / scales
    back = np.stack([cos, -sin, sin, cos], axis=1).reshape(b, 2, 2).astype(np.float32)
    # Where each pixel comes from, in an image with two rows and columns of black around it.
    limits = np.array([height, width], np.float32)
    source = (grid @ back.transpose(0, 2, 1) + (limits - 1) / 2).clip(-1, limits) + 1  # (B, HW, 2)
    corner = source.astype(np.int32)
    near = source - corner  # how near to the next row and column
    padded = np.pad(images, ((0, 0), (1, 2), (1, 2)))
    stride = width + 3
    first = (
        corner @ np.array([stride, 1], np.int32)
        + np.arange(b, dtype=np.int32)[:, np.newaxis] * (height + 3) * stride
    )
    flat, (v, h) = padded.ravel().astype(np.float32), np.moveaxis(near, -1, 0)
    above = flat[first] * (1 - h) + flat[first + 1] * h
    below = flat[first + stride] * (1 - h) + flat[first + stride + 1] * h
    turned: Images = np.rint(above * (1 - v) + below * v).astype(np.uint8)
    return turned.reshape(images.shape)


def _inside(rectangles: Numbers, height: int, width: int) -> NDArray[np.bool_]:
    """(B, H, W): whether a pixel's centre is inside its image's rectangle (B, 4)."""
    down, right, tall, wide = rectangles.T[..., np.newaxis]  # (B, 1) each
    rows = np.abs((np.arange(height) + 0.5) / height - down) < tall / 2  # (B, H)
    columns = np.abs((np.arange(width) + 0.5) / width - right) < wide / 2
    inside: NDArray[np.bool_] = rows[:, :, np.newaxis] & columns[:, np.newaxis, :]
    return inside


def _mean(values: Any, weights: Numbers) -> Any:
    """Of each and its partner, which is the same one counted from the other end, in float32."""
    own = weights.astype(np.float32)
    return own * values + (1 - own) * values[::-1]
