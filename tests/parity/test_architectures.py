"""Random networks give what Keras gives from the same weights: logits, loss, every gradient.

Keras's own fault is kept out: on PyTorch its AveragePooling2D with padding="same" counts copies of
the border where more rows or columns are missing at the end than at the beginning; TensorFlow and
scratch count the image alone.
"""

from dataclasses import dataclass

import keras
import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, Phase, event, given, settings
from hypothesis import strategies as st

from fashionlab import scratch

CLASSES = 3
ROUNDING = 2e-5  # 170 roundings of float32, in up to seven layers, for values near 1
ACTIVATIONS = ("linear", "relu", "sigmoid", "tanh", "softmax", "gelu")


@dataclass(frozen=True)
class Spec:
    """A layer by name, so that either library can make it."""

    name: str
    options: tuple[tuple[str, object], ...] = ()

    def make(self, nn):
        return getattr(nn.layers, self.name)(**dict(self.options))


def spec(name, **options):
    return Spec(name, tuple(options.items()))


def build(nn, image_shape, specs):
    return nn.Sequential([nn.layers.Input(image_shape), *(s.make(nn) for s in specs)])


sizes = st.tuples(st.integers(1, 3), st.integers(1, 3))
paddings = st.sampled_from(["valid", "same"])
activations = st.sampled_from(ACTIVATIONS)


@st.composite
def conv(draw):
    return spec(
        "Conv2D",
        filters=draw(st.integers(2, 4)),  # PyTorch 2.13 cannot derive by a kernel of one filter
        kernel_size=draw(sizes),
        strides=draw(st.sampled_from([(1, 1), (1, 1), (2, 2), (1, 2), (3, 1)])),
        padding=draw(paddings),
        activation=draw(activations),
        use_bias=draw(st.booleans()),
    )


@st.composite
def pool(draw):
    kind = draw(st.sampled_from(["MaxPooling2D", "MaxPooling2D", "AveragePooling2D"]))
    strides = draw(st.sampled_from([None, None, (1, 1), (2, 1), (3, 3)]))
    padding = "valid" if kind == "AveragePooling2D" else draw(paddings)
    return spec(kind, pool_size=draw(sizes), strides=strides, padding=padding)


@st.composite
def normalization(draw):
    return spec(
        "BatchNormalization",
        momentum=draw(st.sampled_from([0.99, 0.5])),
        center=draw(st.booleans()),
        scale=draw(st.booleans()),
    )


anywhere = st.one_of(
    normalization(),
    st.builds(lambda f: spec("Activation", activation=f), activations),
    st.just(spec("Dropout", rate=0.0)),
    st.builds(lambda s: spec("Rescaling", scale=s, offset=0.25), st.sampled_from([0.5, -2.0])),
)


@st.composite
def networks(draw):
    image_shape = (draw(st.integers(3, 8)), draw(st.integers(3, 8)), draw(st.integers(1, 3)))
    specs = []
    for _ in range(draw(st.integers(0, 2))):
        specs.append(draw(st.one_of(conv(), conv(), pool(), anywhere)))
        if specs[-1].name == "Conv2D" and draw(st.booleans()):
            specs.append(draw(pool()))
    flat = ["Flatten", "Flatten", "GlobalAveragePooling2D", "Reshape"]
    flat = draw(st.sampled_from(flat))
    specs.append(spec(flat, target_shape=(-1,)) if flat == "Reshape" else spec(flat))
    for _ in range(draw(st.integers(0, 2))):
        dense = st.builds(
            lambda u, f, b: spec("Dense", units=u, activation=f, use_bias=b),
            st.integers(1, 7),
            activations,
            st.booleans(),
        )
        specs.append(draw(st.one_of(dense, dense, anywhere)))
    specs.append(spec("Dense", units=CLASSES))
    return image_shape, tuple(specs)


