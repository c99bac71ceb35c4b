"""Augmentation: random changes of the training images, decided by (seed, epoch) alone.

All of it is NumPy over a whole batch of uint8 images, (B, H, W) in grey or (B, H, W, 3) in colour.
The changes are made in this order: flip, rotate and zoom, shift, erase, then mix with another image
of the batch. The channels of a pixel move together; noise is drawn for each.
"""

import functools
import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fashionlab.errors import InvalidValueError

Images = NDArray[np.uint8]
Targets = NDArray[np.float32]
Numbers = NDArray[np.float64]
# Streams of random numbers; the stream of the batches' order is (seed, epoch).
CHANGES, FIRST_FLIPS = 1, 2
# Shares of the image, and height over width, of random erasing: Zhong et al. 2017.
LEAST_ERASED, MOST_ERASED, FLATTEST = 0.02, 0.4, 0.3
NOISE = 64  # rows, and columns, at which a window of the noise may begin
BLOBS = 512  # fields of an epoch that blobs are cut from
DECAY = 3  # of a field's amplitudes with their frequency: Harris et al. 2020


@dataclass(frozen=True)
class Augmentation:
    """The changes of each image in each epoch; raises InvalidValueError for other values.

    Flips alternate: every image is flipped in every second epoch, a random half of them in the
    first (Jordan 2024, "94% on CIFAR-10 in 3.29 seconds", 3.6). Rotation, zoom and shift are
    uniform up to their bounds, with black outside. An erased rectangle is filled with
    noise (Zhong et al. 2017). With `cutmix` a rectangle comes from another image of the batch,
    whose label gets the rectangle's share of the target (Yun et al. 2019). With `fmix` it is blobs
    in place of a rectangle: the highest values, a uniform share, of a field of low frequencies
    (Harris et al. 2020, "FMix"). With `mixup` images and targets are means of two, with weights
    from Beta(mixup, mixup) (Zhang et al. 2018).
    """

    flip: bool = False  # left to right
    rotate: float = 0.0  # degrees, at most, either way
    zoom: float = 0.0  # share, at most, larger or smaller
    shift: int = 0  # pixels, at most, in each direction
    erase: float = 0.0  # probability that a rectangle is erased
    cutmix: float = 0.0  # probability that a rectangle is replaced
    fmix: float = 0.0  # probability that blobs are replaced
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
            ("fmix", 1, ""),
            ("mixup", 100, ""),
        ):
            value = getattr(self, name)
            if type(value) not in (int, float) or not 0 <= value <= most:
                raise InvalidValueError(
                    f"{name} must be from 0 to {most}{unit}; received {value!r}"
                )
        mixing = {name: getattr(self, name) for name in ("cutmix", "fmix", "mixup")}
        given = {name: f"{value:g}" for name, value in mixing.items() if value}
        if len(given) > 1:
            raise InvalidValueError(
                f"{' and '.join(given)} cannot be combined; received {', '.join(given.values())}; "
                "leave one and set others to 0"
            )

    def require_fits(self, height: int, width: int) -> None:
        """Raise InvalidValueError where a shift would leave nothing of such images."""
        if self.shift >= min(height, width):
            raise InvalidValueError(
                f"shift must be below the image's sides, {height} x {width}; received {self.shift}"
            )

    def draw(self, n: int, seed: int, epoch: int) -> "Draws":
        """Draw the changes of n images for an epoch, counted from 0."""
        return self._drawn(first_flips(n, seed), [seed, epoch, CHANGES])

    def draw_window(self, first: NDArray[np.bool_], seed: int, epoch: int, window: int) -> "Draws":
        """Draw the changes of the images of a window, whose `first_flips` are given (n,)."""
        return self._drawn(first, [seed, epoch, CHANGES, window])

    def _drawn(self, first: NDArray[np.bool_], stream: list[int]) -> "Draws":
        rng, n, epoch = np.random.default_rng(stream), len(first), stream[1]
        return Draws(
            self,
            flipped=first ^ bool(epoch % 2),
            moves=rng.integers(-self.shift, self.shift + 1, (n, 2)),
            angles=np.deg2rad(rng.uniform(-self.rotate, self.rotate, n)),
            scales=1 + rng.uniform(-self.zoom, self.zoom, n),
            erased=_erased(rng, n, self.erase) if self.erase else None,
            noise_seed=int(rng.integers(2**31)),
            noise_starts=rng.integers(0, NOISE, (n, 2)),
            replaced=_replaced(rng, n, self.cutmix) if self.cutmix else None,
            weights=rng.beta(self.mixup, self.mixup, n) if self.mixup else None,
            fields=rng.integers(0, BLOBS, n) if self.fmix else None,
            shares=rng.random(n) * (rng.random(n) < self.fmix) if self.fmix else None,
        )


def first_flips(n: int, seed: int) -> NDArray[np.bool_]:
    """Draw which images are flipped in the first epoch (n,)."""
    flips: NDArray[np.bool_] = np.random.default_rng([seed, 0, FIRST_FLIPS]).random(n) < 0.5
    return flips


