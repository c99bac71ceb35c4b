"""Projection: features of many numbers as points on a plane, for a map.

Symbols: N images, D features, k axes of the map.
"""

from importlib import import_module
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from fashionlab.dependencies import needs
from fashionlab.errors import InvalidValueError

METHODS = ("pca", "t-sne", "umap")
FEWEST = 10  # images for t-SNE and UMAP, which look at the neighbours of each
REDUCED = 50  # principal components that t-SNE gets, as its authors gave it (2008, section 4.2)
PERPLEXITY = 30  # of t-SNE: about how many neighbours count; at most a third of the others
NEIGHBOURS = 15  # of UMAP
LARGEST_SEED = 2**32 - 1  # of both

Features = NDArray[np.floating[Any]]  # (N, D)


class Projection(NamedTuple):
    """Points, and how much of the features they show."""

    points: NDArray[np.float32]  # (N, k)
    shares: tuple[float, ...]  # of the variance, by axis; () for t-SNE and UMAP, which have none


def principal_components(features: Features, k: int = 2) -> Projection:
    """Return the first k principal components of features (N, D), by falling variance.

    They are the eigenvectors of the covariance, computed in float64; each has the sign by which its
    largest loading is positive. An axis without variance is 0. Raises InvalidValueError for another
    shape, or for features that are not finite.
    """
    x = _checked(features)
    x = x - x.mean(axis=0)
    n, d = x.shape
    # X^T X and X X^T have the same eigenvalues; the smaller matrix is as good.
    gram = x @ x.T if n < d else x.T @ x
    values, vectors = np.linalg.eigh(gram)  # ascending
    values, vectors = np.maximum(values[::-1][:k], 0), vectors[:, ::-1][:, :k]
    total = float(np.square(x).sum())
    axes = x.T @ vectors if n < d else vectors  # (D, k)
    lengths = np.linalg.norm(axes, axis=0)
    axes = axes / np.where(lengths > 0, lengths, 1)
    axes *= np.where(axes[np.abs(axes).argmax(axis=0), range(axes.shape[1])] < 0, -1, 1)
    has_variance = values > total * max(n, d) * np.finfo(np.float64).eps
    points = np.zeros((n, k), np.float32)
    points[:, : len(values)] = (x @ axes) * has_variance
    shares = values * has_variance / total if total else np.zeros(len(values))
    return Projection(points, (*map(float, shares), *[0.0] * (k - len(shares))))


def embedded(features: Features, method: str = "pca", seed: int = 0) -> Projection:
    """Return features (N, D) as points (N, 2) by a method of METHODS.

    "pca"    principal components: linear, the same on every machine up to rounding
    "t-sne"  van der Maaten and Hinton, "Visualizing Data using t-SNE", 2008; by scikit-learn
    "umap"   McInnes, Healy and Melville, "UMAP", 2018; by umap-learn

    Both others keep neighbours together; distances between groups mean nothing. `seed` makes them
    repeatable on one machine. Raises InvalidValueError for another method or seed, or fewer than
    FEWEST images for them; MissingDependencyError where the package is not installed.
    """
    if method not in METHODS:
        raise InvalidValueError(f"method must be one of {', '.join(METHODS)}; received {method!r}")
    if method == "pca":
        return principal_components(features)
    x = _checked(features)
    if len(x) < FEWEST:
        raise InvalidValueError(
            f"{method} needs {FEWEST} images or more; received {len(x)}; use the method pca"
        )
    if type(seed) is not int or not 0 <= seed <= LARGEST_SEED:
        raise InvalidValueError(
            f"seed must be a whole number from 0 to {LARGEST_SEED:,}; received {seed!r:.80}"
        )
    points = _t_sne(x, seed) if method == "t-sne" else _umap(x, seed)
    return Projection(np.asarray(points, np.float32), ())


def _t_sne(x: Features, seed: int) -> Any:
    manifold = _imported("a map by t-SNE", "sklearn.manifold", "fashionlab[sklearn]")
    reduced = principal_components(x, REDUCED).points if x.shape[1] > REDUCED else x
    perplexity = min(PERPLEXITY, (len(x) - 1) / 3)
    return manifold.TSNE(
        n_components=2, perplexity=perplexity, init="pca", random_state=seed
    ).fit_transform(reduced)


def _umap(x: Features, seed: int) -> Any:
    umap = _imported("a map by UMAP", "umap", "umap-learn")
    neighbours = min(NEIGHBOURS, len(x) - 1)
    return umap.UMAP(
        n_components=2, n_neighbors=neighbours, random_state=seed, n_jobs=1
    ).fit_transform(x)


def _imported(what: str, module: str, package: str) -> Any:
    with needs(what, package):
        return import_module(module)


def _checked(features: Features) -> NDArray[np.float64]:
    x = np.asarray(features, np.float64)
    if x.ndim != 2 or not x.size or not np.isfinite(x).all():
        raise InvalidValueError(
            f"features must be finite numbers (N, D); received {np.asarray(features).dtype} "
            f"{x.shape}"
        )
    return x
