"""Folders of pictures: one folder a class, with or without train/, val/ and test/ above.

    FOLDER/cat/1.jpg                 one part
    FOLDER/train/cat/1.jpg           several; also training, val, valid, validation, testing

The classes are the folders' names, in the order of class_names.txt where that file lies at the
top, else sorted. Signs that no folder's name can have are escaped: "T-shirt%2Ftop".
"""

import errno
import math
import os
from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

from fashionlab import files
from fashionlab.data.class_names import CLASS_NAMES_FILE, MOST_CLASSES, names_in
from fashionlab.data.dataset import SPLITS, Dataset, Split
from fashionlab.data.forms import Block
from fashionlab.data.forms.part_names import part_named
from fashionlab.data.forms.pictures import pixels
from fashionlab.data.forms.pictures.names import escaped, is_hidden, unescaped
from fashionlab.data.forms.pictures.pixels import Log, Picture, Wanted
from fashionlab.data.options import ReadOptions
from fashionlab.errors import DataFormatError, InvalidValueError
from fashionlab.text import printable

# The endings of files that may lie among a class's pictures: notes and annotations.
NOTES = {".csv", ".db", ".htm", ".html", ".ini", ".json", ".jsonl", ".log", ".md", ".pdf"} | {
    *(".py", ".sh", ".tsv", ".txt", ".xml", ".yaml", ".yml")
}
DIGITS = 6  # of a file's number, at least


class Found(NamedTuple):
    """The pictures of a folder, by part and class; None is a part without a name."""

    folder: Path
    parts: dict[Split | None, list[tuple[str, list[Path]]]]
    class_names: tuple[str, ...]


class _Entries(NamedTuple):
    folders: list[Path]
    files: list[Path]


def find(folder: Path, log: Log | None = None) -> Found:
    """Return the pictures in a folder, sorted by name; none is opened.

    Raises DataFormatError where there is not a folder a class, the same in all parts.
    """
    top = _entries(folder)
    named = {path: part for path in top.folders if (part := part_named(path.name))}
    inside = {path: _entries(path) for path in named}
    parts: dict[Split | None, list[tuple[str, list[Path]]]] = {}
    # A class may also be called "train".
    if named and (len(named) == len(top.folders) or any(inside[path].folders for path in named)):
        for path, part in sorted(named.items(), key=lambda item: SPLITS.index(item[1])):
            if part in parts:
                raise DataFormatError(
                    f"a part must have one folder; received two for {part} in {folder}, one of "
                    f"them {path.name}; put their pictures together"
                )
            parts[part] = _classes(path, inside[path], log)
        others = [path.name for path in top.folders if path not in named]
        if others and log:
            log(f"passed over, since they are no parts: {', '.join(others)} in {folder}")
    else:
        parts[None] = _classes(folder, top, log)
    return Found(folder, parts, _class_names(folder, parts))


def plan(found: Found, options: ReadOptions) -> Wanted:
    """Return the shape of the images; SAMPLE pictures from all over the folder are looked at."""
    paths = [path for classes in found.parts.values() for _, inside in classes for path in inside]
    step = math.ceil(len(paths) / pixels.SAMPLE)
    return pixels.wanted((Picture(str(path), path) for path in paths[::step]), options)


def read(
    found: Found, part: Split | None, target: Wanted, log: Log | None = None
) -> Iterator[Block]:
    """Yield the images of a part, class after class, with the names of their classes."""
    pictures = (
        (Picture(str(path), path), name) for name, paths in found.parts[part] for path in paths
    )
    return pixels.blocks(pictures, target, log)


def file_names(found: Found, part: Split | None) -> tuple[str, ...]:
    """Return the path in the folder of each image of a part, in the order of `read`."""
    return tuple(
        files.text(path.relative_to(found.folder).as_posix())
        for _, paths in found.parts[part]
        for path in paths
    )


def facts(found: Found, part: Split | None) -> Iterator[tuple[str, str]]:
    """Yield what a part depends on: each of its pictures' name in the folder, and its SHA-256."""
    paths = (path for _, paths in found.parts[part] for path in paths)
    yield from zip(file_names(found, part), map(pixels.digest, paths), strict=True)


def write(folder: Path, datasets: Sequence[Dataset]) -> None:
    """Write PART/CLASS/000001.png, numbered by row; the folder appears whole or not at all."""
    names = datasets[0].class_names
    for dataset in datasets:
        pixels.check_writable(dataset.image_shape)
        if empty := set(range(len(names))) - set(dataset.labels.tolist()):
            raise InvalidValueError(
                f"each class of a folder of pictures must have an image in each part; received "
                f"none of {names[min(empty)]!r} in {dataset.part}; write another form, such as npz"
            )
    with files.writing_folder(folder) as partial:
        files.write_new(partial / CLASS_NAMES_FILE, "".join(f"{n}\n" for n in names).encode())
        for dataset in datasets:
            part = partial / dataset.part
            part.mkdir()
            classes = [part / escaped(name) for name in dataset.class_names]
            for path in classes:
                path.mkdir()
            digits = max(DIGITS, len(str(len(dataset))))  # names sort as rows do
            for i, label in enumerate(dataset.labels.tolist()):
                path = classes[label] / f"{i + 1:0{digits}}.png"
                path.write_bytes(pixels.png(dataset.images[i]))


