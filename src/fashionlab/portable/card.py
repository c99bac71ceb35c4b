"""Card: a model card, as Hugging Face shows it: YAML with the metrics, then Markdown for people.

The YAML is the specification of github.com/huggingface/hub-docs, modelcard.md; the sections are
those of Mitchell and others, "Model Cards for Model Reporting", 2019, as far as the facts are
known. All texts are data from elsewhere, and are escaped.

Symbols: K classes.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from fashionlab import __version__
from fashionlab.data.fashion_mnist import SHA256
from fashionlab.evaluation.calibration import KEPT
from fashionlab.portable.markdown import code, escaped, quoted, table

if TYPE_CHECKING:
    from fashionlab.portable.metadata import Metadata

MARK = "# Model card written by fashionlab"  # in the second line of every card
MODEL = "model.onnx"  # what a card calls the file
HUB_DATA = "zalando-datasets/fashion_mnist"  # Fashion-MNIST's name on Hugging Face
HUB_LICENCES = (  # of those that Hugging Face knows, in its words; github.com/huggingface/hub-docs
    *("apache-2.0", "mit", "bsd-2-clause", "bsd-3-clause", "isc", "mpl-2.0", "unlicense"),
    *("gpl-2.0", "gpl-3.0", "lgpl-3.0", "agpl-3.0", "cc0-1.0", "cc-by-4.0", "cc-by-sa-4.0"),
    *("cc-by-nc-4.0", "cc-by-nc-sa-4.0", "cc-by-nd-4.0", "cc-by-nc-nd-4.0", "odc-by"),
)
UNKNOWN = ("", "not stated")  # licences
PREPARATIONS = {
    "fit": "the whole picture, scaled to fit and centred on black",
    "garment": "the garment, cut out of a plain background, scaled and made light on black",
}
PHOTOS = (
    "The accuracy is that of images like the test images. Photos differ from them in light, "
    "background and position, and are classified less well: look at the image that the model saw "
    "(`fashionlab predict --show`, `Prediction.seen`) before you trust an answer."
)

Row = tuple[str, ...]


@dataclass(frozen=True)
class Section:
    """A part of a card, of plain texts: paragraphs, then a table with a header."""

    title: str
    paragraphs: tuple[str, ...] = ()
    rows: tuple[Row, ...] = ()


@dataclass(frozen=True)
class Card:
    """The facts of a model card. What is not known is None or empty, and left out."""

    name: str
    class_names: tuple[str, ...]  # (K,)
    image_shape: tuple[int, ...]  # (H, W), or (H, W, 3) in colour
    preparation: str  # of a picture, as `images.Preparation`
    parameters: int
    accuracy: float  # on the test images
    accuracy_interval: tuple[float, float]  # 95 %
    test_images: int
    data_name: str
    train_sha256: str
    test_sha256: str
    seed: int
    weights_sha256: str
    version: str  # of fashionlab, which made the model
    licence: str = ""
    log_loss: float | None = None  # nats an image
    calibration_error: float | None = None  # expected calibration error
    is_portable: bool = True  # whether there is an ONNX file to use; else the run is to be exported
    by_class: tuple[Row, ...] = ()  # a table of the classes, with a header
    sections: tuple[Section, ...] = ()  # after the metrics, such as baselines
    verdicts: tuple[str, ...] = ()  # paragraphs on "unsure", "none of these", prediction sets
    training: tuple[tuple[str, str], ...] = ()  # facts: name, value
    environment: tuple[tuple[str, str], ...] = ()
    command: str = ""  # that trained it

    def markdown(self) -> str:
        """Return the card: YAML between two lines of ---, then Markdown; it ends with a newline."""
        return "\n".join(["---", *self._front_matter(), "---", "", self.body()])

    def body(self) -> str:
        """Return the card without the YAML, which ends with a newline."""
        return "\n\n".join(self._blocks()) + "\n"

    _repr_markdown_ = body

    @property
    def is_fashion_mnist(self) -> bool:
        """Whether it was trained and tested on Fashion-MNIST itself, by the hashes."""
        return {"train": self.train_sha256, "test": self.test_sha256} == SHA256

    def _front_matter(self) -> Iterator[str]:
        yield f"{MARK} {__version__}"
        yield from _licence(self.licence)
        yield "library_name: fashionlab"
        yield "pipeline_tag: image-classification"
        yield "tags:"
        yield "- image-classification"
        yield "- fashionlab"
        if self.is_portable:
            yield "- onnx"
        data = re.sub(r"[^a-z0-9]+", "-", self.data_name.lower()).strip("-")[:90] or "images"
        if self.is_fashion_mnist:
            data = HUB_DATA
            yield "datasets:"
            yield f"- {data}"
        yield "metrics:"
        yield "- accuracy"
        yield "model-index:"
        yield f"- name: {quoted(self.name)}"
        yield "  results:"
        yield "  - task:"
        yield "      type: image-classification"
        yield "      name: Image Classification"
        yield "    dataset:"
        yield f"      type: {quoted(data)}"
        yield f"      name: {quoted(self._data)}"
        yield "      split: test"
        yield "    metrics:"
        yield "    - type: accuracy"
        yield f"      value: {self.accuracy:.6f}"
        yield "      name: Accuracy"
        yield "      verified: false"  # by Hugging Face

    def _blocks(self) -> Iterator[str]:
        yield f"# {escaped(self.name)}"
        yield (
            f"A classifier of images into {len(self.class_names)} "
            f"class{'es' if len(self.class_names) > 1 else ''}: {self._images}, "
            f"{self.parameters:,} parameters, trained on {escaped(self._data)}."
        )
        yield "## Metrics"
        low, high = self.accuracy_interval
        lines = [
            f"- Accuracy: **{_percent(self.accuracy)}** on {self.test_images:,} test images, 95 % "
            f"interval {100 * low:.2f} to {_percent(high)} (Wilson)."
        ]
        if self.log_loss is not None:
            lines.append(f"- Log loss: {self.log_loss:.4f} nats an image.")
        if self.calibration_error is not None:
            lines.append(
                f"- Expected calibration error: {_percent(self.calibration_error)}, the mean "
                "distance between a probability and the share of such answers that is correct."
            )
        yield "\n".join(lines)
        if self.by_class:
            yield "### By class"
            yield table(self.by_class)
        for section in self.sections:
            yield from _of(section)
        yield from self._usage()
        yield "## Limits"
        yield PHOTOS
        yield from map(escaped, self.verdicts)
        yield from self._origin()

    def _usage(self) -> Iterator[str]:
        yield "## Usage"
        if not self.is_portable:
            yield (
                "`fashionlab export RUN` writes the run as one file, `model.onnx`, which needs no "
                "deep-learning framework."
            )
        yield code(
            f"fashionlab predict photo.jpg --model {MODEL}\n"
            f"fashionlab serve {MODEL}    # a web page and an HTTP service",
            "sh",
        )
        yield code(
            "from fashionlab.portable import Predictor\n\n"
            f'predictor = Predictor("{MODEL}")\n'
            'prediction = predictor.predict("photo.jpg")\n'
            "print(prediction.class_name, prediction.probability, prediction.verdict)",
            "python",
        )
        yield f"A picture is prepared: {PREPARATIONS.get(self.preparation, self.preparation)}."

    def _origin(self) -> Iterator[str]:
        yield "## Data"
        facts = [("Data set", self._data), ("Test images", f"{self.test_images:,}")]
        facts += [("Images", self._images)]
        facts += [("SHA-256 of the training part", self.train_sha256)]
        facts += [("SHA-256 of the test part", self.test_sha256)]
        yield table([("Fact", "Value"), *facts])
        if not self.by_class:
            yield "### Classes"
            rows = [(str(label), name) for label, name in enumerate(self.class_names)]
            yield table([("Label", "Class"), *rows])
        yield "## Training"
        training = [("Seed", str(self.seed)), ("SHA-256 of the weights", self.weights_sha256)]
        yield table([("Fact", "Value"), *self.training, *training, ("fashionlab", self.version)])
        if self.command:
            yield "The command that trained it:"
            yield code(self.command, "sh")
        if self.environment:
            yield "## Environment"
            yield table([("Fact", "Value"), *self.environment])
        if self.licence not in UNKNOWN:
            yield "## Licence"
            yield escaped(self.licence)

    @property
    def _data(self) -> str:
        return "Fashion-MNIST" if self.is_fashion_mnist else self.data_name

    @property
    def _images(self) -> str:
        height, width, *channels = self.image_shape
        return f"{height} × {width} pixels, {'in colour' if channels else 'grey'}"


def of_model(metadata: "Metadata") -> Card:
    """Return the card of a portable model, from what it says about itself."""
    names, outliers = metadata.class_names, metadata.outliers
    by_class: tuple[Row, ...] = ()
    if outliers is not None:
        rows = ((name, _percent(x)) for name, x in zip(names, outliers.accepted, strict=True))
        by_class = (("Class", "Test images accepted by the outlier test"), *rows)
    bits = ("Bits of a weight", str(metadata.bits))
    calibrated = ("Calibrated on", metadata.calibrated_on)
    return Card(
        **{
            name: getattr(metadata, name)
            for name in (
                *("name", "class_names", "image_shape", "preparation", "parameters", "accuracy"),
                *("accuracy_interval", "test_images", "data_name", "train_sha256", "test_sha256"),
                *("seed", "weights_sha256", "version", "licence", "calibration_error"),
            )
        },
        by_class=by_class,
        verdicts=verdicts(metadata),
        training=(bits, calibrated) if metadata.calibrated_on else (bits,),
    )


def verdicts(metadata: "Metadata") -> tuple[str, ...]:
    """Return what the answers of a portable model mean, and what they do not, a paragraph each."""
    found = []
    if metadata.calibrated_on:
        found.append(
            "Unsure: an answer whose most probable class has less than "
            f"{_percent(metadata.threshold)}; {100 * KEPT:.0f} % of the held-out images have that "
            "much or more. It finds doubtful pictures, not strange ones."
        )
    else:
        found.append("Its probabilities are not calibrated, and no answer is called unsure.")
    outliers = metadata.outliers
    if outliers is not None:
        found.append(
            f"None of these: a picture whose outlier score is above {outliers.threshold:.2f}, "
            f"which is unlike all images of the classes; {100 * outliers.accept:g} % of the "
            "held-out images are accepted. A score below it is no proof that a picture shows one "
            "of the classes."
        )
    else:
        found.append(
            "It has no outlier score: it gives one of its classes to every picture, also to one "
            "that shows none of them."
        )
    if metadata.sets is not None:
        levels = ", ".join(f"{100 * level:g}" for level in metadata.sets.levels)
        found.append(
            f"Prediction sets, of {levels} %, hold the true class of that share of images like "
            "the held-out ones, on average; for other photos nothing is promised."
        )
    return tuple(found)


def _of(section: Section) -> Iterator[str]:
    yield f"## {escaped(section.title)}"
    yield from map(escaped, section.paragraphs)
    if section.rows:
        yield table(section.rows)


def _licence(text: str) -> Iterator[str]:
    """Yield the lines of a licence, whose first words may be a name that Hugging Face knows."""
    if text in UNKNOWN:
        yield "license: unknown"
        return
    name = re.split(r"[;,]| license$", text.lower(), maxsplit=1)[0].strip()
    if name in HUB_LICENCES:
        yield f"license: {name}"
        return
    yield "license: other"
    slug = re.sub(r"[^a-z0-9.]+", "-", text.lower()).strip("-.")[:60]
    yield f"license_name: {quoted(slug or 'other')}"


def _percent(share: float) -> str:
    return f"{100 * share:.2f} %"
