"""The check that every gradient of back-propagation is the slope of the loss."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from . import passes
from .checks import checked
from .sequential import Sequential

Array = NDArray[Any]


def gradcheck(
    model: Sequential,
    x: Array,
    y: Array,
    sample_weight: Array | None = None,
    step: float = 1e-6,
    values: int = 20,
    seed: int = 0,
) -> dict[str, float]:
    """Return the largest error of each weight's gradient against (L(w + h) - L(w - h)) / 2h.

    Moves `values` values of each weight, drawn with `seed`, by h = `step`. Errors are divided
    by the largest gradient of the weight. A compiled model of dtype float64 should stay below 1e-6,
    unless a kink (of ReLU, of a maximum) lies within h. Layers that draw random numbers draw the
    same ones at every evaluation; weights and generators are left as they were.

    Raises RuntimeError before `compile`, and ValueError for a model whose dtype is coarser than
    float64: rounding would hide the slope.
    """
    if not hasattr(model, "optimizer"):
        raise RuntimeError("gradcheck: call compile first, to choose an optimizer and a loss")
    if model.dtype != np.float64:
        raise ValueError(
            f"gradcheck: the model's dtype must be float64; received {model.dtype}; "
            'give every layer dtype="float64"'
        )
    x, y, weights = checked(model, "gradcheck", x, y, sample_weight)
    states = model.generator_states
    untrained = [(v, v.numpy()) for v in model.variables if not v.trainable]

    def loss() -> float:
        model.generator_states = states
        total, _ = passes.gradients(model, (x, y, weights))
        for v, value in untrained:
            v.value[...] = value
        return total / len(x)

    loss()
    rng = np.random.default_rng(seed)
    worst = {}
    trainable = [(layer, v) for layer in model.layers for v in layer.weights if v.trainable]
    gradients = [v.gradient.copy() for _, v in trainable]
    for (layer, v), gradient in zip(trainable, gradients, strict=True):
        errors = []
        for place in rng.permutation(v.size)[:values]:
            at = np.unravel_index(place, v.shape)
            before = v.value[at]
            v.value[at] = before + step
            above = loss()
            v.value[at] = before - step
            below = loss()
            v.value[at] = before
            slope = (above - below) / (2 * step)
            errors.append(abs(slope - gradient[at]))
        scale = max(np.abs(gradient).max(), 1e-3)  # rounding alone gives slopes of about 1e-9
        worst[f"{layer.name}/{v.name}"] = float(max(errors) / scale)
    model.generator_states = states
    return worst
