"""A step in C is that in NumPy, within rounding: convolutions and maximum pools."""

import pytest

from fashionlab.scratch import losses, optimizers
from fashionlab.scratch.layers import (
    Activation,
    Conv2D,
    Dense,
    Dropout,
    Flatten,
    MaxPooling2D,
    Rescaling,
    Reshape,
)

from .pairs import check

pytestmark = pytest.mark.usefixtures("compiled")

ACTIVATIONS = ("linear", "relu", "sigmoid", "tanh", "gelu")


def images(*between):
    """A network of layers that each call makes again."""
    return lambda: [
        Rescaling(1 / 255, -0.3),
        *(make() for make in between),
        Flatten(),
        Dense(5),
    ]


def conv(*arguments, **options):
    return lambda: Conv2D(*arguments, **options)


def pool(*arguments, **options):
    return lambda: MaxPooling2D(*arguments, **options)


@pytest.mark.parametrize("f", ACTIVATIONS)
@pytest.mark.parametrize("filters", [1, 5, 16, 17, 42])
def test_convolution_and_its_maximum(filters, f):
    check((9, 8, 2), images(conv(filters, (3, 2), activation=f), pool(2)))


@pytest.mark.parametrize("f", ACTIVATIONS)
@pytest.mark.parametrize("padding", ["valid", "same"])
@pytest.mark.parametrize("strides", [1, 2, (3, 1)])
def test_convolution_before_a_convolution(strides, padding, f):
    window = {"strides": strides, "padding": padding, "activation": f}
    check((11, 10, 3), images(conv(18, 3, **window), conv(7, (2, 3), **window)))


@pytest.mark.parametrize("channels", [1, 3, 16, 20])
def test_images_of_any_channels(channels):
    check((6, 7, channels), images(conv(4, 3), conv(5, 2), pool(2)))


@pytest.mark.parametrize("between", [(), (conv(6, 2),)])
@pytest.mark.parametrize(
    "window",
    [
        {"pool_size": 2},
        {"pool_size": (3, 2)},
        {"pool_size": 1},
        {"pool_size": 4, "strides": 4},
        {"pool_size": 3, "strides": 2},
        {"pool_size": 2, "strides": 1},
        {"pool_size": 2, "strides": 3},
        {"pool_size": (2, 3), "strides": (3, 1), "padding": "same"},
        {"pool_size": 2, "padding": "same"},
    ],
)
def test_pool(window, between):
    check((11, 12, 2), images(*between, conv(17, 2, activation="relu"), pool(**window)))


def test_equal_values_in_a_pool_give_the_gradient_to_the_first():
    flat = lambda: [  # noqa: E731  whose outputs are all bias, or all 0 after a ReLU
        Rescaling(0.0),
        Conv2D(3, 2, activation="relu"),
        MaxPooling2D(2),
        Conv2D(20, 2, padding="same", activation="relu"),
        MaxPooling2D(2, strides=1),
        Flatten(),
        Dense(4),
    ]
    check((10, 9, 1), flat, seed=2)


def test_everything_between():
    check(
        (12, 11, 1),
        images(
            conv(17, 3, use_bias=False),
            lambda: Activation("tanh"),
            lambda: Dropout(0.2, seed=1),
            pool(3, strides=2),
            lambda: Dropout(0.4, seed=2),
            lambda: Activation("gelu"),
            conv(33, 2, padding="same"),
            pool(2),
            lambda: Reshape((-1,)),
            lambda: Dropout(0.5, seed=3),
            lambda: Dense(30, "relu"),
        ),
    )


def test_before_the_first_convolution():
    check((8, 9, 3), images(lambda: Activation("tanh"), lambda: Dropout(0.3, seed=1), conv(5, 3)))


def test_micro_batches():
    check((10, 9, 1), images(conv(10, 2, activation="relu"), pool(2)), n=1700, steps=2)
    check((8, 8, 1), images(conv(4, 3), pool(2, strides=1), conv(3, 2)), n=1500, steps=2)


@pytest.mark.parametrize("name", ["Adam", "RMSprop"])
def test_optimizers_of_kernels(name):
    rule = lambda: getattr(optimizers, name)(0.01, global_clipnorm=0.5, use_ema=True)  # noqa: E731
    between = conv(10, 2, activation="relu"), pool(2), conv(20, 3), pool(2)
    check((14, 13, 2), images(*between), optimizer=rule)


def test_outputs_that_are_images():
    make = lambda: [Rescaling(1 / 255), Conv2D(8, 3, activation="relu"), Conv2D(16, 2)]  # noqa: E731
    check((7, 8, 2), make, loss=losses.MeanSquaredError)


def test_values_that_lie_otherwise_than_their_shape_says():
    """A Reshape between a convolution and its pool: the pool's images are not the convolution's."""
    check((6, 8, 1), images(conv(16, 3), lambda: Reshape((6, 4, 16)), pool(2)))
    check((6, 6, 1), images(lambda: Reshape((9, 4, 1)), conv(8, 2), pool(2)))
