"""Losses: `forward(Y, P)` returns each image's loss, `backward(scale)` the gradient dP.

The loss of a batch is L = sum_n scale_n values_n, where scale_n is weight_n / N. A batch may come
in micro-batches, which the model adds up. `backward` follows a `forward` of the same micro-batch.
Both return new arrays.
"""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .arguments import find, known_only, lacking

Array = NDArray[np.floating[Any]]
Shape = tuple[int, ...]

EPSILON = 1e-7  # probabilities are kept this far from 0 and 1 before the logarithm, as in Keras


class Loss:
    """A loss, called as in Keras: the mean over the images of weight times loss."""

    _kept: tuple[Array, ...] = ()  # what `backward` needs of the last `forward`

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

    def __getstate__(self) -> dict[str, Any]:
        """Leave out what belongs to one batch."""
        return {name: value for name, value in self.__dict__.items() if name != "_kept"}

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
            log_q = _log_softmax(p)
            self._kept = y, np.exp(log_q)
        else:
            s = p.sum(axis=-1, keepdims=True)
            q = p / s
            clipped = np.clip(q, EPSILON, 1 - EPSILON)
            log_q = np.log(clipped)
            self._kept = y, q, clipped, s
        values: Array = -(y * log_q).sum(axis=-1)
        return values

    def backward(self, scale: float | Array) -> Array:
        """Return dP. From logits, since Q_k = exp(P_k) / s, s = sum_j exp(P_j),

            dP_k = scale (Q_k sum_j Y_j - Y_k)

        and otherwise, since Q_k = P_k / s, s = sum_j P_j and dL/dQ_k = -Y_k / Q_k inside the clip,

            dP_k = (dL/dQ_k - sum_j dL/dQ_j Q_j) / s
        """
        if self.from_logits:
            y, q = self._kept
            dp: Array = q * y.sum(axis=-1, keepdims=True) - y
        else:
            y, q, clipped, s = self._kept
            dq = -y / clipped * (clipped == q)
            dp = (dq - (dq * q).sum(axis=-1, keepdims=True)) / s
        dp *= np.asarray(scale, q.dtype)[..., np.newaxis]
        return dp


class SparseCategoricalCrossentropy(CategoricalCrossentropy):
    """Cross-entropy of whole-number labels y (N,) or (N, 1): values_n = -log Q_n,y_n.

    This is `CategoricalCrossentropy` with Y 1 at the label y and 0 elsewhere.
    """

    @known_only
    def __init__(self, from_logits: bool = False) -> None:
        super().__init__(from_logits)

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
        labels = y.reshape(-1, 1)  # (B, 1)
        return super().forward(labels == np.arange(p.shape[-1]), p)


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
        self._kept = (p - np.asarray(y, p.dtype),)
        values: Array = np.square(self._kept[0]).reshape(len(p), -1).mean(axis=-1)
        return values

    def backward(self, scale: float | Array) -> Array:
        """Return dP_nk = 2 scale_n (P_nk - Y_nk) / K."""
        (difference,) = self._kept
        each = 2 * len(difference) / difference.size * np.asarray(scale, difference.dtype)
        return difference * each.reshape(-1, *[1] * (difference.ndim - 1))


def _log_softmax(p: Array) -> Array:
    """Return log Q_k = P_k - log sum_j exp(P_j), with the row's maximum taken off first."""
    log_q: Array = p - p.max(axis=-1, keepdims=True)
    log_q -= np.log(np.exp(log_q).sum(axis=-1, keepdims=True))
    return log_q


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
