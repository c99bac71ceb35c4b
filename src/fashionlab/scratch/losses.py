"""Categorical cross-entropy: L = -(1/N) sum_n sum_k Y_nk log Q_nk."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]

EPSILON = 1e-7  # probabilities are kept this far from 0 and 1 before the logarithm, as in Keras


class CategoricalCrossentropy:
    """Cross-entropy between one-hot targets and predictions, averaged over the batch.

    With `from_logits=False` a row of predictions P is first divided by its sum, Q = P / sum(P),
    then clipped to [EPSILON, 1 - EPSILON], where the gradient is zero outside. With
    `from_logits=True`, Q = softmax(P), without clipping.
    """

    def __init__(self, from_logits: bool = False) -> None:
        self.from_logits = from_logits

    def __call__(self, y_true: Array, y_pred: Array) -> float:
        """The mean loss of targets (N, K) and predictions (N, K)."""
        return self.total(y_true, y_pred) / len(y_true)

    def total(self, y: Array, p: Array) -> float:
        """The sum of the losses of a piece's images, so that pieces add up to a batch."""
        if self.from_logits:
            top = p.max(axis=-1, keepdims=True)
            log_sum = np.log(np.exp(p - top).sum(axis=-1, keepdims=True)) + top
            return float(-(y * (p - log_sum)).sum(dtype=np.float64))
        q = p / p.sum(axis=-1, keepdims=True)
        return float(-(y * np.log(np.clip(q, EPSILON, 1 - EPSILON))).sum(dtype=np.float64))

    def gradient(self, y: Array, p: Array, n: int) -> Array:
        """dL/dP (B, K) of a piece of a batch of n images; a new array.

        Logits: with S = sum_k Y_k (1 for one-hot targets), dL/dP = (S softmax(P) - Y) / N.
        Probabilities: dL/dQ = -Y / Q / N (zero where clipped); Q = P / s with s = sum_j P_j gives
        dL/dP_k = (dL/dQ_k - sum_j dL/dQ_j Q_j) / s.
        """
        if self.from_logits:
            q: Array = np.exp(p - p.max(axis=-1, keepdims=True))
            q *= y.sum(axis=-1, keepdims=True) / q.sum(axis=-1, keepdims=True)
            q -= y
            q /= n
            return q
        s = p.sum(axis=-1, keepdims=True)
        q = p / s
        inside = (q >= EPSILON) & (q <= 1 - EPSILON)
        dq: Array = np.where(inside, -y / np.clip(q, EPSILON, 1 - EPSILON), np.zeros_like(q))
        dq -= (dq * q).sum(axis=-1, keepdims=True)
        dq /= s * n
        return dq


def get(identifier: "str | CategoricalCrossentropy") -> CategoricalCrossentropy:
    """The loss of that name. Raises ValueError for an unknown one."""
    if isinstance(identifier, CategoricalCrossentropy):
        return identifier
    if identifier == "categorical_crossentropy":
        return CategoricalCrossentropy()
    raise ValueError(f"scratch has no loss {identifier!r}; it has categorical_crossentropy")
