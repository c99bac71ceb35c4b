"""Muon against its formulas, step by step, and against Keras's AdamW for what it leaves to it."""

import numpy as np
import pytest

from fashionlab.engines.keras import Keras
from fashionlab.engines.keras_torch.muon import Muon

keras = Keras().nn


def muon_by_hand(kernel, gradients, rate, momentum, decay, scale):
    """Jordan et al.: momentum, five Newton-Schulz steps towards the nearest orthogonal matrix."""
    shape, m = kernel.shape, np.zeros_like(kernel, np.float64)
    for gradient in gradients:
        m = momentum * m + gradient
        x = (gradient + momentum * m).reshape(-1, shape[-1])
        wide = x.T if x.shape[0] > x.shape[1] else x
        wide = wide / (np.sqrt((wide**2).sum()) + 1e-7)
        for _ in range(5):
            a = wide @ wide.T
            wide = 3.4445 * wide + (-4.7750 * a + 2.0315 * a @ a) @ wide
        step = wide.T if x.shape[0] > x.shape[1] else wide
        kernel = kernel * (1 - rate * decay)
        kernel = kernel - (rate * scale * np.sqrt(max(x.shape)) * step).reshape(shape)
    return kernel


@pytest.mark.parametrize("shape", [(3, 3, 8, 5), (3, 3, 2, 40)])
def test_muon_by_hand(shape):
    rng = np.random.default_rng(1)
    first, *gradients = rng.normal(size=(4, *shape)).astype(np.float32)
    variable = keras.Variable(first)
    muon = Muon(learning_rate=0.1, momentum=0.9, weight_decay=0.3, rms_rate=0.2)
    for gradient in gradients:
        muon.apply([keras.ops.convert_to_tensor(gradient)], [variable])
    expected = muon_by_hand(first.astype(np.float64), gradients, 0.1, 0.9, 0.3, 0.2)
    np.testing.assert_allclose(variable.numpy(), expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("shape", [(4, 4, 1, 8), (20, 10), (6,)])
def test_muon_leaves_the_rest_to_adamw(shape):
    rng = np.random.default_rng(2)
    first, *gradients = rng.normal(size=(4, *shape)).astype(np.float32)
    ours, theirs = keras.Variable(first), keras.Variable(first)
    muon = Muon(learning_rate=0.1, adam_lr_ratio=0.2, adam_weight_decay=0.3)
    adamw = keras.optimizers.AdamW(learning_rate=0.02, weight_decay=0.3 / 0.2)
    for gradient in gradients:
        muon.apply([keras.ops.convert_to_tensor(gradient)], [ours])
        adamw.apply([keras.ops.convert_to_tensor(gradient)], [theirs])
    np.testing.assert_allclose(ours.numpy(), theirs.numpy(), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("shape", [(3, 3, 8, 5), (3, 3, 2, 40), (4, 4, 1, 8), (6,)])
def test_muon_on_any_backend_is_muon_on_pytorch(shape):
    """A bound that is never reached takes the way of Keras, variable by variable."""
    first, *gradients = np.random.default_rng(4).normal(size=(4, *shape)).astype(np.float32)
    seen = []
    for options in ({}, {"clipvalue": 1e9}):
        variable = keras.Variable(first)
        muon = Muon(learning_rate=0.1, momentum=0.9, use_ema=True, ema_momentum=0.6, **options)
        for gradient in gradients:
            muon.apply([keras.ops.convert_to_tensor(gradient)], [variable])
        last = variable.numpy().copy()
        muon.finalize_variable_values([variable])
        seen.append((last, variable.numpy().copy()))
    for direct, stepwise in zip(*seen, strict=True):
        np.testing.assert_allclose(direct, stepwise, rtol=1e-4, atol=1e-5)


def test_muons_average_is_that_of_the_weights_after_each_step():
    first, *gradients = np.random.default_rng(3).normal(size=(5, 3, 3, 4, 6)).astype(np.float32)
    variable = keras.Variable(first)
    muon = Muon(learning_rate=0.1, use_ema=True, ema_momentum=0.6)
    seen = []
    for gradient in gradients:
        muon.apply([keras.ops.convert_to_tensor(gradient)], [variable])
        seen.append(variable.numpy().copy())
    expected = seen[0]
    for weights in seen[1:]:
        expected = 0.6 * expected + 0.4 * weights
    muon.finalize_variable_values([variable])
    np.testing.assert_allclose(variable.numpy(), expected, rtol=1e-5, atol=1e-6)
