"""ExplanationView: which pixels count, which training images are alike, a map of the test set."""

from typing import Any, NamedTuple

import numpy as np
from markupsafe import Markup
from numpy.typing import NDArray

from fashionlab.evaluation.explanation import Explanation
from fashionlab.report.charts.scatter import placed, scatter
from fashionlab.report.formatting import count, percent
from fashionlab.report.pictures import Sheet
from fashionlab.report.run.pictures import TestImages
from fashionlab.text import printable

FOR, AGAINST = np.array([0, 114, 178]), np.array([213, 94, 0])  # pixels for and against the class
METHODS = {"pca": "principal components", "t-sne": "t-SNE", "umap": "UMAP"}
DIM = 0.45  # of the image under a map


class Explained(NamedTuple):
    """A test image with what its class rests on."""

    words: str
    image: Markup
    maps: list[tuple[str, Markup]]  # their names and pictures
    neighbours: list[tuple[Markup, str]]  # the nearest training images, with their classes


class ExplanationView:
    """What a run's record of explanation says."""

    def __init__(self, explanation: Explanation, test: TestImages) -> None:
        x = self.explanation = explanation
        self._test = test
        self._explained = Sheet("explained", x.images.shape[1:])
        self._near = Sheet("near", x.neighbours.images.shape[2:] if x.neighbours else (1, 1))
        self._kernels = Sheet("kernels", x.kernels.shape[1:3] if x.kernels is not None else (1, 1))
        # The stored pictures of points are small; the test images are better, where they are here.
        own = test.images is None and x.map is not None
        self._points = Sheet("points", x.map.images.shape[1:]) if own and x.map else test.sheet
        self.images = self._images()
        self.kernels = self._kernel_pictures()
        self.points = self._point_rows()

    @property
    def sheets(self) -> list[Sheet]:
        """The sheets that it has besides that of the test images."""
        return [self._explained, self._near, self._kernels, self._points]

    @property
    def points_sheet(self) -> str:
        """The name of the sheet with the pictures of points."""
        return self._points.name

    def _images(self) -> list[Explained]:
        x, test, found = self.explanation, self._test, []
        for m, index in enumerate(x.indices.tolist()):
            words = test.words(index)
            maps = []
            for name, heat in (("Occlusion", x.occlusion), ("Gradient", x.saliency)):
                if heat is not None:
                    picture = _over(x.images[m], heat[m].astype(np.float64))
                    maps.append((name, self._explained.show(picture, f"{name} map. {words}")))
            near = []
            if x.neighbours is not None:
                for image, label in zip(
                    x.neighbours.images[m], x.neighbours.labels[m], strict=True
                ):
                    name = test.class_names[label]
                    near.append((self._near.show(image, f"Training image: {name}"), name))
            found.append(Explained(words, self._explained.show(x.images[m], words), maps, near))
        return found

    def _kernel_pictures(self) -> list[Markup]:
        kernels = self.explanation.kernels  # (F, h, w, C), each over its own range of weights
        return [
            self._kernels.show(
                _kernel(kernel.astype(np.float64)), f"Kernel {number} of the first layer"
            )
            for number, kernel in enumerate(() if kernels is None else kernels, 1)
        ]

    def map(self) -> Markup:
        """The map of the test set."""
        found, test = self.explanation.map, self._test
        if found is None:
            return Markup("")
        labels, wrong = test.labels[found.indices], test.wrong[found.indices]
        alt = (
            f"Map of {count(len(labels))} test images by the last hidden layer ({self.method}), "
            f"coloured by class; {count(int(wrong.sum()))} misclassified ones have a ring."
        )
        places = placed(found.points)
        return scatter(places, labels.astype(np.int64), wrong, test.class_names, alt)

    @property
    def method(self) -> str:
        """How the map was made, with the share of the variance that it shows."""
        found = self.explanation.map
        if found is None:
            return ""
        name = METHODS.get(found.method, found.method)
        return f"{name}, {percent(sum(found.shares), 0)} of the variance" if found.shares else name

    def _point_rows(self) -> list[list[Any]]:
        """Return the points of the map for the page's script.

        Each is its place, true class, predicted class, probability in thousandths, test image, the
        number of its picture, -1 for none, and its file where it has one.
        """
        found, test = self.explanation.map, self._test
        if found is None:
            return []
        rows = []
        for m, (x, y) in enumerate(placed(found.points).tolist()):
            index, number = int(found.indices[m]), -1
            if self._points is not test.sheet:
                number = self._points.add(found.images[m])
            elif len(test.sheet) < test.sheet.capacity:
                number = test.number(index)
            share = round(1000 * float(test.probability[index]))
            label, predicted = int(test.labels[index]), int(test.predicted[index])
            file = [printable(test.files[index])] if test.files else []
            rows.append([x, y, label, predicted, share, index, number, *file])
        return rows


def _over(image: NDArray[np.uint8], heat: NDArray[np.float64]) -> NDArray[np.uint8]:
    """Return (H, W, 3): the dimmed image, with pixels for the class in blue and against in red."""
    grey = image if image.ndim == 2 else image.mean(axis=2)  # (H, W)
    base = np.repeat(grey[..., None] * DIM, 3, axis=2)
    strength = np.abs(heat) / max(float(np.abs(heat).max()), 1e-12)
    colour = np.where(heat[..., None] >= 0, FOR * 1.25, AGAINST)
    mixed = base + strength[..., None] * (colour - base * 0.5)
    return np.asarray(np.clip(mixed, 0, 255), np.uint8)


def _kernel(kernel: NDArray[np.float64]) -> NDArray[np.uint8]:
    """Return a kernel (h, w, C) as a picture: 0 is grey; of more channels than 3 the mean."""
    if kernel.shape[2] not in (1, 3):
        kernel = kernel.mean(axis=2, keepdims=True)
    scaled = 128 + 127 * kernel / max(float(np.abs(kernel).max()), 1e-12)
    pixels = np.asarray(np.clip(scaled, 0, 255), np.uint8)
    return pixels[..., 0] if pixels.shape[2] == 1 else pixels
