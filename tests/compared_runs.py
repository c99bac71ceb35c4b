"""Finished run folders of recipes that differ in accuracy, on the same drawn test images."""

from dataclasses import asdict, replace

import numpy as np

from fashionlab.data import CLASS_NAMES, Dataset, Parts
from fashionlab.evaluation.examples import select_examples
from fashionlab.recipes import RECIPES
from fashionlab.runs import Run, RunWriter

TRAIN_IMAGES = 600
SHAPE = (8, 8)


def data_of(images, class_names=CLASS_NAMES, seed=0):
    """Return a data set with so many test images, whose labels go through the classes in turn."""
    rng = np.random.default_rng(seed)

    def part(name, count):
        return Dataset(
            rng.integers(0, 256, (count, *SHAPE), dtype=np.uint8),
            (np.arange(count) % len(class_names)).astype(np.uint8),
            tuple(class_names),
            name="drawn",
            part=name,
            source="drawn",
        )

    return Parts(part("train", 2 * len(class_names)), part("test", images))


def write_run(
    folder,
    data,
    recipe="fast-90",
    *,
    seed=0,
    margin=2.0,
    changes=None,
    rows=3,
    seconds=1.0,
    validation=False,
    perfect=False,
    parameters=1234,
    probabilities=None,
    **config,
):
    """Write a run whose predictions are the better, the larger the margin of the true class is."""
    test, classes = data.test, data.test.classes
    rng = np.random.default_rng([seed, round(100 * margin)])
    logits = rng.normal(size=(len(test), classes))  # (N, K)
    logits[np.arange(len(test)), test.labels] += 60 if perfect else margin
    if probabilities is not None:
        logits = np.log(probabilities)
    scores = logits - np.logaddexp.reduce(logits, axis=1, keepdims=True)
    named = RECIPES.get(recipe, RECIPES["fast-90"])
    used = replace(named, name=recipe, **(changes or {}))
    history = [
        {"epoch": e, "loss": 2 / e, "accuracy": 1 - 0.5 / e}
        | ({"validation_loss": 2.5 / e, "validation_accuracy": 1 - 0.6 / e} if validation else {})
        | {"seconds": seconds + e}
        for e in range(1, rows + 1)
    ]
    parts = {"train": data.train, "test": test}
    with RunWriter(folder) as writer:
        writer.write_json(
            "config",
            {
                "recipe": asdict(used),
                "seed": seed,
                "data": {
                    name: {"name": part.name, "sha256": part.sha256, "images": len(part)}
                    for name, part in parts.items()
                },
                "class_names": list(test.class_names),
                "image_shape": list(test.image_shape),
                "preparation": "fit",
                "parameters": parameters,
                **config,
            },
        )
        command = ["fashionlab", "train", recipe, "--seed", str(seed)]
        writer.write_json(
            "environment", {"python": "3.11.7", "cpu": "Test CPU", "cpus": 2, "command": command}
        )
        layer = {"name": "output", "type": "Dense", "output_shape": [classes], "parameters": 9}
        writer.write_json("model", [layer])
        writer.write_json(
            "protocol",
            {
                "images_trained_on": TRAIN_IMAGES,
                "images_held_out": 0,
                "test_set_read": 1,
                "epoch_chosen_by": None,
                "test_copies": [],
            },
        )
        writer.write_history(history)
        writer.write_weights({"w": np.zeros(seed + 1, np.float32)})
        writer.write_predictions(scores, test.labels)
        shown = select_examples(scores, test.labels)
        writer.write_examples(test.images[shown], shown)
    return Run(folder)


def correct(run):
    """Return whether the run classifies each test image correctly (N,)."""
    log_probabilities, labels = run.predictions()
    return log_probabilities.argmax(axis=1) == labels
