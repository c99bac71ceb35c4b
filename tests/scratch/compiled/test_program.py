"""A step in C is that in NumPy, within rounding: dense networks, losses, optimizers."""

import numpy as np
import pytest

from fashionlab.scratch import losses, optimizers
from fashionlab.scratch.layers import Activation, Dense, Dropout, Flatten, Rescaling, Reshape
from fashionlab.scratch.optimizers import schedules

from .pairs import batch_of, check, pair

pytestmark = pytest.mark.usefixtures("compiled")

ACTIVATIONS = ("linear", "relu", "sigmoid", "tanh", "gelu", "softmax")


def dense(*units, f="relu", last="linear", classes=10, before=(), **options):
    """Layers, made again at each call."""
    return lambda: [
        Rescaling(1 / 255),
        *(make() for make in before),
        Flatten(),
        *(Dense(u, f, **options) for u in units),
        Dense(classes, last),
    ]


@pytest.mark.parametrize("f", ACTIVATIONS)
@pytest.mark.parametrize("units", [(33, 17), (16,), (1, 5), (128, 1)])
def test_dense(units, f):
    check((9, 11), dense(*units, f=f))


@pytest.mark.parametrize("f", ACTIVATIONS)
def test_activation_as_a_layer_of_its_own(f):
    def make():
        return [
            Rescaling(1 / 255),
            Activation(f),
            Dense(20),
            Activation(f),
            Dropout(0.0, seed=1),
            Dense(3),
            Activation(f),
        ]

    check((30,), make, loss=losses.MeanSquaredError)


def test_without_hidden_layers_and_without_biases():
    check((7, 5), dense())
    check((7, 5), dense(20, 19, use_bias=False, f="gelu"))


@pytest.mark.parametrize("n", [1, 2, 5, 6, 7, 15, 16, 17, 31, 64])
def test_batches_of_every_height_of_a_tile(n):
    check((5, 5), dense(18), n=n, steps=2)


@pytest.mark.parametrize("classes", [1, 2, 15, 16, 17, 47])
@pytest.mark.parametrize("inputs", [1, 16, 33])
def test_widths_that_fill_panels_and_that_do_not(classes, inputs):
    check((inputs,), dense(classes, classes=classes), loss=losses.MeanSquaredError)


def test_more_inputs_than_are_packed_at_once():
    check((28, 28), dense(40))


def test_several_micro_batches_with_a_last_that_is_short():
    check((10, 10), dense(70), n=2500, steps=2, weighted=True)
    clipped = lambda: optimizers.Adam(global_clipnorm=0.01)  # noqa: E731
    check((10, 10), dense(70), n=2500, steps=2, optimizer=clipped)


@pytest.mark.parametrize("rate", [0.0, 0.3, 0.9, 1.0])
def test_dropout_draws_what_numpy_draws(rate):
    def make():
        return [
            Dropout(rate, seed=1),
            Rescaling(1 / 255),
            Dense(33, "relu"),
            Dropout(rate, seed=2),
            Dropout(0.5, seed=3),
            Dense(5),
            Dropout(rate, seed=4),
        ]

    check((40,), lambda: make()[1:])
    check((40,), lambda: make()[1:], n=2500, steps=1)
    check((40,), lambda: [make()[0], *make()[2:]], loss=losses.MeanSquaredError, optimizer=tiny)


def tiny():
    return optimizers.SGD(1e-6)  # for images of bytes as they are


