"""Parts: the training part, the test part and maybe the validation part of one data set."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from fashionlab.data.dataset import SPLITS, Dataset
from fashionlab.data.options import ReadOptions
from fashionlab.errors import DataFormatError

NO_OPTIONS = ReadOptions()


@dataclass(frozen=True)
class LeftOut:
    """The images that a list of suspects has left out of a training part."""

    sha256: str  # of the list
    images: int


class Divided(NamedTuple):
    """A training part that was divided, and its rows (n,) that are the training part then."""

    whole: Dataset
    rows: NDArray[np.int64]


class Parts(tuple[Dataset, Dataset]):
    """The parts of a data set: (train, test), and its own validation part where it has one."""

    validation: Dataset | None
    options: ReadOptions  # by which it was read
    left_out: LeftOut | None  # of the training part

    def __new__(
        cls,
        train: Dataset,
        test: Dataset,
        validation: Dataset | None = None,
        options: ReadOptions = NO_OPTIONS,
        left_out: LeftOut | None = None,
    ) -> "Parts":
        """Return the parts as a tuple of two."""
        parts = super().__new__(cls, (train, test))
        parts.validation, parts.options, parts.left_out = validation, options, left_out
        return parts

    @property
    def train(self) -> Dataset:
        """The part to train on."""
        return self[0]

    @property
    def test(self) -> Dataset:
        """The part to measure on, on which nothing is chosen."""
        return self[1]

    @property
    def all(self) -> tuple[Dataset, ...]:
        """All parts, the set's own validation part last."""
        return (*self, self.validation) if self.validation else tuple(self)


def require_alike(parts: Sequence[Dataset]) -> None:
    """Raise DataFormatError where these, train first, cannot be the parts of one data set."""
    train, where = parts[0], ", ".join(dict.fromkeys(part.source for part in parts))
    named = [part.part for part in parts]
    if named != [part for part in SPLITS if part in named]:
        raise DataFormatError(
            f"parts must be train, test and, where there is one, validation; received "
            f"{', '.join(named)} from {where}; make each with its own `part`"
        )
    if any(part.image_shape != train.image_shape for part in parts):
        shapes = ", ".join(f"{part.part} {part.image_shape}" for part in parts)
        raise DataFormatError(
            f"all parts must have images of one shape; received {shapes} in {where}; check that "
            "the files belong together"
        )
    if any(part.class_names != train.class_names for part in parts):
        counts = ", ".join(f"{part.part} {part.classes}" for part in parts)
        raise DataFormatError(
            f"all parts must have the same class names; received others, {counts} of them, in "
            f"{where}; give all the same"
        )
