"""Measure how well a model's score tells pictures that are no garments: results/outliers.csv.

    python -m benchmarks.outliers.measure [MODEL.onnx ...] [--probability] [--sheet SHEET.png]

The score is the model's outlier score, with the thresholds that its files carry: MODEL.onnx and the
same run exported with another --accept, one file for 95 % and one for 98 %. Of a file without such
a score, or with --probability, it is 1 - the largest probability, with thresholds that accept 95
and 98 % of the test images. For each of the `sets` a row says how many of its images lie at or
below the thresholds, and the area under the receiver curve against the test images. Further rows
say the same of the drawn garments of benchmarks/photos and of the test images by class. The file
has the rows of several models and scores; a measurement replaces those of its own.
"""

import argparse
import sys
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks import tables
from benchmarks.outliers import sheet
from benchmarks.outliers.fonts import NotInstalledError
from benchmarks.outliers.sets import SETS, Images, drawn_garments
from fashionlab.data import load
from fashionlab.evaluation.intervals import wilson_interval
from fashionlab.evaluation.outliers import area, threshold
from fashionlab.portable import Predictor
from fashionlab.shipped import MODEL

Scores = NDArray[Any]  # (N,)

ACCEPT = (0.95, 0.98)  # shares of the images of the classes
FILE = "outliers"
OUTLIER, PROBABILITY = "outlier score", "1 - largest probability"


def scores_of(model: Predictor, images: Images, score: str) -> Scores:
    """Return the scores (N,) of images (N, 28, 28), a model's own or by its probabilities."""
    probabilities, scores = model.probabilities_and_scores(images)
    return 1 - probabilities.max(axis=1) if scores is None or score == PROBABILITY else scores


def stated_thresholds(models: Sequence[Predictor]) -> dict[float, float]:
    """Return the thresholds that files of one network and head carry, by the share they accept.

    Raises SystemExit where they are not those of ACCEPT, or the files differ in more.
    """
    tests = [model.metadata.outliers for model in models]
    found = {test.accept: test.threshold for test in tests if test}
    if sorted(found) != [*ACCEPT]:
        raise SystemExit(
            f"thresholds must be those of {ACCEPT}; received {[*found]}; give two files, the run "
            "exported with --accept 0.95 and with --accept 0.98"
        )
    noise = np.random.default_rng(0).integers(0, 256, (8, 28, 28), np.uint8)
    first, *others = (scores_of(model, noise, OUTLIER) for model in models)
    if not all(np.array_equal(first, other) for other in others):
        raise SystemExit("files must be of one run, with one outlier score; received two scores")
    return found


def all_sets() -> tuple[dict[str, Images], list[str]]:
    """Return the sets, and for each that is missing a line which says what to install."""
    found, missing = {}, []
    for name, make in SETS.items():
        try:
            found[name] = make()
        except NotInstalledError as error:
            missing.append(f"the set {name!r} is left out; {error}")
    return found, missing


def accepted(scores: Scores, thresholds: Mapping[float, float]) -> dict[str, object]:
    """Return the columns of how many images lie at or below the thresholds."""
    columns: dict[str, object] = {"images": len(scores)}
    for share, highest in thresholds.items():
        count = int((scores <= highest).sum())
        low, high = wilson_interval(count, len(scores))
        name = f"accepted_{100 * share:.0f}"
        columns |= {
            name: f"{count / len(scores):.4f}",
            f"{name}_low": f"{low:.4f}",
            f"{name}_high": f"{high:.4f}",
        }
    return columns


def main() -> None:
    """Measure, and write the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("models", type=Path, nargs="*", default=[MODEL])
    parser.add_argument("--probability", action="store_true", help=PROBABILITY)
    parser.add_argument("--sheet", type=Path)
    arguments = parser.parse_args()
    models = [Predictor(path) for path in arguments.models]
    model, test = models[0], load()[1]
    score = PROBABILITY if arguments.probability or not model.metadata.outliers else OUTLIER
    inliers = scores_of(model, test.images, score)
    if score == OUTLIER:
        thresholds, whose = stated_thresholds(models), model.metadata.calibrated_on
    else:
        thresholds = {share: threshold(inliers, share) for share in ACCEPT}
        whose = "the test images"
    facts = {
        "score": score,
        **{f"threshold_{100 * share:.0f}": f"{at:.6f}" for share, at in thresholds.items()},
        "options": " ".join(sys.argv[1:]),
        "thresholds_on": whose,
        "model": model.metadata.name,
        "model_sha256": model.sha256,
        "used": f"onnxruntime {version('onnxruntime')} pillow {version('pillow')} "
        f"scikit-learn {version('scikit-learn')}",
        **tables.machine(),
    }
    rows: list[dict[str, object]] = []

    def add(kind: str, name: str, scores: Scores) -> None:
        against = f"{area(inliers, scores):.4f}" if kind == "outliers" else ""
        own = {"kind": kind, "set": name, **accepted(scores, thresholds), "area": against}
        print(own, flush=True)
        rows.append({**own, **facts})

    images, missing = all_sets()
    scores = {name: scores_of(model, some, score) for name, some in images.items()}
    for name, found in scores.items():
        add("outliers", name, found)
    add("garments", "drawn garments", scores_of(model, drawn_garments(), score))
    add("test images", "all", inliers)
    for label, name in enumerate(test.class_names):
        add("test images", name, inliers[test.labels == label])
    if arguments.sheet:
        kept = {name: found <= thresholds[max(ACCEPT)] for name, found in scores.items()}
        sheet.page(images, kept).save(arguments.sheet)
    if missing:
        print(*missing, f"results/{FILE}.csv needs all sets and is not written", sep="\n")
        return
    own = (facts["model_sha256"], score)
    path = tables.RESULTS / f"{FILE}.csv"
    others = [
        row
        for row in (tables.read(FILE) if path.exists() else [])
        if (row["model_sha256"], row["score"]) != own
    ]
    tables.write(FILE, [*others, *rows])


if __name__ == "__main__":
    main()
