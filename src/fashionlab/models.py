"""Builders: each is a function of the library `nn`, which is `keras` or `fashionlab.scratch`.

Every model takes images as bytes, (N, H, W) uint8, and divides them by 255 itself, so that nobody
divides twice. With `output="linear"` it returns logits, to be trained with `from_logits=True`: that
is softmax with cross-entropy, without the clipping that stops the gradient of a very wrong image.
"""

from collections.abc import Callable, Iterator, Sequence
from itertools import count
from types import ModuleType
from typing import Any

import numpy as np


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
    with its input added where `residual`. With a `stem_stride` of 2 the stem halves the image too,
    by windows of 4 x 4. Every convolution is followed by batch normalisation and `activation`. The
    mean and the maximum of each channel, with `dropout`, go into the dense layer of `classes`.
    """
    layers, seeds, dropouts = nn.layers, _seeds(seed), _dropouts(nn, dropout, seed)
    names = (f"conv_{i}" for i in count(1))
    order, batch_normalization = image_order(nn)
    axis = 1 if order == "channels_first" else -1

    def convolution(x: Any, filters: int, window: int = 3, stride: int = 1, pool: int = 1) -> Any:
        name = next(names)
        x = layers.Conv2D(
            filters,
            window,
            stride,
            padding="same",
            use_bias=False,
            kernel_initializer=nn.initializers.HeNormal(seed=next(seeds)),
            data_format=order,
            name=name,
        )(x)
        if pool > 1:
            x = layers.MaxPooling2D(pool, data_format=order, name=f"{name}_pool")(x)
        x = batch_normalization(axis=axis, momentum=MOMENTUM, epsilon=EPSILON, name=f"{name}_norm")(
            x
        )
        return layers.Activation(activation, name=f"{name}_{activation}")(x)

    inputs = nn.Input(image_shape)
    x = layers.Rescaling(1 / 255, name="rescaling")(inputs)
    channels = image_shape if len(image_shape) == 3 else (*image_shape, 1)
    x = layers.Reshape(channels, name="channels")(x)
    if order == "channels_first":  # a view: what lies last in memory stays there
        x = layers.Permute((3, 1, 2), name="channels_first")(x)
    x = convolution(x, stem, window=2 + stem_stride, stride=stem_stride)
    for filters, blocks in stages:
        x = convolution(x, filters, pool=2)
        for _ in range(blocks):
            y = convolution(x, filters)
            x = layers.Add()([x, y]) if residual else y
    means = layers.GlobalAveragePooling2D(data_format=order, name="means")(x)
    maxima = layers.GlobalMaxPooling2D(data_format=order, name="maxima")(x)
    x = layers.Concatenate(name="features")([means, maxima])
    for layer in next(dropouts):
        x = layer(x)
    kernel = _initializer(nn, "glorot_uniform", next(seeds))
    outputs = layers.Dense(classes, activation=output, kernel_initializer=kernel, name="output")(x)
    return nn.Model(inputs, outputs, name="convnet")


def image_order(nn: ModuleType) -> tuple[str, Any]:
    """The data format, and the class of batch normalisation, that are the fastest on `nn`.

    Neither changes what a network computes, nor the layout of its weights. What they are worth on
    PyTorch: benchmarks/keras_torch.py.
    """
    if nn.backend.backend() != "torch":
        return "channels_last", nn.layers.BatchNormalization
    from fashionlab.keras_torch import BatchNormalization

    return "channels_first", BatchNormalization  # else each layer copies its images there and back


BUILDERS: dict[str, Callable[..., Any]] = {"mlp": mlp, "cnn": cnn, "convnet": convnet}
