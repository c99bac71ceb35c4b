"""Losses: `forward(Y, P)` returns each image's loss, `backward(scale)` the gradient dP.

The loss of a batch is L = sum_n scale_n values_n, where scale_n is weight_n / N. A batch may come
in micro-batches, which the model adds up. `backward` follows a `forward` of the same micro-batch,
once, since it uses up what `forward` kept; it returns a new array in P's memory order. P is left
untouched.
"""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .arguments import find, known_only, lacking

Array = NDArray[Any]
Shape = tuple[int, ...]

EPSILON = 1e-7  # probabilities are kept this far from 0 and 1 before the logarithm, as in Keras


class Loss:
    """A loss, called as in Keras: the mean over the images of weight times loss."""

    def __call__(
        self, y_true: ArrayLike, y_pred: ArrayLike, sample_weight: ArrayLike | None = None
    ) -> float:
        """Return sum_n weight_n values_n / N; weights are (N,), (N, 1), one number, or None for 1.

        Raises ValueError where targets or weights do not fit the predictions.
        """
        y, p = np.asarray(y_true), np.asarray(y_pred)
        if p.dtype.kind != "f":
            p = p.astype("float32")
        self.check_targets(y, p.shape)
        weights = np.asarray(1.0 if sample_weight is None else sample_weight, "float64")
        if weights.shape not in ((), (len(p),), (len(p), 1)):
            raise ValueError(
                f"{type(self).__name__}: expected sample weights ({len(p)},); "
                f"received {weights.shape}"
            )
        return float(np.mean(self.forward(y, p) * weights.reshape(-1)))

    def check_targets(self, y: Array, output_shape: Shape) -> None:
        """Raise ValueError where targets y do not fit outputs (N, ...) of that shape."""
        raise NotImplementedError

    def forward(self, y: Array, p: Array) -> Array:
        """Return the loss of each image (B,); keep what `backward` needs."""
        raise NotImplementedError

    def backward(self, scale: float | Array) -> Array:
        """Return dP for L = sum_n scale_n values_n; scale is one number or (B,)."""
        raise NotImplementedError

    def _refuse_unless(self, fits: bool, expected: str, received: object) -> None:
        if not fits:
            raise ValueError(f"{type(self).__name__}: expected {expected}; received {received}")

    def _check_outputs(self, y: Array, output_shape: Shape, dimensions: int | None = 2) -> None:
        axes = len(output_shape)
        fits = axes == dimensions if dimensions else axes > 0
        expected = "outputs (N, K)" if dimensions else "outputs (N, ...)"
        self._refuse_unless(fits, expected, output_shape)
        self._refuse_unless(output_shape[0] > 0, "at least one image", output_shape)
        self._refuse_unless(y.dtype.kind in "biuf", "numbers as targets", y.dtype)


class CategoricalCrossentropy(Loss):
    """Cross-entropy of targets Y (N, K), one-hot or any distribution: -sum_k Y_nk log Q_nk.

    With `from_logits=False` a row of predictions P is first divided by its sum, Q = P / sum(P),
    then clipped to [EPSILON, 1 - EPSILON], where the gradient is zero outside. With
    `from_logits=True`, Q = softmax(P), without clipping. `label_smoothing` a replaces Y by
    (1 - a) Y + a / K.
    """

    @known_only
    def __init__(self, from_logits: bool = False, label_smoothing: float = 0.0) -> None:
        if not 0 <= label_smoothing <= 1:
            raise ValueError(
                "CategoricalCrossentropy: label_smoothing must be in [0, 1]; "
                f"received {label_smoothing}"
            )
        self.from_logits, self.label_smoothing = from_logits, label_smoothing

    def check_targets(self, y: Array, output_shape: Shape) -> None:
        """Require targets (N, K), the shape of the outputs."""
        self._check_outputs(y, output_shape)
        self._refuse_unless(
            y.shape == output_shape, f"one-hot targets {output_shape}, as the outputs", y.shape
        )

    def forward(self, y: Array, p: Array) -> Array:
        """Return values_n = -sum_k Y_nk log Q_nk."""
        y = np.asarray(y, p.dtype)
        if self.label_smoothing:
            y = y * (1 - self.label_smoothing) + self.label_smoothing / p.shape[-1]
        if self.from_logits:
            log_q, e, s = _log_softmax(p)
            log_q -= np.log(s)
            self._kept = y, e, e, s
        else:
            s = np.add.reduce(p, axis=-1, keepdims=True)
            q = p / s
            clipped = _clip(q)
            self._kept = y, q, clipped, s
            log_q = np.log(clipped)
        values: Array = np.vecdot(y, log_q)
        return np.negative(values, out=values)

    def backward(self, scale: float | Array) -> Array:
        """Return dP. From logits, since Q_k = exp(P_k) / s, s = sum_j exp(P_j),

            dP_k = scale (Q_k sum_j Y_j - Y_k)

        and otherwise, since Q_k = P_k / s, s = sum_j P_j and dL/dQ_k = -Y_k / Q_k inside the clip,

            dP_k = (dL/dQ_k - sum_j dL/dQ_j Q_j) / s
        """
        y, q, clipped, s = self._kept
        column = np.asarray(scale, q.dtype)[..., np.newaxis]
        if self.from_logits:
            q *= np.add.reduce(y, axis=-1, keepdims=True) * column / s
            q -= y * column
            return q
        inside = clipped == q
        dq = np.divide(y, clipped, out=clipped)
        dq *= inside
        dq -= np.vecdot(dq, q)[..., np.newaxis]
        dq *= column / -s
        return dq


