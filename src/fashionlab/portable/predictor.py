"""Predictor: classifies pictures by a portable model, with onnxruntime alone."""

import hashlib
import math
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fashionlab.errors import InvalidValueError, ModelError
from fashionlab.evaluation.calibration import KEPT
from fashionlab.evaluation.occlusion import occlusion
from fashionlab.images.decode import Picture, load
from fashionlab.images.preprocess import Prepared, prepare
from fashionlab.portable.graph import LARGEST_BYTES
from fashionlab.portable.metadata import INPUT, Metadata
from fashionlab.portable.prediction import Prediction, Verdict
from fashionlab.portable.runtime import onnxruntime
from fashionlab.portable.validate import MOST_AT_ONCE, validate
from fashionlab.shipped import MODEL

LONGEST_REASON = 120  # characters
CLOSE = 1e-3  # how far from 1 the probabilities of an image may add up
# Why a picture is unsure, and why it is none of the classes; page/browser/prediction.js fills both
# in too. Shares are whole per cent, but the one of UNLIKE, which the user chose, has three digits
# where it needs them (99.5%); scores have two decimals.
REJECTED = (
    "its most probable class has {largest}; of images that do belong to a class, "
    "{kept} have {threshold} or more"
)
UNLIKE = (
    "its outlier score is {score}; of images that do belong to a class, "
    "{kept} have {threshold} or less"
)


class Predictor:
    """A portable model, ready to use from any number of threads.

    `model` is the file, or its content; None is the model that comes with fashionlab. `threads`
    compute one call, by default one for each core: the quickest answer, but they spin for a moment
    after each call; a program that calls from several threads gives 1. Raises ModelError for
    anything but a portable model; nothing in it is run before it was validated, and it is tried on
    three images.
    """

    def __init__(
        self, model: str | Path | bytes | None = None, *, threads: int | None = None
    ) -> None:
        content = model if isinstance(model, bytes) else read(Path(model or MODEL))
        try:
            self._load(content, threads)
        except ModelError as error:
            if isinstance(model, bytes):
                raise
            raise ModelError(f"{model or MODEL}: {error}") from error

    def _load(self, content: bytes, threads: int | None) -> None:
        validated = validate(content)
        self.metadata = validated.metadata
        self.class_names = self.metadata.class_names  # (K,) in label order
        self.image_shape = self.metadata.image_shape  # (H, W), or (H, W, 3) in colour
        self.sha256 = hashlib.sha256(content).hexdigest()
        self._content, self._threads = content, threads
        self._at_once = validated.at_once
        self._session = session(content, threads)
        for image in _probes(self.image_shape):
            self.probabilities_and_scores(image)

    def __getstate__(self) -> dict[str, Any]:
        """Return the model's bytes: a process of a pool, or a copy, loads and validates them."""
        return {"model": self._content, "threads": self._threads}

    def __setstate__(self, state: dict[str, Any]) -> None:
        Predictor.__init__(self, **state)

    def probabilities(self, images: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Return (N, K) for images (N, H, W) of bytes, (N, H, W, 3) in colour, as they are.

        Raises InvalidValueError for any other type or shape, ModelError where the model does not
        give probabilities of them.
        """
        return self.probabilities_and_scores(images)[0]

    def probabilities_and_scores(
        self, images: NDArray[np.uint8]
    ) -> tuple[NDArray[np.float32], NDArray[np.float32] | None]:
        """Return probabilities (N, K) and outlier scores (N,) of images, as `probabilities` does.

        The scores are None for a model that has none. Raises ModelError for one that is not finite.
        """
        if not isinstance(images, np.ndarray) or images.dtype != np.uint8:
            kind = getattr(images, "dtype", type(images).__name__)
            raise InvalidValueError(f"images must be uint8, 0 to 255, not divided; received {kind}")
        if images.shape[1:] != self.image_shape or not len(images):
            wanted = ", ".join(map(str, ("N", *self.image_shape)))
            raise InvalidValueError(
                f"images must be ({wanted}) with N from 1; received {images.shape}"
            )
        return run(self._session, images, self._at_once)

    def predict(self, picture: Picture) -> Prediction:
        """Return the prediction for a picture.

        A path or the bytes of a PNG, JPEG or WebP, or an image of Pillow, is prepared as the
        model's metadata say (see `images.preprocess`); so is an array (H', W') or (H', W', 3 or 4)
        of another shape than the model's. An array of the model's shape is taken as it is. Raises
        ImageError for anything else, OSError where a file cannot be read.
        """
        return self.predict_all([picture])[0]

    def predict_all(self, pictures: Iterable[Picture]) -> list[Prediction]:
        """Return the predictions for several pictures, in their order."""
        return self.predict_prepared([self.prepare(picture) for picture in pictures])

    def prepare(self, picture: Picture) -> Prepared:
        """Return the image that the model will see of a picture."""
        if (
            isinstance(picture, np.ndarray)
            and picture.dtype == np.uint8
            and picture.shape == self.image_shape
        ):
            return Prepared(picture, found=True)
        return prepare(load(picture), self.image_shape, self.metadata.preparation)

    def predict_prepared(self, prepared: Sequence[Prepared]) -> list[Prediction]:
        """Return the predictions for pictures that `prepare` has prepared."""
        if not prepared:
            return []
        images = np.stack([one.image for one in prepared])
        rows, scores = self.probabilities_and_scores(images)
        each = [None] * len(rows) if scores is None else scores.tolist()
        return [
            self._prediction(row, score, one)
            for row, score, one in zip(rows, each, prepared, strict=True)
        ]

    def _prediction(
        self, row: NDArray[np.float32], score: float | None, prepared: Prepared
    ) -> Prediction:
        if prepared.found:
            verdict, reason = judge(self.metadata, float(row.max()), score)
        else:
            verdict, reason = "not_found", prepared.reason
        return Prediction(
            self.class_names,
            row,
            verdict,
            reason,
            prepared.image,
            prepared.notes,
            score,
            self.metadata.sets,
        )

    def occlusion(self, seen: NDArray[np.uint8], label: int) -> NDArray[np.float32]:
        """Return (H, W): the fall of the probability of `label` where a part is hidden."""
        return occlusion(self.probabilities, seen, label)


def judge(metadata: Metadata, largest: float, score: float | None) -> tuple[Verdict, str]:
    """Return the verdict on a picture, by its largest probability and outlier score, and why."""
    outliers, threshold = metadata.outliers, metadata.threshold
    if outliers is not None and score is not None and score > outliers.threshold:
        return "none_of_these", UNLIKE.format(
            score=f"{score:.2f}",
            kept=f"{100 * outliers.accept:.3g}%",
            threshold=f"{outliers.threshold:.2f}",
        )
    if largest >= threshold:
        return "known", ""
    return "unsure", REJECTED.format(
        largest=f"{largest:.0%}", kept=f"{KEPT:.0%}", threshold=f"{threshold:.0%}"
    )


def read(path: Path) -> bytes:
    """Return a model's file, or as much as shows that it is too large.

    Raises ModelError for what is no regular file, which could be endless; OSError names the path.
    """
    if path.exists() and not path.is_file():  # before it is opened: a pipe would wait for a writer
        raise ModelError(f"a model must be a file; {path} is another thing; give an .onnx file")
    with path.open("rb") as file:
        return file.read(LARGEST_BYTES + 1)


def session(content: bytes, threads: int | None = None) -> Any:
    """Return onnxruntime's session for a model; ModelError where it cannot load it."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads or 0
    options.inter_op_num_threads = 1
    options.log_severity_level = 4  # errors are raised, not logged
    with _as_model_error("load"):
        return onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])


