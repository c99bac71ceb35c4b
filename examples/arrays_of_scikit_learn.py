"""scikit-learn's handwritten digits, 1,797 of 8 x 8 pixels: from arrays to a prediction.

    python examples/arrays_of_scikit_learn.py [FOLDER]      writes a run and a model there

The recipe `digits` makes no mirror images, of which a digit has none.
"""

import sys
from pathlib import Path

from sklearn.datasets import load_digits

from fashionlab import Predictor
from fashionlab.data import Dataset, split
from fashionlab.data.check import check
from fashionlab.export.portable_model import export_onnx
from fashionlab.recipes import get, override
from fashionlab.training import train


def main(folder: Path, **changes: object) -> None:
    """Train, export and predict; `changes` are fields of the recipe."""
    digits = load_digits()  # images (1797, 8, 8), whole numbers from 0 to 16
    everything = Dataset.from_arrays(digits.images / 16, digits.target, unit=True, name="digits")
    data = training, test = split(everything, 0.2, seed=0, part="test")
    print(f"{len(training):,} images to train on, {len(test):,} to test; {check(data).verdict}")

    recipe = override(get("digits"), {"validation_fraction": 0.1, **changes})
    run = train(recipe, data, folder / "run", seed=0)
    low, high = run.metrics().accuracy_interval
    print(f"test accuracy {run.metrics().accuracy:.2%} (95 % interval {low:.2%} to {high:.2%})")

    export_onnx(run, data, folder / "digits.onnx")
    model = Predictor(folder / "digits.onnx")  # needs onnxruntime alone
    for image, label in zip(test.images[:5], test.labels, strict=False):  # (8, 8) bytes
        print(f"a {label}: {model.predict(image)}")


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "digits"))
