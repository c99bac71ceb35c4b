"""Metadata: what a portable model contains about itself, one JSON object in the ONNX file."""

import base64
import io
import json
import math
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, fields, is_dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Annotated, Any, get_type_hints

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from fashionlab.errors import ModelError
from fashionlab.evaluation.conformal import LEVELS, Quantiles
from fashionlab.images import LARGEST_SIDE, Preparation
from fashionlab.images.decode import FAILURES, READERS
from fashionlab.images.headers import strip
from fashionlab.typed import LARGEST, Between, MismatchError, Share, parse, typed

if TYPE_CHECKING:
    from fashionlab.portable.card import Card

KEY = "fashionlab"  # of the metadata
# Of what lies under it; it stays where a newer version only adds fields that an older one may
# ignore. In 2 `preparation` says what is done to a picture; with 1 it is "garment", and a reader of
# 1 alone refuses a model of another preparation instead of doing the wrong one. In 3 there is an
# outlier score, and so a second output, without which an older reader would know every picture.
FORMATS = (1, 2, 3)
INPUT, OUTPUT, SCORE = "images", "probabilities", "outlier_score"  # names in the graph
OPTIONAL = ("outliers", "sets")  # fields that a file may do without
PUBLISHED = ("threshold", "accept")  # of `outliers`, where a model is described
LARGEST_TEXT = 4 * 2**20  # bytes of the JSON object
EXAMPLES, EXAMPLES_BYTES = 512, 2**21  # at most; the numbers of all examples together
CURVE = 21  # points of a curve: every 5 %
REMEDY = "export the run again with `fashionlab export`"
SHA256 = re.compile(r"[0-9a-f]{64}")

Example = tuple[int, NDArray[np.uint8]]  # label, (H, W) or (H, W, 3)
Line = Annotated[str, Between(0, 1000)]
Side = Annotated[int, Between(1, LARGEST_SIDE)]
Count = Annotated[int, Between(0, LARGEST)]


@dataclass(frozen=True)
class DrawnOutliers:
    """How well a model tells drawn outliers of one kind, which it was not trained with."""

    kind: Annotated[str, Between(1, 100)]  # such as "letters", "shapes", "textures", "noise"
    area: Share  # under the receiver operating characteristic, test images against these
    accepted: Share  # of these, at the threshold
    # The share of these that is accepted where 0, 5, ..., 100 % of the test images are.
    curve: Annotated[tuple[Share, ...], Between(CURVE, CURVE)]


@dataclass(frozen=True)
class OutlierTest:
    """How a model tells pictures that show none of its classes, by the outlier score.

    The score is a log-odds: any number, and the higher, the less like the training images.
    """

    threshold: Annotated[float, Between(-1e9, 1e9)]  # the highest score of a picture of the classes
    accept: Share  # the share of held-out images that it was set to accept
    accepted: tuple[Share, ...]  # (K,) the share of each class's test images that it accepts
    drawn: Annotated[tuple[DrawnOutliers, ...], Between(0, 50)] = ()


