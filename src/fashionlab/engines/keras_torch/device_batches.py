"""DeviceBatches: the batches of an epoch on the GPU, to which the images are copied once."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from fashionlab.data import Augmentation, Batches, Dataset, Draws, batch_order

Tensor = torch.Tensor


class DeviceBatches(Batches):
    """The batches of `Batches`, byte for byte: drawn by NumPy, cut out and augmented on `device`.

    It does not rotate or zoom: see `augments_here`.
    """

    steps_ahead = 50

    def __init__(
        self,
        dataset: Dataset,
        batch_size: int | None,
        seed: int,
        augmentation: Augmentation | None = None,
        device: str = "cuda",
    ) -> None:
        super().__init__(dataset, batch_size, seed, augmentation)
        self._device = device
        self._images = self._put(dataset.images)  # (N, H, W[, 3]) uint8
        self._labels = self._put(self.targets)  # (N, K) float32

    def epoch(self, epoch: int, start: int = 0) -> Iterator[tuple[Any, Any]]:
        """Yield (images (B, H, W[, 3]) uint8, targets (B, K) float32) on the device.

        `epoch` and `start` count from 0, as in `Batches`.
        """
        n, whole = len(self.dataset), self.steps == 1
        order = self._put(np.arange(n) if whole else batch_order(n, self.seed, epoch))
        draws = self.draws(epoch)
        changes = draws and _Changes(draws, self.dataset.image_shape, self._put)
        for place in self.places(start):
            rows = order[place]
            if self.share is not None:
                rows = rows[self._put(self.share.places(len(rows)))]
            chosen = self._images[rows], self._labels[rows]
            yield changes.apply(*chosen, rows) if changes else chosen

    def _put(self, array: NDArray[Any]) -> Tensor:
        return torch.from_numpy(np.ascontiguousarray(array)).to(self._device)


def augments_here(augmentation: Augmentation | None) -> bool:
    """Return whether DeviceBatches has the augmentation."""
    return augmentation is None or not (augmentation.rotate or augmentation.zoom)


class _Changes:
    """The changes of an epoch's draws, as `Draws.apply` makes them, in PyTorch."""

    def __init__(self, draws: Draws, image_shape: tuple[int, ...], put: Any) -> None:
        self._augmentation = draws.augmentation
        self._flipped, self._moves = put(draws.flipped), put(draws.moves)
        self._mixed = draws.weights is not None and put(draws.weights.astype(np.float32))
        self._erased = None if draws.erased is None else put(draws.erased)
        self._replaced = None if draws.replaced is None else put(draws.replaced)
        self._shares = None if draws.shares is None else put(draws.shares)
        if draws.fields is not None:
            self._fields = put(draws.fields)
            self._ranks = put(draws.ranks(*image_shape[:2]).copy())  # PyTorch warns of read-only
        if self._erased is not None:
            self._starts = put(draws.noise_starts)
            self._noise = _windows(put(draws.sheet(image_shape)), image_shape)

    def apply(self, images: Tensor, targets: Tensor, rows: Tensor) -> tuple[Tensor, Tensor]:
        b, height, width, *channels = image_shape = images.shape
        if self._augmentation.flip:
            images = torch.where(_like(images, self._flipped[rows]), images.flip(2), images)
        if most := self._augmentation.shift:
            around = *[0] * 2 * len(channels), *[most] * 4  # from the last axis on
            padded = torch.nn.functional.pad(images, around)
            down, right = (most - self._moves[rows]).T
            each = torch.arange(b, device=images.device)
            moved = _windows(padded, image_shape[1:])[each, down, right]
            images = moved.reshape(image_shape)
        if self._erased is not None:
            noise = self._noise[tuple(self._starts[rows].T)].reshape(image_shape)
            erased = _like(images, _inside(self._erased[rows], height, width))
            images = torch.where(erased, noise, images)
        replaced = None
        if self._replaced is not None:
            replaced = _inside(self._replaced[rows], height, width)
        elif self._shares is not None:
            most = (self._shares[rows] * (height * width)).floor()
            replaced = self._ranks[self._fields[rows]] < most[:, None, None]
        if replaced is not None:
            images = torch.where(_like(images, replaced), images.flip(0), images)
            own = 1 - replaced.double().mean((1, 2))
            targets = _mean(targets, own.float()[:, None])
        if self._mixed is not False:
            own = self._mixed[rows]
            images = _mean(images, _like(images, own)).round().byte()
            targets = _mean(targets, own[:, None])
        return images, targets


def _like(images: Tensor, values: Tensor) -> Tensor:
    """Return values (B, ...) of whole images or pixels with as many axes as `images`."""
    return values.reshape(*values.shape, *[1] * (images.ndim - values.ndim))


def _windows(images: Tensor, image_shape: Sequence[int]) -> Tensor:
    """View (..., H', W'[, 3]) as windows, (..., H' - H + 1, W' - W + 1, H, W[ * 3]).

    The channels of a row lie side by side, as in `data.augment`.
    """
    height, width, *channels = image_shape
    if not channels:
        return images.unfold(-2, height, 1).unfold(-2, width, 1)
    rows = images.flatten(-2)  # (..., H', W' * 3)
    return rows.unfold(-2, height, 1).unfold(-2, width * channels[0], channels[0])


def _inside(rectangles: Tensor, height: int, width: int) -> Tensor:
    """Return (B, H, W): whether a pixel's centre is inside its image's rectangle (B, 4)."""
    down, right, tall, wide = rectangles.T[..., None]  # (B, 1) each
    rows, columns = (
        torch.arange(n, device=rectangles.device, dtype=torch.float64) for n in (height, width)
    )
    rows = ((rows + 0.5) / height - down).abs() < tall / 2  # (B, H)
    columns = ((columns + 0.5) / width - right).abs() < wide / 2
    inside: Tensor = rows[:, :, None] & columns[:, None, :]
    return inside


def _mean(values: Tensor, own: Tensor) -> Tensor:
    """Return the weighted mean of item i and item B - 1 - i of the batch, in float32."""
    mean: Tensor = own * values + (1 - own) * values.flip(0)
    return mean
