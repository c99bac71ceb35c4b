"""The list of suspects: images of a data set whose labels are doubted, as a CSV file.

`fashionlab audit` writes it, its page writes it again with the decisions of a person, and `train`
and `evaluate` leave out what it names. Each row has the SHA-256 of the image's part and that of the
image, so that a list is never taken for other images.
"""

import csv
import hashlib
import io
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fashionlab import files
from fashionlab.data.dataset import SPLITS, Dataset
from fashionlab.data.parts import Divided, LeftOut, Parts
from fashionlab.errors import DataFormatError
from fashionlab.text import read_text

NEEDED = ("part", "index", "suspect", "part_sha256", "image_sha256")
COLUMNS = (  # of an audit's list
    *("rank", "part", "index", "file", "given_label", "likely_label", "self_confidence"),
    *("likely_probability", "neighbours_given", "neighbours_likely", "duplicate_of", "suspect"),
    *("decision", "corrected_label", "part_sha256", "image_sha256"),
)
DECISIONS = ("wrong", "ambiguous", "broken", "sound")
LEFT_OUT = ("wrong", "broken")  # decisions by which an image is left out
HASH_DIGITS = 16  # of an image's SHA-256
REMEDY = "give a suspects.csv of `fashionlab audit` for these data, or what its page exported"


def image_hash(image: NDArray[np.uint8]) -> str:
    """Return the first digits of the SHA-256 of an image's bytes."""
    return hashlib.sha256(np.ascontiguousarray(image).tobytes()).hexdigest()[:HASH_DIGITS]


@dataclass(frozen=True)
class Named:
    """An image that a list leaves out."""

    part: str
    index: int
    part_sha256: str
    image_sha256: str


@dataclass(frozen=True)
class SuspectList:
    """The images that a list leaves out."""

    path: str
    sha256: str  # of the file
    images: tuple[Named, ...]

    def indices(self, part: str, sha256: str, size: int) -> NDArray[np.int64]:
        """Return the rows of a part that it leaves out, ascending.

        `sha256` and `size` are the part's. Raises DataFormatError where the list is of other data.
        """
        named = [image for image in self.images if image.part == part]
        for image in named:
            if image.part_sha256 != sha256:
                raise DataFormatError(
                    f"a list of suspects must be of these data, whose {part} part has SHA-256 "
                    f"{sha256[:16]}...; received {image.part_sha256[:16]!r}... in {self.path}; "
                    f"{REMEDY}"
                )
            if image.index >= size:
                raise DataFormatError(
                    f"an index of {part} must be below {size:,}; received {image.index} in "
                    f"{self.path}; {REMEDY}"
                )
        return np.unique(np.array([image.index for image in named], np.int64))

    def after(self, divided: Divided, train: Dataset) -> "SuspectList":
        """Return what a list of the whole leaves out of the training part that was divided off.

        A list that is not of the whole is returned as it is.
        """
        whole, rows = divided
        if whole.sha256 not in {image.part_sha256 for image in self.images}:
            return self
        self.indices(whole.part, whole.sha256, len(whole))  # refuses others
        place_of = {row: place for place, row in enumerate(rows.tolist())}
        images = tuple(
            replace(image, index=place_of[image.index], part=train.part, part_sha256=train.sha256)
            for image in self.images
            if image.part == whole.part and image.index in place_of
        )
        return replace(self, images=images)

    def kept(self, dataset: Dataset) -> Dataset:
        """Return a part without the images that are left out; DataFormatError where none is left.

        Also where a class loses its last image, or the list is of other images.
        """
        out = self.indices(dataset.part, dataset.sha256, len(dataset))
        for image in self.images:
            own = image.part == dataset.part
            if own and image_hash(dataset.images[image.index]) != image.image_sha256:
                raise DataFormatError(
                    f"image {image.index} of {dataset.part} must have the SHA-256 that "
                    f"{self.path} has for it; received {image.image_sha256!r:.40}; {REMEDY}"
                )
        if not len(out):
            return dataset
        rows = np.setdiff1d(np.arange(len(dataset)), out)
        left = np.bincount(dataset.labels[rows], minlength=dataset.classes)
        lost = (left == 0) & (np.bincount(dataset.labels, minlength=dataset.classes) > 0)
        if lost.any():
            raise DataFormatError(
                f"every class must keep an image of {dataset.part}; {self.path} leaves out all of "
                f"{dataset.class_names[int(lost.argmax())]!r}; decide which of its rows are wrong"
            )
        return dataset.take(rows)


