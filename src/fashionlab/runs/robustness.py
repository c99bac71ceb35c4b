"""The record of accuracy under corruptions, robustness.json: written after a run was finished."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from fashionlab import files
from fashionlab.evaluation.corruptions import CORRUPTIONS
from fashionlab.evaluation.robustness import Corrupted, Robustness
from fashionlab.runs.layout import ROBUSTNESS
from fashionlab.runs.reading import LARGEST_TEXT, border
from fashionlab.runs.records import RobustnessRecord
from fashionlab.typed import parse, typed

if TYPE_CHECKING:
    from fashionlab.runs.reader import Run

FORMAT = 1  # of the record; another number where a field or a corruption's formula has changed
REMEDY = "remove it, and measure again with `fashionlab evaluate RUN --robustness`"


def write_robustness(run: "Run", measured: Robustness, folder: Path) -> Path:
    """Write what was measured with a run's weights on its test images; return the file.

    `folder` is the run's own, or another for a run that nothing is written into. An earlier record
    there is replaced. Raises OSError, which names the file.
    """
    record = {
        "format": FORMAT,
        "weights_sha256": run.weights_sha256(),
        "test_sha256": run.data["test"].sha256,
        **asdict(measured),
    }
    path = folder / ROBUSTNESS
    files.write(path, f"{json.dumps(record, indent=2, allow_nan=False)}\n".encode())
    return path


def read_robustness(
    path: Path, weights_sha256: str, test_sha256: str, test_images: int
) -> Robustness:
    """Return the record in a file; RunError unless it is of these weights and test images.

    It is also refused where it was measured with other corruptions than this version has.
    """
    with border(path, remedy=REMEDY):
        record: RobustnessRecord = typed(
            RobustnessRecord, parse(files.read(path, LARGEST_TEXT).decode())
        )
        if record["format"] != FORMAT:
            raise ValueError(f"format {record['format']}, where this version reads {FORMAT}")
        for name, wanted in (("weights_sha256", weights_sha256), ("test_sha256", test_sha256)):
            found = record[name]  # type: ignore[literal-required]
            if found != wanted:
                raise ValueError(f"{name} is {found[:12]}..., and the run's {wanted[:12]}...")
        rows = tuple(Corrupted(**one) for one in record["corruptions"])
        ours = [(one.name, one.unit, one.strengths) for one in CORRUPTIONS]
        if [(one.name, one.unit, one.strengths) for one in rows] != ours:
            raise ValueError("it was measured with other corruptions or strengths")
        if record["images"] > test_images:
            raise ValueError(f"{record['images']:,} images, and the run has {test_images:,}")
        counts = [record["clean"], *(count for one in rows for count in one.correct)]
        if max(counts) > record["images"] or any(len(x.correct) != len(x.strengths) for x in rows):
            raise ValueError("not a count of the images for each strength")
        return Robustness(record["images"], record["seed"], record["clean"], rows)