@dataclass(frozen=True)
class Metadata:
    """The facts that are needed to use a model and to judge it.

    Raises ModelError for a value that is not of its type, beyond its limits, or cannot be true.
    """

    name: Annotated[str, Between(1, 200)]
    class_names: Annotated[tuple[Annotated[str, Between(1, 200)], ...], Between(1, 256)]  # (K,)
    image_shape: Annotated[tuple[Side, ...], Between(2, 3)]  # (H, W), or (H, W, 3) in colour
    # The number by which log-probabilities are divided inside the graph.
    temperature: Annotated[float, Between(1e-9, 1e9)]
    threshold: Share  # the least largest probability of an image whose class is sure
    calibrated_on: Line  # which held-out images gave these; "" for none: they are 1 and 0
    accuracy: Share  # of this file, on the test images
    accuracy_interval: tuple[Share, Share]  # 95 %
    calibration_error: Share  # expected calibration error on the test images, see evaluation
    test_images: Count
    data_name: Line
    train_sha256: str  # of the data set, as `fashionlab data info` prints it
    test_sha256: str
    parameters: Count
    bits: int  # of a weight: 32, or 8
    weights_sha256: str  # of the run's file of weights
    seed: Count
    version: Annotated[str, Between(1, 100)]  # of fashionlab
    licence: Line
    preparation: Preparation = "garment"  # how a picture becomes an image of this shape
    outliers: OutlierTest | None = None  # None: the graph has no outlier score
    sets: Quantiles | None = None  # of prediction sets; None where no images were held out
    examples: tuple[Example, ...] = ()  # some test images, to try it with

    def __post_init__(self) -> None:
        for name, hint in _hints().items():
            value = getattr(self, name)
            try:
                typed(hint, _plain(value), name)
            except MismatchError as error:
                raise _refused(str(error)) from error
        names, (low, high) = self.class_names, self.accuracy_interval
        texts = (self.name, *names, self.calibrated_on, self.data_name, self.version, self.licence)
        hashes = (self.train_sha256, self.test_sha256, self.weights_sha256)
        rules = {
            "texts must have no control characters": all(_is_shown(text) for text in texts),
            "class_names must differ": len(set(names)) == len(names),
            "image_shape must be (H, W), or (H, W, 3)": self.image_shape[2:] in ((), (3,)),
            "preparation must be fit for images in colour": (
                self.preparation == "fit" or len(self.image_shape) == 2
            ),
            "accuracy must lie within its interval": low <= self.accuracy <= high,
            "SHA-256 must be 64 hex digits": all(SHA256.fullmatch(text) for text in hashes),
            "bits must be 8 or 32": self.bits in (8, 32),
            f"examples must be at most {examples_limit(self.image_shape)}": (
                len(self.examples) <= examples_limit(self.image_shape)
            ),
            "examples must be images of its classes and shape": all(
                0 <= label < len(names)
                and image.shape == self.image_shape
                and image.dtype == np.uint8
                for label, image in self.examples
            ),
            **_rules_of_outliers(self.outliers, len(names)),
            **_rules_of_sets(self.sets, len(names)),
        }
        for rule, holds in rules.items():
            if not holds:
                raise _refused(rule)

    @property
    def format(self) -> int:
        """The oldest format that has all of these facts."""
        if self.outliers is not None:
            return 3
        return 1 if self.preparation == "garment" else 2

    def to_json(self) -> str:
        """Return one line; images are PNG in base 64, and what is None is left out."""
        values: dict[str, Any] = {"format": self.format}
        values |= {name: _plain(getattr(self, name)) for name in _hints()}
        for name in OPTIONAL:
            if values[name] is None:
                del values[name]
        values["examples"] = [[label, _png(image)] for label, image in self.examples]
        return json.dumps(values, allow_nan=False)

    def description(self) -> dict[str, Any]:
        """Return the facts that the service and the web export publish, as JSON values."""
        names = ["name", "class_names", "image_shape", "preparation", "threshold", "accuracy"]
        names += ["accuracy_interval", "test_images", "licence", "parameters"]
        data = {"train_sha256": self.train_sha256, "test_sha256": self.test_sha256}
        facts = {name: getattr(self, name) for name in names}
        facts |= {"outliers": None, "sets": _plain(self.sets)}
        if self.outliers is not None:
            facts["outliers"] = {name: getattr(self.outliers, name) for name in PUBLISHED}
        return facts | {"data": {"name": self.data_name, **data}}

    def card(self) -> "Card":
        """Return the model card, whose `markdown()` is a README for Hugging Face."""
        from fashionlab.portable.card import of_model  # the data's hashes: 0.1 s

        return of_model(self)

    def samples(self) -> list[dict[str, Any]]:
        """Return the examples as JSON values."""
        return [
            {"label": label, "class_name": self.class_names[label], "pixels": image.tolist()}
            for label, image in self.examples
        ]

    @classmethod
    def from_json(cls, text: str | bytes) -> "Metadata":
        """Return the metadata of such an object; ModelError where the text is none.

        Fields that this version does not have are ignored: a newer one may have written the file.
        """
        if len(text) > LARGEST_TEXT:
            raise _refused(f"the JSON text must have at most {LARGEST_TEXT:,} bytes")
        try:
            values = typed(dict[str, Any], parse(text), "the JSON text")
            if typed(int, values.get("format"), "format") not in FORMATS:
                raise _refused(f"the metadata must be of format {' or '.join(map(str, FORMATS))}")
            if values["format"] == 1:
                values = {"preparation": "garment", **values}
            values = {**dict.fromkeys(OPTIONAL), **values}
            if (values["format"] == 3) != (values["outliers"] is not None):
                raise _refused("an outlier score must be of format 3, and nothing else")
            known = {name: typed(hint, values[name], name) for name, hint in _hints().items()}
            examples = _examples(values.get("examples", []), known["image_shape"])
        except KeyError as error:
            raise _refused(f"the metadata must have {error.args[0]}") from error
        except ValueError as error:
            raise _refused(" ".join(str(error).split())[:200]) from error
        return cls(**known, examples=examples)


