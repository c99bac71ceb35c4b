"""ExplanationView: which pixels count, which training images are alike, a map of the test set."""

from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from markupsafe import Markup
from numpy.typing import NDArray

from fashionlab.evaluation.explanation import Explanation
from fashionlab.report.charts.scatter import placed, scatter
from fashionlab.report.formatting import count, percent
from fashionlab.report.pictures import Sheet
from fashionlab.report.run.pictures import TestImages

FOR, AGAINST = np.array([0, 114, 178]), np.array([213, 94, 0])  # pixels for and against the class
DIM = 0.45  # of the image under a map


class Explained(NamedTuple):
    """A test image with what its class rests on."""

    words: str
    image: Markup
    maps: list[tuple[str, Markup]]  # their names and pictures
    neighbours: list[tuple[Markup, str]]  # the nearest training images, with their classes


class ExplanationView:
    """What a run's record of explanation says."""

    def __init__(self, explanation: Explanation, test: TestImages, image_shape: tuple[int, ...]) -> None:
        self.explanation = explanation
        self._test = test
        self._shape = image_shape
        self.sheet = Sheet("explained", image_shape)

    @cached_property
    def images(self) -> list[Explained]:
        """The explained test images."""
        x, test = self.explanation, self._test
        found = []
        for m, index in enumerate(x.indices.tolist()):
            words = test.words(index)
            maps = []
            for name, heat in (("Occlusion", x.occlusion), ("Gradient", x.saliency)):
                if heat is not None:
                    picture = _over(x.images[m], heat[m].astype(np.float64))
                    maps.append((name, self.sheet.show(picture, f"{name} map. {words}")))
            near = []
            if x.neighbours is not None:
                for image, label in zip(x.neighbour_images[m], x.neighbour_labels[m], strict=True):
                    name = test.class_names[label]
                    near.append((self.sheet.show(image, f"Training image: {name}"), name))
            found.append(Explained(words, self.sheet.show(x.images[m], words), maps, near))
        return found

    @cached_property
    def kernels(self) -> list[Markup]:
        """The kernels of the first layer, each over its own range of weights."""
        if self.explanation.kernels is None:
            return []
        kernels = self.explanation.kernels.astype(np.float64)  # (F, h, w, C)
        sheet = self.kernel_sheet
        return [
            sheet.show(_kernel(kernel), f"Kernel {number} of the first layer")
            for number, kernel in enumerate(kernels, 1)
        ]

    @cached_property
    def kernel_sheet(self) -> Sheet:
        """The pictures of the kernels."""
        shape = self.explanation.kernels.shape[1:3] if self.explanation.kernels is not None else (1, 1)
        return Sheet("kernels", shape)

    @property
    def has_map(self) -> bool:
        """Whether there is a map of the test set."""
        return self.explanation.map is not None

    @cached_property
    def _places(self) -> NDArray[np.float64]:
        return placed(self.explanation.map)

    def map(self) -> Markup:
        """The map of the test set."""
        x, test = self.explanation, self._test
        labels, wrong = test.labels[x.map_indices], test.wrong[x.map_indices]
        alt = (
            f"Map of {count(len(labels))} test images by the last hidden layer ({self.method}), "
            f"coloured by class; {count(int(wrong.sum()))} misclassified ones have a ring."
        )
        return scatter(self._places, labels.astype(np.int64), wrong, test.class_names, alt)

    @property
    def method(self) -> str:
        """How the map was made, with the share of the variance that it shows."""
        x = self.explanation
        if x.method != "pca":
            return {"t-sne": "t-SNE", "umap": "UMAP"}.get(x.method, x.method)
        share = "" if x.variance is None else f", {percent(x.variance, 0)} of the variance"
        return f"principal components{share}"

    def points(self) -> list[list[Any]]:
        """The points of the map for the page's script.

        Each is its place, true class, predicted class, probability in thousandths, test image and
        the number of its picture, -1 for none.
        """
        if not self.has_map:
            return []
        test, room = self._test, self._test.sheet.capacity
        found = []
        for (x, y), index in zip(self._places.tolist(), self.explanation.map_indices.tolist(), strict=True):
            pictured = test.images is not None and len(test.sheet) < room
            number = test.number(index) if pictured else -1
            share = round(1000 * float(test.probability[index]))
            label, predicted = int(test.labels[index]), int(test.predicted[index])
            found.append([x, y, label, predicted, share, index, number])
        return found


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
