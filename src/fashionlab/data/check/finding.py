"""Finding: one thing that is wrong with a data set, or has to be known of it."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Literal

from fashionlab.data.dataset import Dataset, Split
from fashionlab.text import printable

Severity = Literal["error", "warning", "note"]
SEVERITIES: tuple[Severity, ...] = ("error", "warning", "note")  # in the order of a report
SHOWN = 30  # groups of images of a finding, at most


@dataclass(frozen=True)
class Place:
    """Where an image is: its part, its row in that part from 0, its file where it has its own."""

    part: Split
    index: int
    file: str = ""  # its path in the folder of pictures

    def __str__(self) -> str:
        return printable(self.file) or f"{self.part} {self.index}"

    def to_json(self) -> dict[str, str | int]:
        """Return it as JSON values."""
        where: dict[str, str | int] = {"part": self.part, "index": self.index}
        return where | {"file": printable(self.file)} if self.file else where


def place_of(part: Dataset, row: int) -> Place:
    """Return where a row of a part is."""
    return Place(part.part, row, part.files[row] if part.files else "")


@dataclass(frozen=True)
class Finding:
    """A finding; an "error" makes what is trained or measured wrong, a "note" does neither."""

    kind: str  # for programs: "empty-class", "copies-across-parts" ...
    severity: Severity
    text: str  # a sentence with the numbers
    remedy: str  # what to do about it, "" where nothing need be done
    pictures: tuple[tuple[Place, ...], ...] = field(default=())  # groups that belong together

    def to_json(self) -> dict[str, Any]:
        """Return the finding as JSON values."""
        return {
            "kind": self.kind,
            "severity": self.severity,
            "text": self.text,
            "remedy": self.remedy,
            "examples": [[place.to_json() for place in group] for group in self.pictures],
        }


def ordered(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Return findings from errors to notes; those of one severity keep their order."""
    return tuple(sorted(findings, key=lambda finding: SEVERITIES.index(finding.severity)))


def number(count: int, noun: str, plural: str = "") -> str:
    """Format a count with its noun: 1 image; 2,000 images."""
    return f"{count:,} {noun if count == 1 else plural or noun + 's'}"


def listed(names: Iterable[object], most: int = 8) -> str:
    """Join names by commas, the first `most` of them."""
    every = [str(name) for name in names]
    rest = f" and {len(every) - most:,} more" if len(every) > most else ""
    return ", ".join(every[:most]) + rest
