"""What a training writes about itself: what the run is and depends on, its result, its protocol."""

import glob
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from fashionlab import files
from fashionlab.data import Dataset, Parts
from fashionlab.engines import Engine
from fashionlab.environment import differences, environment
from fashionlab.evaluation.duplicates import find_duplicates
from fashionlab.evaluation.examples import select_examples
from fashionlab.progress import Progress
from fashionlab.recipes import Recipe, predict
from fashionlab.runs import Checkpoint, RunWriter, recorded_environment
from fashionlab.training import weights
from fashionlab.training.epoch_metrics import EVALUATION_BATCH
from fashionlab.training.loop import Trainer

Data = tuple[Dataset, Dataset]  # train, test


def describe(
    writer: RunWriter,
    decisive: Mapping[str, Any],
    engine: Engine,
    model: Any,
    data: Data,
    checkpoint: Checkpoint | None,
    progress: Progress,
    workers: int,
) -> None:
    """Write what the run is and depends on; when it is resumed, what has changed since."""
    training, _ = data
    options = data.options.given() if isinstance(data, Parts) else {}
    now = environment() | {
        "scratch": engine.form(model),
        "data": source_of(training),
        "data_options": options,
        "workers": workers,
    }
    if checkpoint:
        before = recorded_environment(writer.folder)
        changed = differences(before, now)
        if changed:
            progress.say(
                f"it goes on under other conditions ({'; '.join(changed)}): the result may differ "
                "in the last bits from one in a single session"
            )
        sessions = [
            *before.get("resumed", []),
            {"after_step": checkpoint.steps, "changed": changed},
        ]
        writer.write_json("environment", {**before, "resumed": sessions})
        return
    writer.write_json(
        "config",
        {
            **decisive,
            "class_names": list(training.class_names),
            "image_shape": list(training.image_shape),
            "preparation": training.preparation,
            "parameters": int(model.count_params()),
        },
    )
    writer.write_json("environment", now)
    writer.write_json("model", [_described(layer, engine) for layer in model.layers])


def source_of(training: Dataset) -> str:
    """Return where a training set is from, as `data.load` takes it in any working directory."""
    place = Path(training.source)
    drawn = training.source in ("synthetic", "memory")  # a folder of that name is no source of it
    # Also the beginning of the names of several files.
    lies_there = any(place.parent.glob(f"{glob.escape(place.name)}*"))
    return files.text(place.resolve()) if lies_there and not drawn else training.source


def _described(layer: Any, engine: Engine) -> dict[str, Any]:
    return {
        "name": layer.name,
        "type": type(layer).__name__,
        "output_shape": list(engine.output_shape(layer)),
        "parameters": int(layer.count_params()),
    }


def write_result(writer: RunWriter, model: Any, recipe: Recipe, test: Dataset) -> None:
    """Write the weights, the test set's predictions and the pictures of some of them."""
    writer.write_weights(weights.by_name(model))
    predictions = predict(recipe, model, test.images, EVALUATION_BATCH)  # (N, K)
    writer.write_predictions(predictions, test.labels)
    shown = select_examples(predictions, test.labels)
    writer.write_examples(test.images[shown], shown)


def write_protocol(
    writer: RunWriter, trainer: Trainer, data: Data, held_out: Dataset | None, from_training: bool
) -> None:
    """Write how the test set was used, what was held out and the train/test duplicates."""
    (training, test), recipe = data, trainer.recipe
    validation = {}
    if held_out:
        predictions = predict(recipe, trainer.model, held_out.images, EVALUATION_BATCH)
        right = predictions.argmax(axis=1) == held_out.labels
        validation = {"validation_accuracy": float(right.mean())}
    writer.write_json(
        "protocol",
        {
            "images_trained_on": len(trainer.batches.dataset),
            "images_held_out": len(held_out) if held_out and from_training else 0,
            "epochs": len(trainer.history),
            "epoch_chosen_by": recipe.monitor if recipe.restore_best_weights else None,
            "test_set_read": 1 + trainer.evaluations["test"],  # times; once for the predictions
            **validation,
            "test_copies": find_duplicates(test.images, training.images),
        },
    )
