"""Builders: each is a function of the library `nn`, which is `keras` or `fashionlab.scratch`.

Every model takes images as bytes, (N, H, W) uint8, and divides them by 255 itself, so that nobody
divides twice. With `output="linear"` it returns logits, to be trained with `from_logits=True`: that
is softmax with cross-entropy, without the clipping that stops the gradient of a very wrong image.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from itertools import chain, count
from types import ModuleType
from typing import Any

import numpy as np

Layers = list[Any]


def _seeds(seed: int) -> Iterator[int]:
    """One independent seed for each initializer, all from the run's."""
    source = np.random.SeedSequence(seed)
    while True:
        yield int(source.spawn(1)[0].generate_state(1)[0])


def _dropouts(nn: ModuleType, rate: float, seed: int) -> Iterator[list[Any]]:
    """A Dropout layer for each hidden layer, or none where the rate is 0."""
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
    units: Sequence[int] = (512, 256),
    activation: str = "relu",
    output: str = "linear",
    initializer: str = "glorot_uniform",
    dropout: float = 0.0,
) -> Any:
    """Dense layers of `units`, each with `dropout`, then one of `classes`, activation `output`.

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
    filters: int = 32,
    kernel: int = 2,
    units: Sequence[int] = (256,),
    activation: str = "relu",
    output: str = "linear",
    dropout: float = 0.0,
) -> Any:
    """One convolution, a 2 x 2 maximum pool, dense layers of `units`, then one of `classes`.

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


MOMENTUM = 0.95  # of the moving mean and variance: those of the last 20 batches or so
EPSILON = 1e-5  # as in PyTorch; Keras's 1e-3 is large beside a variance of images in [0, 1]


def convnet(
    nn: ModuleType,
    image_shape: tuple[int, ...],
    classes: int,
    seed: int,
    *,
    stem: int = 16,
    stem_stride: int = 1,
    stages: Sequence[Sequence[int]] = ((32, 1), (64, 1)),
    residual: bool = False,
    activation: str = "relu",
    output: str = "linear",
    dropout: float = 0.0,
) -> Any:
    """3 x 3 convolutions: `stem` filters, then stages (filters, blocks) that each halve the image.

    A stage begins with a convolution and a 2 x 2 maximum pool; its blocks are convolutions, each
    with its input added where `residual`, which needs Keras. With a `stem_stride` of 2 the stem
    halves the image too, by windows of 4 x 4. Every convolution is followed by batch normalisation
    and `activation`. The maximum of each channel, with `dropout`, goes into the dense layer of
    `classes`. Raises ValueError where the stages leave nothing of the image.
    """
    layers, seeds, dropouts = nn.layers, _seeds(seed), _dropouts(nn, dropout, seed)
    names = (f"conv_{i}" for i in count(1))
    order = image_order(nn)
    height, width, channels = image_shape if len(image_shape) == 3 else (*image_shape, 1)
    left = [-(-side // stem_stride) // 2 ** len(stages) for side in (height, width)]
    if min(left) < 1:
        raise ValueError(
            f"convnet: {len(stages)} stages must leave a pixel of an image; received images of "
            f"{height} x {width}"
        )

    def convolution(filters: int, window: int = 3, stride: int = 1, pool: bool = False) -> Layers:
        name = next(names)
        kernel = nn.initializers.HeNormal(seed=next(seeds))
        options = {"padding": "same", "use_bias": False, "kernel_initializer": kernel}
        return [
            layers.Conv2D(filters, window, stride, name=name, **options, **order.options),
            *([layers.MaxPooling2D(2, name=f"{name}_pool", **order.options)] if pool else []),
            order.batch_normalization(
                axis=order.axis, momentum=MOMENTUM, epsilon=EPSILON, name=f"{name}_norm"
            ),
            layers.Activation(activation, name=f"{name}_{activation}"),
        ]

    parts = [
        [layers.Rescaling(1 / 255, name="rescaling")],
        [layers.Reshape((height, width, channels), name="channels"), *order.reordered(layers)],
        convolution(stem, window=2 + stem_stride, stride=stem_stride),
    ]
    added: set[int] = set()  # the parts whose input is added to what they make of it
    for filters, blocks in stages:
        parts.append(convolution(filters, pool=True))
        added |= set(range(len(parts), len(parts) + blocks) if residual else ())
        parts += [convolution(filters) for _ in range(blocks)]
    kernel = _initializer(nn, "glorot_uniform", next(seeds))
    parts += [
        [layers.MaxPooling2D(tuple(left), name="maxima", **order.options)],
        [layers.Flatten(name="flatten"), *next(dropouts)],
        [layers.Dense(classes, activation=output, kernel_initializer=kernel, name="output")],
    ]
    return _network(nn, image_shape, parts, added, order)


@dataclass(frozen=True)
class Order:
    """In which order a library's images have their axes, and what is made for that order."""

    batch_normalization: Any  # the class
    axis: int  # of the channels
    options: Mapping[str, str]  # of convolutions and pools
    model: Any = None  # the class, where the library's own are slower

    def reordered(self, layers: Any) -> Layers:
        """From channels last; a view: the bytes stay where they are."""
        return [layers.Permute((3, 1, 2), name="channels_first")] if self.axis == 1 else []


def image_order(nn: ModuleType) -> Order:
    """The order, and with it the layers and the model, that are the fastest on `nn`.

    Nothing of it changes what a network computes, nor the layout of its weights. What it is worth
    on PyTorch: benchmarks/engine/keras_torch.py.
    """
    if nn.__name__ != "keras" or nn.backend.backend() != "torch":
        return Order(nn.layers.BatchNormalization, -1, {})
    from fashionlab.keras_parts.batch_normalization import BatchNormalization
    from fashionlab.keras_parts.direct import Direct

    # Keras would copy the images into this order and back around every layer.
    return Order(BatchNormalization, 1, {"data_format": "channels_first"}, Direct)


def _network(
    nn: ModuleType, image_shape: tuple[int, ...], parts: list[Layers], added: set[int], order: Order
) -> Any:
    """The model of these parts, one after the other; those in `added` add their input."""
    if not added and not order.model:
        return nn.Sequential([nn.layers.Input(image_shape), *chain.from_iterable(parts)])
    add = nn.layers.Add  # AttributeError where `nn` has none
    inputs = x = nn.Input(image_shape)
    for i, part in enumerate(parts):
        y = reduce(lambda value, layer: layer(value), part, x)
        x = add(name=f"sum_{i}")([x, y]) if i in added else y
    return order.model(inputs, x, parts, added) if order.model else nn.Model(inputs, x)


BUILDERS: dict[str, Callable[..., Any]] = {"mlp": mlp, "cnn": cnn, "convnet": convnet}
