"""Trainings give the same weights to the bit with any number of threads and any instructions.

On other processors: `make exact`.
"""

import hashlib

import numpy as np
import pytest

from fashionlab.scratch import losses, optimizers
from fashionlab.scratch.compiled import Program, library
from fashionlab.scratch.layers import Conv2D, Dense, Dropout, Flatten, MaxPooling2D, Rescaling

from .pairs import batch_of, model_of

pytestmark = pytest.mark.usefixtures("compiled")

THREADS = (1, 2, 3, 8)


def dense(*units, f="relu", rate=None):
    def make():
        layers = [Rescaling(1 / 255), Flatten()]
        for i, u in enumerate(units):
            layers += [Dense(u, f), *([Dropout(rate, seed=i)] if rate else [])]
        return [*layers, Dense(10)]

    return make


def conv_pool():
    return [
        Rescaling(1 / 255),
        Conv2D(21, 3, activation="relu"),
        MaxPooling2D(2),
        Flatten(),
        Dense(30, "tanh"),
        Dense(10),
    ]


def convolutions():
    return [
        Rescaling(1 / 255, -0.5),
        Conv2D(17, 3, padding="same", activation="gelu"),
        MaxPooling2D(3, strides=2),
        Dropout(0.2, seed=1),
        Conv2D(19, 2, strides=2, activation="sigmoid"),
        Flatten(),
        Dense(10, "softmax"),
    ]


def sgd(**options):
    return lambda: optimizers.SGD(0.05, momentum=0.9, **options)


def adam(**options):
    return lambda: optimizers.Adam(0.002, **options)


PLAIN = losses.CategoricalCrossentropy
IMAGE = (13, 12, 1)
CASES = {  # shape, layers, images, options
    "dense": (IMAGE, dense(50, 37), 61, {"optimizer": sgd()}),
    "dense, Adam": (IMAGE, dense(50, 37, f="gelu"), 61, {"optimizer": adam()}),
    "dense, tanh, RMSprop": (
        IMAGE,
        dense(130, f="tanh"),
        40,
        {"optimizer": lambda: optimizers.RMSprop(0.001, momentum=0.5, centered=True)},
    ),
    "dropout": (IMAGE, dense(50, 37, f="sigmoid", rate=0.4), 61, {"optimizer": adam()}),
    "softmax": (IMAGE, dense(20, f="softmax"), 61, {"optimizer": sgd(nesterov=True)}),
    "clipped": (
        IMAGE,
        dense(120, 37),
        61,
        {"optimizer": sgd(global_clipnorm=0.1, weight_decay=0.01, use_ema=True)},
    ),
    "micro-batches": (IMAGE, dense(70), 2300, {"optimizer": adam(global_clipnorm=0.1)}),
    "convolution with pools": (IMAGE, conv_pool, 61, {"optimizer": sgd()}),
    "convolution in micro-batches": (IMAGE, conv_pool, 1100, {"optimizer": sgd()}),
    "convolutions": ((9, 11, 3), convolutions, 37, {"optimizer": adam(), "loss": PLAIN}),
}


def trained(case, instructions=None, threads=None, steps=6):
    """The hash of weights, slots, losses and outputs after some steps."""
    shape, make, n, options = CASES[case]
    model = model_of(shape, make, **options)
    model.program = Program(model, instructions, threads)
    x, y, w = batch_of(model, n, weighted=True)
    digest = hashlib.sha256()
    for step in range(2 if n > 1000 else steps):
        part = slice(None, n - step)
        digest.update(np.float64(model.train_on_batch(x[part], y[part], w[part])))
    for vector in (model.weights_vector, *model.optimizer.vectors.values(), model.predict(x)):
        assert np.isfinite(vector).all()
        digest.update(vector)
    digest.update(np.float64(model.evaluate(x, y)))
    return digest.hexdigest()


@pytest.mark.parametrize("case", CASES)
def test_any_number_of_threads_gives_the_same_bits(case):
    assert len({trained(case, threads=threads) for threads in THREADS}) == 1


@pytest.mark.parametrize("case", CASES)
def test_all_instructions_give_the_same_bits(case):
    ways = {trained(case, instructions, threads=2) for instructions in library.supported()}
    assert ways == {trained(case)}
    assert len(library.supported()) > 1, "a processor with plain instructions alone proves nothing"


def test_another_seed_gives_other_bits():
    shape, make, n, options = CASES["dense"]
    CASES["seed"] = shape, make, n, options | {"seed": 1}
    try:
        assert trained("seed") != trained("dense")
    finally:
        del CASES["seed"]


def test_earlier_calls_leave_no_trace():
    """Evaluation, larger batches and another order of calls change no bit of a step."""
    shape, make, n, options = CASES["convolutions"]
    found = set()
    for before in (0, 1, 3, 200):
        model = model_of(shape, make, **options)
        if before:
            model.predict(batch_of(model, before, seed=5)[0])
        x, y, w = batch_of(model, n)
        for _ in range(3):
            model.train_on_batch(x, y, w)
        found.add(model.weights_vector.tobytes())
    assert len(found) == 1
