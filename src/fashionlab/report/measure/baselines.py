"""baselines: simple methods on a run's data, measured once and kept in the cache."""

import hashlib
import io
import json
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Annotated

import numpy as np

from fashionlab import files
from fashionlab.data import Dataset
from fashionlab.data.fashion_mnist import cache_folder
from fashionlab.errors import InvalidValueError, RunError
from fashionlab.evaluation.baselines import (
    Baseline,
    logistic_regression,
    majority,
    nearest_neighbours,
)
from fashionlab.runs import Run, border, reading
from fashionlab.text import printable
from fashionlab.typed import Between, parse, typed

FORMAT = 1  # of the file and of the methods: another number where predictions may change
METHODS = (majority, logistic_regression, nearest_neighbours)
PREDICTED, TEXTS = "predicted", "texts"  # the arrays in the file

Text = Annotated[str, Between(1, 1000)]


def baselines(
    train: Dataset, test: Dataset, log: Callable[[str], object] | None = None
) -> tuple[Baseline, ...]:
    """Return majority class, logistic regression and nearest neighbours on these images.

    They are measured once for the same images and labels, and kept in the cache. A file there that
    is damaged is measured again and replaced; where the cache cannot be written they are measured
    each time. `log` receives a line before a measurement. Raises InvalidValueError where the two
    parts differ in image shape or number of classes.
    """
    for what in ("image_shape", "classes"):
        if getattr(train, what) != getattr(test, what):
            raise InvalidValueError(
                f"training and test images must have the same {what}; received "
                f"{getattr(train, what)} and {getattr(test, what)}; give two parts of one set"
            )
    place = _place(train.sha256, test.sha256)
    with suppress(RunError):
        return _read(place, len(test), train.classes)
    if log is not None:
        log("measuring simple baselines on the same data, once")
    measured = tuple(method(train, test) for method in METHODS)
    with suppress(OSError):  # a full disk, or a cache that is not ours to write
        place.parent.mkdir(parents=True, exist_ok=True)
        files.write(place, _content(measured))
    return measured


def kept_baselines(run: Run) -> tuple[Baseline, ...]:
    """Return the baselines on a run's data that were measured before; () where none were."""
    train, test = run.data["train"], run.data["test"]
    with suppress(RunError):
        return _read(_place(train.sha256, test.sha256), test.images, len(run.class_names))
    return ()


def _place(train_sha256: str, test_sha256: str) -> Path:
    key = f"{FORMAT} {train_sha256} {test_sha256}".encode(errors="backslashreplace")
    return cache_folder() / f"baselines-{hashlib.sha256(key).hexdigest()}.npz"


def _content(measured: tuple[Baseline, ...]) -> bytes:
    texts = json.dumps([[one.name, one.description] for one in measured]).encode()
    file = io.BytesIO()
    arrays = {
        PREDICTED: np.stack([one.predicted for one in measured]),  # (3, N) uint8
        TEXTS: np.frombuffer(texts, np.uint8),
    }
    np.savez_compressed(file, **arrays)  # type: ignore[arg-type]
    return file.getvalue()


def _read(place: Path, images: int, classes: int) -> tuple[Baseline, ...]:
    """Return what a file has; RunError where it is not there, or not of these images."""
    predicted, texts = reading.arrays(place, PREDICTED, TEXTS)
    with border(place, remedy="delete it"):
        named = typed(list[tuple[Text, Text]], parse(texts.tobytes()), TEXTS)
        sound = predicted.shape == (len(METHODS), images) and predicted.dtype == np.uint8
        if not sound or len(named) != len(METHODS) or int(predicted.max()) >= classes:
            raise ValueError("not predictions for these images")
    return tuple(
        Baseline(printable(name), row, printable(description))
        for (name, description), row in zip(named, predicted, strict=True)
    )
