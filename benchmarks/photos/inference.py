"""Measure how fast a portable model and `fashionlab predict` answer: results/inference.csv.

    python -m benchmarks.photos.inference

The models are the shipped one and an untrained `small`, each with 32 and with 8 bits, and the
shipped one without its outlier score, with one thread and with onnxruntime's default. A turn
measures each of them once:

    one image      median of CALLS calls of `probabilities` with one image, in milliseconds
    a PNG          the same for `predict` with a file's bytes: decoded, prepared, answered
    10,000 images  one call of `probabilities`, in images a second
    the command    from the shell to the answer about one photo, in seconds
"""

import argparse
import io
import subprocess
import sys
import tempfile
import time
from importlib.metadata import version
from pathlib import Path
from statistics import median

import numpy as np
from PIL import Image

from benchmarks import tables
from benchmarks.photos.pictures import pictures
from benchmarks.small_model import small
from fashionlab.data import load
from fashionlab.export.portable_model import export_onnx
from fashionlab.portable import Predictor
from fashionlab.runs import Run
from fashionlab.shipped import FOLDER, MODEL

TURNS, CALLS, IMAGES = 5, 400, 10_000


def milliseconds(call, argument) -> float:
    """Return the median of CALLS calls, after a warm-up."""
    seconds = []
    for _ in range(CALLS + 20):
        began = time.perf_counter()
        call(argument)
        seconds.append(time.perf_counter() - began)
    return 1e3 * median(seconds[20:])


def accuracy(predictor: Predictor) -> str:
    """Return the test accuracy that the file states; nothing for untrained weights."""
    metadata = predictor.metadata
    return f"{metadata.accuracy:.4f}" if metadata.test_images else ""


def command(photo: Path) -> float:
    """Return the seconds of `fashionlab predict PHOTO`, the start of Python included."""
    program = Path(sys.executable).with_name("fashionlab")
    began = time.perf_counter()
    subprocess.run([program, "predict", photo], check=True, capture_output=True)
    return time.perf_counter() - began


def without_score(bits: int) -> bytes:
    """Return the shipped run's file without an outlier score, with weights of so many bits."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder, "model.onnx")
        return export_onnx(Run(FOLDER), load(), out, calibrate=False, bits=bits).path.read_bytes()


def main() -> None:
    """Measure all models, turn by turn."""
    argparse.ArgumentParser(description=__doc__.splitlines()[0]).parse_args()
    images = np.random.default_rng(0).integers(0, 256, (IMAGES, 28, 28), dtype=np.uint8)
    file = io.BytesIO()
    Image.fromarray(images[0]).save(file, "PNG")
    models = {
        "shipped": MODEL.read_bytes(),
        "shipped, no score": without_score(32),
        "shipped, 8 bits": without_score(8),
        "small": small(),
        "small, 8 bits": small(bits=8),
    }
    predictors = {
        (name, threads): Predictor(content, threads=threads)
        for name, content in models.items()
        for threads in (1, None)
    }
    rows: list[dict[str, object]] = []
    with tempfile.TemporaryDirectory() as folder:
        photo = Path(folder, "photo")
        photo.write_bytes(next(pictures(0))[2])
        command(photo)  # so that the disk's share is not measured
        for turn in range(TURNS):
            for (name, threads), predictor in predictors.items():
                began = time.perf_counter()
                predictor.probabilities(images)
                rate = IMAGES / (time.perf_counter() - began)
                rows.append(
                    {
                        "turn": turn,
                        "model": name,
                        "threads": threads or "all",
                        "parameters": predictor.metadata.parameters,
                        "bytes": len(models[name]),
                        "test_accuracy": accuracy(predictor),
                        "one_image_ms": f"{milliseconds(predictor.probabilities, images[:1]):.3f}",
                        "a_png_ms": f"{milliseconds(predictor.predict, file.getvalue()):.3f}",
                        "images_a_second": f"{rate:.0f}",
                        "command_s": f"{command(photo):.3f}" if name == "shipped" else "",
                        **tables.machine(),
                        "onnxruntime": version("onnxruntime"),
                    }
                )
                print({key: rows[-1][key] for key in list(rows[-1])[:10]}, flush=True)
                tables.write("inference", rows)


if __name__ == "__main__":
    main()
