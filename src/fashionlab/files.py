"""Durable writes: what has a name is whole and on the disk, also after a kill or a power cut.

A file is written under a hidden name beside its place, flushed and renamed, and the folder that
holds the name is flushed too. What a killed process leaves has a hidden name, and `clean` finds it.
Every OSError names the path that could not be written.
"""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

PARTIAL = ".partial"  # ends the names of what is not whole


def write(path: Path, content: bytes) -> None:
    """Put `content` in the place of `path`; on an OSError what was there is as before."""
    partial = _hidden(path)
    try:
        write_new(partial, content)
        with _naming(path):
            os.replace(partial, path)  # noqa: PTH105  one level of calls, which tests make fail
    except BaseException:
        with suppress(OSError):
            partial.unlink(missing_ok=True)
        raise
    flush_folder(path.parent)


def write_new(path: Path, content: bytes) -> None:
    """Write a file and flush it to the disk; a crash may leave a part of it."""
    with _naming(path):
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o644)
        try:
            rest = memoryview(content)
            while rest:
                rest = rest[os.write(descriptor, rest) :]
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def write_folder(folder: Path, contents: dict[str, bytes]) -> None:
    """Make a new folder of these files, written in this order; whole or not at all."""
    partial = _hidden(folder)
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


def remove_folder(folder: Path) -> None:
    """Remove a folder; a crash in the middle leaves a hidden name, not a part of the folder."""
    partial = _hidden(folder)
    shutil.rmtree(partial, ignore_errors=True)
    rename(folder, partial)
    shutil.rmtree(partial, ignore_errors=True)


def rename(old: Path, new: Path) -> None:
    """Give a flushed folder its name, on the disk."""
    with _naming(new):
        os.rename(old, new)  # noqa: PTH104
    flush_folder(new.parent)


def flush_folder(folder: Path) -> None:
    """Put the names in a folder on the disk."""
    with _naming(folder):
        descriptor = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def clean(folder: Path) -> None:
    """Remove what a killed process has not finished writing in `folder`."""
    for path in folder.glob(f".*{PARTIAL}"):
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)


def _hidden(path: Path) -> Path:
    return path.with_name(f".{path.name}{PARTIAL}")


@contextmanager
def _naming(path: Path) -> Iterator[None]:
    """Let an OSError name the path that was asked for, not the hidden one, nor none."""
    try:
        yield
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(path)) from error
