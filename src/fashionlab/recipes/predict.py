"""predict: a model's prediction as its recipe has it, with test-time augmentation."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from fashionlab.data.storage import release
from fashionlab.evaluation.predictions import log_probabilities, mean_of_views
from fashionlab.recipes.recipe import Recipe

PART = 2**26  # bytes of images at a time: they may be mapped from a file larger than the memory


def predict(
    recipe: Recipe, model: Any, images: NDArray[np.uint8], batch_size: int
) -> NDArray[np.float32]:
    """Return log-probabilities (N, K) of images (N, H, W[, 3]), `batch_size` at a time.

    Where the recipe has `flip_at_prediction`, they are of the mean probability of an image and its
    mirror image.
    """
    size = max(1, PART // (images[0].size * batch_size)) * batch_size
    predicted = []
    for start in range(0, len(images), size):
        predicted.append(_predict(recipe, model, images[start : start + size], batch_size))
        release(images)
    return np.concatenate(predicted)


def _predict(
    recipe: Recipe, model: Any, images: NDArray[np.uint8], batch_size: int
) -> NDArray[np.float32]:
    views = [images, images[:, :, ::-1]][: 1 + recipe.flip_at_prediction]
    return mean_of_views(
        log_probabilities(
            model.predict(np.ascontiguousarray(view), batch_size=batch_size, verbose=0),
            recipe.output_activation,
        )
        for view in views
    )
