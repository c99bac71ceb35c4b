"""Files wherever they are: on a disk, or in an object store by its URL (fsspec, the extra `ray`).

stored   Stored    a file as it is now
within   Stored    the files in a folder
content  bytes     a small file
local    Path      a file to read from any place: itself, or a copy in the package's cache
line_of  str       an error in one line
"""

import hashlib
import os
import shutil
import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from fashionlab import files
from fashionlab.data.fashion_mnist import cache_folder
from fashionlab.data.forms.pictures.names import is_hidden
from fashionlab.errors import DataFormatError, DataNotFoundError
from fashionlab.remote import URL, filesystem, is_remote, reached

CHANGING = ("ETag", "etag", "md5Hash", "mtime", "LastModified", "last_modified", "created")


@dataclass(frozen=True, slots=True)
class Stored:
    """A file as it is now: what is read later must be the same."""

    name: str  # a path or a URL, as it was given
    size: int  # bytes
    modified: str  # when it was written, in nanoseconds; of an object, its tag where it has one

    @property
    def stamp(self) -> str:
        """A text that is another where the file is another."""
        return f"{self.name} {self.size} {self.modified}"


def path_of(name: str, base: str = "") -> Path:
    """Return the path that a name means in the working directory, or in the folder `base`.

    A URL of the scheme file is one too.
    """
    if URL.match(name):
        return files.named(unquote(urlsplit(name).path))
    return files.named(base) / files.named(name).expanduser()


def stored(name: str, base: str = "") -> Stored:
    """Return a file as it is now. Raises DataNotFoundError where it is not there."""
    try:
        if is_remote(name):
            fs, path = filesystem(name)
            with reached(name):
                return _object(name, fs.info(path))
        found = path_of(name, base).stat()
    except FileNotFoundError:
        raise DataNotFoundError(
            f"images must be in a file or a folder; received {name}, which does not exist; check "
            "the name"
        ) from None
    if not stat.S_ISREG(found.st_mode):
        raise DataFormatError(f"images must be in a regular file; received {name}; name another")
    return Stored(name, found.st_size, str(found.st_mtime_ns))


def within(name: str) -> list[Stored] | None:
    """Return the files in a folder and the folders in it, sorted; None for what is no folder.

    Hidden ones are passed over.
    """
    if is_remote(name):
        fs, path = filesystem(name)
        with reached(name):
            if not fs.isdir(path):
                return None
            found = fs.find(path, detail=True)
        begin = len(path.rstrip("/")) + 1
        inside = [(place[begin:], info) for place, info in sorted(found.items())]
        base = name.rstrip("/")
        return [
            _object(f"{base}/{place}", info)
            for place, info in inside
            if not any(map(is_hidden, place.split("/")))
        ]
    folder = path_of(name)
    return list(_walk(folder, files.text(name).rstrip("/"))) if folder.is_dir() else None


def _walk(folder: Path, name: str) -> Iterator[Stored]:
    with os.scandir(folder) as entries:
        inside = sorted(entries, key=lambda entry: entry.name)
    for entry in inside:
        if is_hidden(entry.name):
            continue
        own = f"{name}/{files.text(entry.name)}"
        if entry.is_dir(follow_symlinks=False):
            yield from _walk(Path(entry.path), own)
        elif entry.is_file():
            found = entry.stat()
            yield Stored(own, found.st_size, str(found.st_mtime_ns))


def _object(name: str, info: Mapping[str, Any]) -> Stored:
    modified = next((str(info[key]) for key in CHANGING if info.get(key)), "")
    if not modified and info.get("size") is None:
        raise DataFormatError(
            f"an object must have a size or a tag, by which it is known; received neither for "
            f"{name}; download it first"
        )
    return Stored(name, int(info.get("size") or 0), modified)


def content(name: str, base: str) -> Path | bytes:
    """Return the path of a small file, or the bytes of an object."""
    if not is_remote(name):
        return path_of(name, base)
    fs, path = filesystem(name)
    with reached(name):
        return bytes(fs.cat_file(path))


def local(file: Stored, base: str = "") -> Path:
    """Return a file, or the copy of an object in the package's cache, where it is kept.

    Raises DataFormatError where the file is not as it was any more.
    """
    if not is_remote(file.name):
        if stored(file.name, base) != file:
            raise DataFormatError(
                f"a file must stay as it is while it is labelled; received another content in "
                f"{file.name}; start again"
            )
        return Path(os.path.abspath(path_of(file.name, base)))  # noqa: PTH100  a link keeps its name
    key = hashlib.sha256(file.stamp.encode("utf-8", "surrogateescape")).hexdigest()
    place = cache_folder() / "objects" / key / Path(urlsplit(file.name).path).name
    if not place.is_file():
        place.parent.mkdir(parents=True, exist_ok=True)
        fs, path = filesystem(file.name)
        with files.writing(place) as copy, reached(file.name), fs.open(path, "rb") as opened:
            shutil.copyfileobj(opened, copy, 2**20)
    return place


def line_of(error: Exception) -> str:
    """Return an error as one line, without the name of its file, which the reader has."""
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return " ".join(str(error).split()) or type(error).__name__
