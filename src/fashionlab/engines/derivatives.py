"""The derivative of a Keras model's outputs by the pixels, by each backend's own means.

Each function is called as its backend is: (model, images (N, H, W[, 3]) float32, labels (N,)) ->
d output_n,labels[n] / d images, of the same shape, in inference mode. Symbols: N images, K outputs.
"""

from importlib import import_module
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


def torch(model: Any, images: Array, labels: Array) -> Array:
    """Return the derivative by autograd."""
    keras, library = import_module("keras"), _library()
    with library.enable_grad():
        x = keras.ops.convert_to_tensor(images).requires_grad_()
        outputs = model(x, training=False)  # (N, K)
        (dx,) = library.autograd.grad(_chosen(outputs, labels), x)
    return np.asarray(dx.cpu().numpy())


def tensorflow(model: Any, images: Array, labels: Array) -> Array:
    """Return the derivative by a gradient tape."""
    library = _library()
    x = library.constant(images)
    with library.GradientTape() as tape:
        tape.watch(x)
        total = _chosen(model(x, training=False), labels)
    return np.asarray(tape.gradient(total, x).numpy())


def jax(model: Any, images: Array, labels: Array) -> Array:
    """Return the derivative by jax.grad of the model as a function without state."""
    weights = [v.value for v in model.trainable_variables]
    others = [v.value for v in model.non_trainable_variables]

    def total(x: Any) -> Any:
        outputs, _ = model.stateless_call(weights, others, x, training=False)
        return _chosen(outputs, labels)

    return np.asarray(_library().grad(total)(images))


def _library() -> Any:
    """Return the backend's package, which has the backend's name."""
    return import_module(import_module("keras").backend.backend())


def _chosen(outputs: Any, labels: Array) -> Any:
    """Return the sum of the chosen outputs: images are independent, so that dX is each one's."""
    ops = import_module("keras").ops
    places = ops.convert_to_tensor(labels[:, np.newaxis].astype(np.int32))  # (N, 1)
    return ops.sum(ops.take_along_axis(outputs, places, axis=1))
