"""find: the parts of a data set in a file or a folder, and the files that each is made of.

What a file holds is told by its content; which part of the set it is, by its name: train, test or
t10k, val or validation.
"""

import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fashionlab.data import fashion_mnist
from fashionlab.data.dataset import Split
from fashionlab.data.forms import Block, arrays, idx, parquet, pictures, shards, table
from fashionlab.data.forms.content import Form, form_of
from fashionlab.data.forms.elements import are_labels, image_rows, labels_of, mapped_images, to_grey
from fashionlab.data.forms.pixels import Log, Wanted
from fashionlab.data.forms.stored import StoredArray
from fashionlab.data.known import by_name
from fashionlab.data.options import ReadOptions
from fashionlab.data.unpack import Labels, hash_of, unpacked
from fashionlab.errors import DataFormatError

NAMES = "class_names"  # an array in an npz file
CLASS_NAMES_FILE = "class_names.txt"
PARTS: dict[str, Split] = {
    **{"train": "train", "training": "train", "test": "test", "testing": "test", "t10k": "test"},
    **{"val": "validation", "valid": "validation", "validation": "validation"},
}
PART = re.compile(rf"(?<![a-z])({'|'.join(PARTS)})(?![a-z])")
TABLE_NAMES = re.compile(r"\.(csv|tsv|txt|data)(\.gz)?$", re.IGNORECASE)


@dataclass(frozen=True, eq=False)
class Piece:
    """A file, or an array in it, that is a part of a data set or belongs to one."""

    where: str
    part: Split | None
    path: Path
    form: Form
    array: StoredArray | None  # None for a form that has images and labels together

    @property
    def kind(self) -> str:
        """What it holds: images, labels, both, or the names of the classes."""
        if self.array is None:
            return "both"
        if self.array.name == NAMES:
            return "names"
        return "labels" if are_labels(self.array) else "images"


@dataclass(frozen=True, eq=False)
class Found:
    """A part of a data set as it lies on the disk. None as `part`: the set has no others."""

    part: Split | None
    where: str
    load: Callable[[], tuple[NDArray[np.uint8], Labels]]
    class_names: tuple[str, ...] | None = None  # where the form has them
    first_label: int = 0  # of a known set that counts from another number


def exists(path: Path) -> bool:
    """Return whether a path is a file, a folder, or the beginning of the names of several files."""
    if path.exists():
        return True
    return path.parent.is_dir() and any(
        re.match(rf"{re.escape(path.name)}[-_.]", other.name) for other in path.parent.iterdir()
    )


def find(path: Path, options: ReadOptions, log: Log | None = None) -> list[Found]:
    """Return the parts of the data set in a file or a folder, in the order train, test, validation.

    `path` may also be the beginning of the names of its files, where several sets share a folder.

    Raises DataFormatError where there is none, or it is not clear which file is what.
    """
    if path.is_file():
        pieces = _in_file(path)
    elif not path.is_dir():
        pieces = _in_folder(path.parent, prefix=path.name)
    elif any(any(path.glob(f"{'*/' * depth}*.parquet")) for depth in range(shards.DEEPEST + 1)):
        return _parquet(path, options, log)
    else:
        pieces = _in_folder(path)
        if not pieces:
            return _pictures(path, options, log)
    if any(piece.form == "parquet" for piece in pieces):
        return _parquet(path, options, log)
    return _parts(pieces, path, options)


def _in_folder(folder: Path, prefix: str = "") -> list[Piece]:
    """Return the pieces in a folder, whose names begin with `prefix`."""
    pieces, seen = [], set()
    for path in sorted(folder.iterdir()):
        if path.name.startswith((".", "__")) or not path.name.startswith(prefix):
            continue
        if path.name == CLASS_NAMES_FILE or not path.is_file():
            continue
        plain = path.with_name(path.name.removesuffix(".gz"))
        if plain in seen:  # next to itself unpacked
            continue
        try:
            form = form_of(path)
        except DataFormatError:
            if _looks_like_data(path):
                raise
            continue
        if form == "table" and not TABLE_NAMES.search(path.name):
            continue
        seen.add(plain)
        pieces += _in_file(path, form)
    return pieces


def _looks_like_data(path: Path) -> bool:
    """Return whether a file that has no form we know has the name of one that should."""
    name = path.name.removesuffix(".gz")
    return "-ubyte" in name or path.suffix in {".npy", ".npz", ".parquet", ".csv", ".tsv"}


def _in_file(path: Path, form: Form | None = None) -> list[Piece]:
    form = form or form_of(path)
    if form == "idx":
        described = [idx.describe(path)]
    elif form == "npy":
        described = [arrays.describe_npy(path)]
    elif form == "npz":
        described = arrays.describe_npz(path)
    else:
        return [Piece(str(path), _part(path.name), path, form, None)]
    return [
        Piece(array.where, _part(array.name) or _part(path.name), path, form, array)
        for array in described
    ]


def _part(name: str) -> Split | None:
    found = PART.search(name.lower())
    return PARTS[found[1]] if found else None