class SparseCategoricalCrossentropy(Loss):
    """Cross-entropy of whole-number labels y (N,) or (N, 1): values_n = -log Q_n,y_n.

    Q as in `CategoricalCrossentropy`.
    """

    @known_only
    def __init__(self, from_logits: bool = False) -> None:
        self.from_logits = from_logits
        self._kept: tuple[Any, ...] = ()

    def check_targets(self, y: Array, output_shape: Shape) -> None:
        """Require targets (N,) or (N, 1), whole numbers from 0 to K - 1."""
        self._check_outputs(y, output_shape)
        n, k = output_shape
        self._refuse_unless(y.shape in ((n,), (n, 1)), f"labels ({n},) or ({n}, 1)", y.shape)
        if y.dtype.kind == "f":
            broken = y[y != np.floor(y)]  # NaN too, which equals nothing
            self._refuse_unless(not broken.size, "whole numbers as labels", broken[:1])
        for label in (y.min(), y.max()):
            if not 0 <= label < k:
                raise ValueError(
                    f"{type(self).__name__}: labels must be in [0, {k}); received {label:g}"
                )

    def forward(self, y: Array, p: Array) -> Array:
        """Return values_n = -log Q_n,y_n."""
        chosen = np.arange(len(p)), np.reshape(y, -1).astype(np.intp, copy=False)
        if self.from_logits:
            log_q, e, s = _log_softmax(p)
            s = s[:, 0]
            self._kept = chosen, e, s
            return np.log(s) - log_q[chosen]
        s = np.add.reduce(p, axis=-1)
        q = p[chosen] / s
        clipped = _clip(q)
        self._kept = chosen, np.empty_like(p), q, (clipped == q) / (clipped * s)
        return -np.log(clipped)

    def backward(self, scale: float | Array) -> Array:
        """Return dP, as `CategoricalCrossentropy` does with Y 1 at the label y and 0 elsewhere:

        from logits   dP_k = scale (Q_k - [k = y])
        otherwise     dP_k = scale (Q_y - [k = y]) / (Q_y s) inside the clip, 0 outside
        """
        dp: Array
        each: Array
        if self.from_logits:
            chosen, dp, s = self._kept
            each = np.asarray(scale, dp.dtype)
            dp *= (each / s)[:, np.newaxis]
        else:
            chosen, dp, q, slope = self._kept
            each = slope * np.asarray(scale, dp.dtype)
            dp[...] = (each * q)[:, np.newaxis]
        dp[chosen] -= each
        return dp


class MeanSquaredError(Loss):
    """The mean squared error, values_n = mean_k (P_nk - Y_nk)²."""

    @known_only
    def __init__(self) -> None:
        pass

    def check_targets(self, y: Array, output_shape: Shape) -> None:
        """Require targets of the outputs' shape."""
        self._check_outputs(y, output_shape, dimensions=None)
        self._refuse_unless(y.shape == output_shape, f"targets {output_shape}", y.shape)

    def forward(self, y: Array, p: Array) -> Array:
        """Return values_n = mean_k (P_nk - Y_nk)²."""
        self._difference = np.subtract(p, y, out=np.empty_like(p))
        values: Array = np.square(self._difference).mean(axis=tuple(range(1, p.ndim)))
        return values

    def backward(self, scale: float | Array) -> Array:
        """Return dP_nk = 2 scale_n (P_nk - Y_nk) / K."""
        dp = self._difference
        each = np.asarray(scale, dp.dtype) * (2 * len(dp) / dp.size)
        dp *= each.reshape(-1, *[1] * (dp.ndim - 1))
        return dp


def _log_softmax(p: Array) -> tuple[Array, Array, Array]:
    """Return P minus its row's maximum, the exponential of that, and its row's sum (B, 1)."""
    shifted = p - np.maximum.reduce(p, axis=-1, keepdims=True)
    e = np.exp(shifted)
    return shifted, e, np.add.reduce(e, axis=-1, keepdims=True)


def _clip(q: Array) -> Array:
    """Return Q within [EPSILON, 1 - EPSILON]; np.clip takes three times as long at (128, 10)."""
    clipped: Array = np.maximum(q, EPSILON)
    return np.minimum(clipped, 1 - EPSILON, out=clipped)


_BY_NAME: dict[str, type[Loss]] = {
    "categorical_crossentropy": CategoricalCrossentropy,
    "sparse_categorical_crossentropy": SparseCategoricalCrossentropy,
    "mean_squared_error": MeanSquaredError,
    "mse": MeanSquaredError,
}


def get(identifier: str | Loss) -> Loss:
    """Return the loss of that name, in snake case or the class's own; else raise ValueError."""
    if isinstance(identifier, Loss):
        return identifier
    return find("loss", str(identifier), _BY_NAME)()


__getattr__ = lacking("loss", list(dict.fromkeys(c.__name__ for c in _BY_NAME.values())))
