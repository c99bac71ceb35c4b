"""unpacked: blocks of a reader -> one array; a large one is kept in the cache under its hash.

The second time, a file that is packed (gzip, Parquet, a table, a folder of pictures) is mapped from
there, as fast as one that never was. Entries are only a saving: whoever removes them loses nothing.

    CACHE/unpacked/KEY/images.npy, labels.npy or names.json
"""

import hashlib
import json
import os
import shutil
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from fashionlab import files
from fashionlab.data.fashion_mnist import cache_folder
from fashionlab.data.forms import Block
from fashionlab.errors import DataFormatError

VERSION = 2  # of what a reader makes of a file; another one reads it anew
SMALL = 2**24  # bytes of pixels that are held in memory, and leave no file
ABANDONED_S = 24 * 3600  # after which what a killed process left is removed
# What an entry that is not there, or was damaged, raises.
UNSOUND = (OSError, ValueError, TypeError, LookupError)
HEADER = 128  # bytes of the npy header, whose shape is known at the end
Labels = NDArray[np.int64] | list[str] | None


@dataclass(frozen=True, eq=False)
class Unpacked:
    """The rows of a reader, together."""

    images: NDArray[np.uint8]  # (N, H, W) or (N, H, W, 3); mapped where there are many
    labels: Labels  # (N,), as the file has them


def hash_of(paths: Iterable[Path]) -> str:
    """Return the SHA-256 of the files' contents, in their order."""
    whole = hashlib.sha256()
    for path in paths:
        with path.open("rb") as file:
            whole.update(hashlib.file_digest(file, "sha256").digest())
    return whole.hexdigest()


def unpacked(read: Callable[[], Iterator[Block]], key: Callable[[], str], where: str) -> Unpacked:
    """Return the rows that `read` yields, from the cache where it has them under `key`.

    Raises what `read` raises, and DataFormatError for no rows; nothing is left then.
    """
    folder = cache_folder() / "unpacked"
    name = hashlib.sha256(f"{VERSION} {key()}".encode()).hexdigest()
    with suppress(*UNSOUND):  # no entry, or one that is not whole
        return _entry(folder / name)
    rows = _Rows(where)
    try:
        for block in read():
            rows.add(block)
            if rows.size > SMALL and rows.folder is None:
                rows.move_to(folder, name)
        return rows.finished(folder / name)
    except BaseException:
        rows.abandon()
        raise


def _entry(folder: Path) -> Unpacked:
    images = npy.open_memmap(folder / "images.npy", "r").view(np.ndarray)
    with (folder / "labels.npy").open("rb") as file:
        labels = npy.read_array(file, allow_pickle=False)
    names = json.loads((folder / "names.json").read_text("utf-8"))
    sound = images.dtype == np.uint8 and images.ndim in (3, 4) and images.flags.c_contiguous
    if not sound or labels.dtype != np.int64 or labels.shape not in ((0,), images.shape[:1]):
        raise ValueError("not an entry of the cache")
    if not len(labels):
        return Unpacked(images, None)
    return Unpacked(images, labels if names is None else [names[i] for i in labels.tolist()])


def _placed(folder: Path, place: Path) -> Unpacked:
    """Give a finished folder the name of an entry, and return the entry.

    Another process may have been faster. What is there and is damaged is replaced.
    """
    with suppress(OSError):
        files.rename(folder, place)
    with suppress(*UNSOUND):
        return _entry(place)
    shutil.rmtree(place, ignore_errors=True)
    files.rename(folder, place)
    return _entry(place)


class _Rows:
    """The rows so far: in memory, or in a folder that is not finished."""

    def __init__(self, where: str) -> None:
        self.where = where
        self.size = self.count = 0
        self.shape: tuple[int, ...] | None = None
        self.folder: Path | None = None
        self._images: list[NDArray[np.uint8]] = []
        self._labels: list[Any] = []
        self._file: Any = None
        self._is_cached = True

    def add(self, block: Block) -> None:
        images, labels = block
        if self.shape is None:
            self.shape = images.shape[1:]
        if images.shape[1:] != self.shape:
            raise DataFormatError(
                f"images must have one shape; received {self.shape} and {images.shape[1:]} in "
                f"{self.where}; give --size"
            )
        self.count += len(images)
        self.size += images.nbytes
        if labels is not None:
            self._labels.append(labels)
        if self._file is None:
            self._images.append(images)
        else:
            self._write(images)

    def _write(self, images: NDArray[np.uint8]) -> None:
        try:
            self._file.write(np.ascontiguousarray(images).data)
        except OSError as error:  # which names no file
            raise OSError(error.errno, error.strerror, str(self.folder)) from error

    def move_to(self, parent: Path, name: str) -> None:
        """Go on in a folder of the cache; in memory where it cannot be written."""
        if not self._is_cached:
            return
        try:
            parent.mkdir(parents=True, exist_ok=True)
            _remove_abandoned(parent)
            folder = files.hidden(parent / name)
            folder.mkdir()
            self.folder = folder
            self._file = (folder / "images.npy").open("wb")
            self._file.write(bytes(HEADER))
            for images in self._images:
                self._write(images)
        except OSError:
            self._is_cached = False
            self.abandon()
        else:
            self._images = []

    def finished(self, place: Path) -> Unpacked:
        if not self.count:
            raise DataFormatError(f"a data set must have images; received none in {self.where}")
        labels = self._joined()
        if self.folder is None:
            images = self._images[0] if len(self._images) == 1 else np.concatenate(self._images)
            return Unpacked(images, labels)
        self._file.seek(0)
        self._file.write(_npy_header((self.count, *(self.shape or ()))))
        self._file.flush()
        os.fsync(self._file.fileno())  # else an entry could be there after a power cut, and empty
        self._file.close()
        self._write_labels(labels)
        entry = _placed(self.folder, place)
        self.abandon()
        return entry

    def _joined(self) -> Labels:
        if not self._labels:
            return None
        if isinstance(self._labels[0], list):
            return [name for labels in self._labels for name in labels]
        return np.concatenate(self._labels)

    def _write_labels(self, labels: Labels) -> None:
        if self.folder is None:
            return
        names = None
        if isinstance(labels, list):
            names = sorted(set(labels))
            places = {name: i for i, name in enumerate(names)}
            labels = np.array([places[name] for name in labels], np.int64)
        written = np.empty(0, np.int64) if labels is None else labels
        np.save(self.folder / "labels.npy", written, allow_pickle=False)
        (self.folder / "names.json").write_text(json.dumps(names), "utf-8")

    def abandon(self) -> None:
        """Leave nothing behind."""
        if self._file is not None:
            self._file.close()
            self._file = None
        if self.folder is not None:
            shutil.rmtree(self.folder, ignore_errors=True)
            self.folder = None


def _npy_header(shape: tuple[int, ...]) -> bytes:
    """Return an npy header of HEADER bytes for uint8 of this shape."""
    text = f"{{'descr': '|u1', 'fortran_order': False, 'shape': {shape!r}, }}"
    magic = npy.magic(1, 0)
    room = HEADER - len(magic) - 2
    return bytes(magic + room.to_bytes(2, "little") + f"{text:<{room - 1}}\n".encode())


def _remove_abandoned(folder: Path) -> None:
    for path in folder.glob(f".*{files.PARTIAL}"):
        with suppress(OSError):
            if time.time() - path.stat().st_mtime > ABANDONED_S:
                shutil.rmtree(path, ignore_errors=True)