def _parts(pieces: Sequence[Piece], path: Path, options: ReadOptions) -> list[Found]:
    by_part: dict[Split | None, list[Piece]] = defaultdict(list)
    names = [piece.array for piece in pieces if piece.kind == "names"]
    for piece in pieces:
        if piece.kind != "names":
            by_part[piece.part].append(piece)
    order: list[Split | None] = [None, "train", "test", "validation"]
    if "train" in by_part:
        order.remove(None)  # what has no part's name, for instance a sample of a submission
    found = [_part_of(part, by_part[part], path, options) for part in order if part in by_part]
    if names and names[0]:
        own = tuple(map(str, labels_of(names[0])))
        found = [replace(one, class_names=own) for one in found]
    return found


def _part_of(
    part: Split | None, pieces: Sequence[Piece], path: Path, options: ReadOptions
) -> Found:
    shown = f"the {part} part of {path}" if part else str(path)
    both = [piece for piece in pieces if piece.kind == "both"]
    images = [piece for piece in pieces if piece.kind == "images"]
    labels = [piece for piece in pieces if piece.kind == "labels"]
    if len(both) == 1 and not images and not labels:
        return _table(part, both[0].path, options)
    if both or len(images) > 1 or len(labels) > 1:
        names = ", ".join(Path(piece.where).name for piece in [*both, *images, *labels][:4])
        raise DataFormatError(
            f"each part must be in one file, or in one of images and one of labels; received "
            f"{names} for {shown}; put one set into a folder of its own"
        )
    if not images:
        raise DataFormatError(
            f"a part must have images; received labels alone, {labels[0].where}; put the file of "
            "images next to it"
        )
    return _arrays(part, images[0], labels[0] if labels else None, options)


def _arrays(part: Split | None, images: Piece, labels: Piece | None, options: ReadOptions) -> Found:
    own = _upright(images.path.name, options)
    array = images.array

    def load() -> tuple[NDArray[np.uint8], Labels]:
        if array is None:
            raise TypeError("a piece of images has an array")
        pixels = mapped_images(array, own)
        if pixels is None:
            pixels = unpacked(
                partial(_grey_as_wished, partial(image_rows, array, own), own.colour),
                lambda: f"{hash_of([images.path])} {array.name} {own.given()}",
                images.where,
            ).images
        return pixels, labels_of(labels.array) if labels and labels.array else None

    return _as_known(Found(part, images.where, load), images.path.name)


def _upright(name: str, options: ReadOptions) -> ReadOptions:
    """Return the options with whether the files of a known set of that name are transposed."""
    claimed = by_name(name)
    if options.transposed is None and claimed is not None and claimed.transposed:
        return replace(options, transposed=True)
    return options


def _as_known(found: Found, name: str) -> Found:
    """Return a part with the names and the first label of the known set that a file's name claims.

    Not Fashion-MNIST's names, which only its hashes give.
    """
    claimed = by_name(name)
    if claimed is None or claimed.name == fashion_mnist.NAME:
        return found
    return replace(found, class_names=claimed.class_names, first_label=claimed.first_label)


def _table(part: Split | None, path: Path, options: ReadOptions) -> Found:
    own = _upright(path.name, options)

    def rows() -> Iterator[Block]:
        for images, labels in table.read(path, own):
            turned = np.ascontiguousarray(images.swapaxes(1, 2)) if own.transposed else images
            yield Block(turned, labels)

    def load() -> tuple[NDArray[np.uint8], Labels]:
        whole = unpacked(rows, lambda: f"{hash_of([path])} {own.given()}", str(path))
        return whole.images, whole.labels

    return _as_known(Found(part, str(path), load), path.name)


def _parquet(path: Path, options: ReadOptions, log: Log | None) -> list[Found]:
    found = parquet.find(path, options)
    target = parquet.plan(found, options)
    return [
        _decoded(parquet, found, part, target, str(files[0]), log)
        for part, files in found.parts.items()
    ]


def _pictures(folder: Path, options: ReadOptions, log: Log | None) -> list[Found]:
    found = pictures.find(folder, log)
    target = pictures.plan(found, options)
    return [_decoded(pictures, found, part, target, str(folder), log) for part in found.parts]


def _decoded(
    form: Any, found: Any, part: Split | None, target: Wanted, where: str, log: Log | None
) -> Found:
    """Return a part whose pictures are decoded once."""

    def load() -> tuple[NDArray[np.uint8], Labels]:
        whole = unpacked(
            lambda: form.read(found, part, target, log),
            lambda: f"{part} {target} {sorted(form.facts(found))}",
            where,
        )
        return whole.images, whole.labels

    return Found(part, where, load, found.class_names)


def _grey_as_wished(read: Callable[[], Iterator[Block]], colour: bool | None) -> Iterator[Block]:
    """Yield the blocks, in grey where colour is not wanted."""
    for images, labels in read():
        wanted = to_grey(images) if colour is False and images.ndim == 4 else images
        yield Block(wanted, labels)
