"""Measure Keras on PyTorch next to a plain PyTorch loop, with our faster forms one by one.

    python -m benchmarks.engine.keras_torch [--recipe small|report-cnn] [--turns 7] [--steps 30]

The networks train in float32 on the same batches, in ways that take turns. `small`, by SGD:

1. Keras by default;
2. with channels first, which saves the copies around every convolution and pool;
3. and with batch normalization by PyTorch's own kernel;
4. and with layers that are called directly, which is how `models.convnet` builds it;
5. a plain PyTorch network, in its fastest memory order.

The last two train in bfloat16 too. `report-cnn`, by Adam, whose output are sigmoids: Keras by
default; with layers that are called directly; with PyTorch's convolution and pool for channels that
are last; with the fused Adam, which is how it is trained; and in plain PyTorch, its Adam fused.

Writes results/keras_torch.csv, where all were measured.
"""

import argparse
import time
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from typing import Any

from benchmarks import tables
from benchmarks.docs import engine_tables
from fashionlab.data import one_hot
from fashionlab.data.synthetic import draw
from fashionlab.engines.keras import Keras
from fashionlab.models import EPSILON, MOMENTUM, Layout
from fashionlab.recipes import Recipe, build, get

ENGINE = Keras()

import torch  # noqa: E402  after Keras's backend was chosen
from torch import nn  # noqa: E402
from torch.nn import functional as F  # noqa: E402, N812  PyTorch's own name for it

OPTIONS = {"momentum": 0.9, "nesterov": True, "weight_decay": 0.005}  # of SGD, which both have
SMALL = replace(get("small"), optimizer="SGD", optimizer_options=OPTIONS, learning_rate=0.1)
REPORT = get("report-cnn")
SIDE, CLASSES, WARM = 28, 10, 5
PLAIN = "plain PyTorch"

Step = Callable[[Any, Any], Any]


class Other(Keras):
    """Keras with another layout of a network's images and layers, or with its own Adam."""

    layout = Layout()
    own_adam = True

    def optimizer(self, name: str) -> Any:
        """Return Keras's own class, unless the engine's faster one is measured."""
        return getattr(self.nn.optimizers, name) if self.own_adam else super().optimizer(name)


def keras_step(recipe: Recipe, layout: Layout, own_adam: bool = False) -> Step:
    """Return a training step as `fashionlab train` makes it, in this layout."""
    engine = Other()
    engine.layout, engine.own_adam = layout, own_adam
    model = build(recipe, engine, (SIDE, SIDE), CLASSES)
    return lambda x, y: model.train_on_batch(x, y, return_dict=True)


def small_step(precision: str = "float32") -> Step:
    """Return a training step of the network, loss and optimizer of SMALL in a plain loop."""
    channels, layers = 1, []

    def convolution(filters: int, pool: bool = False) -> None:
        nonlocal channels
        layers.append(nn.Conv2d(channels, filters, 3, padding=1, bias=False))
        layers.extend([nn.MaxPool2d(2)] if pool else [])
        layers.append(nn.BatchNorm2d(filters, EPSILON, 1 - MOMENTUM))
        layers.append({"relu": nn.ReLU, "silu": nn.SiLU}[SMALL.model.get("activation", "relu")]())
        channels = filters

    convolution(SMALL.model["stem"])
    for filters, blocks in SMALL.model["stages"]:
        convolution(filters, pool=True)
        for _ in range(blocks):
            convolution(filters)
    head = (nn.AdaptiveMaxPool2d(1), nn.Flatten(), nn.Linear(channels, CLASSES))
    model = nn.Sequential(*layers, *head)
    model.to(memory_format=torch.channels_last)
    optimizer = torch.optim.SGD(
        model.parameters(),
        SMALL.learning_rate,
        momentum=OPTIONS["momentum"],
        nesterov=OPTIONS["nesterov"],
        weight_decay=OPTIONS["weight_decay"],
    )
    average = torch.optim.swa_utils.AveragedModel(
        model, multi_avg_fn=torch.optim.swa_utils.get_ema_multi_avg_fn(SMALL.moving_average)
    )

    quick = precision == "bfloat16" and ENGINE.multiplies_bfloat16

    def step(x: Any, y: Any) -> float:
        images = torch.from_numpy(x).float().div_(255).unsqueeze(1)
        with torch.autocast("cpu", torch.bfloat16, enabled=quick):
            outputs = model(images)
        loss = F.cross_entropy(
            outputs.float(), torch.from_numpy(y), label_smoothing=SMALL.label_smoothing
        )
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        average.update_parameters(model)
        right = (outputs.argmax(1) == torch.from_numpy(y).argmax(1)).float().mean()
        return loss.item() + right.item()

    return step


