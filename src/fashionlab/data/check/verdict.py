"""check: all findings about a data set, and the verdict."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from fashionlab.data.check.classes import class_findings
from fashionlab.data.check.copies import duplicate_findings, near_findings, place, places
from fashionlab.data.check.duplicates import Duplicates, find_duplicates
from fashionlab.data.check.finding import SEVERITIES, Finding, Place, number, ordered
from fashionlab.data.check.identity import Identity, identity, identity_findings
from fashionlab.data.check.near import NearCopies, find_near_copies
from fashionlab.data.check.orientation import Orientation, orientation
from fashionlab.data.check.scan import Scan, scan
from fashionlab.data.check.values import value_findings
from fashionlab.data.dataset import Dataset, Split
from fashionlab.errors import InvalidValueError

ORDER: tuple[Split, ...] = ("train", "validation", "test")  # of use: a copy is in the later part


@dataclass(frozen=True)
class Check:
    """What was found in a data set."""

    parts: tuple[Dataset, ...]  # in the order of ORDER
    scans: tuple[Scan, ...]
    identity: Identity
    orientation: Orientation
    duplicates: Duplicates
    near_copies: NearCopies
    findings: tuple[Finding, ...]  # errors first

    @property
    def sound(self) -> bool:
        """Whether nothing was found that makes what is trained or measured wrong."""
        return all(finding.severity != "error" for finding in self.findings)

    @property
    def verdict(self) -> str:
        """A sentence: whether the data are sound, and how many findings there are."""
        found = [
            number(count, severity)
            for severity in SEVERITIES
            if (count := sum(finding.severity == severity for finding in self.findings))
        ]
        return f"{'Sound' if self.sound else 'Not sound'}: {', '.join(found) or 'no findings'}."

    @property
    def searched(self) -> str:
        """A sentence on what was compared to find near-copies."""
        near = self.near_copies
        if not near.complete:
            return (
                f"The search for near-copies ended early, with {number(len(near.pairs), 'pair')} "
                "found."
            )
        if sum(near.of) == 1:
            return "There is one distinct image."
        if near.compared == near.of:
            return f"All {number(sum(near.of), 'distinct image')} were compared with each other."
        some = ", ".join(
            f"{count:,} of {of:,} in {part.part}"
            for part, count, of in zip(self.parts, near.compared, near.of, strict=True)
        )
        return (
            f"A sample of the distinct images ({some}) was compared with all of them: near-copies "
            "of which neither is in the sample were not looked for."
        )

    @cached_property
    def _distances(self) -> dict[frozenset[Place], float]:
        pairs = self.near_copies.pairs
        return {frozenset(places(self.parts, pair)): pair.distance for pair in pairs}

    def distance(self, group: Sequence[Place]) -> float | None:
        """Return how far apart near-copies are, in grey levels; None where the group is no pair."""
        return self._distances.get(frozenset(group))

    def to_json(self) -> dict[str, Any]:
        """Return what was found as JSON values."""
        return {
            "sound": self.sound,
            "verdict": self.verdict,
            "identity": {
                "set": self.identity.known.name if self.identity.known else None,
                "certain": self.identity.certain,
                "text": self.identity.text,
            },
            "orientation": self.orientation._asdict(),
            "class_names": list(self.parts[0].class_names),
            "parts": [_facts(seen) for seen in self.scans],
            "findings": [finding.to_json() for finding in self.findings],
            "duplicates": {
                "groups": self.duplicates.group_count,
                "groups_with_different_labels": self.duplicates.disagreeing,
                "copies": self.duplicates.copies,
                "in_an_earlier_part": self.duplicates.shared,
                "listed": [
                    [place(self.parts, row).to_json() for row in group]
                    for group in self.duplicates.groups
                ],
            },
            "near_copies": {
                "distance": self.near_copies.distance,
                "measure": "root mean square of the differences, in grey levels",
                "complete": self.near_copies.complete,
                "compared": self.near_copies.compared,
                "distinct": self.near_copies.of,
                "pairs": [
                    {
                        "places": [where.to_json() for where in places(self.parts, pair)],
                        "distance": round(pair.distance, 4),
                    }
                    for pair in self.near_copies.pairs
                ],
            },
        }


def check(parts: Sequence[Dataset], seed: int = 0) -> Check:
    """Check the parts of a data set, in any order.

    `seed` draws the sample in which near-copies of a set of millions are looked for.
    """
    shapes = {part.image_shape for part in parts}
    names = {part.class_names for part in parts}
    if len(shapes) != 1 or len(names) != 1:
        raise InvalidValueError(
            f"all parts must have one image shape and the same classes; received {len(parts)} "
            f"parts with {len(shapes)} shapes and {len(names)} lists of classes"
        )
    parts = sorted(parts, key=lambda part: ORDER.index(part.part))
    ends = np.cumsum([len(part) for part in parts])
    digests = np.empty((int(ends[-1]), 2), np.uint64)
    scans = tuple(
        scan(part, digests[end - len(part) : end]) for part, end in zip(parts, ends, strict=True)
    )
    duplicates = find_duplicates(digests, np.concatenate([part.labels for part in parts]), ends)
    near = find_near_copies(parts, duplicates.is_first, max(s.highest for s in scans), seed)
    seen = orientation(
        np.sum([s.class_sums for s in scans], axis=0), np.sum([s.counts for s in scans], axis=0)
    )
    known = identity(scans, seen)
    findings = [
        *identity_findings(scans, seen, known),
        *value_findings(scans, seen.inverted),
        *class_findings(scans),
        *duplicate_findings(parts, duplicates),
        *near_findings(parts, near),
    ]
    return Check(
        parts=tuple(parts),
        scans=scans,
        identity=known,
        orientation=seen,
        duplicates=duplicates,
        near_copies=near,
        findings=ordered(findings),
    )


def _facts(seen: Scan) -> dict[str, Any]:
    part = seen.part
    return {
        "part": part.part,
        "name": part.name,
        "source": part.source,
        "form": part.form,
        "images": len(part),
        "image_shape": list(part.image_shape),
        "images_by_class": seen.counts.tolist(),
        "lowest": int(seen.levels[0]),
        "highest": seen.highest,
        "levels": len(seen.levels),
        "mean": round(seen.mean, 4),
        "deviation": round(seen.deviation, 4),
        "constant": seen.constant_count,
        "dark_on_light": seen.dark_on_light_count,
    }
