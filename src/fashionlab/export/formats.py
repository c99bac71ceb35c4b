"""export_keras, export_safetensors: a run in the forms of other libraries."""

import json
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import save

from fashionlab import files
from fashionlab.data import Dataset
from fashionlab.engines.keras import Keras
from fashionlab.errors import ModelError
from fashionlab.export.portable_model import TOLERANCE
from fashionlab.recipes import build_network, predict
from fashionlab.runs import Run, require_same_data

AT_ONCE = 256  # images


def export_keras(run: Run, test: Dataset, out: Path) -> float:
    """Write the network as a .keras file of Keras's own layers, which loads without fashionlab.

    It takes bytes (N, H, W), or (N, H, W, 3) in colour, and returns the outputs of the recipe's
    last layer, logits where that is linear: without test-time augmentation, not calibrated. Return
    the largest difference of a probability to the run's over the test images, computed with the
    file as it is read back, with the recipe's test-time augmentation. Raises ModelError where it is
    above TOLERANCE, InvalidValueError where `test` is not the run's, MissingDependencyError without
    Keras.
    """
    require_same_data(run, test, "test")
    keras = Keras(fast=False)
    model = build_network(run.recipe, keras, test.image_shape, test.classes)
    run.give_weights(model)
    with tempfile.TemporaryDirectory(dir=out.parent) as folder:
        file = Path(folder, "model.keras")
        model.save(file)
        difference = _difference(run, keras.nn.saving.load_model(file), test)
        if difference > TOLERANCE:
            raise ModelError(
                f"the Keras model's probabilities must be the run's within {TOLERANCE:g}; they "
                f"differ by {difference:.2g}; please report it, with the run's config.json"
            )
        files.write(out, file.read_bytes())
    return difference


def _difference(run: Run, model: Any, test: Dataset) -> float:
    found = predict(run.recipe, model, test.images, AT_ONCE)
    return float(np.abs(np.exp(found) - np.exp(run.predictions()[0])).max())


def export_safetensors(run: Run, out: Path) -> None:
    """Write the weights by name; the file's metadata have its recipe, data and the like as JSON."""
    config = run.config
    facts = {name: config[name] for name in ("recipe", "class_names", "image_shape", "data")}
    texts = {name: json.dumps(value) for name, value in facts.items()}
    texts["preparation"] = json.dumps(run.preparation)
    texts |= {"format": "fashionlab 1", "accuracy": repr(run.metrics().accuracy)}
    files.write(out, save(run.weights(), metadata=texts))
