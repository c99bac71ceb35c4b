"""Measure the training of a network next to a plain PyTorch loop: images a second on a GPU.

    python -m benchmarks.gpu.throughput [RECIPE ...] [--turns 5] [--steps 60] [--data DATA]

The network of each RECIPE, `large` unless given, trains in bfloat16 in three ways that take turns:
by a plain loop in PyTorch (channels last, SGD with Nesterov, images and labels on the device, no
augmentation, no average of the weights); as fashionlab trains it, with the same SGD; and by its
recipe, with Muon. The latter two draw and augment their batches and average the weights. Writes
results/gpu_throughput.csv.
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
from fashionlab.recipes import Recipe, build, get

ENGINE = Keras()

import torch  # noqa: E402  after Keras's backend was chosen
from torch import nn  # noqa: E402

OPTIONS = {"momentum": 0.9, "nesterov": True, "weight_decay": 0.0005}  # of SGD, which both have
WARM = 10
SGD = {"optimizer": "SGD", "optimizer_options": OPTIONS, "learning_rate": 0.05}


class Sum(nn.Module):
    """A block that adds its input to what its convolutions make of it."""

    def __init__(self, convolutions: nn.Module, after: nn.Module) -> None:
        super().__init__()
        self.convolutions, self.after = convolutions, after

    def forward(self, x: Any) -> Any:
        return self.after(x + self.convolutions(x))


def network(recipe: Recipe, classes: int) -> nn.Module:
    """Return the network of a recipe, residual, as usually written in PyTorch."""
    stem, stages, deep = recipe.model["stem"], recipe.model["stages"], recipe.builder == "resnet"
    parts, channels = [_convolution(1, stem), nn.ReLU(inplace=True)], stem
    for i, (filters, blocks) in enumerate(stages):
        pool = [] if deep and not i else [nn.MaxPool2d(2)]
        parts += [_convolution(channels, filters, *pool), nn.ReLU(inplace=True)]
        for _ in range(blocks):
            inner = [_convolution(filters, filters), nn.ReLU(inplace=True)]
            if deep:
                inner.append(_convolution(filters, filters))
            after = nn.ReLU(inplace=True) if deep else nn.Identity()
            parts.append(Sum(nn.Sequential(*inner), after))
        channels = filters
    head = nn.AdaptiveAvgPool2d(1) if deep else nn.AdaptiveMaxPool2d(1)
    return nn.Sequential(*parts, head, nn.Flatten(), nn.Linear(channels, classes))


def _convolution(channels: int, filters: int, *pool: nn.Module) -> nn.Module:
    convolution = nn.Conv2d(channels, filters, 3, padding=1, bias=False)
    return nn.Sequential(convolution, *pool, nn.BatchNorm2d(filters, EPSILON, 1 - MOMENTUM))


def plain(recipe: Recipe, data: Any, batch_size: int, device: str) -> Iterator[Any]:
    """Yield the loss of each step of a plain loop."""
    model = network(recipe, data.classes).to(device, memory_format=torch.channels_last)
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
            outputs.float(), labels[rows].long(), label_smoothing=recipe.label_smoothing
        )
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        yield loss.detach()


def ours(recipe: Recipe, data: Any, batch_size: int, **changes: Any) -> Iterator[Any]:
    """Yield the loss of each step as `fashionlab train` makes it."""
    recipe = replace(recipe, batch_size=batch_size, **changes)
    batches = ENGINE.batches(data, batch_size, 0, recipe.augmentation)
    model = build(recipe, ENGINE, data.image_shape, data.classes, 0, batches.steps)
    epoch = 0
    while True:
        for x, y in batches.epoch(epoch):
            yield model.train_on_batch(x, y, return_dict=True)["loss"]
        epoch += 1


def measure(name: str, data: Any, options: argparse.Namespace) -> list[dict[str, object]]:
    """Return a row for each turn of each way."""
    recipe, device = get(name), "cuda" if ENGINE.on_gpu else "cpu"
    batch = options.batch or recipe.batch_size
    wait: Callable[[], None] = torch.cuda.synchronize if ENGINE.on_gpu else lambda: None
    ways = {
        "plain PyTorch, SGD": plain(recipe, data, batch, device),
        "fashionlab, SGD": ours(recipe, data, batch, **SGD),
        "fashionlab, as the recipe": ours(recipe, data, batch),
    }
    for steps in ways.values():
        list(islice(steps, WARM))
    rows: list[dict[str, object]] = []
    for turn in range(options.turns):
        for way, steps in ways.items():
            wait()
            began = time.perf_counter()
            list(islice(steps, options.steps))
            wait()
            rate = round(batch * options.steps / (time.perf_counter() - began))
            of = {"recipe": name, "turn": turn, "way": way, "images_a_second": rate}
            rows.append({**of, "batch": batch, "steps": options.steps, **tables.machine()})
            print(name, way, rate, flush=True)
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("recipes", nargs="*", default=["large"], metavar="RECIPE")
    parser.add_argument("--turns", type=int, default=5)
    parser.add_argument("--steps", type=int, default=60)
    parser.add_argument("--batch", type=int)
    parser.add_argument("--data")
    parser.add_argument("--out", type=Path, default=tables.RESULTS)
    options = parser.parse_args()
    data = load(options.data)[0]
    rows = [row for name in options.recipes for row in measure(name, data, options)]
    tables.RESULTS = options.out
    tables.write("gpu_throughput", rows)


if __name__ == "__main__":
    main()