def _rules_of_outliers(outliers: OutlierTest | None, classes: int) -> dict[str, bool]:
    if outliers is None:
        return {}
    kinds = [one.kind for one in outliers.drawn]
    return {
        "outliers.accepted must have a share for each class": len(outliers.accepted) == classes,
        "kinds of outliers must have no control characters": all(map(_is_shown, kinds)),
        "kinds of outliers must differ": len(set(kinds)) == len(kinds),
        "curves of outliers must ascend": all(_ascends(one.curve) for one in outliers.drawn),
    }


def _rules_of_sets(sets: Quantiles | None, classes: int) -> dict[str, bool]:
    if sets is None:
        return {}
    columns = [sets.all, *zip(*sets.by_class, strict=False)]
    return {
        f"sets must be of the levels {', '.join(map(str, LEVELS))}": sets.levels == LEVELS,
        "sets must have quantiles for each level and class": (
            len(sets.all) == len(sets.by_class) == len(sets.levels)
            and all(len(row) == classes for row in sets.by_class)
        ),
        "quantiles of sets must ascend with the level": all(map(_ascends, columns)),
    }


def _ascends(values: Sequence[float]) -> bool:
    return all(low <= high for low, high in pairwise(values))


def _plain(value: Any) -> Any:
    """Return a value with its dataclasses as dicts and its tuples as lists, as JSON has them."""
    if is_dataclass(value):
        return {field.name: _plain(getattr(value, field.name)) for field in fields(value)}
    return [_plain(x) for x in value] if isinstance(value, tuple) else value


def examples_limit(shape: Sequence[int]) -> int:
    """Return how many examples of this shape a model may contain."""
    return min(EXAMPLES, EXAMPLES_BYTES // math.prod(shape))


def _hints() -> dict[str, Any]:
    """Return the declared types of all fields but the examples, which are text in the JSON."""
    hints = get_type_hints(Metadata, include_extras=True)
    return {field.name: hints[field.name] for field in fields(Metadata) if field.name != "examples"}


def _is_shown(text: str) -> bool:
    """Return whether a text has neither control characters, line ends nor halves of a pair."""
    return not any(unicodedata.category(x) in ("Cc", "Cs", "Zl", "Zp") for x in text)


def _refused(rule: str) -> ModelError:
    return ModelError(f"the model's metadata cannot be used: {rule}; {REMEDY}")


def _examples(listed: Any, shape: tuple[int, ...]) -> tuple[Example, ...]:
    """Return labels and images, of which none is decoded where they are too many."""
    few = Between(0, examples_limit(shape))
    pairs = typed(Annotated[tuple[tuple[int, Any], ...], few], listed, "examples")
    return tuple((label, _pixels(text, shape)) for label, text in pairs)


def _png(image: NDArray[np.uint8]) -> str:
    file = io.BytesIO()
    Image.fromarray(image).save(file, "PNG", optimize=True)
    return base64.b64encode(file.getvalue()).decode("ascii")


def _pixels(text: Any, shape: tuple[int, ...]) -> NDArray[np.uint8]:
    """Return (H, W) or (H, W, 3) by `shape`.

    Raises ValueError where the text is no PNG of this size, which is checked first.
    """
    kind, mode = ("grey", "L") if len(shape) == 2 else ("colour", "RGB")
    try:
        header = strip(base64.b64decode(text, validate=True))
        if (header.kind, header.size, header.frames) != ("PNG", (shape[1], shape[0]), 1):
            raise ValueError(f"it is a {header.kind} of {header.size}")
        with READERS["PNG"](io.BytesIO(header.content)) as image:
            if image.mode != mode:
                raise ValueError(f"it is a PNG of mode {image.mode}")
            return np.array(image)
    except (TypeError, *FAILURES) as error:
        raise ValueError(
            f"an example must be a {kind} PNG of {shape[1]} x {shape[0]} in base 64: {error}"
        ) from error
