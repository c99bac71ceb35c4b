"""names_in: the names of the classes, a line each, in class_names.txt next to the data."""

from collections.abc import Sequence
from pathlib import Path

from fashionlab.errors import DataFormatError
from fashionlab.text import printable, read_text

CLASS_NAMES_FILE = "class_names.txt"
MOST_CLASSES = 256  # a label is a byte
LONGEST_NAME = 1000  # characters that a file may have for a name
SHOWN = 100  # characters of a name in a message


def names_in(folder: Path) -> tuple[str, ...] | None:
    """Return the names in a folder's class_names.txt; None where there is no such file.

    Raises DataFormatError for what cannot be read.
    """
    place = folder / CLASS_NAMES_FILE
    try:
        if place.exists() and not place.is_file():
            raise OSError(0, "no regular file")  # a pipe would never open
        lines = read_text(place, "a file of class names").rstrip().split("\n")
    except FileNotFoundError:
        return None
    except OSError as error:
        raise DataFormatError(
            f"class names must be readable; received '{error.strerror}' from {place}; remove it, "
            "or make it a text file with a name a line"
        ) from error
    names = tuple(line.strip() for line in lines)
    require_names(names, str(place))
    return names


def require_names(names: Sequence[str], where: str) -> None:
    """Raise DataFormatError where these cannot be the names of classes."""
    if odd := [name for name in names if not isinstance(name, str)]:
        raise DataFormatError(
            f"class names must be texts; received {odd[0]!r:.40}; correct the names in {where}"
        )
    if not 1 <= len(names) <= MOST_CLASSES or len(set(names)) != len(names):
        raise DataFormatError(
            f"class names must be 1 to {MOST_CLASSES} different names; received {len(names)} of "
            f"which {len(set(names))} differ; correct the names in {where}"
        )
    for number, name in enumerate(names, 1):
        if not name.strip() or printable(name) != name:
            raise DataFormatError(
                f"a class name must be text on one line that can be shown; received "
                f"{name[:SHOWN]!r} as number {number}; correct the names in {where}"
            )
