"""MaxPooling2D without the two copies of the images that Keras makes for PyTorch.

What it is worth: benchmarks/engine/keras_torch.py.
"""

from typing import Any

import keras
import torch


class MaxPooling2D(keras.layers.MaxPooling2D):  # type: ignore[misc]
    """Maximum of windows of images whose channels are last, which PyTorch reads where they are."""

    def call(self, inputs: Any) -> Any:
        """Return the maxima (B, H', W', C) of images (B, H, W, C)."""
        if inputs.is_meta or self.data_format != "channels_last" or self.padding != "valid":
            return super().call(inputs)
        images = inputs.permute(0, 3, 1, 2)  # a view
        maxima = torch.nn.functional.max_pool2d(images, self.pool_size, self.strides)
        return maxima.permute(0, 2, 3, 1)
