"""A model twice, in NumPy and in C, and how near to each other they must be.

Both compute in float32, with other orders of their sums. An error is measured against the largest
value of the array: the rounding of a sum is that of its terms.
"""

import numpy as np

from fashionlab import scratch
from fashionlab.scratch import layers, losses, optimizers

ROUNDING = 5e-6  # 40 roundings of float32: sums of up to 2,500 images, in up to six layers
AFTER_STEPS = 2e-5  # Adam divides by gradients, of which the smallest are mostly rounding


def sgd():
    return optimizers.SGD(0.02, momentum=0.9)


def cross_entropy():
    return losses.CategoricalCrossentropy(from_logits=True)


def model_of(shape, make, optimizer=sgd, loss=cross_entropy, seed=0, jit_compile=True):
    """A compiled model of the layers that `make` returns, with weights and biases drawn."""
    model = scratch.Sequential([layers.Input(shape), *make()])
    rng = np.random.default_rng(seed)
    drawn = [
        rng.normal(0, (2 / (np.prod(w.shape[:-1]) + w.shape[-1])) ** 0.5, w.shape)
        for w in model.get_weights()
    ]
    model.set_weights(drawn)
    flat = len(model.output_shape) == 1 and model.output_shape[0] > 1
    metrics = ["accuracy"] if flat else None
    model.compile(optimizer(), loss(), metrics=metrics, jit_compile=jit_compile)
    return model


def pair(shape, make, **options):
    """The model in NumPy, and in C."""
    return [model_of(shape, make, jit_compile=jit, **options) for jit in (False, True)]


def batch_of(model, n, seed=0, weighted=False):
    """Bytes (n, ...), targets, and weights of the images or None."""
    rng = np.random.default_rng(seed)
    x = rng.integers(0, 256, (n, *model.input_shape), dtype=np.uint8)
    w = rng.uniform(0, 2, n).astype(np.float32) if weighted else None
    if isinstance(model.loss, losses.MeanSquaredError):
        return x, rng.random((n, *model.output_shape), np.float32), w
    labels = rng.integers(0, model.output_shape[0], n)
    if isinstance(model.loss, losses.SparseCategoricalCrossentropy):
        return x, labels, w
    return x, np.eye(model.output_shape[0], dtype=np.float32)[labels], w


def near(ours, theirs, bound, what):
    largest = max(np.abs(theirs).max(initial=0), 1e-30)
    np.testing.assert_allclose(ours, theirs, rtol=0, atol=bound * largest, err_msg=what)


def check(shape, make, n=37, steps=4, weighted=False, **options):
    """A row of `assert`s: gradients, draws, steps, slots, evaluation, prediction."""
    plain, fast = pair(shape, make, **options)
    x, y, w = batch_of(plain, n, weighted=weighted)
    sums = [model.compute_gradients(x, y, w) for model in (plain, fast)]
    near(sums[1][0], sums[0][0], ROUNDING, "loss")
    assert sums[1][1] == sums[0][1]
    near(fast.gradients_vector, plain.gradients_vector, ROUNDING, "gradients")
    same_draws(plain, fast)
    for step in range(steps):
        part = slice(None, [n, n // 2 + 1, 1][step % 3])  # growing and shrinking
        found = [
            m.train_on_batch(x[part], y[part], None if w is None else w[part], return_dict=True)
            for m in (plain, fast)
        ]
        for name, value in found[0].items():
            near(found[1][name], value, AFTER_STEPS, f"{name} of step {step + 1}")
    same_draws(plain, fast)
    assert fast.optimizer.iterations == plain.optimizer.iterations == steps
    near(fast.weights_vector, plain.weights_vector, AFTER_STEPS, "weights")
    assert fast.optimizer.vectors.keys() == plain.optimizer.vectors.keys()
    for name, vector in plain.optimizer.vectors.items():
        near(fast.optimizer.vectors[name], vector, AFTER_STEPS, name)
    fast.set_weights(plain.get_weights())
    x, y, w = batch_of(plain, n + 3, seed=1, weighted=weighted)
    near(fast.predict(x), plain.predict(x), ROUNDING, "prediction")
    found = [m.evaluate(x, y, sample_weight=w, return_dict=True) for m in (plain, fast)]
    for name, value in found[0].items():
        near(found[1][name], value, ROUNDING, name)
    same_draws(plain, fast)


def same_draws(plain, fast):
    """Both have drawn the same count of random numbers."""
    for name, state in plain.generator_states.items():
        np.testing.assert_array_equal(fast.generator_states[name], state, err_msg=name)
