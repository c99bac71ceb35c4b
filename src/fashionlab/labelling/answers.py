"""Answers: the columns of a shard's file, and their form: Parquet or CSV.

    file                the picture, or the file of images
    row                 the image's place in its source, from 0
    class_name          the most probable class
    verdict             as `portable.prediction` has them
    score               the outlier score; empty for a model without one
    probability_CLASS   of each class, calibrated; float32

The same rows are the same bytes: no time and no machine stands in a file.
"""

import csv
import io
import json
from collections.abc import Sequence
from dataclasses import dataclass
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
        table = _Table(
            class_names=self.metadata.class_names,
            names=self._names,
            rows=np.concatenate(self._rows),
            verdicts=np.concatenate(self._verdicts),
            scores=np.concatenate(self._scores) if self._scores else None,
            probabilities=np.concatenate(self._probabilities),
        )
        return table.parquet(facts) if form == "parquet" else table.csv()


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


@dataclass(frozen=True)
class _Table:
    """The columns of n images."""

    class_names: Sequence[str]
    names: list[str]
    rows: NDArray[np.int64]
    verdicts: NDArray[np.int64]  # places in VERDICTS
    scores: NDArray[np.float32] | None
    probabilities: NDArray[np.float32]  # (n, K)

    @property
    def header(self) -> list[str]:
        return [*OWN, *(f"probability_{name}" for name in self.class_names)]

    def parquet(self, facts: dict[str, Any]) -> bytes:
        with needs("a sink of Parquet files", "fashionlab[parquet]"):
            import pyarrow as arrow
            from pyarrow.parquet import write_table
        text, real = arrow.string(), arrow.float32()
        n, classes = self.probabilities.shape
        best = self.probabilities.argmax(axis=1)
        columns = [
            arrow.array(self.names, text),
            arrow.array(self.rows),
            arrow.array(self.class_names, text).take(arrow.array(best)),
            arrow.array(VERDICTS, text).take(arrow.array(self.verdicts)),
            arrow.nulls(n, real) if self.scores is None else arrow.array(self.scores),
            *(arrow.array(np.ascontiguousarray(column)) for column in self.probabilities.T),
        ]
        types = [text, arrow.int64(), text, text, real, *[real] * classes]
        schema = arrow.schema(
            list(zip(self.header, types, strict=True)), metadata={"fashionlab": json.dumps(facts)}
        )
        file = io.BytesIO()
        write_table(
            arrow.table(columns, schema=schema),
            file,
            use_dictionary=["file", "class_name", "verdict"],
            compression="snappy",
        )
        return file.getvalue()

    def csv(self) -> bytes:
        file = io.StringIO(newline="")
        writer = csv.writer(file)
        writer.writerow(self.header)
        classes = [csv_cell(name) for name in self.class_names]
        no_scores: list[Any] = [None] * len(self.rows)
        scores = no_scores if self.scores is None else self.scores.tolist()
        for name, row, code, score, line in zip(
            self.names, self.rows, self.verdicts, scores, self.probabilities, strict=True
        ):
            cells = [csv_cell(name), row, classes[line.argmax()], VERDICTS[code]]
            cells.append("" if score is None else f"{score:.9g}")  # digits that give it again
            writer.writerow([*cells, *(f"{x:.9g}" for x in line)])
        return file.getvalue().encode("utf-8", "surrogateescape")
