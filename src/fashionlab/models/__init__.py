"""Builders: each is a function of the library `nn`, which is `keras` or `fashionlab.scratch`.

Every model takes images as bytes, (N, H, W) uint8 in grey or (N, H, W, 3) in colour, and divides
them by 255 itself, so that no caller divides twice. With `output="linear"` it returns logits, to be
trained with `from_logits=True`: softmax with cross-entropy, without the clipping that stops the
gradient of a very wrong image.
"""

from collections.abc import Callable
from typing import Any

from fashionlab.models.convolutional import EPSILON, MOMENTUM, convnet, resnet
from fashionlab.models.dense import cnn, mlp
from fashionlab.models.parts import Layout

__all__ = [
    "BUILDERS",
    "CONVOLUTIONAL",
    "EPSILON",
    "MOMENTUM",
    "Layout",
    "cnn",
    "convnet",
    "mlp",
    "resnet",
]

BUILDERS: dict[str, Callable[..., Any]] = {
    "mlp": mlp,
    "cnn": cnn,
    "convnet": convnet,
    "resnet": resnet,
}
CONVOLUTIONAL = ("convnet", "resnet")  # those that take a layout, and compute in bfloat16