@st.composite
def convolutions_with_a_maximum(draw):
    """A convolution and the maximum after it."""
    size, side = draw(sizes), (draw(st.integers(1, 3)), draw(st.integers(1, 3)))
    strides = draw(st.sampled_from([(1, 1), (1, 1), (1, 2), (2, 2), (3, 1)]))
    image_shape = tuple(
        (p - 1) * s + k + draw(st.integers(0, 4))
        for p, s, k in zip(side, strides, size, strict=True)
    )
    before = draw(st.sampled_from([(), (spec("Conv2D", filters=2, kernel_size=1),)]))
    conv = spec(
        "Conv2D",
        filters=draw(st.integers(2, 5)),
        kernel_size=size,
        strides=strides,
        padding=draw(paddings) if strides == (1, 1) else "valid",
        activation=draw(st.sampled_from(("linear", "relu", "sigmoid", "tanh"))),
        use_bias=draw(st.booleans()),
    )
    pool = spec("MaxPooling2D", pool_size=side)
    after = (spec("Flatten"), spec("Dense", units=CLASSES))
    return (*image_shape, draw(st.integers(1, 2))), (*before, conv, pool, *after)


def check(image_shape, specs, batch, seed):
    """Both libraries from the same weights and images; a row of `assert`s."""
    theirs = build(keras, image_shape, specs)
    ours = build(scratch, image_shape, specs)
    rng = np.random.default_rng(seed)
    weights = [
        rng.uniform(0.2, 1.0, w.shape) * rng.choice([-1, 1], w.shape) for w in ours.get_weights()
    ]
    for v, w in zip(ours.variables, weights, strict=True):
        if v.name == "moving_variance":
            np.abs(w, out=w)
    ours.set_weights(weights)
    theirs.set_weights(weights)
    x = rng.normal(size=(batch, *image_shape)).astype("float32")
    y = rng.integers(0, CLASSES, batch)
    assert ours.output_shape == theirs.output_shape[1:]
    assert ours.count_params() == theirs.count_params()

    def close(a, b, what):
        # the rounding of a sum is that of its terms, for which the largest value stands
        atol = ROUNDING * max(1, np.abs(b).max(initial=0))
        np.testing.assert_allclose(a, b, rtol=0, atol=atol, err_msg=f"{what} of {specs}")

    close(ours(x), theirs(x, training=False).detach().numpy(), "logits")

    loss = scratch.losses.SparseCategoricalCrossentropy(from_logits=True)
    ours.compile(scratch.optimizers.SGD(0.0), loss)
    total, _ = ours.compute_gradients(x, y)
    logits = theirs(x, training=True)
    mean = torch.nn.functional.cross_entropy(logits, torch.as_tensor(y))
    mean.backward()
    close(total / batch, mean.item(), "loss")
    trained = [v for v in ours.variables if v.trainable]
    for v, w in zip(trained, theirs.trainable_variables, strict=True):
        close(v.gradient, w.value.grad.numpy(), f"gradient of {w.path}")
    for a, b in zip(ours.get_weights(), theirs.get_weights(), strict=True):
        close(a, b, "moving averages")
    return ours


def examples(count):
    return settings(
        deadline=None,
        derandomize=True,
        max_examples=count,
        database=None,
        phases=[Phase.explicit, Phase.generate],  # shrinking takes minutes, which CI has not
        suppress_health_check=list(HealthCheck),
    )


batches = st.sampled_from([1, 2, 5, 9])
seeds = st.integers(0, 2**16)


@pytest.mark.filterwarnings("ignore:.*softmax over axis -1:UserWarning")  # of one value
@examples(400)
@given(networks(), batches, seeds)
def test_a_random_network_gives_what_keras_gives(network, batch, seed):
    image_shape, specs = network
    try:
        build(scratch, image_shape, specs)
    except ValueError:
        event("refused")
        with pytest.raises(ValueError):
            build(keras, image_shape, specs)
        return
    ours = check(image_shape, specs, batch, seed)
    event(" ".join(sorted({type(s).__name__ for s in ours.layers})))


@examples(150)
@given(convolutions_with_a_maximum(), batches, seeds)
def test_a_convolution_with_a_maximum_gives_what_keras_gives(network, batch, seed):
    check(*network, batch, seed)


def test_the_random_networks_have_every_layer():
    seen = set()

    @examples(400)
    @given(networks())
    def look(network):
        seen.update(s.name for s in network[1])

    look()
    assert seen == {
        "Activation",
        "AveragePooling2D",
        "BatchNormalization",
        "Conv2D",
        "Dense",
        "Dropout",
        "Flatten",
        "GlobalAveragePooling2D",
        "MaxPooling2D",
        "Rescaling",
        "Reshape",
    }
