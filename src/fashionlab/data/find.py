"""find: the parts of a data set in a file or a folder, and the files that each is made of.

What a file holds is told by its content; which part of the set it is, by its name: train, test or
t10k, val or validation.
"""

import re
from collections import defaultdict
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from fashionlab.data import contents
from fashionlab.data.class_names import CLASS_NAMES_FILE
from fashionlab.data.contents import Found
from fashionlab.data.dataset import Split
from fashionlab.data.forms import idx, npy, parquet
from fashionlab.data.forms.content import Form, form_of
from fashionlab.data.forms.elements import are_labels, labels_of
from fashionlab.data.forms.part_names import WORD, part_in, words
from fashionlab.data.forms.pictures.pixels import Log
from fashionlab.data.forms.stored import StoredArray, faults
from fashionlab.data.options import ReadOptions
from fashionlab.errors import DataFormatError, DataNotFoundError

NAMES = "class_names"  # an array in an npz file
KIND = re.compile(r"(?:labels?|images?|imgs?|(?<![a-z])[xy])(?![a-z])")
ENDINGS = {".npy", ".npz", ".parquet", ".csv", ".tsv"}
TABLE_NAMES = re.compile(r"\.(csv|tsv|txt|data)(\.gz)?$", re.IGNORECASE)


@dataclass(frozen=True, eq=False)
class Piece:
    """A file, or an array in it, that is a part of a data set or belongs to one."""

    where: str
    part: Split | None
    path: Path
    form: Form
    array: StoredArray | None  # None for a form that has images and labels together

    @property
    def kind(self) -> str:
        """What it holds: images, labels, both, or the names of the classes."""
        if self.array is None:
            return "both"
        if self.array.name == NAMES:
            return "names"
        if named := KIND.search(words(self.array.name)):  # else its reader could not say so
            return "labels" if named[0].startswith(("label", "y")) else "images"
        return "labels" if are_labels(self.array) else "images"

    def __str__(self) -> str:
        """Return the name, and what it holds."""
        if self.array is None:
            return f"{self.path.name} (images and labels)"
        name = self.array.name if self.form == "npz" else self.path.name
        return f"{name} ({self.kind} {self.array.shape})"


def find(path: Path, options: ReadOptions, log: Log | None = None) -> list[Found]:
    """Return the parts of the data set in a file or a folder, in the order train, test, validation.

    `path` may also be the beginning of the names of its files, where several sets share a folder.

    Raises DataNotFoundError where there is nothing, DataFormatError where it is not clear which
    file is what.
    """
    if _is_beginning(path):
        pieces = _in_folder(path.parent, prefix=path.name)
    elif not path.is_dir():
        pieces = _in_file(path)
    elif any(any(path.glob(f"{'*/' * depth}*.parquet")) for depth in range(parquet.DEEPEST + 1)):
        return contents.of_parquet(path, options, log)
    else:
        pieces = _in_folder(path)
        if not pieces:
            _require_no_folder_around(path)
            return contents.of_pictures(path, options, log)
    if any(piece.form == "parquet" for piece in pieces):
        return contents.of_parquet(path, options, log)
    return _parts(pieces, path, options)


def _is_beginning(path: Path) -> bool:
    """Return whether a path is the beginning of the names of several files, and no file itself."""
    try:
        path.stat()
        return False
    except FileNotFoundError:
        reason = "does not exist"
        with suppress(OSError):
            if any(
                re.match(rf"{re.escape(path.name)}[-_.]", other.name)
                for other in path.parent.iterdir()
            ):
                return True
    except (OSError, ValueError) as error:  # ValueError: a NUL in the name
        reason = f"cannot be opened ('{getattr(error, 'strerror', error)}')"
    raise DataNotFoundError(
        f"data must be a file or a folder; received {path}, which {reason}; check the path, or "
        "give --data where they are now"
    )


