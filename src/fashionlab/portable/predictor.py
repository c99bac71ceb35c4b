"""Predictor: uses a portable model, with onnxruntime and nothing else."""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
from numpy.typing import NDArray
from PIL import Image

from fashionlab.errors import ImageError, InvalidValueError, ModelError
from fashionlab.evaluation.calibration import KEPT
from fashionlab.portable import decode, occlusion
from fashionlab.portable.contents import LARGEST_BYTES, metadata_text
from fashionlab.portable.metadata import INPUT, OUTPUT, Metadata
from fashionlab.portable.photo import Prepared, prepare
from fashionlab.shipped import MODEL

Picture = str | Path | bytes | Image.Image | NDArray[np.uint8]
AT_ONCE = 64  # images that go through the network together: their activations stay in cache


@dataclass(frozen=True, eq=False, repr=False)
class Prediction:
    """What a model makes of one picture."""

    class_names: tuple[str, ...]  # (K,)
    probabilities: NDArray[np.float32]  # (K,), calibrated
    reason: str  # why it is none of the classes, in a sentence; "" where it is one
    seen: NDArray[np.uint8]  # (H, W), the picture that the model saw
    notes: tuple[str, ...] = ()  # what was done to the photo before

    @property
    def known(self) -> bool:
        """Whether it is one of the classes, as far as the model can tell."""
        return not self.reason

    @property
    def index(self) -> int:
        """The label of the most probable class."""
        return int(self.probabilities.argmax())

    @property
    def class_name(self) -> str:
        """The most probable class, also where it is none of them."""
        return self.class_names[self.index]

    @property
    def probability(self) -> float:
        """The largest one."""
        return float(self.probabilities.max())

    def __repr__(self) -> str:
        """As in "Prediction(Dress 93.1 %)"."""
        known = "" if self.known else ", none of the classes"
        return f"Prediction({self.class_name} {100 * self.probability:.1f} %{known})"

    def top(self, k: int | None = None) -> list[tuple[str, float]]:
        """The `k` most probable classes, or all, each with its probability."""
        best = np.argsort(-self.probabilities, kind="stable")[:k]
        return [(self.class_names[i], float(self.probabilities[i])) for i in best]


