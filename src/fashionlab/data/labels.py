"""class_labels: the labels of all parts, as their files have them -> class numbers from 0.

Symbols: N images, K classes.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fashionlab.data import fashion_mnist
from fashionlab.data.class_names import MOST_CLASSES
from fashionlab.data.dataset import Split
from fashionlab.errors import DataFormatError
from fashionlab.text import printable

BLOCK = 2**20  # labels
Raw = NDArray[np.int64] | list[str]
Labels = NDArray[np.uint8]


def class_labels(
    parts: Mapping[Split, Raw],
    class_names: Sequence[str] | None,
    first_label: int,
    where: str,
    named_in: str | None = None,
) -> tuple[dict[Split, Labels], tuple[str, ...]]:
    """Return the labels (N,) of each part as numbers in [0, K), and the K class names.

    Labels are names, or whole numbers from `first_label` on without gaps; `class_names` are the
    names of numbers where the data have some, from the file `named_in` where they are in one. Every
    class needs an image in the training part. Raises DataFormatError.
    """
    kinds = {isinstance(raw, list) for raw in parts.values()}
    if len(kinds) > 1:
        raise DataFormatError(
            f"all parts must have labels of one kind; received numbers and names in {where}; "
            "write them in one way"
        )
    named = {part: raw for part, raw in parts.items() if isinstance(raw, list)}
    if named:
        return _of_names(named, class_names, where, named_in)
    numbers = {part: np.asarray(raw) for part, raw in parts.items()}
    return _of_numbers(numbers, class_names, first_label, where, named_in)


def _of_names(
    parts: Mapping[Split, list[str]],
    class_names: Sequence[str] | None,
    where: str,
    named_in: str | None,
) -> tuple[dict[Split, Labels], tuple[str, ...]]:
    found = set(parts["train"])
    known = fashion_mnist.CLASS_NAMES if found == set(fashion_mnist.CLASS_NAMES) else ()
    names = tuple(class_names or known or sorted(found))
    _require_count(len(names), where)
    places = {name: i for i, name in enumerate(names)}
    labels = {}
    for part, raw in parts.items():
        if others := sorted(set(raw) - set(names)):
            raise DataFormatError(
                f"all parts must have the same classes; received {printable(others[0])!r:.60} in "
                f"{part}, which train does not have, in {where}; put its images in train too"
            )
        labels[part] = np.fromiter((places[name] for name in raw), np.uint8, len(raw))
    _require_images(labels["train"], names, where, named_in)
    return labels, names


def _of_numbers(
    parts: Mapping[Split, NDArray[np.int64]],
    class_names: Sequence[str] | None,
    first_label: int,
    where: str,
    named_in: str | None,
) -> tuple[dict[Split, Labels], tuple[str, ...]]:
    lowest = min(int(labels.min()) for labels in parts.values()) - first_label
    highest = max(int(labels.max()) for labels in parts.values()) - first_label
    if lowest < 0 or highest >= MOST_CLASSES:
        _require_count(len(np.unique(parts["train"])), where)
        shown = lowest if lowest < 0 else highest
        raise DataFormatError(
            f"labels must be whole numbers from {first_label} to at most "
            f"{first_label + MOST_CLASSES - 1}, the limit of {MOST_CLASSES} classes; received "
            f"{shown + first_label} in {where}; number the classes from 0, or give --first-label"
        )
    # In arithmetic modulo 256, which is exact: all differences are below it.
    labels = {
        part: raw.astype(np.uint8) - np.uint8(first_label % 256) for part, raw in parts.items()
    }
    counts = {part: _counts(one, highest + 1) for part, one in labels.items()}
    if lowest > 0 and not class_names:
        raise DataFormatError(
            f"labels must begin at {first_label}; received {lowest + first_label} to "
            f"{highest + first_label} in {where}; give --first-label {lowest + first_label}"
        )
    names = tuple(class_names or (str(k + first_label) for k in range(highest + 1)))
    if len(names) <= highest:
        raise DataFormatError(
            f"labels must be below the number of classes {len(names)}; received {highest} in "
            f"{where}; name every class in {named_in or where}"
        )
    _require_count(len(names), where)
    for part, count in counts.items():
        if (others := np.flatnonzero((count > 0) & (counts["train"] == 0))).size:
            raise DataFormatError(
                f"all parts must have the same classes; received the label "
                f"{others[0] + first_label} in {part}, which train does not have, in {where}; put "
                "its images in train too"
            )
    if not class_names and (gaps := np.flatnonzero(counts["train"] == 0)).size:
        raise DataFormatError(
            f"labels must have no gaps; received none of {_listed(gaps + first_label)} between "
            f"{first_label} and {highest + first_label} in the training part of {where}; number "
            "the classes without gaps, or name them in class_names.txt"
        )
    _require_images(labels["train"], names, where, named_in)
    return labels, names


def _require_count(classes: int, where: str) -> None:
    if not 2 <= classes <= MOST_CLASSES:
        raise DataFormatError(
            f"a data set must have 2 to {MOST_CLASSES} classes; received {classes:,} in {where}; "
            f"{'leave some out, or join them' if classes > 2 else 'add images of another'}"
        )


def _require_images(labels: Labels, names: Sequence[str], where: str, named_in: str | None) -> None:
    empty = np.flatnonzero(_counts(labels, len(names)) == 0)
    if empty.size:
        shown = ", ".join(printable(names[k])[:40] for k in empty[:5])
        raise DataFormatError(
            f"every class must have images in the training part; received none of {shown} in "
            f"{where}; add some, or leave the class out{f' of {named_in}' if named_in else ''}"
        )


def _counts(labels: Labels, classes: int) -> NDArray[np.int64]:
    """Count the images of each class (K,), in blocks: NumPy makes 8 bytes of each label."""
    counts = np.zeros(classes, np.int64)
    for first in range(0, len(labels), BLOCK):
        counts += np.bincount(labels[first : first + BLOCK], minlength=classes)
    return counts


def _listed(numbers: NDArray[Any]) -> str:
    shown = ", ".join(str(n) for n in numbers[:5].tolist())
    return f"{shown}, ..." if len(numbers) > 5 else shown
