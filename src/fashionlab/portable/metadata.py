"""Metadata: what a portable model contains about itself, one JSON object in the ONNX file."""

import base64
import binascii
import io
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from fashionlab.errors import ModelError

KEY = "fashionlab"  # of the metadata
FORMAT = 1  # of what lies under it
INPUT, OUTPUT = "images", "probabilities"  # names in the graph
LARGEST_SIDE = 1024  # pixels
REMEDY = "export the run again with `fashionlab export`"

Example = tuple[int, NDArray[np.uint8]]  # label, (H, W)


@dataclass(frozen=True)
class Metadata:
    """The facts that are needed to use a model and to judge it.

    Raises ModelError for a value that cannot be true.
    """

    name: str
    class_names: tuple[str, ...]  # (K,)
    image_shape: tuple[int, int]  # (H, W)
    temperature: float  # by which log-probabilities are divided inside the graph
    threshold: float  # the least largest probability of an image that belongs to a class
    calibrated_on: str  # which held-out images gave both; "" for none: they are 1 and 0
    accuracy: float  # of this file, on the test images
    accuracy_interval: tuple[float, float]  # 95 %
    calibration_error: float  # expected calibration error on the test images, see evaluation
    test_images: int
    data_name: str
    train_sha256: str  # of the data set, as `fashionlab data info` prints it
    test_sha256: str
    parameters: int
    bits: int  # of a weight: 32, or 8
    weights_sha256: str  # of the run's file of weights
    seed: int
    version: str  # of fashionlab
    licence: str
    examples: tuple[Example, ...] = ()  # some test images, to try it with

    def __post_init__(self) -> None:
        names, shape = self.class_names, self.image_shape
        texts = ("name", "calibrated_on", "data_name", "licence", "version")
        low, high = self.accuracy_interval
        rules = {
            "texts": all(isinstance(getattr(self, name), str) for name in texts) and self.name,
            "class_names": all(isinstance(name, str) and name for name in names)
            and len(set(names)) == len(names) > 0,
            "image_shape": len(shape) == 2
            and all(type(side) is int and 1 <= side <= LARGEST_SIDE for side in shape),
            "temperature": 0 < self.temperature < math.inf,
            "threshold": 0 <= self.threshold <= 1,
            "accuracy": 0 <= low <= self.accuracy <= high <= 1,
            "examples": all(
                0 <= label < len(names) and image.shape == shape and image.dtype == np.uint8
                for label, image in self.examples
            ),
        }
        for name, holds in rules.items():
            if not holds:
                raise ModelError(
                    f"the model's metadata must have sensible {name}; received "
                    f"{getattr(self, name, self.name)!r:.80}; {REMEDY}"
                )

    def to_json(self) -> str:
        """Return one line; images are PNG in base 64."""
        values: dict[str, Any] = {"format": FORMAT}
        values |= {field.name: getattr(self, field.name) for field in fields(self)}
        values["examples"] = [[label, _png(image)] for label, image in self.examples]
        return json.dumps(values, allow_nan=False)

    def description(self) -> dict[str, Any]:
        """Return the facts that the service and the web export publish, as JSON values."""
        names = ["name", "class_names", "image_shape", "threshold", "accuracy", "accuracy_interval"]
        names += ["test_images", "licence", "parameters"]
        data = {"train_sha256": self.train_sha256, "test_sha256": self.test_sha256}
        facts = {name: getattr(self, name) for name in names}
        return facts | {"data": {"name": self.data_name, **data}}

    def samples(self) -> list[dict[str, Any]]:
        """Return the examples as JSON values."""
        return [
            {"label": label, "class_name": self.class_names[label], "pixels": image.tolist()}
            for label, image in self.examples
        ]

    @classmethod
    def from_json(cls, text: str) -> "Metadata":
        """Return the metadata of such an object; ModelError where the text is none."""
        try:
            values = json.loads(text)
            if not isinstance(values, dict) or values.pop("format", None) != FORMAT:
                raise ModelError(f"the model's metadata must be of format {FORMAT}; {REMEDY}")
            return cls(**_typed(values))
        except (TypeError, ValueError, KeyError, RecursionError, OSError) as error:
            reason = " ".join(str(error).split())[:120]
            raise ModelError(f"the model's metadata cannot be read ({reason}); {REMEDY}") from error


def _typed(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values with lists as tuples and PNGs as arrays."""
    shape = tuple(values["image_shape"])
    return {
        **values,
        "class_names": tuple(values["class_names"]),
        "image_shape": shape,
        "accuracy_interval": tuple(values["accuracy_interval"]),
        "examples": tuple((label, _pixels(text, shape)) for label, text in values["examples"]),
    }


def _png(image: NDArray[np.uint8]) -> str:
    file = io.BytesIO()
    Image.fromarray(image).save(file, "PNG", optimize=True)
    return base64.b64encode(file.getvalue()).decode("ascii")


def _pixels(text: str, shape: tuple[int, ...]) -> NDArray[np.uint8]:
    """Return (H, W); ValueError where the PNG is of another size, before it is decoded."""
    try:
        content = base64.b64decode(text, validate=True)
    except binascii.Error as error:
        raise ValueError(f"an example is not base 64: {error}") from error
    with Image.open(io.BytesIO(content), formats=("PNG",)) as image:
        if (image.height, image.width) != shape or image.mode != "L":
            raise ValueError(f"an example is a {image.mode} PNG of {image.size}")
        return np.array(image)
