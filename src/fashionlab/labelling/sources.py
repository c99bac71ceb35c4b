"""plan: what is to be labelled, cut into shards: rows of one file, or some pictures of a folder.

A shard is read without what is before it: an array by its place in the file, a table by the bytes
of its lines, Parquet by row groups, pictures by their names. Other files (packed, npz) are unpacked
once into the package's cache, on each machine that reads them.
"""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from fashionlab.data import ReadOptions, load_images
from fashionlab.data.contents import fitting, upright
from fashionlab.data.find import looks_like_data
from fashionlab.data.forms import idx, npy
from fashionlab.data.forms.content import form_of
from fashionlab.data.forms.elements import are_labels, image_shape
from fashionlab.data.forms.parquet import window as row_groups
from fashionlab.data.forms.stored import StoredArray
from fashionlab.data.forms.tables import window as lines
from fashionlab.data.forms.tables.table import columns_of
from fashionlab.errors import DataFormatError, DataNotFoundError, FashionlabError, InvalidValueError
from fashionlab.images import ENDINGS
from fashionlab.labelling.places import Stored, line_of, local, stored, within


@dataclass(frozen=True)
class Shard:
    """Rows that one job labels, into one file."""

    source: int  # its number, from 0
    number: int  # in its source, from 0
    first: int  # row of the source
    rows: int
    stamp: str  # another where what is read is another
    place: dict[str, Any]  # of JSON values, by which `reading.blocks` finds them


@dataclass(frozen=True)
class Source:
    """A file of images, or pictures in a folder: its shards, or why it cannot be read."""

    name: str
    rows: int
    shards: Sequence[Shard]
    error: str = ""


def plan(
    names: Sequence[str],
    shape: tuple[int, ...],
    options: ReadOptions,
    step: int,
    say: Callable[[str], None],
) -> list[Source]:
    """Return the sources that files and folders are, with shards of `step` rows.

    `shape` is the model's (H, W) or (H, W, 3). A source that cannot be read has an error. Raises
    DataNotFoundError for what is not there, and the error of the first where none can be read.
    """
    sources, first = [], None
    for number, (name, found) in enumerate(_listed(names)):
        try:
            if isinstance(found, Stored):
                sources.append(_cut(number, found, shape, options, step, say))
            else:
                fitting("a folder of pictures", options, name)
                sources.append(_pictures(number, name, found, step))
        except DataNotFoundError:
            raise
        except (FashionlabError, OSError) as error:
            first = first or error
            sources.append(Source(name, 0, [], line_of(error)))
    if first is not None and not any(source.shards for source in sources):
        raise first
    return sources


def _listed(names: Sequence[str]) -> Iterator[tuple[str, Stored | list[Stored]]]:
    """Yield each file of data, and the pictures of each folder; single pictures together."""
    single = []
    for name in names:
        inside = within(name)
        if inside is None:
            file = stored(name)
            if _is_picture(file):
                single.append(file)
            else:
                yield name, file
            continue
        if pictures := [file for file in inside if _ends_as_picture(file.name)]:
            yield name, pictures
            continue
        data = [file for file in inside if looks_like_data(_path(file.name))]
        data = [file for file in data if not _has_labels(file)]
        if not data:
            raise InvalidValueError(
                f"a folder must have pictures (PNG, JPEG or WebP) or files of images; {name} has "
                "none; name another"
            )
        yield from ((file.name, file) for file in data)
    if single:
        yield "pictures", single


def _path(name: str) -> Path:
    return Path(urlsplit(name).path if "://" in name else name)


def _ends_as_picture(name: str) -> bool:
    return _path(name).suffix.lower() in ENDINGS


def _is_picture(file: Stored) -> bool:
    """Return whether a file is a picture: by its ending, else where it is no file of data."""
    if _ends_as_picture(file.name):
        return True
    if looks_like_data(_path(file.name)):
        return False
    try:
        form_of(local(file))
    except (FashionlabError, OSError):
        return True
    return False


def _has_labels(file: Stored) -> bool:
    """Return whether a file has the labels of images in another one."""
    try:
        array = array_in(local(file))
        return array is not None and are_labels(array)
    except (FashionlabError, OSError):  # said when it is read
        return False


def array_in(path: Path) -> StoredArray | None:
    """Return the array in a file of one; None where the file is of another form."""
    form = form_of(path)
    return {"idx": idx.describe, "npy": npy.describe_npy}.get(form, lambda path: None)(path)


def _cut(
    number: int,
    file: Stored,
    shape: tuple[int, ...],
    options: ReadOptions,
    step: int,
    say: Callable[[str], None],
) -> Source:
    """Return the shards of a file of images."""
    path = local(file)
    base = asdict(file)
    places: list[dict[str, Any]] = []  # of the shards, where each has its own
    array = array_in(path)
    if array is not None and array.offset is not None and not array.fortran:
        own = upright(path.name, fitting("an array", options, file.name))
        _require(file.name, _grey(image_shape(array, own), own), shape)
        rows = array.shape[0]
        place = {**base, "kind": "array", "options": own.given()}
    elif (form := form_of(path)) == "table" and lines.can_be_cut(path):
        own = upright(path.name, fitting("a table", options, file.name))
        columns = columns_of(path, own)
        _require(file.name, columns.shape, shape)
        parts, rows = lines.lines_of(path, columns, step)
        place = {**base, "kind": "table", "columns": asdict(columns), "options": own.given()}
        places = [{**place, "lines": [*part]} for part in parts]
    elif form == "parquet":
        fitting("a Parquet file", options, file.name)
        rows = row_groups.count(path)
        place = {**base, "kind": "parquet"}
    else:
        say(f"{file.name} is unpacked once into the cache, where it is not there yet")
        images = load_images(path, options)
        _require(file.name, images.shape[1:], shape)
        rows = len(images)
        place = {**base, "kind": "whole", "options": options.given()}
    starts = range(0, rows, step)
    shards = [
        Shard(number, i, first, min(step, rows - first), file.stamp, places[i] if places else place)
        for i, first in enumerate(starts)
    ]
    return Source(file.name, rows, shards)


def _grey(shape: tuple[int, ...], options: ReadOptions) -> tuple[int, ...]:
    """Return the shape that images have once they are grey, where the model takes such."""
    return shape[:2] if options.colour is False else shape


def _require(name: str, received: tuple[int, ...], shape: tuple[int, ...]) -> None:
    if tuple(received) != shape:
        raise DataFormatError(
            f"{name} must have images of the model's size, {shape}; received {tuple(received)}; "
            "name another --model"
        )


def _pictures(number: int, name: str, found: list[Stored], step: int) -> Source:
    shards = []
    for i, first in enumerate(range(0, len(found), step)):
        some = found[first : first + step]
        stamps = "\n".join(file.stamp for file in some).encode("utf-8", "surrogateescape")
        place = {"kind": "pictures", "names": [file.name for file in some]}
        stamp = hashlib.sha256(stamps).hexdigest()
        shards.append(Shard(number, i, first, len(some), stamp, place))
    return Source(name, len(found), shards)
