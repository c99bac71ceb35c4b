"""shards: the Parquet files of a folder, by part, each part in one file or in all of its shards."""

import re
from pathlib import Path

from fashionlab.data.dataset import SPLITS, Split
from fashionlab.data.forms.part_names import part_in, part_named
from fashionlab.errors import DataFormatError

SUFFIX = ".parquet"
SHARD = re.compile(r"-(\d+)-of-(\d+)(?:-[0-9a-f]+)?$")  # ends the stem: -00000-of-00002
NUMBER = re.compile(r"\d+")  # the whole stem, in the folders that Hugging Face's converter makes
DEEPEST = 2  # folders below, as in default/train/0000.parquet


def shards(path: Path) -> dict[Split | None, list[Path]]:
    """Return the files of each part, in their order; None is a part without a name.

    Raises DataFormatError where there are none, a shard is missing, or a part has two files.
    """
    if path.is_file():
        return {None: [path]}
    parts: dict[Split | None, list[Path]] = {}
    for part, file in _files(path, DEEPEST):
        parts.setdefault(part, []).append(file)
    if not parts:
        raise DataFormatError(f"a folder must hold {SUFFIX} files; received none in {path}")
    if None in parts and len(parts) > 1:
        raise DataFormatError(
            f"{SUFFIX} files must be named by their part (train, validation or test); received "
            f"{parts[None][0]} next to others; rename it or move it away"
        )
    for part, found in parts.items():
        _check_whole(part or "data", found)
    return {part: parts[part] for part in (None, *SPLITS) if part in parts}


def _files(folder: Path, depth: int) -> list[tuple[Split | None, Path]]:
    """Return the files in a folder, or in the folders below it where it has none itself."""
    try:
        visible = sorted(path for path in folder.iterdir() if not path.name.startswith("."))
    except OSError as error:
        raise DataFormatError(
            f"a folder must be readable; received '{error.strerror}' from {folder}; check its "
            "permissions"
        ) from error
    here = [path for path in visible if path.suffix.lower() == SUFFIX and path.is_file()]
    if here or not depth:
        return [(part_in(path.stem), path) for path in here]
    below = {
        path: found for path in visible if path.is_dir() and (found := _files(path, depth - 1))
    }
    named: list[tuple[Split | None, Path]] = [
        (part, file)
        for path, found in below.items()
        if (part := part_named(path.name))
        for _, file in found
    ]
    if named or not below:
        return named
    if len(below) > 1:
        raise DataFormatError(
            f"a folder must hold one data set; received {len(below)} folders of {SUFFIX} files in "
            f"{folder}; name one, such as {next(iter(below))}"
        )
    return next(iter(below.values()))


def _check_whole(part: str, paths: list[Path]) -> None:
    """Raise DataFormatError unless the files are one, or all shards of one."""
    numbers = [SHARD.search(path.stem) for path in paths]
    if len(paths) > 1 and all(NUMBER.fullmatch(path.stem) for path in paths):
        return
    if len(paths) > 1 and not all(numbers):
        raise DataFormatError(
            f"a part must be one file, or shards named -00000-of-00002; received {len(paths)} "
            f"files for {part}, such as {paths[0]} and {paths[1].name}; move all but one away"
        )
    have = [(int(found[1]), int(found[2])) for found in numbers if found]
    if have and have != [(i, len(have)) for i in range(len(have))]:
        raise DataFormatError(
            f"a part must have each of its shards once; received {len(paths)} of {have[0][1]:,} "
            f"for {part}, such as {paths[0]}; fetch the others"
        )
