"""blocks: the images of a shard, some at a time, whatever they lie in."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import lru_cache
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from fashionlab.data import ReadOptions, load_images
from fashionlab.data.forms import rows_in_block
from fashionlab.data.forms.elements import image_rows, to_grey
from fashionlab.data.forms.parquet.window import pictures
from fashionlab.data.forms.tables.columns import Columns
from fashionlab.data.forms.tables.rows import Lines
from fashionlab.data.forms.tables.window import images_of
from fashionlab.data.storage import release
from fashionlab.errors import DataFormatError, ImageError
from fashionlab.labelling import sources
from fashionlab.labelling.places import Stored, content, line_of, local
from fashionlab.portable import Predictor

Picture = TypeVar("Picture")
TOGETHER = 1024  # pictures that are prepared before they are classified


class Block(NamedTuple):
    """Some rows of a shard, in their order; a picture that is broken is in none."""

    rows: NDArray[np.int64]  # (n,) of the source, from 0
    names: list[str]  # (n,) of the pictures; of a file of images, its own name alone
    images: NDArray[np.uint8]  # (n, H, W) or (n, H, W, 3)
    found: NDArray[np.bool_]  # (n,) whether there is a garment, where one is looked for
    broken: list[tuple[int, str, str]]  # row, name and error of those that are no picture


def blocks(
    place: Mapping[str, Any], base: str, first: int, rows: int, predictor: Predictor
) -> Iterator[Block]:
    """Yield the `rows` images of a shard from row `first` of its source.

    `place` is the shard's, where relative names are in the folder `base`. Raises DataFormatError
    where the file is not sound or not as it was.
    """
    if place["kind"] == "pictures":
        names: list[str] = place["names"]
        yield from _prepared(
            first, ((name, name) for name in names), lambda name: content(name, base), predictor
        )
        return
    file = Stored(place["name"], place["size"], place["modified"])
    path = local(file, base)
    if place["kind"] == "parquet":
        stored = pictures(path, first, first + rows)
        yield from _prepared(
            first, ((file.name, picture) for picture in stored), lambda picture: picture, predictor
        )
        return
    options = ReadOptions(**place["options"])
    at = first
    for images in _images(place, path, first, rows, options):
        if images.shape[1:] != predictor.image_shape:
            raise changed(file.name)
        numbers = np.arange(at, at + len(images))
        yield Block(numbers, [file.name], images, np.ones(len(images), np.bool_), [])
        at += len(images)
    if at != first + rows:
        raise changed(file.name)


def _images(
    place: Mapping[str, Any], path: Path, first: int, rows: int, options: ReadOptions
) -> Iterator[NDArray[np.uint8]]:
    """Yield images of an array, a table, or what was unpacked, as the model takes them."""
    if place["kind"] == "array":
        array = sources.array_in(path)
        if array is None or array.shape[0] < first + rows:
            raise changed(place["name"])
        for images, _ in image_rows(array, options, first, first + rows):
            yield to_grey(images) if options.colour is False and images.ndim == 4 else images
    elif place["kind"] == "table":
        for images in images_of(path, _columns(place["columns"]), Lines(*place["lines"]), rows):
            turned = options.transposed
            yield np.ascontiguousarray(images.swapaxes(1, 2)) if turned else images
    else:
        whole = _unpacked(path, place["modified"], options)
        step = rows_in_block(whole.shape[1:])
        for start in range(first, first + rows, step):
            yield np.array(whole[start : min(start + step, first + rows)])
            release(whole)


def _columns(found: Mapping[str, Any]) -> Columns:
    """Return columns of JSON values, which have lists for tuples."""
    values: Any = {k: tuple(v) if isinstance(v, list) else v for k, v in found.items()}
    return Columns(**values)


@lru_cache(1)  # the shards of one file mostly come one after the other
def _unpacked(path: Path, modified: str, options: ReadOptions) -> NDArray[np.uint8]:
    """Return the images of a file that is unpacked in the cache."""
    return load_images(path, options)


def _prepared(
    first: int,
    stored: Iterable[tuple[str, Picture]],
    read: Callable[[Picture], Path | bytes | None],
    predictor: Predictor,
) -> Iterator[Block]:
    """Yield pictures, prepared as the model's metadata say; `stored` has a name with each."""
    waiting = enumerate(stored, first)
    while some := list(islice(waiting, TOGETHER)):
        rows, names, images, found, broken = [], [], [], [], []
        for row, (name, picture) in some:
            try:
                if (file := read(picture)) is None:
                    raise ImageError("a row must have the bytes of a picture; received none")
                prepared = predictor.prepare(file)
            except (ImageError, DataFormatError, OSError) as error:
                broken.append((row, name, line_of(error)))
                continue
            rows.append(row)
            names.append(name)
            images.append(prepared.image)
            found.append(prepared.found)
        whole = np.stack(images) if images else np.empty((0, *predictor.image_shape), np.uint8)
        yield Block(np.array(rows, np.int64), names, whole, np.array(found, np.bool_), broken)


def changed(name: str) -> DataFormatError:
    """Return the error for a file that is not as it was when the work began."""
    return DataFormatError(
        f"a file must stay as it is while it is labelled; received another content in {name}; "
        "start again"
    )