class Predictor:
    """A portable model, ready to use from any number of threads.

    `model` is the file, or its content; None is the model that comes with fashionlab. `threads`
    work on one call, by default one for each core: the quickest answer, but they wait for the next
    call in a loop for a moment; a program that calls from several threads gives 1. Raises
    ModelError where it is not a portable model; nothing in it is run before it was looked through.
    """

    def __init__(
        self, model: str | Path | bytes | None = None, *, threads: int | None = None
    ) -> None:
        content = model if isinstance(model, bytes) else read(Path(model or MODEL))
        self.metadata = Metadata.from_json(metadata_text(content))
        self.sha256 = hashlib.sha256(content).hexdigest()
        self._session = session(content, threads)
        height, width = self.image_shape
        inputs, outputs = self._session.get_inputs(), self._session.get_outputs()
        signature = [(x.name, x.type, x.shape[1:]) for x in (*inputs, *outputs)]
        if signature != [
            (INPUT, "tensor(uint8)", [height, width]),
            (OUTPUT, "tensor(float)", [len(self.class_names)]),
        ]:
            raise ModelError(
                f"the model must take {INPUT} and give {OUTPUT} as its metadata say; received "
                f"{signature!r:.200}; give a file that `fashionlab export` wrote"
            )

    @property
    def class_names(self) -> tuple[str, ...]:
        """(K,) in label order."""
        return self.metadata.class_names

    @property
    def image_shape(self) -> tuple[int, int]:
        """(H, W) of the images that the model takes."""
        return self.metadata.image_shape

    def probabilities(self, images: NDArray[np.uint8]) -> NDArray[np.float32]:
        """(N, K) for images (N, H, W) as bytes, taken as they are: white on black, not scaled.

        Raises InvalidValueError for any other type or shape.
        """
        if not isinstance(images, np.ndarray) or images.dtype != np.uint8:
            kind = getattr(images, "dtype", type(images).__name__)
            raise InvalidValueError(f"images must be uint8, 0 to 255, not divided; received {kind}")
        if images.shape[1:] != self.image_shape or not len(images):
            raise InvalidValueError(
                f"images must be (N, {self.image_shape[0]}, {self.image_shape[1]}) with N from 1; "
                f"received {images.shape}"
            )
        return run(self._session, images)

    def predict(self, picture: Picture) -> Prediction:
        """What the picture shows.

        A path or the bytes of a PNG, JPEG or WebP, or an image of Pillow, is prepared as a photo is
        (see `photo.prepare`); so is an array (H', W') or (H', W', 3 or 4) of another size than the
        model's. An array of the model's size is taken as it is. Raises ImageError where it is not a
        picture that is taken, OSError where a file cannot be read.
        """
        return self.predict_all([picture])[0]

    def predict_all(self, pictures: Iterable[Picture]) -> list[Prediction]:
        """`predict` for several pictures, in their order."""
        return self.predict_prepared([self.prepare(picture) for picture in pictures])

    def prepare(self, picture: Picture) -> Prepared:
        """What the model will see of a picture, before it is asked."""
        if isinstance(picture, str | Path):
            picture = decode.read(Path(picture))
        if isinstance(picture, bytes):
            picture = decode.decode(picture)
        if isinstance(picture, np.ndarray):
            if picture.dtype == np.uint8 and picture.shape == self.image_shape:
                return Prepared(picture, found=True)
            picture = _image(picture)
        return prepare(picture, self.image_shape)

    def predict_prepared(self, prepared: Sequence[Prepared]) -> list[Prediction]:
        """`predict_all` for pictures that `prepare` has prepared."""
        if not prepared:
            return []
        results = self.probabilities(np.stack([one.image for one in prepared]))
        return [
            Prediction(self.class_names, row, self._reason(row, one), one.image, one.notes)
            for row, one in zip(results, prepared, strict=True)
        ]

    def _reason(self, probabilities: NDArray[np.float32], prepared: Prepared) -> str:
        if not prepared.found:
            return prepared.reason
        largest, threshold = float(probabilities.max()), self.metadata.threshold
        if largest >= threshold:
            return ""
        return (
            f"its most probable class has {largest:.0%}; of images that do belong to a class, "
            f"{KEPT:.0%} have {threshold:.0%} or more"
        )

    def occlusion(self, seen: NDArray[np.uint8], label: int) -> NDArray[np.float32]:
        """(H, W): how much the probability of `label` falls where a part of `seen` is hidden."""
        return occlusion.occlusion(self.probabilities, seen, label)


def read(path: Path) -> bytes:
    """A model's file, or as much as shows that it is too large; OSError names the path."""
    with path.open("rb") as file:
        return file.read(LARGEST_BYTES + 1)


def session(content: bytes, threads: int | None = None) -> Any:
    """onnxruntime's session for a model; ModelError where it cannot load it."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads or 0
    options.inter_op_num_threads = 1
    options.log_severity_level = 4  # it raises what it has to say
    try:
        return onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime's exceptions share no other base
        reason = " ".join(str(error).split())[:160]
        raise ModelError(
            f"onnxruntime cannot load the model ({reason}); give a file that `fashionlab export` "
            "wrote"
        ) from error


def run(session: Any, images: NDArray[np.uint8]) -> NDArray[np.float32]:
    """(N, K) probabilities of images (N, H, W), AT_ONCE at a time."""
    starts = range(0, len(images), AT_ONCE)
    parts = [session.run(None, {INPUT: images[i : i + AT_ONCE]})[0] for i in starts]
    return parts[0] if len(parts) == 1 else np.concatenate(parts)


def _image(array: NDArray[Any]) -> Image.Image:
    """An array of bytes as a picture of Pillow."""
    colours = array.shape[2] if array.ndim == 3 else 1
    if array.dtype != np.uint8 or array.ndim not in (2, 3) or colours not in (1, 3, 4):
        raise ImageError(
            "an array must be uint8 (H, W), (H, W, 3) or (H, W, 4); received "
            f"{array.dtype} {array.shape}"
        )
    return Image.fromarray(array[..., 0] if array.ndim == 3 and colours == 1 else array)
