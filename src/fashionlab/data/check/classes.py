"""Findings about classes: empty, small, unbalanced, or in other proportions in another part."""

from collections.abc import Iterator, Sequence

import numpy as np

from fashionlab.data.check.finding import SHOWN, Finding, listed, number, place_of
from fashionlab.data.check.scan import Scan

SMALL = 10  # images of a class; with fewer neither training nor a metric means much
UNBALANCED = 10  # times as many images in the largest class as in the smallest
DIFFERENT = 0.1  # of the images would have to change class for equal proportions


def class_findings(scans: Sequence[Scan]) -> Iterator[Finding]:
    """Yield what is wrong with the classes of the parts, the first of which is trained on."""
    names = scans[0].part.class_names
    if len(names) == 1:
        yield Finding(
            "one-class",
            "error",
            f"There is one class alone, {names[0]}: nothing can be learned.",
            "Give at least two classes.",
        )
    for scan in scans:
        if empty := [name for name, n in zip(names, scan.counts, strict=True) if n == 0]:
            trained = scan is scans[0]
            yield Finding(
                "empty-class",
                "error" if trained else "warning",
                f"{number(len(empty), 'class', 'classes')} without an image in "
                f"{scan.part.part}: {listed(empty)}.",
                "Add images, or remove the class from the names and number the labels again."
                if trained
                else "Add images: the metrics say nothing about this class.",
            )
    yield from _small(scans[0])
    yield from _unbalanced(scans[0])
    for scan in scans[1:]:
        yield from _other_proportions(scans[0], scan)


def _small(scan: Scan) -> Iterator[Finding]:
    small = [k for k, n in enumerate(scan.counts) if 0 < n < SMALL]
    if small:
        names = [f"{scan.part.class_names[k]} ({scan.counts[k]})" for k in small]
        rows = np.flatnonzero(np.isin(scan.part.labels, small))[:SHOWN]
        yield Finding(
            "small-class",
            "warning",
            f"{number(len(small), 'class', 'classes')} with fewer than {SMALL} images in "
            f"{scan.part.part}: {listed(names)}.",
            "Add images, join the class with another, or leave it out.",
            tuple((place_of(scan.part, int(row)),) for row in rows),
        )


def _unbalanced(scan: Scan) -> Iterator[Finding]:
    there = np.flatnonzero(scan.counts)
    least, most = (int(there[f(scan.counts[there])]) for f in (np.argmin, np.argmax))
    if scan.counts[most] >= UNBALANCED * scan.counts[least]:
        names = scan.part.class_names
        yield Finding(
            "unbalanced",
            "warning",
            f"{names[most]} has {scan.counts[most]:,} images in {scan.part.part}, and "
            f"{names[least]} {scan.counts[least]:,}: the accuracy says little about small classes.",
            "Look at recall and F1 of each class, or balance the classes.",
        )


def _other_proportions(first: Scan, other: Scan) -> Iterator[Finding]:
    shares = [scan.counts / scan.counts.sum() for scan in (first, other)]
    distance = 0.5 * float(abs(shares[0] - shares[1]).sum())  # total variation
    chance = np.sqrt(len(shares[0]) / min(len(first.part), len(other.part)))
    if distance >= DIFFERENT + chance:
        k = int(np.argmax(abs(shares[0] - shares[1])))
        yield Finding(
            "other-proportions",
            "warning",
            f"The classes of {other.part.part} have other proportions than those of "
            f"{first.part.part}: {first.part.class_names[k]} is {shares[1][k]:.1%} of its images "
            f"and {shares[0][k]:.1%} there.",
            "Check that the parts belong together; split one part at random with --split.",
        )
