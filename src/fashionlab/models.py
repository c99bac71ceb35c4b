"""Builders: each is a function of the library `nn`, which is `keras` or `fashionlab.scratch`.

Every model takes images as bytes, (N, H, W) uint8 in grey or (N, H, W, 3) in colour, and divides
them by 255 itself, so that no caller divides twice. With `output="linear"` it returns logits, to be
trained with `from_logits=True`: softmax with cross-entropy, without the clipping that stops the
gradient of a very wrong image.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import reduce
from itertools import chain, count
from types import ModuleType
from typing import Annotated, Any

import numpy as np

from fashionlab.typed import Between

Layers = list[Any]

# The types and limits of a builder's options, which `recipes` checks before anything is built. They
# keep a network within what is sensible in any one direction; its whole size has its own limit.
Width = Annotated[int, Between(1, 2**20)]  # units, or filters
Widths = Annotated[Sequence[Width], Between(0, 100)]
Window = Annotated[int, Between(1, 1024)]  # pixels
Stage = tuple[Width, Annotated[int, Between(0, 50)]]
Stages = Annotated[Sequence[Stage], Between(0, 10)]
Rate = Annotated[float, Between(0, 0.99)]


@dataclass(frozen=True)
class Layout:
    """The order of an image's axes in a library's convolutions, and the layers for that order."""

    axis: int = -1  # of the channels
    options: Mapping[str, str] = field(default_factory=dict)  # of convolutions and pools
    batch_normalization: Any = None  # the class; None for the library's own
    model: Any = None  # the class; None for the library's own

    def reordered(self, layers: Any) -> Layers:
        """Return the layers that bring images with channels last into it, which is a view."""
        return [layers.Permute((3, 1, 2), name="channels_first")] if self.axis == 1 else []


def _seeds(seed: int) -> Iterator[int]:
    """Yield an independent seed for each initializer, all from the run's seed."""
    source = np.random.SeedSequence(seed)
    while True:
        yield int(source.spawn(1)[0].generate_state(1)[0])


def _dropouts(nn: ModuleType, rate: float, seed: int) -> Iterator[list[Any]]:
    """Yield a Dropout layer for each hidden layer, or none where the rate is 0."""
    if type(rate) not in (int, float) or not 0 <= rate < 1:
        raise ValueError(f"dropout must be in [0, 1), 0 for none; received {rate!r}")
    seeds = np.random.SeedSequence([seed, 1])  # apart from the initializers'
    for i in count(1):
        own = int(seeds.spawn(1)[0].generate_state(1)[0]) >> 1  # Keras keeps it as int32 on PyTorch
        yield [nn.layers.Dropout(rate, seed=own, name=f"dropout_{i}")] if rate else []


def _initializer(nn: ModuleType, name: str, seed: int) -> Any:
    if name == "standard_normal":
        return nn.initializers.RandomNormal(mean=0.0, stddev=1.0, seed=seed)
    return nn.initializers.GlorotUniform(seed=seed)


def mlp(
    nn: ModuleType,
    image_shape: tuple[int, ...],
    classes: int,
    seed: int,
    *,
    units: Widths = (512, 256),
    activation: str = "relu",
    output: str = "linear",
    initializer: str = "glorot_uniform",
    dropout: Rate = 0.0,
) -> Any:
    """Build dense layers of `units`, each with `dropout`, then one of `classes` with `output`.

    `initializer` is "glorot_uniform", with biases of zero, or "standard_normal": kernels and biases
    from N(0, 1).
    """
    seeds, dropouts = _seeds(seed), _dropouts(nn, dropout, seed)

    def dense(n: int, f: str, name: str) -> Any:
        kernel = _initializer(nn, initializer, next(seeds))
        bias = (
            _initializer(nn, initializer, next(seeds))
            if initializer == "standard_normal"
            else "zeros"
        )
        return nn.layers.Dense(
            n, activation=f, kernel_initializer=kernel, bias_initializer=bias, name=name
        )

    return nn.Sequential(
        [
            nn.layers.Input(image_shape),
            nn.layers.Rescaling(1 / 255, name="rescaling"),
            nn.layers.Flatten(name="flatten"),
            *(
                layer
                for i, n in enumerate(units, 1)
                for layer in (dense(n, activation, f"hidden_{i}"), *next(dropouts))
            ),
            dense(classes, output, "output"),
        ]
    )


