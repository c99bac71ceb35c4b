"""scored: a run's graph with an outlier score, its threshold, and how well it does.

The threshold comes from images that the network and the head never saw. Where another run held them
out, its own network and head give the threshold, which carries over by its rank among training
images that neither head saw.

Symbols: N images, F features, K classes.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fashionlab.data import Dataset
from fashionlab.data.outliers import KINDS, draw
from fashionlab.evaluation.outliers import accepted_by_class, area, curve, threshold
from fashionlab.evaluation.ranks import carried
from fashionlab.export import graph
from fashionlab.export.outlier_head import Head, train_head
from fashionlab.portable import Metadata, Predictor
from fashionlab.portable.metadata import INPUT, OUTPUT, DrawnOutliers, OutlierTest
from fashionlab.portable.predictor import session
from fashionlab.runs import Run

Images = NDArray[np.uint8]
Emitted = Callable[[Run, Head], Any]  # a run's graph with a head

MOST_ASIDE, SHARE_ASIDE = 5000, 0.1  # of the training images
TESTED = 500  # outliers of each kind that the score is tested with
SEED_OF_TEST = 1  # other drawings than those that the head learned from
AT_ONCE = 64  # images


@dataclass(frozen=True, eq=False)
class _Scored:
    """A graph with an outlier score, and its scores of the images that were set aside."""

    model: Any
    aside: NDArray[np.float32]  # (N,)


def scored(
    run: Run,
    by: Run,
    emitted: Emitted,
    parts: tuple[Dataset, Dataset, Dataset],
    draft: Metadata,
    accept: float,
) -> tuple[Any, OutlierTest]:
    """Return the graph of `run` with an outlier score, and its test.

    `parts` are training images that neither `run` nor `by` held out, the images that `by` held out,
    and the test images. `draft` has the temperature; `emitted` emits a run with a head.
    """
    training, held_out, test = parts
    draft = _drafted(draft, accept)
    own = _with_score(run, emitted, training, draft)
    if by is run:
        limit = threshold(_answers(own.model, draft, held_out.images)[1], accept)
    else:
        other = _with_score(by, emitted, training, draft)
        limit = threshold(_answers(other.model, draft, held_out.images)[1], accept)
        limit = carried(limit, other.aside, own.aside)
    _, scores = _answers(own.model, draft, test.images)
    return own.model, OutlierTest(
        threshold=limit,
        accept=accept,
        accepted=tuple(accepted_by_class(scores, test.labels, limit, test.classes)),
        drawn=tuple(_tested(kind, own.model, draft, test, scores, limit) for kind in KINDS),
    )


def _drafted(draft: Metadata, accept: float) -> Metadata:
    """Return metadata that fit a graph with a score, before its threshold is known."""
    none = OutlierTest(threshold=0.0, accept=accept, accepted=(1.0,) * len(draft.class_names))
    return replace(draft, outliers=none)


def _with_score(run: Run, emitted: Emitted, training: Dataset, draft: Metadata) -> _Scored:
    order = np.random.default_rng(0).permutation(len(training))
    count = max(1, min(MOST_ASIDE, int(SHARE_ASIDE * len(training))))
    aside, rest = np.sort(order[:count]), np.sort(order[count:])
    if not len(rest):
        rest = aside
    head = train_head(
        _network(run, training),
        training.images[rest],
        training.labels[rest],
        mirrored=run.recipe.flip_at_prediction,
    )
    model = emitted(run, head)
    return _Scored(model, _answers(model, draft, training.images[aside])[1])


def _network(run: Run, training: Dataset) -> Callable[[Images], tuple[Any, Any]]:
    """Return the function from images (N, H, W[, 3]) to features (N, F) and labels (N,)."""
    shape, classes = training.image_shape, len(run.class_names)
    model = graph.emit_features(run.recipe, shape, classes, run.weights())
    opened = session(model.SerializeToString())

    def network(images: Images) -> tuple[Any, Any]:
        starts = range(0, len(images), AT_ONCE)
        parts = [
            opened.run([graph.FEATURES, OUTPUT], {INPUT: images[i : i + AT_ONCE]}) for i in starts
        ]
        features, outputs = (np.concatenate(part) for part in zip(*parts, strict=True))
        return features, outputs.argmax(axis=1)

    return network


def _answers(model: Any, draft: Metadata, images: Images) -> tuple[Any, Any]:
    """Return probabilities (N, K) and outlier scores (N,), as readers of the file get them."""
    return Predictor(graph.finished(model, draft)).probabilities_and_scores(images)


def _tested(
    kind: str, model: Any, draft: Metadata, test: Dataset, scores: NDArray[np.float32], limit: float
) -> DrawnOutliers:
    """Return how well the score tells test images from outliers of one kind."""
    outliers = draw(kind, TESTED, test.images, test.labels, SEED_OF_TEST)
    probabilities, found = _answers(model, draft, outliers.images)
    found = found[~outliers.still_shown(probabilities.argmax(axis=1))]
    if not len(found):
        found = np.full(1, np.inf)
    return DrawnOutliers(
        kind=kind,
        area=round(area(scores, found), 6),
        accepted=float((found <= limit).mean()),
        curve=tuple(round(share, 4) for share in curve(scores, found)),
    )
