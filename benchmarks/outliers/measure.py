"""Measure how well a model's score tells pictures that are no garments: results/outliers.csv.

    python -m benchmarks.outliers.measure [MODEL.onnx] [--held-out RUN] [--sheet SHEET.png]

The score is the model's output `outlier_score`; of a file without it, or with --probability, it is
1 - the largest probability. Two thresholds accept 95 and 98 % of held-out images: those that RUN
held out of its training, or else the test images. For each of the `sets` a row says how many of its
images lie at or below them, and the area under the receiver curve against the test images. Further
rows say the same of the drawn garments of benchmarks/photos and of the test images by class. The
file has the rows of several models and scores; a measurement replaces those of its own.
"""

import argparse
import sys
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path

from benchmarks import tables
from benchmarks.outliers import sheet
from benchmarks.outliers.fonts import NotInstalledError
from benchmarks.outliers.model import PROBABILITY, Model, held_out
from benchmarks.outliers.receiver import Scores, area, threshold
from benchmarks.outliers.sets import SETS, Images, drawn_garments
from fashionlab.data import load
from fashionlab.evaluation.intervals import wilson_interval
from fashionlab.shipped import MODEL

ACCEPT = (0.95, 0.98)  # shares of the held-out images
FILE = "outliers"


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
    parser.add_argument("model", type=Path, nargs="?", default=MODEL)
    parser.add_argument("--held-out", type=Path, metavar="RUN")
    parser.add_argument("--probability", action="store_true", help="1 - the largest probability")
    parser.add_argument("--sheet", type=Path)
    arguments = parser.parse_args()
    model = Model(arguments.model, PROBABILITY if arguments.probability else None)
    test = load()[1]
    inliers = model.scores(test.images)
    calibrating = held_out(arguments.held_out, model) if arguments.held_out else inliers
    thresholds = {share: threshold(calibrating, share) for share in ACCEPT}
    whose = "held-out" if arguments.held_out else "test"
    facts = {
        "score": model.score,
        **{f"threshold_{100 * share:.0f}": f"{at:.6f}" for share, at in thresholds.items()},
        "options": " ".join(sys.argv[1:]),
        "thresholds_on": f"{len(calibrating):,} {whose} images",
        "model": model.metadata["name"],
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
    scores = {name: model.scores(some) for name, some in images.items()}
    for name, found in scores.items():
        add("outliers", name, found)
    add("garments", "drawn garments", model.scores(drawn_garments()))
    add("test images", "all", inliers)
    for label, name in enumerate(test.class_names):
        add("test images", name, inliers[test.labels == label])
    if arguments.sheet:
        kept = {name: found <= thresholds[max(ACCEPT)] for name, found in scores.items()}
        sheet.page(images, kept).save(arguments.sheet)
    if missing:
        print(*missing, f"results/{FILE}.csv needs all sets and is not written", sep="\n")
        return
    own = (model.sha256, model.score)
    path = tables.RESULTS / f"{FILE}.csv"
    others = [
        row
        for row in (tables.read(FILE) if path.exists() else [])
        if (row["model_sha256"], row["score"]) != own
    ]
    tables.write(FILE, [*others, *rows])


if __name__ == "__main__":
    main()
