"""docs/backprop.md and the example on one screen say what scratch computes."""

import importlib.util
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from fashionlab import scratch
from fashionlab.data import synthetic
from fashionlab.scratch import losses, optimizers

ROOT = Path(__file__).parents[1]
SCREEN = ROOT / "examples" / "from_scratch_in_one_screen.py"


@pytest.fixture
def example():
    spec = importlib.util.spec_from_file_location(SCREEN.stem, SCREEN)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def two_layers(inputs, hidden, classes, dtype):
    return scratch.Sequential(
        [
            scratch.Input((inputs,)),
            scratch.layers.Dense(hidden, activation="sigmoid", dtype=dtype),
            scratch.layers.Dense(classes, dtype=dtype),
        ]
    )


# Weights this large magnify the rounding of a step in the next ones.
@pytest.mark.parametrize(("dtype", "rtol"), [("float32", 1e-4), ("float64", 1e-11)])
def test_the_example_takes_the_steps_of_scratch(example, dtype, rtol):
    train, _ = synthetic.draw(train=300, test=1)
    x = train.images.reshape(len(train.images), -1).astype(dtype) / 255  # (N, D)
    y = np.eye(10, dtype=dtype)[train.labels]  # (N, K)
    rng = np.random.default_rng(0)
    weights = [rng.normal(size=s).astype(dtype) for s in ((784, 512), (512,), (512, 10), (10,))]
    model = two_layers(784, 512, 10, dtype)
    model.compile(
        optimizers.SGD(0.5), losses.CategoricalCrossentropy(from_logits=True), metrics=["accuracy"]
    )
    model.set_weights(weights)
    begin = [w.copy() for w in weights]

    logs = model.fit(x, y, batch_size=len(x), epochs=5, shuffle=False, verbose=0).history
    steps = [example.step(weights, x, y, rate=0.5) for _ in range(5)]

    np.testing.assert_allclose([loss for loss, _ in steps], logs["loss"], rtol=rtol)
    np.testing.assert_allclose([right for _, right in steps], logs["accuracy"])
    for w, before, of_scratch in zip(weights, begin, model.get_weights(), strict=True):
        moved = np.abs(w - before).max()
        assert moved > 0
        np.testing.assert_allclose(w, of_scratch, atol=rtol * moved)


def test_the_example_fits_on_one_screen():
    assert len(SCREEN.read_text(encoding="utf-8").splitlines()) <= 45


def test_the_numbers_of_the_worked_example_are_those_of_scratch():
    model = two_layers(2, 2, 2, "float64")
    loss = losses.CategoricalCrossentropy(from_logits=True)
    x, y = np.array([[1.0, 2.0]]), np.array([[0.0, 1.0]])  # one image, of the second class
    w1, b1 = [[0.4, -0.2], [0.1, 0.3]], [-0.6, 0.6]
    w2, b2 = [[1.0, -1.0], [2.0, 0.5]], [0.0, 0.0]
    model.set_weights([w1, b1, w2, b2])
    softmax = scratch.activations.softmax

    def run():
        p = model.forward(x, training=True)
        return p, loss.forward(y, p)

    p, value = run()
    shown = {"Z1": x @ w1 + b1, "Z2": p, "Q": softmax(p), "L": value}
    shown["A1"] = scratch.activations.sigmoid(shown["Z1"])
    dp = loss.backward(1.0)
    shown["dZ2"] = dp
    shown["dA1"] = dp @ np.transpose(w2)
    model.backward(dp)
    gradients = [v.gradient.copy() for v in model.variables]
    shown |= dict(zip(("dW1", "db1", "dW2", "db2"), gradients, strict=True))
    shown["dZ1"] = shown["db1"]  # with one image
    optimizers.SGD(0.5).step(model.weights_vector, model.gradients_vector)
    shown |= dict(zip(("W1", "b1", "W2", "b2"), model.get_weights(), strict=True))
    p, value = run()
    shown |= {"Q'": softmax(p), "L'": value}

    for k, sign in ((0, 1), (1, -1)):  # the two losses around the weight that the check moves
        moved = np.array(w1)
        moved[0, 0] += sign * 1e-3
        model.set_weights([moved, b1, w2, b2])
        shown[f"L{'+-'[k]}"] = run()[1]
    slope = (shown["L+"] - shown["L-"]) / 2e-3

    document = (ROOT / "docs" / "backprop.md").read_text(encoding="utf-8").splitlines()
    missing = [s for s in map(line, shown, shown.values()) if not any(s in d for d in document)]
    assert not missing, "docs/backprop.md must hold\n" + "\n".join(missing)
    assert f"{slope[0]:.7f}" == f"{gradients[0][0, 0]:.7f}"


def line(name, value):
    """A line of the document: Z1 = (0.0000, 1.0000), or a matrix as its rows."""
    rows = np.atleast_2d(value)
    digits = 7 if name in ("L+", "L-") else 4
    parts = [", ".join(f"{v + 0.0:.{digits}f}" for v in row) for row in rows]
    if rows.size == 1:
        return f"{name} = {parts[0]}"
    return f"{name} = ({parts[0]})" if len(rows) == 1 else f"{name} = (({parts[0]}), ({parts[1]}))"


def test_the_package_prints_its_reading_order_and_notation():
    said = subprocess.run(
        [sys.executable, "-m", "fashionlab.scratch"], capture_output=True, text=True, check=True
    ).stdout
    files = {path.stem for path in (ROOT / "src" / "fashionlab" / "scratch").rglob("*.py")}
    missing = {name for name in files if not name.startswith("_") and f"`{name}`" not in said}
    assert missing == set()
    assert "X W + b" in said
