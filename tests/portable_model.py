"""Portable models for tests, drawn from a builder with weights that were never trained."""

from dataclasses import replace
from functools import cache

import numpy as np

from fashionlab.data.synthetic import draw
from fashionlab.export import graph
from fashionlab.portable.metadata import Metadata
from fashionlab.recipes import RECIPES

TRAIN, TEST = draw(train=200, test=100)


def metadata(**changes):
    """What a small model might say of itself."""
    values = {
        "name": "tiny",
        "class_names": TEST.class_names,
        "image_shape": TEST.image_shape,
        "temperature": 1.0,
        "threshold": 0.0,
        "calibrated_on": "20 held-out training images, its own",
        "accuracy": 0.9,
        "accuracy_interval": (0.8, 0.95),
        "calibration_error": 0.02,
        "test_images": len(TEST),
        "data_name": TEST.name,
        "train_sha256": TRAIN.sha256,
        "test_sha256": TEST.sha256,
        "parameters": 7850,
        "bits": 32,
        "weights_sha256": "0" * 64,
        "seed": 0,
        "version": "0.1.0",
        "licence": "MIT",
        "examples": tuple((int(TEST.labels[i]), TEST.images[i]) for i in range(20)),
    }
    return Metadata(**{**values, **changes})


def by_means():
    """Weights (784, 10) and biases (10,) of the nearest mean image: quick, and mostly right."""
    x = TRAIN.images.reshape(len(TRAIN), -1) / 255
    means = np.stack([x[TRAIN.labels == k].mean(axis=0) for k in range(TRAIN.classes)])
    return np.float32(means.T), np.float32(-(means**2).sum(axis=1) / 2)


@cache
def tiny_model(**changes):
    """The file of a linear model that tells most drawn garments; `changes` are of its metadata."""
    return linear_model(*by_means(), **changes)


def linear_model(kernel, bias, **changes):
    """The file of a linear model with these weights, (784, 10) and (10,)."""
    recipe = replace(RECIPES["net"], model={"units": ()}, output_activation="linear")
    weights = {"output.kernel": kernel, "output.bias": bias}
    model = graph.emit(recipe, TEST.image_shape, TEST.classes, weights)
    return graph.finished(model, metadata(**changes))


def model_with_nan():
    """The file of a model with a weight that is no number."""
    kernel, bias = by_means()
    kernel[0, 0] = np.nan
    return linear_model(kernel, bias)


def overflowing_model():
    """The file of a model that passes for one, and an image (28, 28) of which it makes NaN."""
    kernel, bias = by_means()
    kernel[:4, 0] = np.float32([3e38, -3e38, 3e38, -3e38])
    image = np.zeros((28, 28), np.uint8)
    image[0, [0, 2]] = 255
    return linear_model(kernel, bias), image
