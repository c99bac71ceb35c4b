"""Small run folders, written as training writes them."""

import json
from dataclasses import asdict, replace

import numpy as np
import portable_model
import pytest

from fashionlab.data import CLASS_NAMES
from fashionlab.data.fashion_mnist import SHA256
from fashionlab.evaluation.examples import select_examples
from fashionlab.recipes import RECIPES
from fashionlab.report import plots, selective_plots
from fashionlab.runs import Run, RunWriter

PER_CLASS = 20


def write_run(
    folder,
    recipe="report-mlp",
    *,
    changes=None,
    seed=0,
    class_names=CLASS_NAMES,
    data="fashion-mnist",
    watched="test",
    rows=3,
    perfect=False,
    copies=(),
    image_shape=(12, 12),
):
    classes = len(class_names)
    rng = np.random.default_rng(seed)
    labels = np.tile(np.arange(classes), PER_CLASS)  # (N,)
    logits = rng.normal(size=(len(labels), classes))  # (N, K)
    logits[np.arange(len(labels)), labels] += 50 if perfect else 2
    scores = logits - np.logaddexp.reduce(logits, axis=1, keepdims=True)
    used = replace(RECIPES.get(recipe, RECIPES["report-mlp"]), name=recipe, **(changes or {}))
    with RunWriter(folder) as writer:
        writer.write_json(
            "config",
            {
                "recipe": asdict(used),
                "seed": seed,
                "data": {
                    part: {
                        "name": data,
                        "sha256": sha256 if data == "fashion-mnist" else 64 * "a",
                        "images": len(labels),
                    }
                    for part, sha256 in SHA256.items()
                },
                "class_names": list(class_names),
                "image_shape": list(image_shape),
                "preparation": "fit",
                "parameters": 12_345,
            },
        )
        writer.write_json(
            "environment",
            {
                "python": "3.11.7",
                "versions": {"numpy": "2.4.6"},
                "cpu": "Test CPU <1>",
                "cpus": 2,
                "threads": {},
                "commit": None,
                "command": ["fashionlab", "train", recipe, "--out", "a folder"],
            },
        )
        layers = [
            {"name": "hidden_1", "type": "Dense", "output_shape": [6, 6, 32], "parameters": 12_000},
            {"name": "output", "type": "Dense", "output_shape": [classes], "parameters": 345},
        ]
        writer.write_json("model", layers)
        writer.write_json(
            "protocol",
            {
                "images_trained_on": 60_000,
                "images_held_out": 0,
                "test_set_read": 1,
                "epoch_chosen_by": None,
                "test_copies": copies,
            },
        )
        history = []
        for epoch in range(1, rows + 1):
            row = {"epoch": epoch, "loss": 2 / epoch, "accuracy": 1 - 0.5 / epoch}
            if watched:
                row |= {f"{watched}_loss": 2.5 / epoch, f"{watched}_accuracy": 1 - 0.6 / epoch}
            history.append(row | {"seconds": 10 + epoch})
        writer.write_history(history)
        writer.write_weights({"w": np.zeros(1, np.float32)})
        writer.write_predictions(scores, labels)
        shown = select_examples(scores, labels)
        images = rng.integers(0, 256, (len(shown), *image_shape), dtype=np.uint8)
        writer.write_examples(images, shown)
    return Run(folder)


@pytest.fixture
def make_run(tmp_path):
    """A function that writes a run into the test's own folder and opens it."""
    made = []

    def make(*arguments, **options):
        made.append(write_run(tmp_path / f"run {len(made)}", *arguments, **options))
        return made[-1]

    return make


@pytest.fixture
def give_model():
    """A function that gives a run a portable model with an outlier test and prediction sets."""

    def give(run, **changes):
        own = {"weights_sha256": run.weights_sha256(), **changes}
        (run.folder / "model.onnx").write_bytes(portable_model.scored_model(**own))
        return run

    return give


@pytest.fixture
def without_plots(monkeypatch):
    """Empty pictures, for tests that prove something else: drawing takes most of a page's time."""
    for name in ("loss_curves", "accuracy_curves", "confusion_heatmap"):
        monkeypatch.setattr(plots, name, lambda *data: "<svg/>")
    for name in ("accuracy_against_coverage", "receiver_curves"):
        monkeypatch.setattr(selective_plots, name, lambda *data: "<svg/>")


@pytest.fixture
def change_json():
    """A function that edits one of a run's JSON files."""

    def change(run, name, values):
        path = run.folder / f"{name}.json"
        path.write_text(json.dumps(json.loads(path.read_text()) | values))
        return Run(run.folder)

    return change