def without_suspects(parts: Parts, path: str, divided: Divided | None = None) -> Parts:
    """Return the parts, the training part without the images that a list leaves out of it.

    The list may also be of what was `divided` into training and test part. Raises DataFormatError
    where it is of other images, or leaves out all of a class.
    """
    suspects = read_suspects(files.named(path))
    if divided is not None:
        suspects = suspects.after(divided, parts.train)
    train = suspects.kept(parts.train)
    count = len(parts.train) - len(train)
    if not count:
        raise DataFormatError(
            f"a list of suspects must leave out an image of the training part; received {path}, "
            f"which leaves out none; {REMEDY}"
        )
    name = f"{train.name} without {count:,} images"
    return Parts(
        train.renamed(name, train.class_names),
        parts.test,
        parts.validation,
        replace(parts.options, without=path),
        LeftOut(suspects.sha256, count),
    )


def read_suspects(path: Path) -> SuspectList:
    """Read a list: what an audit wrote, or its page exported.

    A list with decisions leaves out the images that are decided to be wrong or broken; one without
    any leaves out every suspect. Raises DataFormatError for what is no such list.
    """
    try:
        text = read_text(path, "a list of suspects")
    except OSError as error:
        raise DataFormatError(
            f"a list of suspects must be a file; received {path}: {error.strerror or error}; "
            f"{REMEDY}"
        ) from error
    rows = _rows(text, path)
    decided = any(row.get("decision") for row in rows)
    chosen = [
        row for row in rows if (row["decision"] in LEFT_OUT if decided else row["suspect"] == "yes")
    ]
    images = tuple(
        Named(row["part"], int(row["index"]), row["part_sha256"], row["image_sha256"])
        for row in chosen
    )
    return SuspectList(str(path), hashlib.sha256(text.encode()).hexdigest(), images)


def _rows(text: str, path: Path) -> list[dict[str, str]]:
    """Return the rows, each checked."""
    reader = csv.DictReader(io.StringIO(text), strict=True)
    try:
        names = list(reader.fieldnames or ())
        missing = [name for name in NEEDED if name not in names]
        if missing or len(set(names)) < len(names):
            raise DataFormatError(
                f"a list of suspects must have the columns {', '.join(NEEDED)}, each once; "
                f"received {', '.join(names)!r:.120} in {path}; {REMEDY}"
            )
        unknown = [name for name in names if name not in COLUMNS]
        if unknown:
            raise DataFormatError(
                f"a list of suspects has no column {unknown[0]!r:.40}; received {path}; remove it"
            )
        rows = list(reader)
    except csv.Error as error:
        raise DataFormatError(
            f"a list of suspects must be CSV; received {path}, line {reader.line_num}: {error}; "
            f"{REMEDY}"
        ) from error
    for line, row in enumerate(rows, 2):
        _check(row, f"{path}, line {line}")
    return rows


def _check(row: Mapping[str, str | None], where: str) -> None:
    """Raise DataFormatError where a cell is not what its column has."""
    if None in row or None in row.values():
        raise DataFormatError(
            f"each row of a list of suspects must have a cell for each column; received another "
            f"number in {where}; {REMEDY}"
        )
    rules: dict[str, tuple[str, bool]] = {
        "part": (f"one of {', '.join(SPLITS)}", row["part"] in SPLITS),
        "index": ("a row from 0", _is_index(row["index"])),
        "suspect": ("yes or no", row["suspect"] in ("yes", "no")),
        "decision": (
            f"one of {', '.join(DECISIONS)}, or empty",
            row.get("decision", "") in ("", *DECISIONS),
        ),
    }
    for name, (rule, holds) in rules.items():
        if not holds:
            raise DataFormatError(
                f"{name} must be {rule}; received {row[name]!r:.40} in {where}; {REMEDY}"
            )


def _is_index(text: str | None) -> bool:
    return text is not None and text.isascii() and text.isdigit() and len(text) < 16
