"""convert: the parts of a data set -> files of another form, in blocks, whole or not at all."""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from fashionlab import files
from fashionlab.data.class_names import CLASS_NAMES_FILE
from fashionlab.data.dataset import Dataset, Split
from fashionlab.data.forms import idx, npy, parquet, pictures, tables
from fashionlab.errors import DataFormatError, InvalidValueError

PREFIXES: dict[Split, str] = {"train": "train", "test": "t10k", "validation": "val"}
SHORT: dict[Split, str] = {"train": "train", "test": "test", "validation": "val"}
ENDINGS = {  # of a file with one part
    ".csv": tables.write,
    ".csv.gz": tables.write,
    ".tsv": tables.write,
    ".tsv.gz": tables.write,
    ".parquet": parquet.write,
}
FORMS = ("idx", "npy", "csv", "tsv", "parquet", "pictures")  # in a folder


def convert(parts: Sequence[Dataset], target: Path, to: str | None = None) -> Sequence[Dataset]:
    """Write `parts` to `target`, which must not exist, and return them.

    A target .npz takes all parts, a .csv, .tsv or .parquet one; any other is a folder, in the form
    `to`, by default idx. Raises InvalidValueError where that does not fit, OSError where it cannot
    be written.
    """
    if target.exists():
        raise InvalidValueError(f"{target} is there already; choose another name, or remove it")
    ending = next((end for end in (*ENDINGS, ".npz") if target.name.lower().endswith(end)), None)
    if to is not None and (to not in FORMS or ending):
        rule = f"one of {', '.join(FORMS)}, for a folder" if not ending else "left out for a file"
        raise InvalidValueError(f"--to must be {rule}; received {to!r:.40} for {target}")
    if ending == ".npz":
        _to_npz(parts, target)
    elif ending:
        if len(parts) > 1:
            raise InvalidValueError(
                f"a file {ending} holds one part; received {', '.join(p.part for p in parts)}; "
                f"give a folder with --to {ending.split('.')[1]}"
            )
        ENDINGS[ending](target, parts[0])
    elif to == "pictures":
        pictures.write(target, parts)
    else:
        _to_folder(parts, target, to or "idx")
    return parts


def _to_npz(parts: Sequence[Dataset], target: Path) -> None:
    """Write MedMNIST's keys, and the class names where they say more than the numbers."""
    content = {}
    for part in parts:
        content[f"{SHORT[part.part]}_images"] = part.images
        content[f"{SHORT[part.part]}_labels"] = part.labels
    if names := own_names(parts[0]):
        content["class_names"] = np.array(names, np.str_)
    npy.write_npz(target, content)


def _to_folder(parts: Sequence[Dataset], target: Path, form: str) -> None:
    with files.writing_folder(target) as partial:
        for part in parts:
            _WRITERS[form](partial, part)
        names = own_names(parts[0])
        if names:  # also next to labels that are names: it has their order
            text = "".join(f"{name}\n" for name in names)
            files.write_new(partial / CLASS_NAMES_FILE, text.encode())


def own_names(part: Dataset) -> tuple[str, ...]:
    """Return the class names, () where they are the numbers."""
    numbers = tuple(str(k) for k in range(part.classes))
    return () if part.class_names == numbers else part.class_names


def _write_idx(folder: Path, part: Dataset) -> None:
    prefix = PREFIXES[part.part]
    if not all(side < 2**32 for side in part.images.shape):
        raise DataFormatError(f"IDX holds at most {2**32 - 1:,} images; received {len(part):,}")
    rank = part.images.ndim
    idx.write_images(folder / f"{prefix}-images-idx{rank}-ubyte", part.images)
    idx.write_idx(folder / f"{prefix}-labels-idx1-ubyte", part.labels)


def _write_npy(folder: Path, part: Dataset) -> None:
    npy.write_npy(folder / f"{SHORT[part.part]}_images.npy", part.images)
    npy.write_npy(folder / f"{SHORT[part.part]}_labels.npy", part.labels)


_WRITERS: dict[str, Callable[[Path, Dataset], None]] = {
    "idx": _write_idx,
    "npy": _write_npy,
    "csv": lambda folder, part: tables.write(folder / f"{SHORT[part.part]}.csv", part),
    "tsv": lambda folder, part: tables.write(folder / f"{SHORT[part.part]}.tsv", part),
    "parquet": lambda folder, part: parquet.write(
        folder / f"{part.part}-00000-of-00001.parquet", part
    ),
}
