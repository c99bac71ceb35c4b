"""Confident learning: how many labels are wrong, and which, from out-of-fold probabilities.

Northcutt, Jiang, Chuang 2021, "Confident Learning: Estimating Uncertainty in Dataset Labels",
Journal of Artificial Intelligence Research 70. Probabilities must be of a model that was not
trained on the image they are for. Own symbols: p = probabilities (N, K) of the images, ỹ = their
given labels (N,), y* = the true labels, which nobody knows.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fashionlab.errors import InvalidValueError

ROUNDING = 1e-6  # of probabilities in float32, by which one may miss its threshold

Labels = NDArray[np.integer[Any]]
Probabilities = NDArray[np.floating[Any]]


@dataclass(frozen=True, eq=False)
class LabelAudit:
    """What confident learning says of N labels of K classes."""

    thresholds: NDArray[np.float64]  # (K,)
    confident_joint: NDArray[np.int64]  # (K, K) images, rows given, columns true
    calibrated_joint: NDArray[np.float64]  # (K, K) shares of all images, which sum to 1
    self_confidence: NDArray[np.float64]  # (N,) probability of the given label
    likely: NDArray[np.int64]  # (N,) the label that the model would give
    likely_probability: NDArray[np.float64]  # (N,) of that label
    is_suspect: NDArray[np.bool_]  # (N,) counted off the diagonal of the confident joint

    @property
    def noise(self) -> float:
        """The estimated share of wrong labels: what the calibrated joint has off its diagonal."""
        return float(1 - np.trace(self.calibrated_joint))

    @property
    def noise_by_class(self) -> NDArray[np.float64]:
        """The estimated share of wrong labels among the images given each label (K,)."""
        given: NDArray[np.float64] = self.calibrated_joint.sum(axis=1)
        return 1 - np.diag(self.calibrated_joint) / np.where(given > 0, given, 1)

    @property
    def ranking(self) -> NDArray[np.int64]:
        """The images (N,), those whose label is most surely wrong first: by self-confidence."""
        return np.argsort(self.self_confidence, kind="stable")


def audit_labels(probabilities: Probabilities, labels: Labels) -> LabelAudit:
    """Estimate which labels (N,) are wrong from out-of-fold probabilities (N, K).

    An image is suspect where it is counted off the diagonal of the confident joint and the model
    would not give its label either. Raises InvalidValueError where the arrays do not fit, or a
    class has no image.
    """
    p, given = np.asarray(probabilities, np.float64), np.asarray(labels).astype(np.int64)
    _require_fit(p, given)
    limits = thresholds(p, given)
    true = confident_labels(p, limits)
    joint = confident_joint(true, given, p.shape[1])
    likely = p.argmax(axis=1)
    return LabelAudit(
        thresholds=limits,
        confident_joint=joint,
        calibrated_joint=calibrated(joint, np.bincount(given, minlength=p.shape[1])),
        self_confidence=p[np.arange(len(p)), given],
        likely=likely,
        likely_probability=p.max(axis=1),
        is_suspect=(true >= 0) & (true != given) & (likely != given),
    )


def thresholds(probabilities: Probabilities, labels: Labels) -> NDArray[np.float64]:
    """Return each class's mean self-confidence (K,), equation 2.

    t_j = (1 / |X_{ỹ=j}|) Σ_{x in X_{ỹ=j}} p(ỹ=j; x)
    """
    own = probabilities[np.arange(len(labels)), labels]
    counts = np.bincount(labels, minlength=probabilities.shape[1])
    sums = np.bincount(labels, weights=own, minlength=probabilities.shape[1])
    return np.asarray(sums / counts, np.float64)


def confident_labels(
    probabilities: Probabilities, limits: NDArray[np.float64]
) -> NDArray[np.int64]:
    """Return the label (N,) that each image confidently has, -1 where it has none; equation 1.

    argmax_{l: p(ỹ=l; x) >= t_l} p(ỹ=l; x)
    """
    reached = probabilities >= limits - ROUNDING  # (N, K)
    best = np.where(reached, probabilities, -1).argmax(axis=1)
    # cleanlab takes the overall largest of several, which is the paper's "collision" rule.
    several = reached.sum(axis=1) > 1
    chosen = np.where(several, probabilities.argmax(axis=1), best)
    return np.where(reached.any(axis=1), chosen, -1).astype(np.int64)


def confident_joint(true: Labels, given: Labels, classes: int) -> NDArray[np.int64]:
    """Count images by given label (row) and confident label (column), (K, K); equation 1.

    C_{ỹ,y*}[i][j] = |X_{ỹ=i, y*=j}|. A class keeps one image on the diagonal, so that it exists.
    """
    counted = true >= 0
    cells = np.bincount(given[counted] * classes + true[counted], minlength=classes**2)
    joint = cells.reshape(classes, classes)
    np.fill_diagonal(joint, np.diag(joint).clip(min=1))
    return joint.astype(np.int64)


def calibrated(joint: NDArray[np.int64], counts: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return the joint distribution (K, K) of given and true labels, equation 3.

    Q[i][j] = C[i][j] / Σ_j C[i][j] * |X_{ỹ=i}|, divided by the sum over all i and j: its rows sum
    to the shares of the given labels, which are known.
    """
    rows = joint / joint.sum(axis=1, keepdims=True) * counts[:, np.newaxis]
    return np.asarray(rows / rows.sum(), np.float64)


def _require_fit(p: NDArray[np.float64], labels: NDArray[np.int64]) -> None:
    if p.ndim != 2 or labels.shape != p.shape[:1] or not p.size or p.shape[1] < 2:
        raise InvalidValueError(
            f"probabilities must be (N, K) with two classes or more, and labels (N,); received "
            f"{p.shape} and {labels.shape}"
        )
    if not np.isfinite(p).all() or p.min() < 0 or abs(p.sum(axis=1) - 1).max() > 1e-3:
        raise InvalidValueError(
            "the probabilities of each image must be from 0 to 1 and sum to 1; give a softmax's"
        )
    classes = p.shape[1]
    if labels.min() < 0 or labels.max() >= classes:
        raise InvalidValueError(
            f"labels must be in [0, {classes}); received {labels.min()} to {labels.max()}"
        )
    if missing := np.flatnonzero(np.bincount(labels, minlength=classes) == 0).tolist():
        raise InvalidValueError(
            f"every class must have an image to audit its labels; received none of {missing}; "
            "leave the class out"
        )
