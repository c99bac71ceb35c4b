"""Measure what Keras on PyTorch gains by keeping freed memory.

    python -m benchmarks.engine.keras_memory

Trains report-cnn on 12,800 images and evaluates it on 10,000, with and without
`fashionlab.engines.keep_freed_memory`, in turn in new processes, and writes
results/keras_memory.csv.
"""

import argparse
import subprocess
import sys
import time

from benchmarks import tables

MODES = ("kept", "given back")
ROUNDS = 3
IMAGES = 12_800


def measure(keep: bool) -> None:
    """Print the seconds of training and of evaluation."""
    from fashionlab.data import load, one_hot
    from fashionlab.engines import keras
    from fashionlab.recipes import build, get

    if not keep:
        keras.keep_freed_memory = lambda: None
    training, test = load()
    recipe = get("report-cnn")
    model = build(recipe, keras.Keras(), training.image_shape, training.classes)
    targets, expected = (one_hot(part.labels, part.classes) for part in (training, test))
    seconds = []
    for images in (512, IMAGES):  # the first call prepares
        began = time.perf_counter()
        model.fit(
            training.images[:images], targets[:images], batch_size=recipe.batch_size, verbose=0
        )
        seconds.append(time.perf_counter() - began)
    began = time.perf_counter()
    model.evaluate(test.images, expected, batch_size=500, verbose=0)
    print(seconds[-1], time.perf_counter() - began)


def main() -> None:
    """Measure both modes in turn, or one of them in this process."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("mode", nargs="?", choices=MODES, help="measure one, in this process")
    if mode := parser.parse_args().mode:
        measure(mode == "kept")
        return
    rows = []
    for turn in range(ROUNDS):
        for mode in MODES:
            done = subprocess.run(
                [sys.executable, "-m", "benchmarks.engine.keras_memory", mode],
                capture_output=True,
                text=True,
                check=True,
            )
            training, evaluation = map(float, done.stdout.split())
            rows.append(
                {
                    "round": turn,
                    "freed_memory": mode,
                    "training_seconds": f"{training:.2f}",
                    "evaluation_seconds": f"{evaluation:.2f}",
                    **tables.machine(),
                }
            )
            print(rows[-1], flush=True)
            tables.write("keras_memory", rows)


if __name__ == "__main__":
    main()