def _erased(rng: np.random.Generator, n: int, chance: float) -> Numbers:
    """Draw (n, 4) rectangles to erase: centre (down, right) and sides, as shares of a side."""
    area = rng.uniform(LEAST_ERASED, MOST_ERASED, n)
    ratio = FLATTEST ** rng.uniform(-1, 1, n)
    height, width = np.sqrt(area * ratio).clip(max=1), np.sqrt(area / ratio).clip(max=1)
    down, right = rng.random((2, n))  # the rectangle lies within the image
    centre = height / 2 + down * (1 - height), width / 2 + right * (1 - width)
    return np.stack([*centre, height, width], axis=1) * (rng.random((n, 1)) < chance)


def _replaced(rng: np.random.Generator, n: int, chance: float) -> Numbers:
    """Draw (n, 4) rectangles of CutMix: a uniform area, the image's shape, any centre."""
    side = np.sqrt(rng.random(n))
    centre = rng.random((2, n))
    return np.stack([*centre, side, side], axis=1) * (rng.random((n, 1)) < chance)


@dataclass(frozen=True)
class Draws:
    """The random numbers of an epoch's changes, for every image of the set."""

    augmentation: Augmentation
    flipped: NDArray[np.bool_]  # (N,)
    moves: NDArray[np.int64]  # (N, 2) pixels down and right
    angles: Numbers  # (N,) radians, clockwise on the screen
    scales: Numbers  # (N,) sizes, 1 for none
    erased: Numbers | None  # (N, 4) rectangles, as shares of a side; sides of 0 for none
    noise_seed: int
    noise_starts: NDArray[np.int64]  # (N, 2) row and column at which its window begins
    replaced: Numbers | None  # (N, 4) rectangles as in `erased`
    weights: Numbers | None  # (N,) of the image itself in a mixture of two
    fields: NDArray[np.int64] | None  # (N,) of which field its blobs are cut
    shares: Numbers | None  # (N,) of the pixels that are in blobs; 0 for none

    def apply(
        self, images: Images, targets: Targets, rows: NDArray[np.int64]
    ) -> tuple[Images, Targets]:
        """Return images (B, H, W[, 3]) and targets (B, K), rows `rows` (B,) of the set, changed.

        The arguments are not written into. Image i is mixed with image B-1-i of the batch. Raises
        InvalidValueError where a shift would leave nothing.
        """
        height, width = images.shape[1:3]
        shift = self.augmentation.shift
        self.augmentation.require_fits(height, width)
        changed = images.copy()
        if self.augmentation.flip:
            flipped = self.flipped[rows]
            changed[flipped] = images[flipped, :, ::-1]
        if self.augmentation.rotate or self.augmentation.zoom:
            changed = _turn(changed, self.angles[rows], self.scales[rows])
        if shift:
            changed = _move(changed, self.moves[rows], shift)
        if self.erased is not None:
            erased = _like(images, _inside(self.erased[rows], height, width))
            changed = np.where(erased, self._noise(rows, images.shape[1:]), changed)
        replaced = self._replaced(rows, height, width)
        if replaced is not None:
            changed = np.where(_like(images, replaced), changed[::-1], changed)
            share = 1 - replaced.mean(axis=(1, 2))
            targets = _mixed(targets, share[:, np.newaxis])
        if self.weights is not None:
            weights = self.weights[rows]
            changed = np.rint(_mixed(changed, _like(images, weights))).astype(np.uint8)
            targets = _mixed(targets, weights[:, np.newaxis])
        return changed, targets

    def _replaced(
        self, rows: NDArray[np.int64], height: int, width: int
    ) -> NDArray[np.bool_] | None:
        """Return (B, H, W), which pixels come from the other image; None where none can."""
        if self.replaced is not None:
            return _inside(self.replaced[rows], height, width)
        if self.fields is not None and self.shares is not None:
            most = np.floor(self.shares[rows] * (height * width)).reshape(-1, 1, 1)
            return np.less(self.ranks(height, width)[self.fields[rows]], most)
        return None

    def ranks(self, height: int, width: int) -> NDArray[np.int32]:
        """Return the ranks (BLOBS, H, W) of the pixels in each field, 0 for the highest value."""
        return _ranks(self.noise_seed, height, width)

    def _noise(self, rows: NDArray[np.int64], image_shape: tuple[int, ...]) -> Images:
        """Return (B, H, W[, 3]) windows of one sheet of noise: an epoch draws few numbers."""
        return _cut(self.sheet(image_shape), self.noise_starts[rows], image_shape, ())

    def sheet(self, image_shape: tuple[int, ...]) -> Images:
        """Draw the noise, as high and as wide as all its windows together."""
        rng = np.random.default_rng(self.noise_seed)
        height, width, *channels = image_shape
        return rng.integers(0, 256, (height + NOISE - 1, width + NOISE - 1, *channels), np.uint8)


