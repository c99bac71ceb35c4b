"""Replica: a model of which several workers have a copy each, trained on one batch together.

The steps are those of one worker with the whole batch, up to the rounding of sums: gradients, loss,
and the mean and variance of batch normalisation are sums over all workers, and dropout draws for
the whole batch. Symbols: B images of the whole batch, b of a worker's share.
"""

from collections.abc import Callable
from functools import partial
from typing import Any

import keras
import torch
from torch import distributed

from fashionlab.data import Share

Tensor = torch.Tensor
FIRST = 0  # the worker that decides, evaluates and writes
END = -1  # in place of an epoch


class Replica:
    """One worker's copy of a model, in PyTorch's default process group.

    The first worker calls `begin` before the steps of an epoch, and `end` after the last epoch; the
    others learn of it by `next_epoch`. All call `step` equally often in between.
    """

    def __init__(self) -> None:
        self.share = Share(distributed.get_rank(), distributed.get_world_size())
        self._images = 0  # B of the step in progress; 0 between steps
        self._device = keras.ops.convert_to_tensor(0.0).device

    def join(self, model: Any) -> Share:
        """Make a compiled model this worker's copy; return the share of its batches."""
        self._model = model
        model.optimizer.build(model.trainable_variables)
        for layer in model.layers:
            if isinstance(layer, keras.layers.BatchNormalization):
                layer.call = partial(self._normalize, layer, layer.call)
            elif isinstance(layer, keras.layers.Dropout):
                layer.call = partial(self._drop, layer, layer.call)
        return self.share

    def begin(self, epoch: int, step: int) -> None:
        """Have all workers go on with this step of this epoch, from the first worker's state."""
        self._exchange(epoch, step)

    def end(self) -> None:
        """Let the other workers end."""
        self._exchange(END, 0)

    def next_epoch(self) -> tuple[int, int] | None:
        """Return the epoch and step to go on with, None at the end, and take the first's state."""
        epoch, step = self._exchange(END, 0)
        return None if epoch == END else (epoch, step)

    def _exchange(self, epoch: int, step: int) -> tuple[int, int]:
        """Send the first worker's epoch, step and model to all; return the epoch and step."""
        place = torch.tensor([epoch, step], device=self._device)
        distributed.broadcast(place, FIRST)
        epoch, step = place.tolist()
        for variable in self._state if epoch != END else ():
            own = variable.value.detach()
            sent = own.to(self._device)  # some of an optimizer's are on the processor
            distributed.broadcast(sent, FIRST)
            if sent is not own:
                own.copy_(sent)
        return epoch, step

    @property
    def _state(self) -> list[Any]:
        """Weights, random states and the optimizer's variables."""
        return [*self._model.variables, *self._model.optimizer.variables]

    def step(self, x: Any, y: Any, images: int) -> dict[str, Any]:
        """Take a step on this worker's share of a batch of `images`; return loss and accuracy.

        `x` is (b, H, W[, 3]), `y` (b, K). Loss and accuracy are those of the whole batch; on a GPU
        they are scalars that stay there.
        """
        model, self._images = self._model, images
        weights = model.trainable_weights
        x, y = keras.ops.convert_to_tensor(x), keras.ops.convert_to_tensor(y)
        try:
            outputs = model(x, training=True)  # (b, K)
            # The share's summand of the batch's mean loss.
            loss = model.loss(y, outputs) * (self._own_images / images)
            grads = torch.autograd.grad(loss, [weight.value for weight in weights])
        finally:
            self._images = 0
        with torch.no_grad():
            correct = (outputs.argmax(1) == y.argmax(1)).sum() * bool(self.share.images(images))
            parts = [grad.reshape(-1) for grad in grads] + [loss.reshape(1), correct.reshape(1)]
            sums = torch.cat(parts)  # in one message: each has its delay
            distributed.all_reduce(sums)
            *shared, loss, correct = torch.split(sums, [len(part) for part in parts])
            shaped = zip(shared, weights, strict=True)
            model.optimizer.apply([g.view(weight.value.shape) for g, weight in shaped], weights)
            logs = {"loss": loss[0].double(), "accuracy": correct[0].double() / images}
        return logs if x.is_cuda else {name: value.item() for name, value in logs.items()}

    @property
    def _own_images(self) -> int:
        return self.share.images(self._images)

    def _normalize(
        self, layer: Any, alone: Any, x: Tensor, training: bool = False, mask: Any = None
    ) -> Any:
        """Return x (b, C, ...) normalised by the mean and variance of all workers' images.

        `alone` is the layer's own `call`. The moving variance is the unbiased one, as there.
        """
        if not (training and self._images and layer.trainable):
            return alone(x, training=training, mask=mask)
        values, axes = x.float(), [i for i in range(x.ndim) if i != layer.axis]
        variance, mean = torch.var_mean(values, axes, correction=0)  # (C,) each
        variance, mean = variance.double(), mean.double()
        each = x[0].numel() // len(mean)  # values of an image's channel
        sums = torch.stack([mean, variance + mean.square()]) * (self._own_images * each)
        n = self._images * each
        mean, squares = _sum(sums) / n
        variance = squares - mean.square()
        with torch.no_grad():
            for moving, new in (
                (layer.moving_mean.value, mean),
                (layer.moving_variance.value, variance * (n / (n - 1))),
            ):
                moving.lerp_(new.to(moving.dtype), 1 - layer.momentum)
        scale = layer.gamma.value / (variance + layer.epsilon).sqrt()
        shift = layer.beta.value - mean * scale
        shape = [-1 if i == layer.axis else 1 for i in range(x.ndim)]
        return torch.addcmul(shift.float().view(shape), values, scale.float().view(shape)).to(
            x.dtype
        )

    def _drop(self, layer: Any, alone: Any, x: Tensor, training: bool = False) -> Any:
        """Return x (b, ...) with this share of the values dropped that the whole batch drops."""
        if not (training and self._images and layer.rate):
            return alone(x, training=training)
        whole = torch.ones((self._images, *x.shape[1:]), dtype=x.dtype, device=x.device)
        kept = keras.random.dropout(whole, layer.rate, seed=layer.seed_generator)
        return x * kept[torch.from_numpy(self.share.places(self._images)).to(x.device)]


class _Sum(torch.autograd.Function):
    """The sum over all workers; so is its gradient, since each worker's loss depends on it."""

    @staticmethod
    def forward(context: Any, values: Tensor) -> Tensor:
        return _summed(values)

    @staticmethod
    def backward(context: Any, gradient: Tensor) -> Tensor:
        return _summed(gradient)


_sum: Callable[[Tensor], Tensor] = _Sum.apply


def _summed(values: Tensor) -> Tensor:
    total = values.contiguous().clone()
    distributed.all_reduce(total)
    return total
