"""TestImages: the run's test images, as far as they are at hand, and the pictures of the page."""

import numpy as np
from markupsafe import Markup
from numpy.typing import NDArray

from fashionlab.data import Dataset
from fashionlab.report.formatting import probability
from fashionlab.report.pictures import Sheet
from fashionlab.runs import Run, require_same_data
from fashionlab.text import printable


class TestImages:
    """The test images of a run and what the run predicts for each.

    All N of them from the data set `test`; without it those that the run has stored as examples.
    Raises InvalidValueError where the data set is not that of the run.
    """

    __test__ = False  # pytest: this is no test

    def __init__(self, run: Run, test: Dataset | None) -> None:
        if test is not None:
            require_same_data(run, test, "test")
        self.class_names = run.class_names
        self.log_probabilities, self.labels = run.predictions()  # (N, K), (N,)
        self.predicted: NDArray[np.int64] = self.log_probabilities.argmax(axis=1)  # (N,)
        self.probability = np.exp(self.log_probabilities.max(axis=1))  # (N,)
        self.images = None if test is None else test.images
        self.files = test.files if test else ()  # (N,) or none
        stored = run.examples()
        self._stored = dict(zip(stored.indices.tolist(), stored.images, strict=True))
        self.sheet = Sheet("test", run.image_shape)

    @property
    def wrong(self) -> NDArray[np.bool_]:
        """Whether each image is misclassified (N,)."""
        return np.asarray(self.predicted != self.labels)

    def has(self, index: int) -> bool:
        """Return whether there is a picture of an image."""
        return self.images is not None or index in self._stored

    def number(self, index: int) -> int:
        """Return the number of an image on the sheet, where it is added."""
        image = self._stored[index] if self.images is None else self.images[index]
        return self.sheet.add(np.asarray(image))

    def title(self, index: int) -> str:
        """Say which image it is, with its file where it has one of its own."""
        return f"Test image {index}{f', {printable(self.files[index])}' if self.files else ''}"

    def words(self, index: int) -> str:
        """Say which image it is and what is predicted for it."""
        true, predicted = self.labels[index], self.predicted[index]
        said = f"{self.title(index)}: {self.class_names[true]}"
        share = probability(float(self.probability[index]))
        if true == predicted:
            return f"{said}, predicted correctly with {share}"
        return f"{said}, predicted as {self.class_names[predicted]} with {share}"

    def show(self, index: int) -> Markup:
        """Return the picture of an image."""
        return self.sheet.html(self.number(index), self.words(index))
