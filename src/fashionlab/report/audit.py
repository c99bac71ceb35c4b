"""render_audit: the page of suspects, on which a person decides about each label."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from fashionlab.data.suspects import COLUMNS, LEFT_OUT
from fashionlab.report.check import reduced
from fashionlab.report.formatting import listing, png_uri
from fashionlab.report.html import from_template, script_json
from fashionlab.text import csv_cell, printable

DECISIONS = (  # with their meaning; the first has the key 1
    ("wrong", "The picture clearly shows another class."),
    ("ambiguous", "It could be either: people would disagree."),
    ("broken", "It shows none of the classes, or cannot be made out."),
    ("sound", "The given label is right."),
)
Image = NDArray[np.uint8]


class Neighbour(NamedTuple):
    """An image that is shown next to a suspect."""

    image: Image
    label: int
    caption: str


class Suspect(NamedTuple):
    """A suspect as the page shows it."""

    image: Image
    where: str  # its file, or its part and row
    given: int
    likely: int
    numbers: str  # a sentence with its probabilities
    neighbours: Sequence[Neighbour]
    cells: Mapping[str, object]  # its row of the list, by COLUMNS


class _Pictures:
    """The pictures of a page, each of them once."""

    def __init__(self) -> None:
        self._places: dict[str, int] = {}

    def place(self, image: Image) -> int:
        """Return the place of an image in `uris`."""
        return self._places.setdefault(png_uri(reduced(image)), len(self._places))

    @property
    def uris(self) -> list[str]:
        """All of them, in order."""
        return list(self._places)


def render_audit(
    suspects: Sequence[Suspect],
    examples: Sequence[Sequence[Image]],
    *,
    class_names: Sequence[str],
    title: str,
    lead: str,
    command: str,
    key: str,
) -> str:
    """Return the page about suspects, the surest first; `examples` are some images of each class.

    Decisions are kept in the browser under `key`, which names the audit.
    """
    pictures = _Pictures()
    names = [printable(name) for name in class_names]
    rows = [_row(suspect, pictures) for suspect in suspects]
    data: dict[str, Any] = {
        "key": f"fashionlab-audit-{key}",
        "classes": names,
        "cells": [str(csv_cell(name)) for name in class_names],
        "columns": COLUMNS,
        "examples": [[pictures.place(image) for image in some] for some in examples],
        "rows": rows,
    }
    data["pictures"] = uris = pictures.uris
    left_out = listing([f"“{decision}”" for decision in LEFT_OUT])
    return from_template(
        "audit.html.j2",
        script="audit.js",
        title=title,
        lead=lead,
        suspects=[
            {
                "uri": uris[row["picture"]],
                "where": row["where"],
                "given": names[row["given"]],
                "likely": names[row["likely"]],
                "alt": f"Image {row['where']}, labelled {names[row['given']]}",
            }
            for row in rows
        ],
        decisions=DECISIONS,
        remark=f"The exported list is for fashionlab train RECIPE --without decisions.csv and "
        f"fashionlab evaluate RUN --without decisions.csv: they leave out what was decided to be "
        f"{left_out}. The list was made by:",
        command=command,
        data=script_json(data),
    )


def _row(suspect: Suspect, pictures: _Pictures) -> dict[str, Any]:
    cells = {name: str(csv_cell(suspect.cells[name])) for name in COLUMNS}
    return {
        "where": suspect.where,
        "picture": pictures.place(suspect.image),
        "given": suspect.given,
        "likely": suspect.likely,
        "numbers": suspect.numbers,
        "near": [[pictures.place(x.image), x.label, x.caption] for x in suspect.neighbours],
        "cells": cells,
    }
