"""names_in: the names of the classes, a line each, in class_names.txt next to the data."""

from pathlib import Path

from fashionlab.errors import DataFormatError
from fashionlab.text import read_text

CLASS_NAMES_FILE = "class_names.txt"


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
    return tuple(line.strip() for line in lines)
