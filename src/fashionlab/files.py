"""Durable writes: what has its name is whole and on the disk, also after a kill or a power cut.

A file is written under a hidden name in the same folder, flushed and renamed; then the folder is
flushed, which holds the name. What a killed process leaves has a hidden name, which `clean` finds.
Every OSError names the path that could not be written.
"""

import csv
import errno
import io
import os
import secrets
import shutil
import stat
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from fashionlab.text import csv_cell

PARTIAL = ".partial"  # ends the names of what is not whole
PAUSES = (0.05, 0.1, 0.2, 0.4, 0.8)  # seconds between tries to rename on Windows
NO_FLUSH = {errno.EBADF, errno.EINVAL, errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP}  # of folders
BINARY = getattr(os, "O_BINARY", 0)  # Windows would otherwise write "\r\n" for "\n"


def write(path: Path, content: bytes) -> None:
    """Replace `path` by a file of this content; after an OSError the old one is as before."""
    partial = hidden(path)
    try:
        write_new(partial, content)
        with _naming(path):
            _move(os.replace, partial, path)  # one level of calls, which tests make fail
    except BaseException:
        with suppress(OSError):
            partial.unlink(missing_ok=True)
        raise
    flush_folder(path.parent)


@contextmanager
def writing(path: Path) -> Iterator[BinaryIO]:
    """Yield a file to fill, which replaces `path` at the end; after an error nothing has changed.

    For content that is written in blocks; an OSError of the file names `path`.
    """
    partial = hidden(path)
    try:
        with _naming(path):
            descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | BINARY, 0o644)
        with _naming(path, only_unnamed=True), os.fdopen(descriptor, "wb") as file:
            yield file
            file.flush()
            os.fsync(descriptor)
        with _naming(path):
            _move(os.replace, partial, path)
    except BaseException:
        with suppress(OSError):
            partial.unlink(missing_ok=True)
        raise
    flush_folder(path.parent)


def read(path: Path, most: int) -> bytes:
    """Return a regular file of at most `most` bytes; OSError, with the path, for any other.

    What is no regular file could go on for ever, or never begin.
    """
    with _naming(path):
        if not stat.S_ISREG(path.stat().st_mode):
            raise OSError(errno.EINVAL, "not a regular file")
        with path.open("rb") as file:
            content = file.read(most + 1)
        if len(content) > most:
            raise OSError(errno.EFBIG, f"larger than {most:,} bytes")
    return content


def csv_text(rows: Sequence[Mapping[str, object]]) -> str:
    """Return rows of the same keys as CSV text, under a header of these keys.

    What others chose in them is a `csv_cell`: no spreadsheet computes it.
    """
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, list(rows[0]) if rows else [])
    writer.writeheader()
    writer.writerows({key: csv_cell(value) for key, value in row.items()} for row in rows)
    return text.getvalue()


def write_new(path: Path, content: bytes) -> None:
    """Write a file and flush it to the disk; a crash may leave a part of it."""
    with _naming(path):
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | BINARY, 0o644)
        try:
            rest = memoryview(content)
            while rest:
                rest = rest[os.write(descriptor, rest) :]
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def text(path: str | Path) -> str:
    """Return a name of a file as text, the same whatever the locale's encoding is."""
    return os.fsencode(path).decode("utf-8", "surrogateescape")


def named(text: str) -> Path:
    """Return the path whose `text` this is."""
    try:
        return Path(os.fsdecode(text.encode("utf-8", "surrogateescape")))
    except UnicodeEncodeError:  # no file has such a name
        return Path(text)


def write_folder(folder: Path, contents: Mapping[str, bytes]) -> None:
    """Make a new folder of these files, written in this order; whole or not at all."""
    partial = hidden(folder)
    try:
        with _naming(folder):
            os.mkdir(partial)  # noqa: PTH102
        for name, content in contents.items():
            with _naming(folder / name):
                write_new(partial / name, content)
        flush_folder(partial)
        rename(partial, folder)
    except BaseException:
        shutil.rmtree(partial, ignore_errors=True)
        raise


@contextmanager
def writing_folder(folder: Path) -> Iterator[Path]:
    """Yield a hidden folder to fill, which is `folder` at the end; after an error there is none.

    For many files, which are flushed together.
    """
    if folder.exists():
        raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(folder))
    partial = hidden(folder)
    try:
        with _naming(folder):  # also what fails while it is filled
            os.mkdir(partial)  # noqa: PTH102
            yield partial
            _flush_all(partial)
        rename(partial, folder)
    except BaseException:
        shutil.rmtree(partial, ignore_errors=True)
        raise


def _flush_all(folder: Path) -> None:
    """Flush all that is in a folder to the disk: on Linux at once, six times as fast."""
    if sys.platform == "linux":
        os.sync()
        return
    for path in folder.rglob("*"):
        if path.is_dir():
            flush_folder(path)
            continue
        with path.open("r+b") as file:
            os.fsync(file.fileno())
    flush_folder(folder)


def remove_folder(folder: Path) -> None:
    """Remove a folder; a crash in the middle leaves a hidden name, not a part of the folder."""
    partial = hidden(folder)
    rename(folder, partial)
    shutil.rmtree(partial, ignore_errors=True)


def rename(old: Path, new: Path) -> None:
    """Rename a flushed folder, on the disk too."""
    with _naming(new):
        _move(os.rename, old, new)
    flush_folder(new.parent)


def _move(move: Callable[[Path, Path], None], old: Path, new: Path) -> None:
    """Rename; on Windows again where a virus scanner or a reader has one of the two open."""
    for pause in PAUSES if os.name == "nt" else ():
        try:
            return move(old, new)
        except PermissionError:
            time.sleep(pause)
    return move(old, new)


def flush_folder(folder: Path) -> None:
    """Flush the names in a folder to the disk, where the system can: some file systems cannot."""
    if os.name == "nt":
        return
    with _naming(folder):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        except OSError as error:
            if error.errno not in NO_FLUSH:
                raise
        finally:
            os.close(descriptor)


def clean(folder: Path) -> None:
    """Remove what killed processes did not finish writing in `folder`."""
    for path in folder.glob(f".*{PARTIAL}"):
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)


def hidden(path: Path) -> Path:
    """Return a name that no other process uses: several may write the same file."""
    return path.with_name(f".{path.name}.{secrets.token_hex(4)}{PARTIAL}")


@contextmanager
def _naming(path: Path, only_unnamed: bool = False) -> Iterator[None]:
    """Let an OSError name the path that the caller gave, not the hidden one, nor none.

    With `only_unnamed` one of another file keeps its name.
    """
    try:
        yield
    except OSError as error:
        if only_unnamed and error.filename is not None:
            raise
        raise OSError(error.errno, error.strerror, str(path)) from error
