"""Random networks give in C what they give in NumPy: any layers, shapes, batches, optimizers."""

import numpy as np
import pytest

from fashionlab import scratch
from fashionlab.scratch import compiled, losses, optimizers
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

NETWORKS = 300
F = ("linear", "relu", "sigmoid", "tanh", "gelu")


def pick(rng, *values):
    return values[rng.integers(len(values))]


def size(rng):
    return tuple(int(n) for n in rng.integers(1, 4, 2))


def drawn(rng):
    """A layer, drawn with all its options, as one of images (H, W, C) or None."""
    strides = pick(rng, (1, 1), (1, 1), (2, 2), (1, 2), (3, 1))
    padding = pick(rng, "valid", "same")
    match pick(rng, "conv", "conv", "conv", "pool", "pool", "activation", "dropout", "reshape"):
        case "conv":
            f, bias = pick(rng, *F), bool(rng.integers(4))
            filters = int(rng.integers(1, 36))
            return Conv2D(filters, size(rng), strides, padding, activation=f, use_bias=bias)
        case "pool":
            return MaxPooling2D(size(rng), pick(rng, None, None, strides), padding)
        case "activation":
            return Activation(pick(rng, *F))
        case "dropout":
            return Dropout(pick(rng, 0.0, 0.25, 0.5), seed=int(rng.integers(99)))
        case _:
            return Reshape((pick(rng, 1, 2, 4), -1, pick(rng, 1, 2, 8)))


def layers_of(rng):
    """Layers of a network, some of which do not fit, and the shape of its images."""
    shape = (*(int(n) for n in rng.integers(1, 11, 2)), int(rng.integers(1, 20)))
    layers = [Rescaling(1 / 255, pick(rng, 0.0, -0.5))]
    layers += [drawn(rng) for _ in range(rng.integers(0, 5))]
    layers.append(Flatten())
    for _ in range(rng.integers(0, 3)):
        bias = bool(rng.integers(4))
        layers.append(Dense(int(rng.integers(1, 50)), pick(rng, *F, "softmax"), use_bias=bias))
        if rng.integers(2):
            layers.append(Dropout(0.3, seed=int(rng.integers(99))))
    layers.append(Dense(int(rng.integers(2, 20)), pick(rng, "linear", "softmax")))
    return shape, layers


def optimizer_of(rng):
    common = {
        "weight_decay": pick(rng, None, 0.01),
        "global_clipnorm": pick(rng, None, None, 0.1, 10.0),
        "use_ema": bool(rng.integers(2)),
        "ema_overwrite_frequency": pick(rng, None, 2),
    }
    match pick(rng, "SGD", "Adam", "RMSprop"):
        case "SGD":
            momentum = pick(rng, 0.0, 0.9)
            return lambda: optimizers.SGD(0.01, momentum, bool(momentum), **common)
        case "Adam":  # where gradients are rounding, an epsilon below them would make them steps
            return lambda: optimizers.Adam(1e-3, epsilon=1e-3, **common)
        case _:
            momentum, centered = pick(rng, 0.0, 0.9), bool(rng.integers(2))
            return lambda: optimizers.RMSprop(
                1e-3, momentum=momentum, centered=centered, epsilon=1e-3, **common
            )


def network(seed):
    """The arguments of `check`; None where layers do not fit, or C lacks one."""
    shape, layers = layers_of(np.random.default_rng(seed))
    try:
        model = scratch.Sequential([scratch.Input(shape), *layers])
    except ValueError:
        return None
    logits = layers[-1].activation.name == "linear"
    kind = pick(
        np.random.default_rng(seed),
        losses.CategoricalCrossentropy,
        losses.SparseCategoricalCrossentropy,
    )
    loss = losses.MeanSquaredError if seed % 5 == 0 else lambda: kind(from_logits=logits)
    model.compile("sgd", loss())
    if compiled.lacking(model):
        return None
    return {
        "shape": shape,
        "make": lambda: layers_of(np.random.default_rng(seed))[1],
        "loss": loss,
        "optimizer": optimizer_of(np.random.default_rng([seed, 1])),
        "n": int(np.random.default_rng([seed, 2]).integers(1, 70)),
        "weighted": seed % 3 == 0,
        "seed": seed,
    }


@pytest.mark.parametrize("part", range(10))
def test_a_random_network(part):
    run = 0
    for seed in range(part, NETWORKS, 10):
        if options := network(seed):
            try:
                check(**options)
            except AssertionError as error:
                names = [type(layer).__name__ for layer in options["make"]()]
                raise AssertionError(f"network {seed}, {names}: {error}") from error
            run += 1
    assert run > NETWORKS / 10 / 4  # the others do not fit, or run in NumPy
