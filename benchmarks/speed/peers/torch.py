"""PyTorch: eager with a fused optimizer, or with `torch.compile` around the model and its loss."""

import os
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import torch
import torch.nn.functional as F  # noqa: N812  PyTorch's own name for it
from torch import nn

from benchmarks.speed.cases import (
    BETA_1,
    BETA_2,
    EPSILON,
    FILTERS,
    LEARNING_RATES,
    MOMENTUM,
    WINDOW,
)
from benchmarks.speed.peers import IMAGES, Array, Form, Task, fastest
from fashionlab.engines.keras import keep_freed_memory


class Network(nn.Module):
    """The case's model, which returns logits. With `last` the channels are last in memory."""

    def __init__(self, task: Task, last: bool) -> None:
        super().__init__()
        widths, self.last = task.case.widths, last
        self.activation: Callable[..., torch.Tensor] = getattr(torch, task.case.activation)
        self.convolution = nn.Conv2d(1, FILTERS, WINDOW) if task.case.convolution else None
        self.dense = nn.ModuleList(nn.Linear(d, u) for d, u in pairwise(widths))
        if last:
            self.to(memory_format=torch.channels_last)  # type: ignore[call-overload]

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return logits (B, K)."""
        if x.dtype == torch.uint8:
            x = x.float() * (1 / 255)
        if self.convolution is not None:
            x = F.max_pool2d(self.activation(self.convolution(x)), 2)
            x = (x.permute(0, 2, 3, 1) if self.last else x).flatten(1)
        for layer in self.dense[:-1]:
            x = self.activation(layer(x))
        logits: torch.Tensor = self.dense[-1](x)
        return logits

    @torch.no_grad()
    def set_weights(self, arrays: list[Array]) -> None:
        """Set weights given in Keras's layouts."""
        pending = [torch.from_numpy(array) for array in arrays]
        if self.convolution is not None:
            self.convolution.weight.copy_(pending.pop(0).permute(3, 2, 0, 1))
            self.convolution.bias.copy_(pending.pop(0))  # type: ignore[union-attr]
            if not self.last:  # rows (H, W, C) become (C, H, W)
                d, u = pending[0].shape
                side = round((d / FILTERS) ** 0.5)
                rows = pending[0].reshape(side, side, FILTERS, u).permute(2, 0, 1, 3)
                pending[0] = rows.reshape(d, u)
        for layer in self.dense:
            layer.weight.copy_(pending.pop(0).T)  # type: ignore[operator]
            layer.bias.copy_(pending.pop(0))  # type: ignore[operator]


class Peer:
    """See `benchmarks.speed.peers.Peer`."""

    def __init__(self, task: Task) -> None:
        torch.set_num_threads(task.threads)
        keep_freed_memory()
        self.task, self.compiled = task, bool(os.environ.get("FASHIONLAB_COMPILE"))
        self.labels = torch.from_numpy(task.read("labels")).long()
        # Compiled, a form takes up to a minute to try, and those of images differ by 3 % at most.
        images = IMAGES[:1] if self.compiled else IMAGES
        alternatives: dict[str, tuple[str, ...]] = {"images": images}
        if task.case.convolution:
            alternatives["layout"] = ("contiguous", "channels last")
        form = fastest(task.case, alternatives, self._build, self.train)
        self.form = ", ".join(form.values())

    def _build(self, form: Form, steps: int | None) -> None:
        self.images = self._tensor(self.task.images("images", form["images"], steps))
        self.test = self._tensor(self.task.images("test_images", form["images"]))
        self.model = Network(self.task, form.get("layout") == "channels last")
        forward: Any = self.model
        if self.compiled:
            torch._dynamo.reset()
            self.loss: Any = torch.compile(self._loss, dynamic=False)
            self.forward: Any = torch.compile(forward, dynamic=False)
        else:
            self.loss, self.forward = self._loss, forward
        self.reset()

    def _tensor(self, values: Array) -> torch.Tensor:
        tensor = torch.from_numpy(values)
        return tensor.permute(0, 3, 1, 2) if tensor.ndim == 4 else tensor

    def _loss(self, x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
        return F.cross_entropy(self.model(x), y)

    def reset(self) -> None:
        """Set the initial weights and a new optimizer."""
        self.model.set_weights(self.task.weights())
        rate, self.adam_steps = LEARNING_RATES[self.task.optimizer], 0
        parameters = self.model.parameters()
        self.optimizer: torch.optim.Optimizer
        if self.task.optimizer == "sgd":
            self.optimizer = torch.optim.SGD(parameters, rate, momentum=MOMENTUM, fused=True)
        else:
            self.optimizer = torch.optim.Adam(
                parameters, rate, (BETA_1, BETA_2), EPSILON, fused=True
            )

    def train(self, first: int, steps: int) -> float:
        """Train with the usual loop; the losses are summed on the device, unread."""
        batch = self.task.case.batch
        total = torch.zeros(())
        for start in range(first * batch, (first + steps) * batch, batch):
            loss = self.loss(self.images[start : start + batch], self.labels[start : start + batch])
            self.optimizer.zero_grad(set_to_none=True)
            loss.backward()
            if self.task.optimizer == "adam":
                self._correct_epsilon()
            self.optimizer.step()
            total += loss.detach()
        return float(total) / steps

    def _correct_epsilon(self) -> None:
        # PyTorch adds epsilon after sqrt(v) is divided by sqrt(1 - beta_2^t), the others before
        self.adam_steps += 1
        self.optimizer.param_groups[0]["eps"] = EPSILON / (1 - BETA_2**self.adam_steps) ** 0.5

    @torch.inference_mode()
    def predict(self, batch: int) -> Array:
        """Return logits, `batch` images at once."""
        starts = range(0, len(self.test), batch)
        scores: Array = torch.cat([self.forward(self.test[i : i + batch]) for i in starts]).numpy()
        return scores