def _in_folder(folder: Path, prefix: str = "") -> list[Piece]:
    """Return the pieces in a folder, whose names begin with `prefix`."""
    pieces, seen = [], set()
    with faults(str(folder)):
        inside = sorted(folder.iterdir())
    for path in inside:
        if path.name.startswith((".", "__")) or not path.name.startswith(prefix):
            continue
        if path.name == CLASS_NAMES_FILE or (path.is_dir() and "-ubyte" not in path.name):
            continue
        if (path / path.name).is_file():  # an archive's folder of one file
            path /= path.name
        plain = path.name.removesuffix(".gz").replace(".idx", "-idx")
        if plain in seen:  # next to itself unpacked, or in its other spelling
            continue
        try:
            form = form_of(path)
        except DataFormatError:
            if looks_like_data(path):
                raise
            continue
        if form == "table" and not TABLE_NAMES.search(path.name):
            continue
        seen.add(plain)
        pieces += _in_file(path, form)
    return pieces


def _require_no_folder_around(folder: Path) -> None:
    """Raise DataFormatError where a folder holds nothing but the folder of the data."""
    with faults(str(folder)):
        inside = [path for path in folder.iterdir() if not path.name.startswith((".", "__"))]
        if len(inside) != 1 or not inside[0].is_dir():
            return
        if any(looks_like_data(path) for path in inside[0].iterdir()):
            raise DataFormatError(
                f"data must be in the folder itself; received {folder}, which holds a folder of "
                f"them; name {inside[0]}"
            )


def looks_like_data(path: Path) -> bool:
    """Return whether a file that has no form we know has the name of one that should."""
    plain = Path(path.name.lower().removesuffix(".gz"))
    return "-ubyte" in plain.name or plain.suffix in ENDINGS


def _in_file(path: Path, form: Form | None = None) -> list[Piece]:
    form = form or form_of(path)
    if form == "idx":
        described = [idx.describe(path)]
    elif form == "npy":
        described = [npy.describe_npy(path)]
    elif form == "npz":
        described = npy.describe_npz(path)
    else:
        return [Piece(str(path), part_in(path.name), path, form, None)]
    return [
        Piece(array.where, part_in(array.name) or part_in(path.name), path, form, array)
        for array in described
    ]


def _parts(pieces: Sequence[Piece], path: Path, options: ReadOptions) -> list[Found]:
    by_part: dict[Split | None, list[Piece]] = defaultdict(list)
    names = [piece.array for piece in pieces if piece.kind == "names"]
    for piece in pieces:
        if piece.kind != "names":
            by_part[piece.part].append(piece)
    order: list[Split | None] = [None, "train", "test", "validation"]
    if "train" in by_part:
        order.remove(None)  # what has no part's name, for instance a sample of a submission
    found = [_part_of(part, by_part[part], path, options) for part in order if part in by_part]
    if names and names[0]:
        own = tuple(map(str, labels_of(names[0])))
        found = [replace(one, class_names=own) for one in found]
    return found


def _or_its_beginning(pieces: Sequence[Piece], path: Path) -> str:
    """Return the remedy for files of several sets whose names begin with the sets' own."""
    word = WORD.search(pieces[0].path.name.lower())
    own = pieces[0].path.name[: word.start()].rstrip("-_. ") if word else ""
    alike = all(piece.path.name.startswith(own) for piece in pieces)
    folder = path if path.is_dir() else path.parent  # of files that begin with the path's name
    return "" if not own or alike else f", or name the beginning of its files, as {folder / own}"


def _part_of(
    part: Split | None, pieces: Sequence[Piece], path: Path, options: ReadOptions
) -> Found:
    shown = f"the {part} part of {path}" if part else str(path)
    both = [piece for piece in pieces if piece.array is None]
    images, labels = (
        [piece.array for piece in pieces if piece.array and piece.kind == kind]
        for kind in ("images", "labels")
    )
    if len(both) == 1 and not images and not labels:
        return contents.of_table(part, both[0].path, options)
    if both or len(images) > 1 or len(labels) > 1:
        raise DataFormatError(
            f"each part must be in one file, or in one of images and one of labels; received "
            f"{', '.join(map(str, pieces[:4]))} for {shown}; put one set into a folder of its own"
            + _or_its_beginning(pieces, path)
        )
    if not images:
        raise DataFormatError(
            f"a part must have images; received labels alone, {labels[0].where}; put the file of "
            "images next to it"
        )
    return contents.of_arrays(part, images[0], labels[0] if labels else None, options)
