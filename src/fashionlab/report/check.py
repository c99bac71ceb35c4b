"""write_check: the page about a checked data set, with pictures of what was found."""

import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from fashionlab.data.check import Check, Finding, Place, place_of
from fashionlab.data.check.copies import label, places
from fashionlab.data.fashion_mnist import NAME
from fashionlab.report.formatting import Picture, png_uri
from fashionlab.report.html import from_template, refuse_foreign, write_own

SIDE = 128  # pixels of a picture, at most; larger images are reduced
SAMPLES = 5  # images of each class
PAIRS = 100  # near-copies in the table


class Shown(NamedTuple):
    """An image with its place and class."""

    picture: Picture
    where: str
    label: str


class Group(NamedTuple):
    """Images that belong together."""

    images: list[Shown]
    about: str  # how far apart they are, or ""


class FindingView(NamedTuple):
    """A finding as the page shows it."""

    anchor: str
    title: str
    finding: Finding
    groups: list[Group]


class ClassView(NamedTuple):
    """A class: its images in each part, and some of them."""

    name: str
    counts: list[int]
    samples: list[Shown]


class PairRow(NamedTuple):
    """A pair of near-copies."""

    images: list[tuple[str, str]]  # place and class
    distance: float


def write_check(check: Check, out: Path, source: str | None = None) -> Path:
    """Write the page about a check of `source` to `out`, whole or not at all; returns `out`.

    It replaces an earlier page of fashionlab but nothing else. Raises RunError.
    """
    refuse_foreign(out)
    return write_own(render_check(check, source), out)


def render_check(check: Check, source: str | None = None) -> str:
    """Return the page as text."""
    name = check.parts[0].name
    views = list(_findings(check))
    return from_template(
        "check.html.j2",
        title=f"Check of {'Fashion-MNIST' if name == NAME else name}",
        check=check,
        findings=views,
        classes=list(_classes(check)),
        pairs=list(_pairs(check)),
        command=shlex.join(["fashionlab", "data", "check", *([source] if source else [])]),
    )


def _findings(check: Check) -> Iterator[FindingView]:
    for number, finding in enumerate(check.findings, 1):
        groups = []
        for group in finding.pictures:
            distance = check.distance(group)
            about = "" if distance is None else f"{distance:.2f} levels apart"
            groups.append(Group([_shown(check, where) for where in group], about))
        title = finding.kind.replace("-", " ").capitalize()
        yield FindingView(f"finding-{number}", title, finding, groups)


def _classes(check: Check) -> Iterator[ClassView]:
    part = check.parts[0]
    for k, name in enumerate(part.class_names):
        rows = np.flatnonzero(part.labels == k)[:SAMPLES]
        yield ClassView(
            name,
            [int(scan.counts[k]) for scan in check.scans],
            [_shown(check, place_of(part, int(row))) for row in rows],
        )


def _pairs(check: Check) -> Iterator[PairRow]:
    for pair in check.near_copies.pairs[:PAIRS]:
        both = places(check.parts, pair)
        yield PairRow([(str(w), label(check.parts, w)) for w in both], pair.distance)


def _shown(check: Check, where: Place) -> Shown:
    part = next(part for part in check.parts if part.part == where.part)
    name = label(check.parts, where)
    image = np.array(part.images[where.index])
    alt = f"Image {where}, labelled {name}"
    return Shown(Picture(png_uri(reduced(image)), alt), str(where), name)


def reduced(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return an image with SIDE pixels a side at most."""
    factor = -(-max(image.shape[:2]) // SIDE)
    return image if factor == 1 else np.asarray(Image.fromarray(image).reduce(factor))
