"""size: how large the network of a recipe is, found before any of it is allocated."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import prod
from typing import Any

from fashionlab.errors import InvalidValueError
from fashionlab.models import BUILDERS, cnn, convnet, mlp, resnet
from fashionlab.recipes import trace
from fashionlab.recipes.recipe import Recipe

Shape = tuple[int, ...]

# 0.4 GB in float32. In training as much again is taken by gradients and by each state of the
# optimizer, and as much by checkpoints; the largest named recipe has 10 million.
MOST_PARAMETERS = 100_000_000
# 16 GiB in float32: the outputs of all layers for a batch, which a backward pass needs.
MOST_VALUES = 2**32


@dataclass(frozen=True)
class Size:
    """The size of a network."""

    parameters: int
    values: int  # in the outputs of all layers, for one image
    normalized_alone: str  # a batch normalisation of one value a channel of an image; "" for none


def network_size(recipe: Recipe, image_shape: Shape, classes: int) -> Size:
    """Return the size of a recipe's network for images of this shape.

    Raises ValueError where the builder refuses an option, or an image is too small for its layers.
    """
    output = BUILDERS[recipe.builder](
        trace, image_shape, classes, 0, output=recipe.output_activation, **recipe.model
    )
    shapes: dict[int, Shape] = {}
    parameters, values, alone = 0, 0, ""
    for value in trace.in_order(output):
        if value.layer is None:
            shapes[id(value)] = image_shape
            continue
        inputs = shapes[id(value.inputs[0])]
        shape, own = _layer(value.layer, inputs)
        shapes[id(value)] = shape
        parameters += own
        values += prod(shape)
        if value.layer.kind == "BatchNormalization" and prod(shape[:-1]) == 1:
            alone = value.layer.name
    return Size(parameters, values, alone)


def require_sensible(
    recipe: Recipe, image_shape: Shape, classes: int, images: int | None = None
) -> None:
    """Raise InvalidValueError where a network would take more memory than is sensible.

    `images` are those of a batch that it is trained on, where it is: of one image batch
    normalisation has no variance where a layer leaves one value of a channel.
    """
    if BUILDERS[recipe.builder] not in (mlp, cnn, convnet, resnet):
        return  # a builder that a program has added may make layers of any kind
    try:
        size = network_size(recipe, image_shape, classes)
    except ValueError as error:
        raise InvalidValueError(f"{recipe.name} cannot be built: {error}") from error
    if size.parameters > MOST_PARAMETERS:
        raise InvalidValueError(
            f"{recipe.name} must have at most {MOST_PARAMETERS:,} parameters; with images of "
            f"{_times(image_shape)} it has {size.parameters:,}; choose a smaller model"
        )
    if images == 1 and size.normalized_alone:
        raise InvalidValueError(
            f"batch normalisation needs two values or more of a channel; {recipe.name} has one in "
            f"{size.normalized_alone}, with images of {_times(image_shape)} in batches of one; "
            "give a larger batch_size, more images, or a model of fewer stages"
        )
    images = images or 1
    if size.values * images > MOST_VALUES:
        raise InvalidValueError(
            f"the layers' outputs for a batch of {recipe.name} must be at most {MOST_VALUES:,} "
            f"values; they are {size.values * images:,}, {size.values:,} for each of {images:,} "
            f"images of {_times(image_shape)}, in a network of {size.parameters:,} parameters; "
            "choose a smaller batch_size or model"
        )


def _layer(layer: trace.Layer, shape: Shape) -> tuple[Shape, int]:
    """Return the shape of a layer's output for one input of `shape`, and its parameters."""
    options = layer.options
    match layer.kind:
        case "Dense":
            units = options["units"]
            return (units,), (shape[0] + 1) * units
        case "Conv2D":
            filters, window = options["filters"], _pair(options["kernel_size"])
            weights = prod(window) * shape[2] * filters
            biases = filters if options.get("use_bias", True) else 0
            return (*_left(layer, shape, window, options), filters), weights + biases
        case "MaxPooling2D":
            window = _pair(options["pool_size"])
            return (*_left(layer, shape, window, {"strides": window}), shape[2]), 0
        case "GlobalAveragePooling2D":
            return (shape[2],), 0
        case "BatchNormalization":
            return shape, 4 * shape[-1]
        case "Flatten":
            return (prod(shape),), 0
        case "Reshape":
            return tuple(options["target_shape"]), 0
    return shape, 0  # layers that change each value


def _left(
    layer: trace.Layer, shape: Shape, window: Shape, options: Mapping[str, Any]
) -> tuple[int, int]:
    """Return height and width of what windows leave of an image; ValueError where they cannot."""
    strides = _pair(options.get("strides", 1))
    if options.get("padding", "valid") == "same":
        height, width = (-(-side // step) for side, step in zip(shape, strides, strict=False))
        return height, width
    if any(side < least for side, least in zip(shape, window, strict=False)):
        raise ValueError(
            f"{layer.name} has windows of {_times(window)}; received images of "
            f"{_times(shape[:2])} there; choose smaller windows or larger images"
        )
    height, width = (
        (side - least) // step + 1
        for side, least, step in zip(shape, window, strides, strict=False)
    )
    return height, width


def _pair(value: int | Sequence[int]) -> tuple[int, int]:
    height, width = (value, value) if isinstance(value, int) else value
    return height, width


def _times(shape: Sequence[int]) -> str:
    return " x ".join(f"{side:,}" for side in shape)
