"""Prediction: the answer of a model about one picture."""

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from fashionlab.evaluation.conformal import LEVEL, Quantiles, limits

Verdict = Literal["known", "unsure", "none_of_these", "not_found"]
VERDICTS: tuple[Verdict, ...] = get_args(Verdict)
WORDS: dict[Verdict, str] = {  # of a verdict, for people
    **{"known": "known", "unsure": "unsure"},
    **{"none_of_these": "none of these", "not_found": "nothing found"},
}
SHOWN = 5  # classes in a notebook


@dataclass(frozen=True, eq=False, repr=False)
class Prediction:
    """The answer of a model about one picture.

    `verdict` is "known" for a picture of the most probable class, as far as the model can tell;
    "unsure" where that has too low a probability; "none_of_these" where the outlier score says that
    the picture is unlike all images of the classes; "not_found" where nothing was found in it.
    """

    class_names: tuple[str, ...]  # (K,)
    probabilities: NDArray[np.float32]  # (K,), calibrated
    verdict: Verdict
    reason: str  # why it is not known, in a sentence; "" where it is
    seen: NDArray[np.uint8]  # (H, W) or (H, W, 3), the image that the model saw
    notes: tuple[str, ...] = ()  # what was done to the photo before
    score: float | None = None  # outlier score; None for a model without one
    quantiles: Quantiles | None = None  # the model's, for `set`

    @property
    def known(self) -> bool:
        """Whether it is the most probable class, as far as the model can tell."""
        return self.verdict == "known"

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
        """The probability of the most probable class."""
        return float(self.probabilities.max())

    def __repr__(self) -> str:
        """Return it in the form "Prediction(Dress 93.1 %)"."""
        verdict = "" if self.known else f", {WORDS[self.verdict]}"
        return f"Prediction({self.class_name} {100 * self.probability:.1f} %{verdict})"

    def _repr_html_(self) -> str:
        """Return what a notebook shows: the image seen, the verdict and the best classes."""
        from fashionlab import notebook

        height, width = self.seen.shape[:2]
        alt = f"The image that the model saw, {width} × {height} pixels"
        heading = self.class_name if self.known else WORDS[self.verdict].capitalize()
        said = [self.reason] if self.reason else []
        note = "; ".join([*said, *self.notes])
        return notebook.block(
            heading, notebook.picture(self.seen, alt), notebook.bars(self.top(SHOWN), note)
        )

    def top(self, k: int | None = None) -> list[tuple[str, float]]:
        """Return the `k` most probable classes, or all, each with its probability."""
        best = np.argsort(-self.probabilities, kind="stable")[:k]
        return [(self.class_names[i], float(self.probabilities[i])) for i in best]

    def set(self, level: float = LEVEL, by_class: bool = False) -> tuple[str, ...]:
        """Return the classes that hold the truth for that share of images, the most probable first.

        It may be empty: no class is likely enough. With `by_class` the promise holds in each class.
        It breaks for photos that differ from the held-out images: see `evaluation.conformal`.
        Raises InvalidValueError for a level that the model has no quantiles of, or no quantiles.
        """
        highest = limits(self.quantiles, level, by_class)
        # Without NumPy, which for so few numbers takes longer.
        p = self.probabilities.tolist()
        chosen = [i for i, limit in enumerate(highest) if 1 - p[i] <= limit]
        return tuple(self.class_names[i] for i in sorted(chosen, key=lambda i: -p[i]))
