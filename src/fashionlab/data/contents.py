"""Found: a part of a data set as it lies on the disk, and how it is loaded, for each form."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fashionlab.data import fashion_mnist
from fashionlab.data.dataset import Split
from fashionlab.data.forms import Block, parquet, pictures, tables
from fashionlab.data.forms.elements import (
    image_rows,
    image_shape,
    labels_of,
    mapped_images,
    require_labels,
    to_grey,
)
from fashionlab.data.forms.pictures.pixels import Log, Wanted
from fashionlab.data.forms.stored import StoredArray
from fashionlab.data.known import by_name
from fashionlab.data.options import ReadOptions
from fashionlab.data.unpack import Labels, hash_of, unpacked
from fashionlab.errors import InvalidValueError
from fashionlab.images import Preparation

# The options that say something about a form.
ALWAYS = ("split", "preparation")
OPTIONS = {
    "an array": ("colour", "first_label", "transposed"),
    "a table": ("colour", "first_label", "transposed", "labels"),
    "a Parquet file": ("size", "colour", "first_label", "labels"),
    "a folder of pictures": ("size", "colour"),
}


@dataclass(frozen=True, eq=False)
class Found:
    """A part of a data set as it lies on the disk. None as `part`: the set has no others."""

    part: Split | None
    where: str
    load: Callable[[], tuple[NDArray[np.uint8], Labels]]
    form: str  # of its files, with what their header says
    class_names: tuple[str, ...] | None = None  # where the form has them
    first_label: int = 0  # of a known set that counts from another number
    preparation: Preparation | None = None  # by which its pictures were prepared
    files: tuple[str, ...] = ()  # the path of each image in `where`, where it has its own


def of_arrays(
    part: Split | None, images: StoredArray, labels: StoredArray | None, options: ReadOptions
) -> Found:
    """Return a part whose images, and labels, are arrays; images that lie bare are mapped."""
    own = upright(images.path.name, fitting("an array", options, images.where))
    image_shape(images, own)
    if labels is not None:
        require_labels(labels, images)

    def load() -> tuple[NDArray[np.uint8], Labels]:
        found = labels_of(labels) if labels else None  # first: images may be unpacked in vain
        pixels = mapped_images(images, own)
        if pixels is None:
            pixels = unpacked(
                partial(_grey_as_wished, partial(image_rows, images, own), own.colour),
                lambda: f"{hash_of([images.path])} {images.name} {_decisive(own)}",
                images.where,
            ).images
        return pixels, found

    packed = ", packed" if images.offset is None else ""
    form = f"{images.form} {images.shape} {images.dtype}{packed}"
    form += ", column by column" * bool(own.transposed)
    return _as_known(Found(part, images.where, load, form), images.path.name)


def fitting(form: str, options: ReadOptions, where: str) -> ReadOptions:
    """Return the options; InvalidValueError where one says nothing about such a form."""
    for name in options.given():
        if name not in (*ALWAYS, *OPTIONS[form]):
            forms = " or ".join(other for other, names in OPTIONS.items() if name in names)
            raise InvalidValueError(
                f"{name} is an option of {forms}; received it for {where}; leave it out"
            )
    return options


def _decisive(options: ReadOptions) -> str:
    """Return the options that decide what is read, for the cache's key."""
    return str(replace(options, split=None).given())


def upright(name: str, options: ReadOptions) -> ReadOptions:
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


def of_table(part: Split | None, path: Path, options: ReadOptions) -> Found:
    """Return a part that is a table."""
    own = upright(path.name, fitting("a table", options, str(path)))

    def rows() -> Iterator[Block]:
        for images, labels in tables.read(path, own):
            turned = np.ascontiguousarray(images.swapaxes(1, 2)) if own.transposed else images
            yield Block(turned, labels)

    def load() -> tuple[NDArray[np.uint8], Labels]:
        whole = unpacked(rows, lambda: f"{hash_of([path])} {_decisive(own)}", str(path))
        return whole.images, whole.labels

    return _as_known(Found(part, str(path), load, "table"), path.name)


def of_parquet(path: Path, options: ReadOptions, log: Log | None) -> list[Found]:
    """Return the parts of a Parquet file, or of a folder of them."""
    found = parquet.find(path, fitting("a Parquet file", options, str(path)))
    target = parquet.plan(found, options)
    parts = []
    for part, files in found.parts.items():
        shown = str(files[0]), f"Parquet, {len(files)} file" + "s" * (len(files) > 1)
        parts.append(_decoded(parquet, found, part, target, shown, log))
    if target.scaled:
        return parts
    # Images of one size are a set's own, prepared by those who made it, and not here.
    return [replace(one, preparation=None) for one in parts]


def of_pictures(folder: Path, options: ReadOptions, log: Log | None) -> list[Found]:
    """Return the parts of a folder of pictures."""
    fitting("a folder of pictures", options, str(folder))
    found = pictures.find(folder, log)
    target = pictures.plan(found, options)
    shown = str(folder), "pictures"
    return [
        replace(one, files=pictures.file_names(found, one.part))
        for one in (_decoded(pictures, found, part, target, shown, log) for part in found.parts)
    ]


def _decoded(
    reader: Any,
    found: Any,
    part: Split | None,
    target: Wanted,
    shown: tuple[str, str],
    log: Log | None,
) -> Found:
    """Return a part whose pictures are decoded once; `shown` are where it is, and its form."""
    where, form = shown

    def load() -> tuple[NDArray[np.uint8], Labels]:
        whole = unpacked(
            lambda: reader.read(found, part, target, log),
            lambda: f"{part} {target} {sorted(reader.facts(found, part))}",
            where,
        )
        return whole.images, whole.labels

    return Found(part, where, load, form, found.class_names, preparation=target.preparation)


def _grey_as_wished(read: Callable[[], Iterator[Block]], colour: bool | None) -> Iterator[Block]:
    """Yield the blocks, in grey where colour is not wanted."""
    for images, labels in read():
        wanted = to_grey(images) if colour is False and images.ndim == 4 else images
        yield Block(wanted, labels)
