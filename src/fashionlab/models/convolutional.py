"""convnet and resnet: 3 x 3 convolutions with batch normalisation, plain or with blocks."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count
from types import ModuleType
from typing import Annotated, Any

from fashionlab.models.parts import (
    CHANNELS_LAST,
    Layers,
    Layout,
    Rate,
    Stages,
    Width,
    dropout_layers,
    initializer_of,
    network,
    seeds_from,
    with_channels,
)
from fashionlab.typed import Between

MOMENTUM = 0.95  # of the moving mean and variance: those of the last 20 batches or so
EPSILON = 1e-5  # as in PyTorch; Keras's 1e-3 is large for a variance of images in [0, 1]


@dataclass(frozen=True)
class _Convolutions:
    """Convolutions with "same" padding, each with its batch normalisation, numbered in order."""

    nn: ModuleType
    layout: Layout
    seeds: Iterator[int]
    names: Iterator[str] = field(default_factory=lambda: (f"conv_{i}" for i in count(1)))

    def __call__(
        self, filters: int, activation: str = "", window: int = 3, stride: int = 1, pool: int = 1
    ) -> Layers:
        """Return a convolution, with a maximum pool if `pool` > 1, and `activation` if any."""
        layers, layout, name = self.nn.layers, self.layout, next(self.names)
        normalization = layout.batch_normalization or layers.BatchNormalization
        kernel = self.nn.initializers.HeNormal(seed=next(self.seeds))
        options = {"padding": "same", "use_bias": False, "kernel_initializer": kernel}
        made = [layers.Conv2D(filters, window, stride, name=name, **options, **layout.options)]
        if pool > 1:
            made.append(layers.MaxPooling2D(pool, name=f"{name}_pool", **layout.options))
        made.append(
            normalization(axis=layout.axis, momentum=MOMENTUM, epsilon=EPSILON, name=f"{name}_norm")
        )
        if activation:
            made.append(layers.Activation(activation, name=f"{name}_{activation}"))
        return made


def _first_parts(nn: ModuleType, image_shape: tuple[int, ...], layout: Layout) -> list[Layers]:
    """Return the parts that make a convolution's input (H, W, C) of bytes."""
    return [
        [nn.layers.Rescaling(1 / 255, name="rescaling")],
        [
            nn.layers.Reshape(with_channels(image_shape), name="channels"),
            *layout.reordered(nn.layers),
        ],
    ]


def _sides_left(builder: str, image_shape: tuple[int, ...], stride: int, halved: int) -> list[int]:
    """Return the sides of an image after a stem and the stages; ValueError where none is left."""
    left = [-(-side // stride) // 2**halved for side in image_shape[:2]]
    if min(left) < 1:
        raise ValueError(
            f"{builder}: {halved} stages must leave a pixel of an image; received images of "
            f"{image_shape[0]} x {image_shape[1]}"
        )
    return left


def convnet(
    nn: ModuleType,
    image_shape: tuple[int, ...],
    classes: int,
    seed: int,
    *,
    stem: Width = 16,
    stem_stride: Annotated[int, Between(1, 16)] = 1,
    stages: Stages = ((32, 1), (64, 1)),
    residual: bool = False,
    activation: str = "relu",
    output: str = "linear",
    dropout: Rate = 0.0,
    layout: Layout = CHANNELS_LAST,
) -> Any:
    """Build 3 x 3 convolutions: `stem` filters, then stages (filters, blocks) that halve the image.

    A stage begins with a convolution and a 2 x 2 maximum pool; its blocks are convolutions, each
    with its input added where `residual`, which needs Keras. With a `stem_stride` of 2 the stem
    halves the image too, by windows of 4 x 4. Every convolution is followed by batch normalisation
    and `activation`. The maximum of each channel, with `dropout`, goes into the dense layer of
    `classes`. Raises ValueError where the stages leave nothing of the image.
    """
    layers, seeds, dropouts = nn.layers, seeds_from(seed), dropout_layers(nn, dropout, seed)
    left = _sides_left("convnet", image_shape, stem_stride, len(stages))
    convolution = _Convolutions(nn, layout, seeds)
    parts = [
        *_first_parts(nn, image_shape, layout),
        convolution(stem, activation, window=2 + stem_stride, stride=stem_stride),
    ]
    added: set[int] = set()  # the parts whose input is added to what they make of it
    for filters, blocks in stages:
        parts.append(convolution(filters, activation, pool=2))
        added |= set(range(len(parts), len(parts) + blocks) if residual else ())
        parts += [convolution(filters, activation) for _ in range(blocks)]
    kernel = initializer_of(nn, "glorot_uniform", next(seeds))
    parts += [
        [layers.MaxPooling2D(tuple(left), name="maxima", **layout.options)],
        [layers.Flatten(name="flatten"), *next(dropouts)],
        [layers.Dense(classes, activation=output, kernel_initializer=kernel, name="output")],
    ]
    return network(nn, image_shape, parts, added, layout)


def resnet(
    nn: ModuleType,
    image_shape: tuple[int, ...],
    classes: int,
    seed: int,
    *,
    stem: Width = 16,
    stages: Stages = ((16, 1), (32, 1), (64, 1)),
    activation: str = "relu",
    output: str = "linear",
    dropout: Rate = 0.0,
    layout: Layout = CHANNELS_LAST,
) -> Any:
    """Build a residual network: `stem` filters, then stages (filters, blocks). Needs Keras.

    A stage begins with a convolution; all stages but the first halve the image, by a 2 x 2 maximum
    pool. A block adds its input to what two convolutions make of it (He et al. 2016, "Deep residual
    learning for image recognition", 3.3). All convolutions are 3 x 3 and followed by batch
    normalisation and `activation`, which of a block's second one comes after the sum. The mean of
    each channel, with `dropout`, goes into the dense layer of `classes`. Raises ValueError where
    the stages leave nothing of the image.
    """
    layers, seeds, dropouts = nn.layers, seeds_from(seed), dropout_layers(nn, dropout, seed)
    _sides_left("resnet", image_shape, 1, max(len(stages) - 1, 0))
    convolution = _Convolutions(nn, layout, seeds)
    parts = [*_first_parts(nn, image_shape, layout), convolution(stem, activation)]
    added: set[int] = set()  # the parts whose input is added to what they make of it
    for i, (filters, blocks) in enumerate(stages):
        parts.append(convolution(filters, activation, pool=2 if i else 1))
        for _ in range(blocks):
            added.add(len(parts))
            parts.append([*convolution(filters, activation), *convolution(filters)])
            parts.append([layers.Activation(activation, name=f"block_{len(added)}_{activation}")])
    kernel = initializer_of(nn, "glorot_uniform", next(seeds))
    mean = layers.GlobalAveragePooling2D(name="means", **layout.options)
    dense = layers.Dense(classes, activation=output, kernel_initializer=kernel, name="output")
    parts.append([mean, *next(dropouts), dense])
    return network(nn, image_shape, parts, added, layout)
