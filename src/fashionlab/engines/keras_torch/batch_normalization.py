"""BatchNormalization by PyTorch's kernel, with the values of Keras's own.

What they are worth: benchmarks/engine/keras_torch.py.
"""

from typing import Any

import keras
import torch


class BatchNormalization(keras.layers.BatchNormalization):  # type: ignore[misc]
    """Batch normalisation of channels that come first: one pass where Keras makes six.

    The moving variance is the unbiased one, as in PyTorch: n / (n - 1) times Keras's, for the n
    values of a channel in a batch. Images in bfloat16 are normalised by float32 weights.
    """

    def call(self, inputs: Any, training: bool | None = None, mask: Any = None) -> Any:
        """Return images (B, C, H, W) with each channel normalised."""
        if inputs.is_meta or self.axis != 1 or mask is not None:
            return super().call(inputs, training=training, mask=mask)
        return torch.nn.functional.batch_norm(
            inputs,
            self.moving_mean.value,
            self.moving_variance.value,
            self.gamma.value if self.scale else None,
            self.beta.value if self.center else None,
            training=bool(training and self.trainable),
            momentum=1 - self.momentum,
            eps=self.epsilon,
        )
