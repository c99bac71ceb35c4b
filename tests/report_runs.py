"""Small run folders as training writes them, in milliseconds, with data and records that fit."""

from dataclasses import asdict, replace

import numpy as np
import portable_model

from fashionlab.data import CLASS_NAMES, Dataset, Parts
from fashionlab.data.fashion_mnist import SHA256
from fashionlab.evaluation.corruptions import CORRUPTIONS
from fashionlab.evaluation.examples import select_examples
from fashionlab.evaluation.explanation import (
    KERNEL_SIDE,
    POINT_SIDE,
    SIDE,
    SMALL_SIDE,
    Explanation,
    Map,
    Neighbours,
    reduced,
    reduced_shape,
    select_explained,
)
from fashionlab.evaluation.robustness import Corrupted, Robustness
from fashionlab.recipes import RECIPES
from fashionlab.runs import Run, RunWriter, write_robustness

PER_CLASS = 20


def draw_parts(
    class_names=CLASS_NAMES, image_shape=(12, 12), *, test=None, train=None, absent=(), seed=0
):
    """Parts in memory: stripes whose place is the class, in noise, dark and bright ones.

    `test` and `train` are numbers of images, by default of PER_CLASS a class; no test image is of
    a class of `absent`.
    """
    rng, class_names = np.random.default_rng(seed), tuple(class_names)
    classes = len(class_names)
    present = np.array([k for k in range(classes) if k not in absent])

    def part(name, count):
        labels = present[np.arange(count) % len(present)] if name == "test" else None
        labels = np.arange(count) % classes if labels is None else labels
        labels = rng.permutation(labels).astype(np.uint8)  # (N,)
        images = rng.uniform(0, 160, (count, *image_shape))
        rows = labels * image_shape[0] // classes
        images[np.arange(count), rows] += rng.uniform(0, 140, (count, *image_shape[1:]))
        images *= rng.uniform(0.3, 1, (count, *([1] * len(image_shape))))
        return Dataset.from_arrays(images.astype(np.uint8), labels, class_names, part=name)

    count = PER_CLASS * classes
    return Parts(part("train", train or count), part("test", test or count))


def log_softmax(logits):
    return logits - np.logaddexp.reduce(logits, axis=1, keepdims=True)


def predicted(labels, classes, seed, margin, hard=None):
    """Log-probabilities (N, K): the true class has `margin` more, the `hard` images (N,) none."""
    logits = np.random.default_rng(seed).normal(size=(len(labels), classes))
    margins = np.full(len(labels), margin, np.float64)
    margins[hard if hard is not None else []] = 0
    logits[np.arange(len(labels)), labels] += margins
    return log_softmax(logits)


def history_rows(watched, rows, rate):
    found = []
    for epoch in range(1, rows + 1):
        row = {"epoch": epoch, "loss": 2 / epoch, "accuracy": 1 - 0.5 / epoch}
        if watched:
            row |= {f"{watched}_loss": 2.5 / epoch, f"{watched}_accuracy": 1 - 0.6 / epoch}
        if rate:
            row["learning_rate"] = 0.01 / epoch
        found.append(row | {"seconds": 10 + epoch})
    return found


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
    parts=None,
    margin=2,
    weak=False,
    history=None,
    rate=False,
):
    """Write a run folder; with `parts` it is one of these data.

    `margin` is how well the true class is told, below 0 for a run that is always wrong; with `weak`
    the darkest fifth of the images is not told at all. `history` are its rows, of which there are
    otherwise `rows`, with a learning rate if `rate`.
    """
    hard = None
    if parts is not None:
        class_names, image_shape = parts.test.class_names, parts.test.image_shape
        labels = parts.test.labels.astype(np.int64)
        facts = {part.part: (part.name, part.sha256, len(part)) for part in parts}
        if weak:
            means = parts.test.images.reshape(len(labels), -1).mean(axis=1)
            hard = means <= np.quantile(means, 0.2)
    else:
        labels = np.tile(np.arange(len(class_names)), PER_CLASS)  # (N,)
        facts = {
            part: (data, sha256 if data == "fashion-mnist" else 64 * "a", len(labels))
            for part, sha256 in SHA256.items()
        }
    classes = len(class_names)
    scores = predicted(labels, classes, seed, 50 if perfect else margin, hard)
    used = replace(RECIPES.get(recipe, RECIPES["report-mlp"]), name=recipe, **(changes or {}))
    with RunWriter(folder) as writer:
        writer.write_json(
            "config",
            {
                "recipe": asdict(used),
                "seed": seed,
                "data": {
                    part: dict(zip(("name", "sha256", "images"), one, strict=True))
                    for part, one in facts.items()
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
        writer.write_history(history or history_rows(watched, rows, rate))
        writer.write_weights({"w": np.zeros(1, np.float32)})
        writer.write_predictions(scores, labels)
        shown = select_examples(scores, labels)
        rng = np.random.default_rng(seed)
        images = rng.integers(0, 256, (len(shown), *image_shape), dtype=np.uint8)
        writer.write_examples(images if parts is None else parts.test.images[shown], shown)
    return Run(folder)


def give_robustness(run, seed=0):
    """Give a run a record of accuracy under corruptions, which fall with the strength."""
    rng = np.random.default_rng(seed)
    images = run.data["test"].images
    clean = int(0.8 * images)
    rows = tuple(
        Corrupted(
            one.name,
            one.unit,
            one.strengths,
            tuple(sorted(rng.integers(0, clean + 1, len(one.strengths)).tolist(), reverse=True)),
        )
        for one in CORRUPTIONS
    )
    write_robustness(run, Robustness(images, seed, clean, rows), run.folder)
    return run


def give_explanation(run, parts, seed=0, *, whole=True):
    """Give a run an explanation of drawn numbers; not `whole`: what needs no network alone."""
    rng = np.random.default_rng(seed)
    train, test = parts
    indices = select_explained(*run.predictions())
    images = reduced(test.images[indices], SIDE)
    shape = images.shape[:3]
    near = found = saliency = None
    if whole:
        saliency = rng.uniform(0, 9, shape).astype(np.float16)
        rows = rng.integers(0, len(train), (len(indices), 3))
        pictures = reduced(train.images[rows.ravel()], SMALL_SIDE)
        near = Neighbours(
            rows,
            train.labels[rows].astype(np.int64),
            pictures.reshape(*rows.shape, *pictures.shape[1:]),
            len(train),
        )
        points = np.arange(len(test))
        small = reduced(test.images, POINT_SIDE)
        plane = rng.normal(size=(len(test), 2)).astype(np.float32)
        found = Map(points, plane, small, "pca", (0.4, 0.2))
    side = min(KERNEL_SIDE, *reduced_shape(run.image_shape, SIDE)[:2])
    channels = (*run.image_shape, 1)[2]
    kernels = rng.normal(size=(5, side, side, channels)).astype(np.float16)
    occlusion = rng.normal(size=shape).astype(np.float16)
    run.keep_explanation(Explanation(indices, images, occlusion, saliency, near, found, kernels))
    return run


def give_portable(run, parts=(portable_model.TRAIN, portable_model.TEST), **changes):
    """Give a run a portable model with an outlier test and prediction sets."""
    own = {"weights_sha256": run.weights_sha256(), **changes}
    (run.folder / "model.onnx").write_bytes(portable_model.scored_model(data=parts, **own))
    return run
