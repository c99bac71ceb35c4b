"""Measure Keras on PyTorch next to a plain PyTorch loop, with our faster forms one by one.

    python -m benchmarks.engine.keras_torch [--turns 7] [--steps 30]

The network of `small` trains by SGD in float32, on the same batches, in five ways that take turns:

1. Keras by default;
2. with channels first, which saves the copies around every convolution and pool;
3. and with batch normalization by PyTorch's own kernel;
4. and with layers that are called directly, which is how `models.convnet` builds it;
5. a plain PyTorch network, in its fastest memory order.

The last two train in bfloat16 too. Writes results/keras_torch.csv.
"""

import argparse
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from benchmarks import tables
from benchmarks.docs import engine_tables
from fashionlab.data import one_hot
from fashionlab.data.synthetic import draw
from fashionlab.engines.keras import Keras
from fashionlab.models import EPSILON, MOMENTUM, Layout
from fashionlab.recipes import build, get

ENGINE = Keras()

import torch  # noqa: E402  after Keras's backend was chosen
from torch import nn  # noqa: E402

OPTIONS = {"momentum": 0.9, "nesterov": True, "weight_decay": 0.005}  # of SGD, which both have
RECIPE = replace(get("small"), optimizer="SGD", optimizer_options=OPTIONS, learning_rate=0.1)
SIDE, CLASSES, WARM = 28, 10, 5
PLAIN = "plain PyTorch"


class Other(Keras):
    """Keras with another layout of a network's images and layers."""

    layout = Layout()


def keras_step(layout: Layout, precision: str = "float32") -> Callable[[Any, Any], Any]:
    """Return a training step as `fashionlab train` makes it, in this layout."""
    engine = Other()
    engine.layout = layout
    model = build(replace(RECIPE, precision=precision), engine, (SIDE, SIDE), CLASSES)
    return lambda x, y: model.train_on_batch(x, y, return_dict=True)


def torch_step(precision: str = "float32") -> Callable[[Any, Any], Any]:
    """Return a training step of the same network, loss and optimizer in a plain loop."""
    channels, layers = 1, []

    def convolution(filters: int, pool: bool = False) -> None:
        nonlocal channels
        layers.append(nn.Conv2d(channels, filters, 3, padding=1, bias=False))
        layers.extend([nn.MaxPool2d(2)] if pool else [])
        layers.append(nn.BatchNorm2d(filters, EPSILON, 1 - MOMENTUM))
        layers.append({"relu": nn.ReLU, "silu": nn.SiLU}[RECIPE.model.get("activation", "relu")]())
        channels = filters

    convolution(RECIPE.model["stem"])
    for filters, blocks in RECIPE.model["stages"]:
        convolution(filters, pool=True)
        for _ in range(blocks):
            convolution(filters)
    head = (nn.AdaptiveMaxPool2d(1), nn.Flatten(), nn.Linear(channels, CLASSES))
    model = nn.Sequential(*layers, *head)
    model.to(memory_format=torch.channels_last)
    optimizer = torch.optim.SGD(
        model.parameters(),
        RECIPE.learning_rate,
        momentum=OPTIONS["momentum"],
        nesterov=OPTIONS["nesterov"],
        weight_decay=OPTIONS["weight_decay"],
    )
    average = torch.optim.swa_utils.AveragedModel(
        model, multi_avg_fn=torch.optim.swa_utils.get_ema_multi_avg_fn(RECIPE.moving_average)
    )

    quick = precision == "bfloat16" and ENGINE.multiplies_bfloat16

    def step(x: Any, y: Any) -> float:
        images = torch.from_numpy(x).float().div_(255).unsqueeze(1)
        with torch.autocast("cpu", torch.bfloat16, enabled=quick):
            outputs = model(images)
        loss = nn.functional.cross_entropy(
            outputs.float(), torch.from_numpy(y), label_smoothing=RECIPE.label_smoothing
        )
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        average.update_parameters(model)
        right = (outputs.argmax(1) == torch.from_numpy(y).argmax(1)).float().mean()
        return loss.item() + right.item()

    return step


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--turns", type=int, default=7)
    parser.add_argument("--steps", type=int, default=30)
    options = parser.parse_args()
    batch = RECIPE.batch_size
    images = draw(train=batch, test=1)[0]
    x, y = images.images, one_hot(images.labels, images.classes)
    ours = ENGINE.layout
    ways = {
        "Keras, by default": keras_step(Layout()),
        "and channels first": keras_step(replace(ours, batch_normalization=None, model=None)),
        "and PyTorch's normalisation": keras_step(replace(ours, model=None)),
        "and layers called directly": keras_step(ours),
        PLAIN: torch_step(),
        "fashionlab, bfloat16": keras_step(ours, "bfloat16"),
        f"{PLAIN}, bfloat16": torch_step("bfloat16"),
    }
    for step in ways.values():
        for _ in range(WARM):
            step(x, y)
    rows: list[dict[str, object]] = []
    for turn in range(options.turns):
        for name, step in ways.items():
            began = time.perf_counter()
            for _ in range(options.steps):
                step(x, y)
            seconds = (time.perf_counter() - began) / options.steps
            rows.append(
                {
                    "turn": turn,
                    "way": name,
                    "images_a_second": round(batch / seconds),
                    "batch": batch,
                    "steps": options.steps,
                    **tables.machine(),
                }
            )
        tables.write("keras_torch", rows)
    print(engine_tables.keras_torch())


if __name__ == "__main__":
    main()