@functools.lru_cache(maxsize=2)  # all batches of an epoch have the same
def _ranks(seed: int, height: int, width: int) -> NDArray[np.int32]:
    """Rank the pixels of random fields, whose amplitudes fall with a power of the frequency."""
    down, right = np.fft.fftfreq(height), np.fft.rfftfreq(width)
    frequency = np.hypot(down[:, np.newaxis], right).clip(1 / max(height, width))
    parts = np.random.default_rng(seed).standard_normal((BLOBS, 2, *frequency.shape))
    spectrum = (parts[:, 0] + 1j * parts[:, 1]) / frequency**DECAY
    values = np.fft.irfft2(spectrum, (height, width)).reshape(BLOBS, -1)
    ranks = (-values).argsort(axis=1, kind="stable").argsort(axis=1).astype(np.int32)
    ranks.flags.writeable = False
    return ranks.reshape(BLOBS, height, width)


def _like(images: Images, values: Any) -> Any:
    """Return values (B, ...) of whole images or pixels with as many axes as `images`."""
    return values.reshape(*values.shape, *[1] * (images.ndim - values.ndim))


def _cut(
    images: Images, starts: NDArray[np.int64], image_shape: tuple[int, ...], own: tuple[Any, ...]
) -> Images:
    """Cut windows (B, H, W[, 3]) that begin at the rows and columns `starts` (B, 2).

    `own` is the index of each one's image, () where `images` is a single one. The channels of a row
    lie side by side and are cut as one row of W[ * 3] values, which is copied whole.
    """
    height, width, *channels = image_shape
    step = math.prod(channels)
    rows = images.reshape(*images.shape[: images.ndim - 1 - len(channels)], -1)  # (..., H', W' * 3)
    windows = np.lib.stride_tricks.sliding_window_view(rows, (height, width * step), (-2, -1))
    cut: Images = windows[(*own, starts[:, 0], starts[:, 1] * step)]
    return cut.reshape(len(starts), *image_shape)


def _move(images: Images, moves: NDArray[np.int64], most: int) -> Images:
    """Move images by (B, 2) pixels down and right, `most` at most."""
    padded = _padded(images, most, most)
    return _cut(padded, most - moves, images.shape[1:], (np.arange(len(images)),))


def _padded(images: Images, before: int, after: int) -> Images:
    """Return images with so many rows and columns of black around each."""
    sides = [(before, after)] * 2
    return np.pad(images, [(0, 0), *sides, *[(0, 0)] * (images.ndim - 3)])


def _turn(images: Images, angles: Numbers, scales: Numbers) -> Images:
    """Turn by (B,) radians and scale by (B,) about the centre; bilinear, black outside."""
    b, height, width = images.shape[:3]
    down = np.arange(height, dtype=np.float32) - np.float32((height - 1) / 2)
    right = np.arange(width, dtype=np.float32) - np.float32((width - 1) / 2)
    cos, sin = np.cos(angles) / scales, np.sin(angles) / scales
    back = np.stack([cos, -sin, sin, cos], axis=1).reshape(b, 2, 2).astype(np.float32)
    # Where each pixel comes from, in an image with two rows and columns of black around it.
    limits = np.array([height, width], np.float32)
    # Without a matrix product, whose bits would depend on the processor.
    rows = down.reshape(-1, 1, 1) * back[:, np.newaxis, np.newaxis, :, 0]  # (B, H, 1, 2)
    columns = right.reshape(-1, 1) * back[:, np.newaxis, np.newaxis, :, 1]  # (B, 1, W, 2)
    source = ((rows + columns) + (limits - 1) / 2).clip(-1, limits) + 1
    source = source.reshape(b, -1, 2)  # (B, HW, 2)
    corner = source.astype(np.int32)
    near = source - corner  # the fraction of the way to the next row and column
    stride = width + 3
    first = (
        corner @ np.array([stride, 1], np.int32)
        + np.arange(b, dtype=np.int32)[:, np.newaxis] * (height + 3) * stride
    )
    pixels = _padded(images, 1, 2).reshape(-1, *images.shape[3:]).astype(np.float32)
    v, h = (_like(images[:, :, 0], part) for part in np.moveaxis(near, -1, 0))
    above = pixels[first] * (1 - h) + pixels[first + 1] * h
    below = pixels[first + stride] * (1 - h) + pixels[first + stride + 1] * h
    turned: Images = np.rint(above * (1 - v) + below * v).astype(np.uint8)
    return turned.reshape(images.shape)


def _inside(rectangles: Numbers, height: int, width: int) -> NDArray[np.bool_]:
    """Return (B, H, W), whether a pixel's centre is inside its image's rectangle (B, 4)."""
    down, right, tall, wide = rectangles.T[..., np.newaxis]  # (B, 1) each
    rows = np.abs((np.arange(height) + 0.5) / height - down) < tall / 2  # (B, H)
    columns = np.abs((np.arange(width) + 0.5) / width - right) < wide / 2
    inside: NDArray[np.bool_] = rows[:, :, np.newaxis] & columns[:, np.newaxis, :]
    return inside


def _mixed(values: Any, weights: Numbers) -> Any:
    """Mix row i with row B-1-i, in float32."""
    own = weights.astype(np.float32)
    return own * values + (1 - own) * values[::-1]
