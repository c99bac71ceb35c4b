"""Recipe -> run: the one training loop, for both engines."""

import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from fashionlab.data import Batches, Dataset, one_hot
from fashionlab.engines import engine
from fashionlab.errors import InvalidValueError
from fashionlab.evaluation.predictions import log_probabilities
from fashionlab.recipes import Recipe
from fashionlab.runs import Run, RunWriter, environment

EVALUATION_BATCH = 500  # images; larger ones were no faster on two cores


def train(
    recipe: Recipe,
    data: tuple[Dataset, Dataset],
    out: Path,
    seed: int = 0,
    log: Callable[[str], None] = lambda line: None,
) -> Run:
    """Train on all training images, log test figures each epoch as the report did, write `out`.

    No choice is made on the test figures: the weights are those after the last epoch. Raises
    RunError where `out` exists, MissingDependencyError where the engine is not installed.
    """
    if recipe.epochs < 1:
        raise InvalidValueError(f"epochs must be at least 1; received {recipe.epochs}")
    training, test = data
    nn = engine(recipe.engine)
    try:
        model = recipe.build(nn, training.image_shape, training.classes, seed)
    except AttributeError as error:
        raise InvalidValueError(
            f"{recipe.name} cannot run on {recipe.engine} ({error}); use --engine keras"
        ) from error
    batches = Batches(training, recipe.batch_size, seed)
    targets = one_hot(test.labels, test.classes)
    with RunWriter(out) as writer:
        writer.write_json(
            "config",
            {
                "recipe": asdict(recipe),
                "seed": seed,
                "data": {part.part: {"name": part.name, "sha256": part.sha256} for part in data},
                "class_names": list(training.class_names),
                "image_shape": list(training.image_shape),
                "parameters": int(model.count_params()),
            },
        )
        writer.write_json("environment", environment())
        began = time.perf_counter()
        for epoch in range(recipe.epochs):
            row = _epoch(model, batches, epoch, test, targets)
            writer.append_history(row)
            left = (time.perf_counter() - began) / (epoch + 1) * (recipe.epochs - epoch - 1)
            log(
                f"{recipe.name} epoch {epoch + 1}/{recipe.epochs}: loss {row['loss']:.4f}, "
                f"accuracy {row['accuracy']:.4f}, test accuracy {row['test_accuracy']:.4f}, "
                f"{row['seconds']:.1f} s, about {left:.0f} s left"
            )
        writer.write_weights(
            {
                f"{layer.name}.{i}": weight
                for layer in model.layers
                for i, weight in enumerate(layer.get_weights())
            }
        )
        outputs = model.predict(test.images, batch_size=EVALUATION_BATCH, verbose=0)
        writer.write_predictions(log_probabilities(outputs, recipe.output), test.labels)
    return Run(out)


def _epoch(
    model: Any, batches: Batches, epoch: int, test: Dataset, targets: Any
) -> dict[str, float]:
    start = time.perf_counter()
    history = model.fit(
        batches.epoch(epoch), steps_per_epoch=batches.steps, shuffle=False, verbose=0
    ).history
    seconds = time.perf_counter() - start
    loss, accuracy = model.evaluate(test.images, targets, batch_size=EVALUATION_BATCH, verbose=0)
    return {
        "epoch": epoch + 1,
        "loss": float(history["loss"][0]),
        "accuracy": float(history["accuracy"][0]),
        "test_loss": float(loss),
        "test_accuracy": float(accuracy),
        "seconds": seconds,
    }
