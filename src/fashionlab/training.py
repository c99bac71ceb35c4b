"""Recipe -> run: the one training loop, for both engines."""

import json
import math
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from fashionlab.data import Batches, Dataset, one_hot, split
from fashionlab.engines import engine
from fashionlab.environment import environment
from fashionlab.errors import InvalidValueError, RunError
from fashionlab.evaluation.examples import select_examples
from fashionlab.evaluation.predictions import log_probabilities
from fashionlab.progress import Progress
from fashionlab.recipes import Recipe
from fashionlab.runs import Run, RunWriter, require_absent

EVALUATION_BATCH = 500  # images; larger ones were no faster on two cores


def train(
    recipe: Recipe,
    data: tuple[Dataset, Dataset],
    out: Path,
    seed: int = 0,
    progress: Progress | None = None,
) -> Run:
    """Train on (train, test) and write the run folder `out`.

    Each epoch is followed by an evaluation of the validation split, or, where the recipe holds
    none out, of the test set, as the course report did. No choice is made on the test figures: the
    weights are those after the last epoch.

    Raises RunError where `out` exists, MissingDependencyError where the engine is not installed,
    InvalidValueError where the engine cannot build the recipe, or the loss is no longer finite.
    """
    require_absent(out)  # before the engine is imported and the model built, which take seconds
    progress = progress or Progress()
    training, test = data
    watched = test
    if recipe.validation_fraction:
        training, watched = split(training, recipe.validation_fraction, seed)
    model = recipe.build(engine(recipe.engine), training.image_shape, training.classes, seed)
    batches = Batches(training, recipe.batch_size, seed)
    targets = one_hot(watched.labels, watched.classes)
    with RunWriter(out) as writer:
        writer.write_json(
            "config",
            {
                **settings(recipe, data, seed),
                "class_names": list(training.class_names),
                "image_shape": list(training.image_shape),
                "parameters": int(model.count_params()),
            },
        )
        writer.write_json("environment", environment())
        writer.write_json("model", [_described(layer) for layer in model.layers])
        progress.start(recipe.name, recipe.epochs, batches.steps)
        try:
            for epoch in range(recipe.epochs):
                began = time.perf_counter()
                loss, accuracy = _fit_epoch(model, batches, epoch, progress)
                seconds = time.perf_counter() - began  # of training, without the evaluation
                if not math.isfinite(loss):
                    raise InvalidValueError(
                        f"the loss must stay finite, but was not in epoch {epoch + 1} of "
                        f"{recipe.name}; lower the learning rate ({recipe.learning_rate:g})"
                    )
                held_out_loss, held_out_accuracy = model.evaluate(
                    watched.images, targets, batch_size=EVALUATION_BATCH, verbose=0
                )
                row = {
                    "epoch": epoch + 1,
                    "loss": loss,
                    "accuracy": accuracy,
                    f"{watched.part}_loss": float(held_out_loss),
                    f"{watched.part}_accuracy": float(held_out_accuracy),
                    "seconds": seconds,
                }
                writer.append_history(row)
                progress.epoch(row)
        finally:
            progress.stop()
        writer.write_weights(
            {
                f"{layer.name}.{variable.name}": value
                for layer in model.layers
                for variable, value in zip(layer.weights, layer.get_weights(), strict=True)
            }
        )
        outputs = model.predict(test.images, batch_size=EVALUATION_BATCH, verbose=0)
        predictions = log_probabilities(outputs, recipe.output_activation)  # (N, K)
        writer.write_predictions(predictions, test.labels)
        shown = select_examples(predictions, test.labels)
        writer.write_examples(test.images[shown], shown)
    return Run(out)


def settings(recipe: Recipe, data: tuple[Dataset, Dataset], seed: int) -> dict[str, Any]:
    """What decides a run, as JSON values: the recipe, the seed, and the data by its hash."""
    decisive = {
        "recipe": asdict(recipe),
        "seed": seed,
        "data": {
            part.part: {"name": part.name, "sha256": part.sha256, "images": len(part)}
            for part in data
        },
    }
    normal: dict[str, Any] = json.loads(json.dumps(decisive))  # tuples become lists, as read back
    return normal


def finished_run(
    recipe: Recipe, folder: Path, data: tuple[Dataset, Dataset], seed: int
) -> Run | None:
    """The run in `folder`, or None where nothing is there; RunError where it is another run."""
    if not folder.exists():
        return None
    run = Run(folder)
    for key, value in settings(recipe, data, seed).items():
        if run.config[key] != value:
            raise RunError(
                f"{folder} must be a run of the same {key}, but was trained with other settings; "
                "remove it or choose another --out"
            )
    return run


def _described(layer: Any) -> dict[str, Any]:
    shape = layer.output.shape[1:] if hasattr(layer, "output") else layer.output_shape
    return {
        "name": layer.name,
        "type": type(layer).__name__,
        "output_shape": [int(n) for n in shape],
        "parameters": int(layer.count_params()),
    }


def _fit_epoch(model: Any, batches: Batches, epoch: int, progress: Progress) -> tuple[float, float]:
    """Mean loss and accuracy over the epoch's batches, each before the step that it leads to."""
    with np.errstate(over="ignore", invalid="ignore"):  # a loss that diverges is refused by name
        try:
            history = model.fit(
                progress.steps(batches.epoch(epoch)),
                steps_per_epoch=batches.steps,
                shuffle=False,
                verbose=0,
            ).history
        except FloatingPointError:  # scratch stops at once, Keras goes on to the epoch's end
            return math.nan, math.nan
    return float(history["loss"][0]), float(history["accuracy"][0])