def _entries(folder: Path) -> _Entries:
    """Return the visible folders and files in a folder, sorted; links are followed."""
    found = _Entries([], [])
    try:
        with os.scandir(folder) as entries:
            for entry in sorted(entries, key=lambda entry: entry.name):
                if is_hidden(entry.name):
                    continue
                path = folder / entry.name
                if entry.is_dir():
                    if entry.is_symlink() and _leads_back(path):
                        raise OSError(errno.ELOOP, "a link to a folder above it", str(path))
                    found.folders.append(path)
                elif entry.is_file():
                    found.files.append(path)
                else:
                    kind = "a link to no file" if entry.is_symlink() else "neither file nor folder"
                    raise OSError(errno.EINVAL, kind, str(path))
    except OSError as error:
        raise DataFormatError(
            f"a folder of pictures must hold files and folders that can be read; received "
            f"'{error.strerror}' from {error.filename or folder}; remove it, or check its "
            "permissions"
        ) from error
    return found


def _leads_back(link: Path) -> bool:
    target, here = Path(os.path.realpath(link)), Path(os.path.realpath(link.parent))
    return target == here or target in here.parents


def _classes(folder: Path, entries: _Entries, log: Log | None) -> list[tuple[str, list[Path]]]:
    """Return the pictures of each class of a part."""
    if len(entries.folders) < 2:
        received = f"one, {entries.folders[0].name}," if entries.folders else "none"
        raise DataFormatError(
            f"a folder of pictures must hold a folder for each of two classes or more; received "
            f"{received} in {folder}; {_remedy(entries.folders)}"
        )
    classes, notes = [], 0
    for path in entries.folders:
        inside = _entries(path)
        if inside.folders:
            raise DataFormatError(
                f"the folder of a class must hold pictures alone; received the folder "
                f"{inside.folders[0]}; move its pictures up, or name a folder below"
            )
        pictures = _not_notes(inside.files)
        if not pictures:
            raise DataFormatError(
                f"each class must have a picture; received none in {path}; remove the folder, or "
                "add pictures (PNG, JPEG or WebP)"
            )
        notes += len(inside.files) - len(pictures)
        classes.append((unescaped(path.name), pictures))
    if log:
        if loose := _not_notes(entries.files):
            log(f"passed over {len(loose):,} files in no class, such as {loose[0]}")
        if notes:
            log(f"passed over {notes:,} notes among the pictures in {folder} (.txt and such)")
    return classes


def _not_notes(paths: list[Path]) -> list[Path]:
    return [path for path in paths if path.suffix.lower() not in NOTES]


def _remedy(folders: Sequence[Path]) -> str:
    """Return what to do about a folder that has one folder alone, or none."""
    if folders and len(_entries(folders[0]).folders) > 1:
        return f"name {folders[0]}"
    return "make a folder for each class and put its pictures there"


def _class_names(
    folder: Path, parts: dict[Split | None, list[tuple[str, list[Path]]]]
) -> tuple[str, ...]:
    """Return the classes in their order; DataFormatError where parts differ, or one is no name."""
    named = {part: [name for name, _ in classes] for part, classes in parts.items()}
    for (part, names), (other, others) in pairwise(named.items()):
        if odd := sorted(set(names) ^ set(others)):
            has, lacks = (part, other) if odd[0] in names else (other, part)
            raise DataFormatError(
                f"parts must have the same classes; received {odd[0]!r} in {has} and not in "
                f"{lacks} of {folder}; add it, or remove it from both"
            )
    names = sorted(next(iter(named.values())))
    for name in names:
        if not name.strip() or printable(name) != name:
            raise DataFormatError(
                f"the name of a class must be text on one line that can be shown; received "
                f"{name!r} in {folder}; rename the folder"
            )
    if len(names) > MOST_CLASSES or len(set(names)) < len(names):
        raise DataFormatError(
            f"classes must be at most {MOST_CLASSES}, each with its own name; received "
            f"{len(names):,}, {len(set(names)):,} of them different, in {folder}; name a folder "
            "with a folder for each class"
        )
    ordered = names_in(folder)
    if ordered is not None and (differ := set(ordered) ^ set(names)):
        name = min(differ)
        raise DataFormatError(
            f"class names must be the folders' names; received {name!r:.60} as the name of a "
            f"{'class' if name in ordered else 'folder'} alone, with {folder / CLASS_NAMES_FILE}; "
            "correct or remove the file"
        )
    return ordered or tuple(names)
