"""ConfusionView: the confusion matrix, whose cells open the images that they count."""

from functools import cached_property
from typing import NamedTuple

import numpy as np
from markupsafe import Markup

from fashionlab.evaluation.metrics import Metrics
from fashionlab.report.formatting import count, percent
from fashionlab.report.run.pictures import TestImages

NAMED = 3  # confusions in the caption
MOST_WRONG, MOST_CORRECT = 40, 8  # pictures of a cell
SHARE_OF_SHEET = 0.5  # of the page's pictures, for all cells together
# The colours of the deepest cell and of the page (style.css.j2), in light and dark.
HEAT = ((11, 92, 148), (255, 255, 255)), ((108, 186, 240), (21, 24, 28))
CONTRAST = 0.179  # relative luminance at which black and white letters are as legible


class Cell(NamedTuple):
    """A cell: images of one class that were predicted as one class."""

    times: int
    words: str
    style: str  # how deep its colour is, and the letters that are legible on it
    target: str  # the id of its images, "" for none


class Shown(NamedTuple):
    """An image of a cell."""

    picture: Markup
    probability: float


class CellImages(NamedTuple):
    """The images of a cell, the surest first; of hits, the least sure first."""

    anchor: str
    words: str
    shown: list[Shown]
    images: int


class ConfusionView:
    """The matrix (K, K), rows true and columns predicted, and the images of its cells."""

    def __init__(self, metrics: Metrics, test: TestImages) -> None:
        self._cells = np.array(metrics.confusion)  # (K, K)
        self._support = metrics.support
        self._test = test
        self.class_names = test.class_names
        # The images of each cell, misclassified ones first; none where there are no images.
        self.images = self._images()

    @property
    def density(self) -> str:
        """The class of CSS by which more classes have smaller cells."""
        classes = len(self.class_names)
        return "wide" if classes <= 12 else "narrow" if classes <= 30 else "tiny"

    @cached_property
    def rows(self) -> list[list[Cell]]:
        """The cells by true class."""
        opened = {one.anchor for one in self.images}
        return [
            [self._cell(i, j, f"cell-{i}-{j}", opened) for j in range(len(self.class_names))]
            for i in range(len(self.class_names))
        ]

    def _cell(self, i: int, j: int, anchor: str, opened: set[str]) -> Cell:
        times = int(self._cells[i, j])
        if not times:
            return Cell(0, "", "", "")
        # The square root keeps a confusion of a few per cent visible next to the diagonal.
        depth = round((times / self._support[i]) ** 0.5, 2)
        light, dark = (_letters(depth, *heat) for heat in HEAT)
        style = f"--depth:{100 * depth:.0f}%;--l:{light};--d:{dark}"
        return Cell(times, self._words(i, j), style, anchor if anchor in opened else "")

    def _words(self, i: int, j: int) -> str:
        times, of = int(self._cells[i, j]), self._support[i]
        said = "predicted correctly" if i == j else f"predicted as {self.class_names[j]}"
        return (
            f"{self.class_names[i]} {said}: {count(times)} of {count(of)}, {percent(times / of, 1)}"
        )

    def _images(self) -> list[CellImages]:
        test = self._test
        if test.images is None:
            return []
        most = self._most()
        found = []
        pairs = np.argwhere(self._cells)
        for i, j in sorted(pairs.tolist(), key=lambda pair: (pair[0] == pair[1], pair)):
            places = np.flatnonzero((test.labels == i) & (test.predicted == j))
            sign = 1 if i == j else -1
            order = places[np.argsort(sign * test.probability[places], kind="stable")]
            order = order[: MOST_CORRECT if i == j else most]
            shown = [Shown(test.show(int(m)), float(test.probability[m])) for m in order]
            if shown:
                found.append(
                    CellImages(f"cell-{i}-{j}", self._words(i, j), shown, int(self._cells[i, j]))
                )
        return found

    def _most(self) -> int:
        """Return how many pictures a cell of errors may have, so that all fit on the page."""
        errors = self._cells[~np.eye(len(self._cells), dtype=bool)]
        room = SHARE_OF_SHEET * self._test.sheet.capacity - MOST_CORRECT * len(self._cells)
        return max(
            (n for n in range(MOST_WRONG + 1) if np.minimum(errors, n).sum() <= room), default=0
        )

    @property
    def caption(self) -> str:
        """The most frequent confusions, by count and then in class order."""
        pairs = [(i, j) for i, j in np.argwhere(self._cells).tolist() if i != j]
        most = sorted(pairs, key=lambda pair: -self._cells[tuple(pair)])[:NAMED]
        if not most:
            return "No image was misclassified."
        named = "; ".join(
            f"{self.class_names[i]} predicted as {self.class_names[j]} "
            f"({count(int(self._cells[i, j]))} of {count(self._support[i])})"
            for i, j in most
        )
        return f"Most frequent errors: {named}."


def _letters(depth: float, heat: tuple[int, ...], page: tuple[int, ...]) -> str:
    """Return the colour of letters on a cell whose colour is that share of the deepest one."""
    mixed = [round(depth * a + (1 - depth) * b) / 255 for a, b in zip(heat, page, strict=True)]
    linear = [x / 12.92 if x <= 0.04045 else ((x + 0.055) / 1.055) ** 2.4 for x in mixed]
    luminance = 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
    return "#000" if luminance > CONTRAST else "#fff"
