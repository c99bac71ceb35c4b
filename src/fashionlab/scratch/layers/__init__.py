"""The layers. Read `layer` first, then `dense`, `reshaping`, `convolution`, `pooling`,
`regularization`.
"""

from ..arguments import lacking
from .convolution import Conv2D
from .dense import Activation, Dense
from .layer import Input, Layer, Variable
from .pooling import AveragePooling2D, GlobalAveragePooling2D, MaxPooling2D
from .regularization import BatchNormalization, Dropout
from .reshaping import Flatten, Rescaling, Reshape

__all__ = [
    "Activation",
    "AveragePooling2D",
    "BatchNormalization",
    "Conv2D",
    "Dense",
    "Dropout",
    "Flatten",
    "GlobalAveragePooling2D",
    "Input",
    "Layer",
    "MaxPooling2D",
    "Rescaling",
    "Reshape",
    "Variable",
]


__getattr__ = lacking("layer", __all__)
