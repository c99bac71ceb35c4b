"""explanation.npz: an Explanation in a run folder, with the weights and the test set it is of."""

import io
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fashionlab import files
from fashionlab.errors import RunError
from fashionlab.evaluation.explanation import (
    KERNELS,
    POINT_SIDE,
    SIDE,
    SMALL_SIDE,
    Explanation,
    Map,
    Neighbours,
    reduced_shape,
)
from fashionlab.evaluation.projection import METHODS
from fashionlab.runs import reading

Array = NDArray[Any]

EXPLAINED = ("indices", "images", "occlusion", "saliency", "kernels")
NEIGHBOURS = ("neighbour_rows", "neighbour_labels", "neighbour_images", "searched")
MAP = ("map_indices", "map_points", "map_images", "map_method", "map_shares")
OF = ("weights_sha256", "test_sha256")  # as bytes (32,)
REMEDY = "remove it, and it is measured again"
NONE = np.empty(0, np.uint8)  # stands for what was not measured


def write_explanation(
    path: Path, explanation: Explanation, weights_sha256: str, test_sha256: str
) -> None:
    """Write an explanation of a run with these weights and test set; raises OSError."""
    found, near, points = explanation, explanation.neighbours, explanation.map
    arrays: dict[str, Any] = {
        "indices": found.indices.astype(np.int64),
        "images": found.images,
        "occlusion": found.occlusion,
        "saliency": NONE if found.saliency is None else found.saliency,
        "kernels": NONE if found.kernels is None else found.kernels,
        **dict.fromkeys((*NEIGHBOURS, *MAP), NONE),
        "weights_sha256": np.frombuffer(bytes.fromhex(weights_sha256), np.uint8),
        "test_sha256": np.frombuffer(bytes.fromhex(test_sha256), np.uint8),
    }
    if near is not None:
        searched = np.array([near.searched], np.int64)
        arrays |= dict(
            zip(NEIGHBOURS, (near.rows, near.labels, near.images, searched), strict=True)
        )
    if points is not None:
        method = np.array([METHODS.index(points.method)], np.int64)
        shares = np.array(points.shares, np.float64)
        values = (points.indices, points.points, points.images, method, shares)
        arrays |= dict(zip(MAP, values, strict=True))
    archive = io.BytesIO()
    np.savez_compressed(archive, **arrays)
    files.write(path, archive.getvalue())


def read_explanation(
    path: Path,
    weights_sha256: str,
    test_sha256: str,
    images: tuple[int, int],
    classes: int,
    image_shape: tuple[int, ...],
) -> Explanation:
    """Return the explanation of a run with these weights and test set.

    `images` are the numbers of training and test images. Raises RunError where the file is damaged,
    or of other weights or another test set.
    """
    keys = (*EXPLAINED, *NEIGHBOURS, *MAP, *OF)
    stored = dict(zip(keys, reading.arrays(path, *keys), strict=True))
    for key, own, what in zip(
        OF, (weights_sha256, test_sha256), ("weights", "test set"), strict=True
    ):
        if stored[key].tobytes() != bytes.fromhex(own):
            received = stored[key].tobytes()[:32].hex()
            raise RunError(
                f"{path} must be of this run's {what}, with SHA-256 {own[:12]}...; received "
                f"{received[:12]}...; {REMEDY}"
            )
    try:
        return _explanation(stored, images, classes, image_shape)
    except ValueError as error:
        raise RunError(f"{path} cannot be read ({error}); {REMEDY}") from error


def _explanation(
    stored: dict[str, Array], images: tuple[int, int], classes: int, image_shape: tuple[int, ...]
) -> Explanation:
    """Return the arrays as an Explanation; ValueError where one does not fit the run."""
    training, test = images
    indices, saliency, kernels = stored["indices"], stored["saliency"], stored["kernels"]
    m, shape = len(indices), reduced_shape(image_shape, SIDE)
    _require_rows("indices", indices, test, (m,))
    _require("images", stored["images"], np.uint8, (m, *shape))
    _require("occlusion", stored["occlusion"], np.float16, (m, *shape[:2]))
    if saliency.size:
        _require("saliency", saliency, np.float16, (m, *shape[:2]))
    if kernels.size:
        channels = (*image_shape, 1)[2]
        if kernels.ndim != 4 or kernels.shape[3] != channels or len(kernels) > KERNELS:
            raise ValueError(f"kernels are {kernels.shape}")
        _require("kernels", kernels, np.float16, kernels.shape)
    return Explanation(
        indices,
        stored["images"],
        stored["occlusion"],
        saliency if saliency.size else None,
        _neighbours(stored, m, training, classes, image_shape),
        _map(stored, test, image_shape),
        kernels if kernels.size else None,
    )


def _neighbours(
    stored: dict[str, Array], m: int, training: int, classes: int, image_shape: tuple[int, ...]
) -> Neighbours | None:
    rows, labels, images, searched = (stored[key] for key in NEIGHBOURS)
    if not rows.size:
        return None
    shape = rows.shape
    _require_rows("neighbour_rows", rows, training, (m, *shape[1:2]))
    _require_rows("neighbour_labels", labels, classes, shape)
    _require(
        "neighbour_images", images, np.uint8, (*shape, *reduced_shape(image_shape, SMALL_SIDE))
    )
    _require_rows("searched", searched, training + 1, (1,))
    return Neighbours(rows, labels, images, int(searched[0]))


def _map(stored: dict[str, Array], test: int, image_shape: tuple[int, ...]) -> Map | None:
    indices, points, images, method, shares = (stored[key] for key in MAP)
    if not indices.size:
        return None
    p = len(indices)
    _require_rows("map_indices", indices, test, (p,))
    _require("map_points", points, np.float32, (p, 2))
    _require("map_images", images, np.uint8, (p, *reduced_shape(image_shape, POINT_SIDE)))
    _require_rows("map_method", method, len(METHODS), (1,))
    _require("map_shares", shares, np.float64, (2,) if shares.size else (0,))
    found = tuple(map(float, shares))
    if not all(0 <= share <= 1 for share in found):
        raise ValueError("map_shares are not shares")
    return Map(indices, points, images, METHODS[int(method[0])], found)


def _require(name: str, array: Array, dtype: type, shape: tuple[int, ...]) -> None:
    """Raise ValueError unless the array is finite, of this dtype and shape."""
    if array.dtype != dtype or array.shape != shape:
        raise ValueError(
            f"{name} must be {np.dtype(dtype)} {shape}, and is {array.dtype} {array.shape}"
        )
    if not np.isfinite(array).all():
        raise ValueError(f"{name} is not finite")


def _require_rows(name: str, array: Array, count: int, shape: tuple[int, ...]) -> None:
    """Raise ValueError unless these are row numbers below `count`, in an array of this shape."""
    _require(name, array, np.int64, shape)
    if not ((array >= 0) & (array < count)).all():
        raise ValueError(f"{name} must be in [0, {count})")