def test_dropout_takes_any_generator_also_a_shared_one():
    def make():
        one, other = Dropout(0.5), Dropout(0.25)
        kind = [np.random.PCG64, np.random.MT19937, np.random.Philox][len(made) // 2]
        one.generator = other.generator = np.random.Generator(kind(3))
        made.append(1)
        return [Rescaling(1 / 255), Dense(20), one, Dense(30), other, Dense(4)]

    made = []
    for _ in range(3):
        check((8,), make)


def test_values_in_other_shapes():
    def make():
        return [
            Reshape((4, 15)),
            Rescaling(1 / 255, -0.5),
            Reshape((60,)),
            Dense(30, "tanh"),
            Reshape((5, 6)),
            Activation("gelu"),
            Dropout(0.2, seed=1),
            Flatten(),
            Dense(12, "sigmoid"),
            Reshape((3, 4)),
        ]

    check((6, 10), make, loss=losses.MeanSquaredError)


LOSSES = {
    "logits": (losses.CategoricalCrossentropy, "linear", {"from_logits": True}),
    "smooth logits": (
        losses.CategoricalCrossentropy,
        "linear",
        {"from_logits": True, "label_smoothing": 0.1},
    ),
    "softmax": (losses.CategoricalCrossentropy, "softmax", {}),
    "smooth softmax": (losses.CategoricalCrossentropy, "softmax", {"label_smoothing": 0.3}),
    "sigmoid": (losses.CategoricalCrossentropy, "sigmoid", {}),
    "sparse logits": (losses.SparseCategoricalCrossentropy, "linear", {"from_logits": True}),
    "sparse softmax": (losses.SparseCategoricalCrossentropy, "softmax", {}),
    "sparse sigmoid": (losses.SparseCategoricalCrossentropy, "sigmoid", {}),
    "squared error": (losses.MeanSquaredError, "sigmoid", {}),
}


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("classes", [10, 19])
@pytest.mark.parametrize("name", LOSSES)
def test_loss(name, classes, weighted):
    kind, last, options = LOSSES[name]
    check(
        (8, 9),
        dense(20, last=last, classes=classes),
        loss=lambda: kind(**options),
        weighted=weighted,
    )


RULES = {
    "SGD": [{}, {"momentum": 0.9}, {"momentum": 0.9, "nesterov": True}],
    "Adam": [{}, {"beta_1": 0.5, "beta_2": 0.9, "epsilon": 1e-3}],
    "AdamW": [{}, {"weight_decay": 0.1}],
    "RMSprop": [{}, {"momentum": 0.9}, {"centered": True}, {"centered": True, "momentum": 0.5}],
}
OPTIONS = [
    {},
    {"global_clipnorm": 0.05},
    {"global_clipnorm": 100.0, "weight_decay": 0.1},
    {"use_ema": True, "ema_momentum": 0.8},
    {"use_ema": True, "ema_momentum": 0.8, "ema_overwrite_frequency": 2, "global_clipnorm": 0.1},
]


@pytest.mark.parametrize("options", OPTIONS, ids="+".join)
@pytest.mark.parametrize(
    ("name", "rule"), [(name, rule) for name, rules in RULES.items() for rule in rules]
)
def test_optimizer(name, rule, options):
    make = getattr(optimizers, name)
    check((6, 8), dense(20, 7), optimizer=lambda: make(0.01, **(rule | options)), steps=6)


def test_learning_rate_of_a_schedule():
    rate = schedules.CosineDecay(0.0, 5, warmup_target=0.1, warmup_steps=2)
    check((6, 8), dense(20), optimizer=lambda: optimizers.SGD(rate, momentum=0.9), steps=8)


def test_gradients_too_small_to_matter_are_zero_and_never_subnormal():
    """C makes 0 of the dZ of a saturated sigmoid, which would become subnormal and slow to use."""
    in_numpy, in_c = pair((6,), lambda: [Dense(3, "sigmoid"), Dense(2)])
    for model in (in_numpy, in_c):
        w = model.get_weights()
        w[0], w[1] = np.zeros_like(w[0]), np.array([-78, -86, 0], np.float32)  # A is e^-78, e^-86
        model.set_weights(w)
        x, y, _ = batch_of(model, 20)
        model.compute_gradients(x, y)
    kernels = [model.layers[0].weights[0].gradient for model in (in_numpy, in_c)]
    theirs = np.abs(kernels[0][:, :2])
    assert ((theirs > 0) & (theirs < 1e-30)).all()
    assert (kernels[1][:, :2] == 0).all()
    np.testing.assert_allclose(kernels[1][:, 2], kernels[0][:, 2], rtol=1e-5)
