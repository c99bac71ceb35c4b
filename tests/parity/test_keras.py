"""The network from scratch computes what Keras computes, from the same weights."""

import keras
import numpy as np
import pytest

from fashionlab import scratch

STEPS = 10


def build(nn, hidden, output):
    return nn.Sequential(
        [
            nn.layers.Input((6, 5)),
            nn.layers.Rescaling(1 / 255),
            nn.layers.Flatten(),
            nn.layers.Dense(16, activation=hidden),
            nn.layers.Dense(12, activation=hidden),
            nn.layers.Dense(4, activation=output),
        ]
    )


def data(n=64):
    rng = np.random.default_rng(0)
    x = rng.integers(0, 256, (n, 6, 5), dtype=np.uint8)
    return x, np.eye(4, dtype=np.float32)[rng.integers(0, 4, n)]


def pair(hidden="relu", output="softmax"):
    keras.utils.set_random_seed(0)  # else now and then a draw lies at a kink of ReLU
    ours, theirs = build(scratch, hidden, output), build(keras, hidden, output)
    ours.set_weights(theirs.get_weights())
    return ours, theirs


@pytest.mark.parametrize("hidden", ["linear", "relu", "sigmoid", "tanh", "softmax"])
@pytest.mark.parametrize("output", ["softmax", "sigmoid", "linear"])
def test_same_weights_give_the_same_outputs(hidden, output):
    ours, theirs = pair(hidden, output)
    x, _ = data()
    np.testing.assert_allclose(ours.predict(x), theirs.predict(x, verbose=0), rtol=1e-5, atol=1e-6)


def test_sigmoids_that_are_all_nearly_0_train_as_in_keras():
    ours, theirs = pair("relu", "sigmoid")
    for nn, model in ((scratch, ours), (keras, theirs)):
        weights = model.get_weights()
        weights[-1] = np.array([-25, -26, -27, -28], np.float32)  # the output's bias
        model.set_weights(weights)
        model.compile(nn.optimizers.SGD(0.1), "categorical_crossentropy", metrics=["accuracy"])
    x, y = data()
    losses = [
        model.fit(x, y, batch_size=len(x), epochs=STEPS, shuffle=False, verbose=0).history["loss"]
        for model in (ours, theirs)
    ]
    assert losses[0][-1] < losses[0][0]
    np.testing.assert_allclose(*losses, rtol=1e-4)


@pytest.mark.parametrize(
    ("output", "from_logits"), [("softmax", False), ("sigmoid", False), ("linear", True)]
)
@pytest.mark.parametrize("hidden", ["relu", "sigmoid", "tanh"])
@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("SGD", {"learning_rate": 0.5}),
        ("SGD", {"learning_rate": 0.1, "momentum": 0.9}),
        ("SGD", {"learning_rate": 0.1, "momentum": 0.9, "nesterov": True}),
        ("Adam", {"learning_rate": 0.01}),
    ],
)
def test_same_weights_after_ten_steps(hidden, output, from_logits, name, options):
    ours, theirs = pair(hidden, output)
    x, y = data()
    histories = []
    for nn, model in ((scratch, ours), (keras, theirs)):
        model.compile(
            getattr(nn.optimizers, name)(**options),
            nn.losses.CategoricalCrossentropy(from_logits=from_logits),
            metrics=["accuracy"],
        )
        histories.append(
            model.fit(x, y, batch_size=len(x), epochs=STEPS, shuffle=False, verbose=0).history
        )
    for key in ("loss", "accuracy"):
        np.testing.assert_allclose(histories[0][key], histories[1][key], rtol=2e-4)
    for a, b in zip(ours.get_weights(), theirs.get_weights(), strict=True):
        np.testing.assert_allclose(a, b, rtol=2e-3, atol=2e-4)


@pytest.mark.parametrize(
    ("output", "from_logits"), [("softmax", False), ("sigmoid", False), ("linear", True)]
)
def test_same_weights_give_the_same_gradients(output, from_logits):
    # a step of plain descent with rate 1 is the gradient itself
    ours, theirs = pair("sigmoid", output)
    x, y = data()
    before = ours.get_weights()
    steps = []
    for nn, model in ((scratch, ours), (keras, theirs)):
        model.compile(
            nn.optimizers.SGD(1.0), nn.losses.CategoricalCrossentropy(from_logits=from_logits)
        )
        model.fit(x, y, batch_size=len(x), verbose=0)
        steps.append([b - a for b, a in zip(before, model.get_weights(), strict=True)])
    for a, b in zip(*steps, strict=True):
        assert np.abs(b).max() > 1e-4
        np.testing.assert_allclose(a, b, rtol=1e-3, atol=1e-6)


def test_layers_get_the_names_that_keras_gives_them():
    def names(nn):
        layers = nn.layers
        model = nn.Sequential(
            [
                layers.Input((9, 9, 1)),
                layers.Conv2D(2, 2),
                layers.MaxPooling2D(2),
                layers.Conv2D(2, 2, name="mine"),
                layers.Conv2D(2, 2),
                layers.AveragePooling2D(1),
                layers.BatchNormalization(),
                layers.GlobalAveragePooling2D(),
                layers.Dense(2),
                layers.Activation("relu"),
                layers.Dropout(0.5),
                layers.Reshape((2, 1)),
                layers.Rescaling(2.0),
                layers.Flatten(),
                layers.Dense(2),
            ]
        )
        return [layer.name for layer in model.layers]

    keras.utils.clear_session()  # Keras counts over all models
    assert names(scratch) == names(keras)


REFUSED_BY_BOTH = {
    "no units": lambda nn: nn.layers.Dense(0),
    "no filters": lambda nn: nn.layers.Conv2D(0, 2),
    "no kernel": lambda nn: nn.layers.Conv2D(2, 0),
    "another padding": lambda nn: nn.layers.Conv2D(2, 2, padding="full"),
    "an unknown activation": lambda nn: nn.layers.Dense(2, "swosh"),
    "an unknown initializer": lambda nn: nn.layers.Dense(2, kernel_initializer="orthogonalish"),
    "a rate above 1": lambda nn: nn.layers.Dropout(1.5),
    "a window larger than the image": lambda nn: nn.Sequential(
        [nn.layers.Input((3, 3, 1)), nn.layers.Conv2D(2, 4)]
    ),
    "a convolution of a vector": lambda nn: nn.Sequential(
        [nn.layers.Input((3,)), nn.layers.Conv2D(2, 4)]
    ),
    "a pool of a vector": lambda nn: nn.Sequential(
        [nn.layers.Input((3,)), nn.layers.MaxPooling2D(2)]
    ),
    "a shape of other size": lambda nn: nn.Sequential(
        [nn.layers.Input((3,)), nn.layers.Reshape((2, 2))]
    ),
    "two layers of one name": lambda nn: nn.Sequential(
        [nn.layers.Input((3,)), nn.layers.Dense(2, name="a"), nn.layers.Dense(2, name="a")]
    ),
    "two inputs": lambda nn: nn.Sequential([nn.layers.Input((3,)), nn.layers.Input((3,))]),
    "weights of other shapes": lambda nn: build(nn, "relu", "linear").set_weights([np.ones(3)]),
    "another suffix": lambda nn: build(nn, "relu", "linear").save_weights("weights.txt"),
}


@pytest.mark.parametrize("what", REFUSED_BY_BOTH)
def test_what_keras_refuses_is_refused_with_the_same_kind_of_error(what):
    with pytest.raises(ValueError) as of_keras:
        REFUSED_BY_BOTH[what](keras)
    with pytest.raises(type(of_keras.value)):
        REFUSED_BY_BOTH[what](scratch)
