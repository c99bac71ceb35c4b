"""export_keras, export_safetensors: a run in the forms of other libraries."""

import json
import tempfile
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any, cast

import numpy as np
from safetensors.numpy import save

from fashionlab import files
from fashionlab.data import Dataset
from fashionlab.engines import engine
from fashionlab.errors import ModelError
from fashionlab.evaluation.predictions import log_probabilities, mean_of_views
from fashionlab.export.portable_model import TOLERANCE, recipe_of, require_same_data
from fashionlab.models import BUILDERS
from fashionlab.runs import Run

AT_ONCE = 256  # images


def export_keras(run: Run, test: Dataset, out: Path) -> float:
    """Write the network as a .keras file of Keras's own layers, which loads without fashionlab.

    It takes bytes (N, H, W) and returns the outputs of the recipe's last layer, logits where that
    is linear: without test-time augmentation, not calibrated. Return the largest difference of a
    probability to the run's over the test images, computed with the file as it is read back, with
    the recipe's test-time augmentation. Raises ModelError where it is above TOLERANCE,
    InvalidValueError where `test` is not the run's, MissingDependencyError without Keras.
    """
    require_same_data(run, test)
    keras, recipe = engine("keras"), recipe_of(run)
    # By another name, so that the builder takes Keras's own layers and order of axes.
    names = ("layers", "initializers", "Input", "Model", "Sequential")
    stock = SimpleNamespace(__name__="stock", **{name: getattr(keras, name) for name in names})
    model = BUILDERS[recipe.builder](
        cast(ModuleType, stock),
        test.image_shape,
        test.classes,
        0,
        output=recipe.output_activation,
        **recipe.model,
    )
    weights = run.weights()
    for layer in model.layers:
        layer.set_weights([weights[f"{layer.name}.{w.name}"] for w in layer.weights])
    with tempfile.TemporaryDirectory(dir=out.parent) as folder:
        file = Path(folder, "model.keras")
        model.save(file)
        difference = _difference(run, keras.saving.load_model(file), test)
        if difference > TOLERANCE:
            raise ModelError(
                f"the Keras model's probabilities must be the run's within {TOLERANCE:g}; they "
                f"differ by {difference:.2g}; please report it, with the run's config.json"
            )
        files.write(out, file.read_bytes())
    return difference


def _difference(run: Run, model: Any, test: Dataset) -> float:
    recipe = recipe_of(run)
    views = [test.images, test.images[:, :, ::-1]][: 1 + recipe.flip_at_prediction]
    found = mean_of_views(
        log_probabilities(
            model.predict(np.ascontiguousarray(view), batch_size=AT_ONCE, verbose=0),
            recipe.output_activation,
        )
        for view in views
    )
    return float(np.abs(np.exp(found) - np.exp(run.predictions()[0])).max())


def export_safetensors(run: Run, out: Path) -> None:
    """Write the weights by name; the file's metadata have recipe, classes and data as JSON text."""
    config = run.config
    facts = {name: config[name] for name in ("recipe", "class_names", "image_shape", "data")}
    texts = {name: json.dumps(value) for name, value in facts.items()}
    texts |= {"format": "fashionlab 1", "accuracy": repr(run.metrics().accuracy)}
    files.write(out, save(run.weights(), metadata=texts))
