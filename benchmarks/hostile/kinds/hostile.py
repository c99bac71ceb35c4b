"""Hostile: a way to make data that must be refused, and what the error has to say."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks.hostile.kinds.files import fill

Make = Callable[[Path], Path]


class Hostile(NamedTuple):
    """Data that must be refused.

    make     writes the data into an empty folder and returns the path to give to the program
    says     what the error's line has to contain, in capitals or not
    options  of reading
    """

    make: Make
    says: tuple[str, ...]
    options: Mapping[str, Any] = {}


def folder_of(
    contents: Callable[[], Mapping[str, bytes | None]], *says: str, **options: Any
) -> Hostile:
    """Return the kind of a folder with these files."""
    return Hostile(lambda folder: fill(folder, contents()), says, options)


def file_of(name: str, content: Callable[[], bytes], *says: str, **options: Any) -> Hostile:
    """Return the kind of one file, which is split where it is read."""

    def make(folder: Path) -> Path:
        return fill(folder, {name: content()}) / name

    return Hostile(make, says, {"split": 0.25, **options})
