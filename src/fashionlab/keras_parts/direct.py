"""Direct: a Keras model whose training pass on PyTorch costs what its arithmetic costs.

What it is worth: benchmarks/keras_torch.py.
"""

from collections.abc import Callable, Sequence
from inspect import signature
from typing import Any

import keras
import torch

Layers = Sequence[Any]


class Direct(keras.Model):  # type: ignore[misc]
    """A model of `parts` in a row, each of some layers; those in `added` add their input.

    In training it calls each layer's own `call`; Keras would check, convert and record before
    each. With `in_bfloat16` the convolutions are computed in it;
    weights, normalisations' sums, the last part and the loss are float32. In prediction all is
    Keras's own, in float32.
    """

    def __init__(self, inputs: Any, outputs: Any, parts: Sequence[Layers], added: set[int]) -> None:
        super().__init__(inputs=inputs, outputs=outputs)
        self.in_bfloat16 = False
        # In a function: layers in a list would be the model's own a second time.
        self._direct = _training_pass(parts, added)

    def call(self, inputs: Any, training: bool | None = None, mask: Any = None) -> Any:
        """The outputs (N, K) for images (N, H, W)."""
        if training and mask is None and not isinstance(inputs, keras.KerasTensor):
            x = keras.ops.convert_to_tensor(inputs)
            if not x.is_meta:
                return self._direct(x, self.in_bfloat16)
        return super().call(inputs, training=training, mask=mask)


def _training_pass(parts: Sequence[Layers], added: set[int]) -> Callable[[Any, bool], Any]:
    """The function of images and whether bfloat16 is used that gives the outputs."""
    *hidden, last = [[(layer.call, _options(layer)) for layer in part] for part in parts]

    def outputs(x: Any, bfloat16: bool) -> Any:
        with torch.autocast(x.device.type, torch.bfloat16, enabled=bfloat16):
            for i, part in enumerate(hidden):
                y = x
                for call, options in part:
                    y = call(y, **options)
                x = x + y if i in added else y
        x = x.float()
        for call, options in last:
            x = call(x, **options)
        return x

    return outputs


def _options(layer: Any) -> dict[str, bool]:
    return {"training": True} if "training" in signature(layer.call).parameters else {}