def run(
    session: Any, images: NDArray[np.uint8], at_once: int = MOST_AT_ONCE
) -> tuple[NDArray[np.float32], NDArray[np.float32] | None]:
    """Return the probabilities (N, K) of images (N, H, W[, 3]), and their outlier scores (N,).

    `at_once` images are computed at a time. The scores are None where the model has none. Raises
    ModelError for what are no probabilities, or a score that is not finite.
    """
    starts = range(0, len(images), at_once)
    with _as_model_error("run"):
        parts = [session.run(None, {INPUT: images[i : i + at_once]}) for i in starts]
    rows, *scores = [x[0] if len(x) == 1 else np.concatenate(x) for x in zip(*parts, strict=True)]
    with np.errstate(invalid="ignore", over="ignore"):  # of infinities
        distances = np.abs(rows.sum(axis=1) - 1)
    if not (rows.min() >= 0 and distances.max() <= CLOSE):  # nor where one of them is NaN
        raise ModelError(
            "a model must give probabilities that add up to 1; this one gave "
            f"{rows[distances.argmax()].tolist()!r:.80}; export the run again"
        )
    if not scores:
        return rows, None
    score = scores[0][:, 0]
    if not np.isfinite(score).all():
        raise ModelError(
            "a model must give finite outlier scores; this one gave "
            f"{score[~np.isfinite(score)][0]}; export the run again"
        )
    return rows, score


@contextmanager
def _as_model_error(what: str) -> Iterator[None]:
    try:
        yield
    except Exception as error:  # onnxruntime's exceptions share no other base
        reason = " ".join(str(error).split()) or type(error).__name__
        if len(reason) > LONGEST_REASON:  # it stands at the end, after names inside the library
            reason = f"... {reason[-LONGEST_REASON:]}"
        raise ModelError(
            f"onnxruntime cannot {what} the model ({reason}); give a file that `fashionlab "
            "export` wrote, and enough memory"
        ) from error


def _probes(shape: tuple[int, ...]) -> Iterator[NDArray[np.uint8]]:
    """Yield images (1, H, W[, 3]): black, white and noise, made without importing numpy.random."""
    yield np.zeros((1, *shape), np.uint8)
    yield np.full((1, *shape), 255, np.uint8)
    places = np.arange(math.prod(shape), dtype=np.uint32)
    noise = places * np.uint32(2654435761) >> np.uint32(24)  # Knuth's multiplicative hash
    yield noise.astype(np.uint8).reshape(1, *shape)
