"""The schemas of requests and answers in /openapi.json.

Bodies of requests are schemas alone: `readers` parses them, since pydantic would take a second for
256 images.
"""

from typing import Annotated, Any, TypeAlias

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, WithJsonSchema

from fashionlab.images import Preparation
from fashionlab.portable import schema

DECIMALS = 6  # of a probability: float32 has no more

# As `Metadata.samples` has it; pydantic would check each number of up to 500 images.
Pixels: TypeAlias = Annotated[Any, WithJsonSchema(schema.PIXELS)]
Share: TypeAlias = Annotated[float, Field(ge=0, le=1)]


class _Exact(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Health(_Exact):
    status: str


class Data(_Exact):
    name: str
    train_sha256: str
    test_sha256: str


class Outliers(_Exact):
    """The test of the outlier score: its threshold, and the share of images that it accepts."""

    threshold: Annotated[float, Field(description="A score above it: none of these.")]
    accept: Annotated[Share, Field(description="The share of held-out images at or below it.")]


class Sets(_Exact):
    """The quantiles of prediction sets: a class is in the set where 1 - p is at most this."""

    levels: list[Share]
    all: Annotated[list[Share], Field(description="By level.")]
    by_class: Annotated[list[list[Share]], Field(description="By level and class.")]


class Model(_Exact):
    """A served model and its facts."""

    name: str
    class_names: list[str]
    image_shape: Annotated[
        list[int],
        Field(min_length=2, max_length=3, description="Height, width; then 3 where in colour."),
    ]
    preparation: Annotated[
        Preparation, Field(description="Of a photo: the whole of it, or the garment in it.")
    ]
    threshold: Annotated[float, Field(description="A largest probability below it: unsure.")]
    accuracy: Annotated[Share, Field(description="On the test images.")]
    accuracy_interval: Annotated[list[Share], Field(description="95 %: low, high.")]
    test_images: int
    outliers: Annotated[Outliers | None, Field(description="null: the model has no such score.")]
    sets: Annotated[Sets | None, Field(description="null: the model has no prediction sets.")]
    data: Data
    licence: str
    parameters: int
    sha256: str
    card: Annotated[str, Field(description="The path of the model card, Markdown.")]
    report: Annotated[str | None, Field(description="The path of the run's report.")]


class Models(_Exact):
    default: str
    models: list[Model]


class Sample(_Exact):
    label: int
    class_name: str
    pixels: Pixels


class Samples(_Exact):
    samples: list[Sample]


class Prediction(BaseModel):
    @classmethod
    def __get_pydantic_json_schema__(cls, *_: Any) -> dict[str, Any]:
        return schema.PREDICTION


class Predictions(_Exact):
    model: str
    predictions: list[Prediction]


class Explanation(_Exact):
    model: str
    label: int
    class_name: str
    occlusion: Annotated[
        list[list[float]],
        Field(description="How much the label's probability falls where a pixel is hidden."),
    ]


class ErrorDetail(_Exact):
    message: Annotated[str, Field(description="One line.")]
    id: Annotated[str, Field(description="What the service's log knows an error by.")]


class Error(_Exact):
    error: ErrorDetail


def rounded(values: NDArray[np.float32]) -> list[list[float]]:
    """Return (H, W) as lists of numbers without needless digits."""
    return [[round(value, DECIMALS) for value in row] for row in values.tolist()]


def image_body(shape: tuple[int, ...] | None) -> dict[str, Any]:
    """Return the schema of {"image": ...}, of the size `shape` where all models have one."""
    return _body("image", _image(shape))


def images_body(shape: tuple[int, ...] | None, most: int) -> dict[str, Any]:
    """Return the schema of {"images": [...]}, 1 to `most` of that size."""
    return _body(
        "images", {"type": "array", "items": _image(shape), "minItems": 1, "maxItems": most}
    )


def _body(key: str, value: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": {key: value},
        "required": [key],
        "additionalProperties": False,
    }


def _image(shape: tuple[int, ...] | None) -> dict[str, Any]:
    if shape is None:
        return schema.PIXELS
    image: dict[str, Any] = schema.LEVEL
    for side in reversed(shape):
        image = {"type": "array", "items": image, "minItems": side, "maxItems": side}
    return image
