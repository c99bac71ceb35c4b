"""mlp and cnn: the course report's kinds of network, which both engines have."""

from types import ModuleType
from typing import Any

from fashionlab.models.parts import (
    CHANNELS_LAST,
    Layers,
    Layout,
    Rate,
    Width,
    Widths,
    Window,
    dropout_layers,
    initializer_of,
    network,
    seeds_from,
    with_channels,
)


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
    seeds, dropouts = seeds_from(seed), dropout_layers(nn, dropout, seed)

    def dense(n: int, f: str, name: str) -> Any:
        kernel = initializer_of(nn, initializer, next(seeds))
        bias = (
            initializer_of(nn, initializer, next(seeds))
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
    layout: Layout = CHANNELS_LAST,
) -> Any:
    """Build a convolution, a 2 x 2 maximum pool, dense layers of `units`, then one of `classes`.

    `dropout` follows each of the hidden dense layers. Of the `layout` it takes the classes: images
    have their channels last in any library, because the dense layer's weights follow their order.
    """
    seeds, dropouts = seeds_from(seed), dropout_layers(nn, dropout, seed)

    def glorot() -> Any:
        return initializer_of(nn, "glorot_uniform", next(seeds))

    def dense(n: int, f: str, name: str) -> Any:
        return nn.layers.Dense(n, activation=f, kernel_initializer=glorot(), name=name)

    convolution = layout.convolution or nn.layers.Conv2D
    max_pooling = layout.max_pooling or nn.layers.MaxPooling2D
    parts: list[Layers] = [
        [nn.layers.Rescaling(1 / 255, name="rescaling")],
        [nn.layers.Reshape(with_channels(image_shape), name="channels")],
        [
            convolution(
                filters, kernel, activation=activation, kernel_initializer=glorot(), name="conv_1"
            ),
            max_pooling(2, name="pool_1"),
        ],
        [nn.layers.Flatten(name="flatten")],
        *([dense(n, activation, f"hidden_{i}"), *next(dropouts)] for i, n in enumerate(units, 1)),
        [dense(classes, output, "output")],
    ]
    return network(nn, image_shape, parts, set(), layout)
