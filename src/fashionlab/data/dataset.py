"""Dataset: images, labels and class names that were checked to fit together; and split()."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from fashionlab.data import storage
from fashionlab.data.class_names import LONGEST_NAME, require_names
from fashionlab.errors import DataFormatError, InvalidValueError
from fashionlab.images import PREPARATIONS, Preparation
from fashionlab.text import printable

Split = Literal["train", "test", "validation"]
SPLITS: tuple[Split, ...] = ("train", "test", "validation")  # the order of parts


@dataclass(frozen=True, eq=False)
class Dataset:
    """A labelled set of images, grey or colour; DataFormatError where its arrays do not fit.

    Compare two sets by `sha256`: `==` is identity.
    """

    images: NDArray[np.uint8]  # (N, H, W), 0 is black; or (N, H, W, 3): red, green, blue
    labels: NDArray[np.uint8]  # (N,), each in [0, K)
    class_names: tuple[str, ...]  # K names, label k is class_names[k]
    name: str  # "fashion-mnist", "synthetic", or the folder's name
    part: Split
    source: str  # the file or folder it was read from, or "synthetic"
    preparation: Preparation = "fit"  # by which a picture becomes such an image: `images.prepare`
    form: str = ""  # of its files, for people: "IDX (60000, 28, 28) uint8, packed"
    files: tuple[str, ...] = ()  # N paths in `source`, where each image is a file of its own

    def __post_init__(self) -> None:
        where = f"{self.name}/{self.part} from {self.source}"
        images, labels, classes = self.images, self.labels, len(self.class_names)
        fits = images.ndim == 3 or (images.ndim == 4 and images.shape[3] == 3)
        if not fits or images.dtype != np.uint8 or images.size == 0:
            raise DataFormatError(
                f"images must be a non-empty uint8 array (N, H, W) or (N, H, W, 3); received "
                f"{images.dtype} {images.shape}; check {where}"
            )
        if self.preparation not in PREPARATIONS or (self.is_colour and self.preparation != "fit"):
            raise DataFormatError(
                f"preparation must be fit, or for grey images garment; received "
                f"{self.preparation!r:.40} with images {images.shape}; check {where}"
            )
        if labels.ndim != 1 or labels.dtype != np.uint8:
            raise DataFormatError(
                f"labels must be a uint8 array (N,); received {labels.dtype} {labels.shape}; "
                f"check {where}"
            )
        if len(images) != len(labels):
            raise DataFormatError(
                f"each image needs one label; received {len(images)} images and {len(labels)} "
                f"labels; check that both files of {where} belong together"
            )
        if self.files and len(self.files) != len(images):
            raise DataFormatError(
                f"each image must have its file, or none one; received {len(self.files)} for "
                f"{len(images)} images; check {where}"
            )
        require_names(self.class_names, where)
        if int(labels.max()) >= classes:
            raise DataFormatError(
                f"labels must be below the number of classes {classes}; received "
                f"{int(labels.max())}; name every class of {where}"
            )

    @classmethod
    def from_arrays(
        cls,
        images: Any,
        labels: Any,
        class_names: Sequence[str] | None = None,
        *,
        unit: bool = False,
        name: str = "arrays",
        part: Split = "train",
    ) -> "Dataset":
        """Return arrays as a Dataset, converted exactly or refused.

        images       (N, H, W), (N, H, W, 1) or (N, H, W, 3): whole numbers from 0 to 255; with
                     `unit` floats from 0 to 1, which are rounded to the nearest of 256 levels
        labels       (N,) or (N, 1): whole numbers from 0
        class_names  K names; by default the numbers

        Raises DataFormatError, which says what is wrong with them, InvalidValueError for another
        name or part that no data set can have.
        """
        try:
            pixels, numbers = np.asarray(images), np.asarray(labels)
        except ValueError:  # NumPy's words for lists of several lengths
            raise DataFormatError(
                "images and labels must be arrays; received lists of several lengths; give all "
                "images one shape"
            ) from None
        if part not in SPLITS:
            raise InvalidValueError(
                f"part must be one of {', '.join(SPLITS)}; received {part!r:.40}"
            )
        if not 0 < len(name) <= LONGEST_NAME or printable(name) != name:
            raise InvalidValueError(
                f"name must be text on one line of 1 to {LONGEST_NAME:,} characters; received "
                f"{name!r:.40}"
            )
        if not pixels.size or not numbers.size:
            raise DataFormatError(
                f"a data set must have images and labels; received {pixels.shape} and "
                f"{numbers.shape}; give at least one of each"
            )
        if pixels.ndim == 4 and pixels.shape[3] == 1:
            pixels = pixels[..., 0]
        if numbers.ndim == 2 and numbers.shape[1] == 1:
            numbers = numbers[:, 0]
        if numbers.dtype.kind not in "iu":
            raise DataFormatError(
                f"labels must be whole numbers; received {numbers.dtype}; number the classes from 0"
            )
        low, high = int(numbers.min()), int(numbers.max())
        if low < 0 or high > 255:
            raise DataFormatError(
                f"labels must be from 0 to 255; received {low} to {high}; number the classes from 0"
            )
        different = len(np.unique(numbers))
        if class_names is None and part == "train" and different <= high:
            raise DataFormatError(
                f"labels must be from 0 without gaps; received {different} different ones, {low} "
                f"to {high}; number the classes from 0, or give class_names"
            )
        if isinstance(class_names, str):
            raise InvalidValueError(
                f"class_names must be a list of names; received the text {class_names!r:.40}"
            )
        names = map(str, range(high + 1) if class_names is None else class_names)
        return cls(
            _levels(pixels, unit), numbers.astype(np.uint8), tuple(names), name, part, "memory"
        )

    def __len__(self) -> int:
        return len(self.images)

    @property
    def image_shape(self) -> tuple[int, ...]:
        """The shape of every image: (H, W), or (H, W, 3) in colour."""
        return self.images.shape[1:]

    @property
    def is_colour(self) -> bool:
        """Whether a pixel has three numbers: red, green and blue."""
        return self.images.ndim == 4

    @property
    def classes(self) -> int:
        """The number of classes, K."""
        return len(self.class_names)

    @cached_property
    def sha256(self) -> str:
        """The SHA-256 of shapes, images and labels, whatever their names."""
        digest = hashlib.sha256(f"{self.images.shape} {self.labels.shape}\n".encode())
        for _, images in storage.blocks(self.images):
            digest.update(np.ascontiguousarray(images).data)
        digest.update(np.ascontiguousarray(self.labels).data)
        return digest.hexdigest()

    def take(
        self, indices: NDArray[np.integer[Any]] | Sequence[int], part: Split | None = None
    ) -> "Dataset":
        """Copy the rows at `indices`, in that order, as the split `part` (default: this one's).

        Very many go into a temporary file, not into memory.
        """
        rows = np.asarray(indices)
        if rows.ndim != 1 or rows.size == 0 or rows.dtype.kind not in "iu":
            raise InvalidValueError(
                f"indices must be a non-empty list of integers; received {rows.dtype} "
                f"{rows.shape}; give at least one row number"
            )
        if int(rows.min()) < 0 or int(rows.max()) >= len(self):
            raise InvalidValueError(
                f"indices must be in [0, {len(self)}); received {int(rows.min())} to "
                f"{int(rows.max())}; choose rows that the set has"
            )
        images = storage.rows_of(self.images, rows)
        return replace(
            self,
            images=images,
            labels=self.labels[rows],
            part=part or self.part,
            files=tuple(self.files[row] for row in rows) if self.files else (),
        )

    def renamed(self, name: str, class_names: tuple[str, ...]) -> "Dataset":
        """Return the same images and labels under other names."""
        other = replace(self, name=name, class_names=class_names)
        if "sha256" in self.__dict__:  # it takes long of a large set
            other.__dict__["sha256"] = self.sha256
        return other


def split(
    dataset: Dataset, fraction: float, seed: int, part: Split = "validation"
) -> tuple[Dataset, Dataset]:
    """Split into (train, `part`): `fraction` of every class, drawn by `seed`, is held out.

    Rows keep their order. A class keeps at least one image in train.
    """
    out = held_out(dataset, fraction, seed, part)
    train = dataset.take(np.flatnonzero(~out), part="train")
    return train, dataset.take(np.flatnonzero(out), part=part)


def held_out(
    dataset: Dataset, fraction: float, seed: int, part: Split = "validation"
) -> NDArray[np.bool_]:
    """Return the rows (N,) that `split` holds out as `part`."""
    if not 0.0 < fraction < 1.0:
        raise InvalidValueError(
            f"fraction must be between 0 and 1; received {fraction}; try 0.1 (a tenth is held out)"
        )
    if seed < 0:
        raise InvalidValueError(f"seed must not be negative; received {seed}; try 0")
    rng = np.random.default_rng(seed)
    out = np.zeros(len(dataset), dtype=bool)  # (N,)
    for label in range(dataset.classes):
        rows = rng.permutation(np.flatnonzero(dataset.labels == label))
        count = min(round(fraction * len(rows)), max(len(rows) - 1, 0))
        out[rows[:count]] = True
    if not out.any():
        raise InvalidValueError(
            f"{part} must hold at least one image; received none from fraction {fraction} of "
            f"{len(dataset)} images of {dataset.source}; give a larger fraction or more images"
        )
    return out


def _levels(pixels: NDArray[Any], unit: bool) -> NDArray[np.uint8]:
    """Return pixels as bytes; DataFormatError where they are not what `unit` says."""
    if pixels.dtype == np.uint8 and not unit:
        return pixels
    rule, kinds = ("floats from 0 to 1", "f") if unit else ("whole numbers from 0 to 255", "iu")
    most = 1 if unit else 255
    if pixels.dtype.kind not in kinds:
        remedy = "leave unit out" if unit else "give unit=True where they are floats from 0 to 1"
        raise DataFormatError(f"images must be {rule}; received {pixels.dtype}; {remedy}")
    if pixels.size and not (pixels.min() >= 0 and pixels.max() <= most):  # also NaN
        raise DataFormatError(
            f"images must be {rule}; received {pixels.min()} to {pixels.max()}; scale them"
        )
    levels: NDArray[np.uint8] = (np.rint(pixels * 255) if unit else pixels).astype(np.uint8)
    return levels
