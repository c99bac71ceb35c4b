"""Direct: a Keras model whose training pass on PyTorch costs what its arithmetic costs.

What it is worth: benchmarks/engine/keras_torch.py.
"""

from collections.abc import Callable, Sequence
from inspect import signature
from typing import Any

import keras
import numpy as np
import torch

from fashionlab.engines.keras_torch.muon import Muon
from fashionlab.engines.keras_torch.recorded import Recorded

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
        self._recorded: Recorded | None = None
        # In a function: layers in a list would be the model's own a second time.
        self._direct = _training_pass(parts, added)

    def compile(self, *args: Any, **options: Any) -> None:
        """Set optimizer, loss and metrics, as Keras does; a step recorded before is forgotten."""
        super().compile(*args, **options)
        self._recorded = None

    def train_on_batch(
        self,
        x: Any,
        y: Any = None,
        sample_weight: Any = None,
        class_weight: Any = None,
        return_dict: bool = False,
    ) -> Any:
        """Take a step on images (B, H, W[, 3]) and targets (B, K); return loss and accuracy.

        On a GPU these are scalars that stay there, so that the next step is begun before this one
        has ended.
        """
        if sample_weight is not None or class_weight is not None:
            return super().train_on_batch(x, y, sample_weight, class_weight, return_dict)
        x, y = keras.ops.convert_to_tensor(x), keras.ops.convert_to_tensor(y)
        optimizer = self.optimizer
        if isinstance(optimizer, Muon) and optimizer.is_direct:
            optimizer.build(self.trainable_weights)
            optimizer.prepare()
            logs = self._update(x, y, optimizer.update)
            optimizer.count()
        else:
            logs = self._step(x, y, optimizer.apply)
        if not x.is_cuda:
            logs = {name: value.item() for name, value in logs.items()}
        return logs if return_dict else [logs["loss"], logs["accuracy"]]

    def _update(self, x: Any, y: Any, update: Callable[..., None]) -> dict[str, Any]:
        """`_step`; on a GPU as a recording, where its launches are the same at every step."""
        if not x.is_cuda or any(hasattr(layer, "seed_generator") for layer in self.layers):
            return self._step(x, y, update)
        if self._recorded is None:
            self._recorded = Recorded(lambda x, y: self._step(x, y, update))
        return self._recorded(x, y)

    def _step(self, x: Any, y: Any, update: Callable[..., None]) -> dict[str, Any]:
        outputs = self._direct(x, self.in_bfloat16)
        loss = self._loss_of(y, outputs)
        weights = self.trainable_weights
        grads = torch.autograd.grad(loss, [weight.value for weight in weights])
        with torch.no_grad():
            update([grad.contiguous() for grad in grads], weights)  # as their weights are
            accuracy = (outputs.argmax(1) == y.argmax(1)).double().mean()
        return {"accuracy": accuracy, "loss": loss.detach().double()}

    def _loss_of(self, y: Any, outputs: Any) -> Any:
        """Return the mean loss; Keras's own makes tensors of its constants, and waits for a GPU."""
        loss = self.loss
        if type(loss) is not keras.losses.CategoricalCrossentropy or not loss.from_logits:
            return loss(y, outputs)
        share = loss.label_smoothing
        spread = float(np.float32(1 / y.shape[1]) * np.float32(share))  # PyTorch's share / K
        targets = y * (1 - share) + spread
        return -(targets * outputs.log_softmax(1)).sum(1).sum() / len(y)

    def call(self, inputs: Any, training: bool | None = None, mask: Any = None) -> Any:
        """Return the outputs (N, K) for images (N, H, W[, 3])."""
        if training and mask is None and not isinstance(inputs, keras.KerasTensor):
            x = keras.ops.convert_to_tensor(inputs)
            if not x.is_meta:
                return self._direct(x, self.in_bfloat16)
        return super().call(inputs, training=training, mask=mask)


def _training_pass(parts: Sequence[Layers], added: set[int]) -> Callable[[Any, bool], Any]:
    """Return the function of images, and of whether to use bfloat16, that computes the outputs."""
    *hidden, last = [[(_function(layer), _options(layer)) for layer in part] for part in parts]

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


def _function(layer: Any) -> Callable[..., Any]:
    if type(layer) is keras.layers.Rescaling:  # as with the loss
        return lambda x: x.float() * layer.scale + layer.offset
    return lambda x, **options: layer.call(x, **options)  # a replica changes some layers' `call`


def _options(layer: Any) -> dict[str, bool]:
    return {"training": True} if "training" in signature(layer.call).parameters else {}
