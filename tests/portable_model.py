"""Portable models for tests, drawn from a builder with weights that were never trained."""

from dataclasses import replace
from functools import cache

import colour
import numpy as np
from onnx import TensorProto, helper, numpy_helper

from fashionlab.data.synthetic import draw
from fashionlab.evaluation.conformal import LEVELS, Quantiles
from fashionlab.export import graph
from fashionlab.portable.metadata import SCORE, DrawnOutliers, Metadata, OutlierTest
from fashionlab.recipes import RECIPES

TRAIN, TEST = draw(train=200, test=100)
COLOUR_TRAIN, COLOUR_TEST = colour.draw()


def metadata(data=(TRAIN, TEST), **changes):
    """What a small model might say of itself."""
    train, test = data
    values = {
        "name": "tiny",
        "class_names": test.class_names,
        "image_shape": test.image_shape,
        "preparation": "fit" if test.is_colour else "garment",
        "temperature": 1.0,
        "threshold": 0.0,
        "calibrated_on": "20 held-out training images, its own",
        "accuracy": 0.9,
        "accuracy_interval": (0.8, 0.95),
        "calibration_error": 0.02,
        "test_images": len(test),
        "data_name": test.name,
        "train_sha256": train.sha256,
        "test_sha256": test.sha256,
        "parameters": 7850,
        "bits": 32,
        "weights_sha256": "0" * 64,
        "seed": 0,
        "version": "0.1.0",
        "licence": "MIT",
        "examples": tuple((int(test.labels[i]), test.images[i]) for i in range(20)),
    }
    return Metadata(**{**values, **changes})


def by_means(train=TRAIN):
    """Weights (D, K) and biases (K,) of the nearest mean image: quick, and mostly right."""
    x = train.images.reshape(len(train), -1) / 255
    means = np.stack([x[train.labels == k].mean(axis=0) for k in range(train.classes)])
    return np.float32(means.T), np.float32(-(means**2).sum(axis=1) / 2)


@cache
def tiny_model(**changes):
    """The file of a linear model that tells most drawn garments; `changes` are of its metadata."""
    return linear_model(*by_means(), **changes)


@cache
def colour_model(**changes):
    """The file of a linear model of images (12, 14, 3) whose classes differ in colour alone."""
    return linear_model(*by_means(COLOUR_TRAIN), data=(COLOUR_TRAIN, COLOUR_TEST), **changes)


def linear_model(kernel, bias, data=(TRAIN, TEST), **changes):
    """The file of a linear model with these weights, (D, K) and (K,)."""
    recipe = replace(RECIPES["net"], model={"units": ()}, output_activation="linear")
    weights = {"output.kernel": kernel, "output.bias": bias}
    model = graph.emit(recipe, data[1].image_shape, data[1].classes, weights)
    return graph.finished(model, metadata(data, **changes))


def outliers(classes=10, **changes):
    """What a small model might say of its outlier score."""
    curve = tuple(i / 20 for i in range(21))
    values = {
        "threshold": 0.0,
        "accept": 0.95,
        "accepted": (0.95,) * classes,
        "drawn": (DrawnOutliers("letters", 0.99, 0.02, curve),),
    }
    return OutlierTest(**{**values, **changes})


def sets(classes=10):
    """Quantiles: class 0 has a set of its own."""
    by_class = tuple((one, *(0.2 + one / 2,) * (classes - 1)) for one in (0.1, 0.3, 1.0))
    return Quantiles(LEVELS, (0.5, 0.8, 0.999), by_class)


def with_score(model, kernel, bias=0.0):
    """Give an emitted linear model a second output: the flat image (N, D) @ kernel (D,) + bias."""
    flat = next(node.output[0] for node in model.graph.node if node.op_type == "Flatten")
    for name, value in (("score.kernel", np.reshape(kernel, (-1, 1))), ("score.bias", [bias])):
        model.graph.initializer.append(numpy_helper.from_array(np.float32(value), name))
    head = helper.make_node("Gemm", [flat, "score.kernel", "score.bias"], [SCORE], SCORE)
    model.graph.node.append(head)
    info = helper.make_tensor_value_info(SCORE, TensorProto.FLOAT, ["N", 1])
    model.graph.output.append(info)
    return model


def scored_model(kernel=None, bias=-4.0, data=(TRAIN, TEST), **changes):
    """The file of `tiny_model` with sets and an outlier score: by default ten times the brightness.

    A picture whose mean is above 40 % of white is none of the classes.
    """
    train, test = data
    weights = dict(zip(("output.kernel", "output.bias"), by_means(train), strict=True))
    own = {"model": {"units": ()}, "output_activation": "linear", "flip_at_prediction": False}
    recipe = replace(RECIPES["net"], **own)  # a view an image, and so a row a score
    model = graph.emit(recipe, test.image_shape, test.classes, weights)
    pixels = int(np.prod(test.image_shape))
    with_score(model, np.full(pixels, 10 / pixels) if kernel is None else kernel, bias)
    own = {"outliers": outliers(test.classes), "sets": sets(test.classes)}
    return graph.finished(model, metadata(data, **{**own, **changes}))


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
