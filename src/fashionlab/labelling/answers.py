"""Answers: the columns of a shard's file, and their form: Parquet or CSV.

    file                the picture, or the file of images
    row                 the image's place in its source, from 0
    class_name          the most probable class
    verdict             as `portable.prediction` has them
    score               the outlier score; empty for a model without one
    probability_CLASS   of each class, calibrated; float32

The same rows are the same bytes: no time and no machine stands in a file.
"""

import io
import json
from collections.abc import Sequence
from importlib.util import find_spec
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from fashionlab.dependencies import needs
from fashionlab.labelling.reading import Block
from fashionlab.portable import Metadata
from fashionlab.portable.prediction import VERDICTS
from fashionlab.text import csv_cell

Form = Literal["parquet", "csv"]
OWN = ("file", "row", "class_name", "verdict", "score")  # columns before the probabilities


def usual_form() -> Form:
    """Return Parquet where pyarrow is installed, else CSV."""
    return "parquet" if find_spec("pyarrow") else "csv"


class Answers:
    """The answers about a shard's rows so far."""

    def __init__(self, metadata: Metadata) -> None:
        self.metadata = metadata
        self._rows: list[NDArray[np.int64]] = []
        self._names: list[str] = []
        self._probabilities: list[NDArray[np.float32]] = []
        self._scores: list[NDArray[np.float32]] = []
        self._verdicts: list[NDArray[np.int64]] = []

    def __len__(self) -> int:
        """Return the number of rows."""
        return sum(map(len, self._rows))

    def add(
        self, block: Block, rows: NDArray[np.float32], scores: NDArray[np.float32] | None
    ) -> None:
        """Add probabilities (n, K) and outlier scores (n,) of a block's images."""
        self._rows.append(block.rows)
        self._names += (
            block.names if len(block.names) == len(block.rows) else (block.names * len(block.rows))
        )
        self._probabilities.append(rows)
        if scores is not None:
            self._scores.append(scores)
        self._verdicts.append(verdicts(self.metadata, rows, scores, block.found))

    def content(self, form: Form, facts: dict[str, Any]) -> bytes:
        """Return the file; `facts` stand in Parquet's metadata."""
        rows, codes = np.concatenate(self._rows), np.concatenate(self._verdicts)
        probabilities = np.concatenate(self._probabilities)  # (n, K)
        scores = np.concatenate(self._scores) if self._scores else None
        best = probabilities.argmax(axis=1)
        write = _parquet if form == "parquet" else _csv
        return write(
            self.metadata.class_names, self._names, rows, best, codes, scores, probabilities, facts
        )


def verdicts(
    metadata: Metadata,
    rows: NDArray[np.float32],
    scores: NDArray[np.float32] | None,
    found: NDArray[np.bool_],
) -> NDArray[np.int64]:
    """Return for each image the place of its verdict in VERDICTS: what `predictor.judge` says."""
    known, unsure, none_of_these, not_found = range(len(VERDICTS))
    largest = rows.max(axis=1).astype(np.float64)  # not compared as float32
    codes = np.where(largest >= metadata.threshold, known, unsure)
    if metadata.outliers is not None and scores is not None:
        codes[scores.astype(np.float64) > metadata.outliers.threshold] = none_of_these
    codes[~found] = not_found
    return codes


def _parquet(
    class_names: Sequence[str],
    names: list[str],
    rows: NDArray[np.int64],
    best: NDArray[np.int64],
    codes: NDArray[np.int64],
    scores: NDArray[np.float32] | None,
    probabilities: NDArray[np.float32],
    facts: dict[str, Any],
) -> bytes:
    with needs("a sink of Parquet files", "fashionlab[parquet]"):
        import pyarrow as arrow
        from pyarrow.parquet import write_table
    text, real = arrow.string(), arrow.float32()
    columns = [
        arrow.array(names, text),
        arrow.array(rows),
        arrow.array(class_names, text).take(arrow.array(best)),
        arrow.array(VERDICTS, text).take(arrow.array(codes)),
        arrow.nulls(len(rows), real) if scores is None else arrow.array(scores),
        *(arrow.array(np.ascontiguousarray(column)) for column in probabilities.T),
    ]
    types = [text, arrow.int64(), text, text, real, *[real] * len(class_names)]
    schema = arrow.schema(
        list(zip(_header(class_names), types, strict=True)),
        metadata={"fashionlab": json.dumps(facts)},
    )
    file = io.BytesIO()
    write_table(
        arrow.table(columns, schema=schema),
        file,
        use_dictionary=["file", "class_name", "verdict"],
        compression="snappy",
    )
    return file.getvalue()


def _csv(
    class_names: Sequence[str],
    names: list[str],
    rows: NDArray[np.int64],
    best: NDArray[np.int64],
    codes: NDArray[np.int64],
    scores: NDArray[np.float32] | None,
    probabilities: NDArray[np.float32],
    facts: dict[str, Any],
) -> bytes:
    import csv

    file = io.StringIO(newline="")
    writer = csv.writer(file)
    writer.writerow(_header(class_names))
    shown = [csv_cell(name) for name in class_names]
    each: Sequence[Any] = [None] * len(rows) if scores is None else scores.tolist()
    for i, (row, k, code) in enumerate(
        zip(rows.tolist(), best.tolist(), codes.tolist(), strict=True)
    ):
        score = "" if each[i] is None else f"{each[i]:.9g}"  # digits that give the float32 again
        cells = [csv_cell(names[i]), row, shown[k], VERDICTS[code], score]
        writer.writerow([*cells, *(f"{x:.9g}" for x in probabilities[i].tolist())])
    return file.getvalue().encode("utf-8", "surrogateescape")


def _header(class_names: Sequence[str]) -> list[str]:
    return [*OWN, *(f"probability_{name}" for name in class_names)]
