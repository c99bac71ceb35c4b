"""Measure the training of `large` next to a plain PyTorch loop: images a second on a GPU.

    python -m benchmarks.gpu.throughput [--turns 5] [--steps 60] [--data DATA]

The network of `large` trains in bfloat16 in three ways that take turns: by a plain loop in PyTorch
(channels last, SGD with Nesterov, images and labels on the device, no augmentation, no average of
the weights); as fashionlab trains it, with the same SGD; and by its recipe, with Muon. The latter
two draw and augment their batches and average the weights. Writes results/gpu_throughput.csv.
"""

import argparse
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any

from benchmarks import tables
from fashionlab.data import load
from fashionlab.engines.keras import Keras
from fashionlab.models import EPSILON, MOMENTUM
from fashionlab.recipes import build, get

ENGINE = Keras()

import torch  # noqa: E402  after Keras's backend was chosen
from torch import nn  # noqa: E402

OPTIONS = {"momentum": 0.9, "nesterov": True, "weight_decay": 0.0005}  # of SGD, which both have
RECIPE = get("large")
WARM = 10
SGD = {"optimizer": "SGD", "optimizer_options": OPTIONS, "learning_rate": 0.05}


class Plain(nn.Module):
    """The network of `large` as usually written in PyTorch."""

    def __init__(self, classes: int) -> None:
        super().__init__()
        stem, stages = RECIPE.model["stem"], RECIPE.model["stages"]
        parts, self.added, channels = [self._part(1, stem)], set[int](), stem
        for filters, blocks in stages:
            parts.append(self._part(channels, filters, pool=True))
            self.added |= set(range(len(parts), len(parts) + blocks))
            parts += [self._part(filters, filters) for _ in range(blocks)]
            channels = filters
        self.parts = nn.ModuleList(parts)
        self.head = nn.Sequential(
            nn.AdaptiveMaxPool2d(1), nn.Flatten(), nn.Linear(channels, classes)
        )

    @staticmethod
    def _part(channels: int, filters: int, pool: bool = False) -> nn.Sequential:
        return nn.Sequential(
            nn.Conv2d(channels, filters, 3, padding=1, bias=False),
            *([nn.MaxPool2d(2)] if pool else []),
            nn.BatchNorm2d(filters, EPSILON, 1 - MOMENTUM),
            nn.ReLU(inplace=True),
        )

    def forward(self, x: Any) -> Any:
        for i, part in enumerate(self.parts):
            x = x + part(x) if i in self.added else part(x)
        return self.head(x)


def plain(data: Any, batch_size: int, device: str) -> Iterator[Any]:
    """Yield the loss of each step of a plain loop."""
    model = Plain(data.classes).to(device, memory_format=torch.channels_last)
    optimizer = torch.optim.SGD(
        model.parameters(), SGD["learning_rate"], 0.9, nesterov=True, weight_decay=0.0005
    )
    images, labels = (torch.from_numpy(a).to(device) for a in (data.images, data.labels))
    while True:
        rows = torch.randint(len(images), (batch_size,), device=device)
        x = images[rows].float().div_(255).unsqueeze(1).to(memory_format=torch.channels_last)
        with torch.autocast(device, torch.bfloat16):
            outputs = model(x)
        loss = nn.functional.cross_entropy(
            outputs.float(), labels[rows].long(), label_smoothing=RECIPE.label_smoothing
        )
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        yield loss.detach()


def ours(data: Any, batch_size: int, **changes: Any) -> Iterator[Any]:
    """Yield the loss of each step as `fashionlab train` makes it."""
    recipe = replace(RECIPE, batch_size=batch_size, **changes)
    batches = ENGINE.batches(data, batch_size, 0, recipe.augmentation)
    model = build(recipe, ENGINE, data.image_shape, data.classes, 0, batches.steps)
    epoch = 0
    while True:
        for x, y in batches.epoch(epoch):
            yield model.train_on_batch(x, y, return_dict=True)["loss"]
        epoch += 1


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--turns", type=int, default=5)
    parser.add_argument("--steps", type=int, default=60)
    parser.add_argument("--batch", type=int, default=RECIPE.batch_size)
    parser.add_argument("--data")
    parser.add_argument("--out", type=Path, default=tables.RESULTS)
    options = parser.parse_args()
    data, device = load(options.data)[0], "cuda" if ENGINE.on_gpu else "cpu"
    wait: Callable[[], None] = torch.cuda.synchronize if ENGINE.on_gpu else lambda: None
    ways = {
        "plain PyTorch, SGD": plain(data, options.batch, device),
        "fashionlab, SGD": ours(data, options.batch, **SGD),
        "fashionlab, as the recipe": ours(data, options.batch),
    }
    for steps in ways.values():
        list(islice(steps, WARM))
    rows: list[dict[str, object]] = []
    for turn in range(options.turns):
        for name, steps in ways.items():
            wait()
            began = time.perf_counter()
            list(islice(steps, options.steps))
            wait()
            seconds = (time.perf_counter() - began) / options.steps
            rows.append(
                {
                    "turn": turn,
                    "way": name,
                    "images_a_second": round(options.batch / seconds),
                    "batch": options.batch,
                    "steps": options.steps,
                    **tables.machine(),
                }
            )
            print(name, rows[-1]["images_a_second"], flush=True)
    tables.RESULTS = options.out
    tables.write("gpu_throughput", rows)


if __name__ == "__main__":
    main()