def cnn(
    nn: ModuleType,
    image_shape: tuple[int, ...],
    classes: int,
    seed: int,
    *,
    filters: Width = 32,
    kernel: Window = 2,
    units: Widths = (256,),
    activation: str = "relu",
    output: str = "linear",
    dropout: Rate = 0.0,
) -> Any:
    """Build a convolution, a 2 x 2 maximum pool, dense layers of `units`, then one of `classes`.

    `dropout` follows each of the hidden dense layers.
    """
    seeds, dropouts = _seeds(seed), _dropouts(nn, dropout, seed)
    channels = image_shape if len(image_shape) == 3 else (*image_shape, 1)

    def glorot() -> Any:
        return _initializer(nn, "glorot_uniform", next(seeds))

    return nn.Sequential(
        [
            nn.layers.Input(image_shape),
            nn.layers.Rescaling(1 / 255, name="rescaling"),
            nn.layers.Reshape(channels, name="channels"),
            nn.layers.Conv2D(
                filters, kernel, activation=activation, kernel_initializer=glorot(), name="conv_1"
            ),
            nn.layers.MaxPooling2D(2, name="pool_1"),
            nn.layers.Flatten(name="flatten"),
            *(
                layer
                for i, n in enumerate(units, 1)
                for layer in (
                    nn.layers.Dense(
                        n, activation=activation, kernel_initializer=glorot(), name=f"hidden_{i}"
                    ),
                    *next(dropouts),
                )
            ),
            nn.layers.Dense(classes, activation=output, kernel_initializer=glorot(), name="output"),
        ]
    )


CHANNELS_LAST = Layout()
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
    channels = image_shape if len(image_shape) == 3 else (*image_shape, 1)
    return [
        [nn.layers.Rescaling(1 / 255, name="rescaling")],
        [nn.layers.Reshape(channels, name="channels"), *layout.reordered(nn.layers)],
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
    layers, seeds, dropouts = nn.layers, _seeds(seed), _dropouts(nn, dropout, seed)
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
    kernel = _initializer(nn, "glorot_uniform", next(seeds))
    parts += [
        [layers.MaxPooling2D(tuple(left), name="maxima", **layout.options)],
        [layers.Flatten(name="flatten"), *next(dropouts)],
        [layers.Dense(classes, activation=output, kernel_initializer=kernel, name="output")],
    ]
    return _network(nn, image_shape, parts, added, layout)


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
    layers, seeds, dropouts = nn.layers, _seeds(seed), _dropouts(nn, dropout, seed)
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
    kernel = _initializer(nn, "glorot_uniform", next(seeds))
    mean = layers.GlobalAveragePooling2D(name="means", **layout.options)
    dense = layers.Dense(classes, activation=output, kernel_initializer=kernel, name="output")
    parts.append([mean, *next(dropouts), dense])
    return _network(nn, image_shape, parts, added, layout)


def _network(
    nn: ModuleType,
    image_shape: tuple[int, ...],
    parts: list[Layers],
    added: set[int],
    layout: Layout,
) -> Any:
    """Return the model of these parts in a row; the parts in `added` add their input."""
    if not added and not layout.model:
        return nn.Sequential([nn.layers.Input(image_shape), *chain.from_iterable(parts)])
    add = nn.layers.Add  # AttributeError where `nn` has none
    inputs = x = nn.Input(image_shape)
    for i, part in enumerate(parts):
        y = reduce(lambda value, layer: layer(value), part, x)
        x = add(name=f"sum_{i}")([x, y]) if i in added else y
    return layout.model(inputs, x, parts, added) if layout.model else nn.Model(inputs, x)


BUILDERS: dict[str, Callable[..., Any]] = {
    "mlp": mlp,
    "cnn": cnn,
    "convnet": convnet,
    "resnet": resnet,
}
CONVOLUTIONAL = ("convnet", "resnet")  # those that take a layout, and compute in bfloat16
