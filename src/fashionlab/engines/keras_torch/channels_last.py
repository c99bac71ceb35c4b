"""Conv2D and MaxPooling2D of images whose channels are last, by PyTorch's kernels for that order.

Keras copies the images before a pool into another order, and adds the bias in a pass of its own.
What they are worth: benchmarks/engine/keras_torch.py.
"""

from typing import Any

import keras
import torch

FIRST, LAST = (0, 3, 1, 2), (0, 2, 3, 1)  # axes that bring the channels there, which is a view


class Conv2D(keras.layers.Conv2D):  # type: ignore[misc]
    """Convolution with its bias in one kernel."""

    def call(self, inputs: Any) -> Any:
        """Return what Keras does, (B, H', W', F), for images (B, H, W, C)."""
        simple = self.use_bias and self.groups == 1 and self.dilation_rate == (1, 1)
        if not (simple and _is_ours(self, inputs)):
            return super().call(inputs)
        kernel = self.kernel.value.permute(3, 2, 0, 1)  # (F, C, height, width)
        kernel = kernel.contiguous(memory_format=torch.channels_last)
        outputs = torch.nn.functional.conv2d(
            inputs.permute(FIRST), kernel, self.bias.value, self.strides
        )
        return self.activation(outputs.permute(LAST))


class MaxPooling2D(keras.layers.MaxPooling2D):  # type: ignore[misc]
    """Maximum of windows of images where they are."""

    def call(self, inputs: Any) -> Any:
        """Return what Keras does, (B, H', W', C), for images (B, H, W, C)."""
        if not _is_ours(self, inputs):
            return super().call(inputs)
        maxima = torch.nn.functional.max_pool2d(inputs.permute(FIRST), self.pool_size, self.strides)
        return maxima.permute(LAST)


def _is_ours(layer: Any, inputs: Any) -> bool:
    last = layer.data_format == "channels_last" and layer.padding == "valid"
    return last and not inputs.is_meta  # Keras computes shapes with those
