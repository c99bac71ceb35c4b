"""A colour set in MedMNIST's form, with a validation part of its own: from an npz to a prediction.

    python examples/colour_npz.py [FOLDER]      writes cells.npz, a run and a model there

MedMNIST's own files, such as pathmnist.npz, are loaded by the same line. Here cells are drawn, so
that nothing need be fetched: the kinds differ in colour alone.
"""

import sys
from pathlib import Path

import numpy as np

from fashionlab import Predictor
from fashionlab.data import load
from fashionlab.data.check import check
from fashionlab.export.portable_model import export_onnx
from fashionlab.recipes import get, override
from fashionlab.training import train

STAINS = np.array([(150, 60, 120), (110, 60, 160), (160, 80, 70)])  # red, green, blue


def draw(n: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Draw a round cell of one stain an image: (n, 28, 28, 3) uint8, and labels (n, 1)."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 3, (n, 1))
    y, x = np.ogrid[-1:1:28j, -1:1:28j]
    down, right = rng.uniform(-0.3, 0.3, (2, n, 1, 1))
    inside = np.hypot(x - right, y - down) < rng.uniform(0.3, 0.6, (n, 1, 1))  # (n, 28, 28)
    pixels = np.where(inside[..., None], STAINS[labels[:, 0], None, None], (225, 215, 225))
    return np.clip(pixels + rng.normal(0, 12, pixels.shape), 0, 255).astype(np.uint8), labels


def main(folder: Path, images: int = 600, **changes: object) -> None:
    """Train, export and predict; `changes` are fields of the recipe."""
    folder.mkdir(parents=True, exist_ok=True)
    sizes, arrays = {"train": images, "val": images // 4, "test": images // 4}, {}
    for seed, (part, n) in enumerate(sizes.items()):
        arrays[f"{part}_images"], arrays[f"{part}_labels"] = draw(n, seed)
    np.savez_compressed(folder / "cells.npz", **arrays)

    data = load(folder / "cells.npz")  # (train, test), and data.validation
    print(
        f"{', '.join(f'{part.part} {len(part):,}' for part in data.all)}; {check(data.all).verdict}"
    )

    run = train(override(get("tiny"), changes), data, folder / "run")
    print(f"test accuracy {run.metrics().accuracy:.2%}")
    exported = export_onnx(run, data, folder / "cells.onnx")
    print(f"its probabilities were calibrated on {exported.metadata.calibrated_on}")

    model = Predictor(folder / "cells.onnx")
    new, label = draw(1, seed=99)
    print(f"a new cell of kind {label[0, 0]}: {model.predict(new[0])}")


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "cells"))