def report_step() -> Step:
    """Return a training step of the network, loss and optimizer of REPORT in a plain loop."""
    filters, window, units = (REPORT.model[name] for name in ("filters", "kernel", "units"))
    pooled = (SIDE - window + 1) // 2
    widths = (pooled * pooled * filters, *units, CLASSES)
    layers = [nn.Conv2d(1, filters, window), *(nn.Linear(d, u) for d, u in pairwise(widths))]
    model = nn.ModuleList(layers).to(memory_format=torch.channels_last)
    optimizer = torch.optim.Adam(model.parameters(), REPORT.learning_rate, eps=1e-7, fused=True)

    def forward(images: Any) -> Any:
        convolution, *hidden, last = layers
        x = F.max_pool2d(F.relu(convolution(images)), 2)
        x = x.permute(0, 2, 3, 1).flatten(1)  # a view, with channels last
        for layer in hidden:
            x = F.relu(layer(x))
        return torch.sigmoid(last(x))

    def step(x: Any, y: Any) -> float:
        images = torch.from_numpy(x).float().div_(255).unsqueeze(1)
        targets, outputs = torch.from_numpy(y), forward(images)
        shares = (outputs / outputs.sum(1, keepdim=True)).clamp(1e-7, 1 - 1e-7)
        loss = -(targets * shares.log()).sum(1).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        right = (outputs.argmax(1) == targets.argmax(1)).float().mean()
        return loss.item() + right.item()

    return step


def ways_of(name: str) -> dict[str, Step]:
    """Return the training steps of a recipe that are compared."""
    ours = ENGINE.layout
    if name == REPORT.name:
        direct = Layout(model=ours.model)
        return {
            "Keras, by default": keras_step(REPORT, Layout(), own_adam=True),
            "and layers called directly": keras_step(REPORT, direct, own_adam=True),
            "and PyTorch's convolution and pool": keras_step(REPORT, ours, own_adam=True),
            "and fused Adam": keras_step(REPORT, ours),
            PLAIN: report_step(),
        }
    bfloat16 = replace(SMALL, precision="bfloat16")
    channels_first = replace(ours, batch_normalization=None, model=None)
    return {
        "Keras, by default": keras_step(SMALL, Layout()),
        "and channels first": keras_step(SMALL, channels_first),
        "and PyTorch's normalisation": keras_step(SMALL, replace(ours, model=None)),
        "and layers called directly": keras_step(SMALL, ours),
        PLAIN: small_step(),
        "fashionlab, bfloat16": keras_step(bfloat16, ours),
        f"{PLAIN}, bfloat16": small_step("bfloat16"),
    }


def measured(recipe: Recipe, turns: int, steps: int) -> list[dict[str, object]]:
    """Return a row for each way and turn."""
    batch, ways = recipe.batch_size, ways_of(recipe.name)
    images = draw(train=batch, test=1)[0]
    x, y = images.images, one_hot(images.labels, images.classes)
    for step in ways.values():
        for _ in range(WARM):
            step(x, y)
    rows: list[dict[str, object]] = []
    for turn in range(turns):
        for name, step in ways.items():
            began = time.perf_counter()
            for _ in range(steps):
                step(x, y)
            seconds = (time.perf_counter() - began) / steps
            rows.append(
                {
                    "recipe": recipe.name,
                    "turn": turn,
                    "way": name,
                    "images_a_second": round(batch / seconds),
                    "batch": batch,
                    "steps": steps,
                    **tables.machine(),
                }
            )
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--recipe", choices=[SMALL.name, REPORT.name], help="default: both")
    parser.add_argument("--turns", type=int, default=7)
    parser.add_argument("--steps", type=int, default=30)
    options = parser.parse_args()
    recipes = [r for r in (SMALL, REPORT) if options.recipe in (None, r.name)]
    rows = [row for r in recipes for row in measured(r, options.turns, options.steps)]
    if options.recipe is None:
        tables.write("keras_torch", rows)
    print(engine_tables.keras_torch([{k: str(v) for k, v in row.items()} for row in rows]))


if __name__ == "__main__":
    main()
