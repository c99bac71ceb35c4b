"""Audit: what was found about the labels of a data set, as a list and as a summary."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fashionlab.data import Dataset
from fashionlab.data.check import Place
from fashionlab.data.check.copies import place
from fashionlab.data.check.near import gather
from fashionlab.data.suspects import COLUMNS, image_hash
from fashionlab.environment import environment
from fashionlab.evaluation.label_audit import LabelAudit

Rows = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Audit:
    """What was found; a row is counted through all parts, in the order of `parts`."""

    parts: tuple[Dataset, ...]
    found: LabelAudit
    rows: Rows  # (S,) that are listed, the surest first
    neighbours: Rows  # (S, k) rows that are nearest in the features of the image's network
    duplicates: Mapping[int, int]  # row -> a row with an equal or nearly equal image, another label
    fold_of: Rows | None  # (N,) None where one network had seen all images
    settings: Mapping[str, Any]  # what decides it: recipe, seed, folds, data

    @cached_property
    def labels(self) -> NDArray[np.uint8]:
        """The given labels of all parts (N,)."""
        return np.concatenate([part.labels for part in self.parts])

    @cached_property
    def is_suspect(self) -> NDArray[np.bool_]:
        """Whether a label is suspect (N,): by its probabilities, or by another label of a copy."""
        suspect = self.found.is_suspect.copy()
        suspect[list(self.duplicates)] = True
        return suspect

    @property
    def suspects_by_part(self) -> dict[str, int]:
        """The number of suspects in each part."""
        ends = np.cumsum([len(part) for part in self.parts])[:-1]
        counts = [int(some.sum()) for some in np.split(self.is_suspect, ends)]
        return dict(zip([part.part for part in self.parts], counts, strict=True))

    def place(self, row: int) -> Place:
        """Return the part and index of a row."""
        return place(self.parts, int(row))


def listed(made: Audit) -> list[dict[str, object]]:
    """Return the rows of suspects.csv."""
    labels, names, suspect = made.labels, made.parts[0].class_names, made.is_suspect
    hashes = {part.part: part.sha256 for part in made.parts}
    rows = []
    for rank, (row, near) in enumerate(zip(made.rows, made.neighbours, strict=True), 1):
        where, given, likely = made.place(row), int(labels[row]), int(made.found.likely[row])
        copy = made.duplicates.get(int(row))
        other = made.place(copy) if copy is not None else None
        image = gather(made.parts, np.array([row]))[0]
        cells: dict[str, object] = {
            "rank": rank,
            "part": where.part,
            "index": where.index,
            "file": where.file,
            "given_label": names[given],
            "likely_label": names[likely],
            "self_confidence": f"{made.found.self_confidence[row]:.6f}",
            "likely_probability": f"{made.found.likely_probability[row]:.6f}",
            "neighbours_given": f"{(labels[near] == given).mean():.2f}" if len(near) else "",
            "neighbours_likely": f"{(labels[near] == likely).mean():.2f}" if len(near) else "",
            "duplicate_of": str(other or ""),
            "suspect": "yes" if suspect[row] else "no",
            "decision": "",
            "corrected_label": "",
            "part_sha256": hashes[where.part],
            "image_sha256": image_hash(image),
        }
        rows.append({name: cells[name] for name in COLUMNS})
    return rows


def summary(made: Audit) -> dict[str, Any]:
    """Return what was found about the labels as a whole, as JSON values."""
    found, suspect = made.found, made.is_suspect
    return {
        **made.settings,
        "class_names": list(made.parts[0].class_names),
        "images": len(suspect),
        "suspects": int(suspect.sum()),
        "suspects_by_part": made.suspects_by_part,
        "estimated_noise": found.noise,
        "estimated_noise_by_class": found.noise_by_class.tolist(),
        "agreement": float((found.likely == made.labels).mean()),
        "thresholds": found.thresholds.tolist(),
        "confident_joint": found.confident_joint.tolist(),
        "calibrated_joint": found.calibrated_joint.tolist(),
        "duplicates_with_other_labels": len(made.duplicates),
        "environment": environment(),
    }
