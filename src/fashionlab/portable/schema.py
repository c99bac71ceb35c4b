"""The JSON form of a prediction: one for the command line, the service, the page and the export."""

from dataclasses import dataclass
from typing import Any

from fashionlab.evaluation.conformal import LEVEL as USUAL
from fashionlab.evaluation.conformal import LEVELS, limits
from fashionlab.portable.metadata import Metadata
from fashionlab.portable.prediction import VERDICTS, Prediction

SHARE = {"type": "number", "minimum": 0, "maximum": 1}
LEVEL = {"type": "integer", "minimum": 0, "maximum": 255}
COLOUR = {"type": "array", "items": LEVEL, "minItems": 3, "maxItems": 3}  # red, green, blue
PIXELS = {  # of an image of any size, grey or in colour
    "type": "array",
    "items": {"type": "array", "items": {"anyOf": [LEVEL, COLOUR]}},
}
SET_LEVELS = list(LEVELS)
SET: dict[str, Any] = {
    "type": "object",
    "properties": {
        "level": {"enum": SET_LEVELS, "description": "Share of images whose set holds the truth"},
        "by_class": {"type": "boolean", "description": "Whether it is that share in each class."},
        "classes": {
            "type": "array",
            "items": {"type": "string"},
            "description": "Descending by probability; none where no class is likely enough.",
        },
    },
    "required": ["level", "by_class", "classes"],
    "additionalProperties": False,
}
FIELDS: dict[str, dict[str, Any]] = {
    "class_name": {"type": "string", "description": "The most probable class."},
    "index": {"type": "integer", "description": "Its label."},
    "probability": SHARE,
    "probabilities": {"type": "object", "additionalProperties": SHARE, "description": "Descending"},
    "verdict": {
        "enum": list(VERDICTS),
        "description": "unsure: its probability is too low; none_of_these: its outlier score is "
        "too high; not_found: nothing was found in the photo.",
    },
    "known": {"type": "boolean", "description": "Whether the verdict is known."},
    "reason": {"type": "string", "description": "Why it is not known; else empty."},
    "score": {
        "anyOf": [{"type": "number"}, {"type": "null"}],
        "description": "Outlier score, the higher the less like the training images; null for a "
        "model without one.",
    },
    "set": {"anyOf": [SET, {"type": "null"}], "description": "null for a model without sets."},
    "notes": {"type": "array", "items": {"type": "string"}, "description": "What was done to it."},
    "seen": {**PIXELS, "description": "What the model saw of a photo."},
}
PREDICTION: dict[str, Any] = {  # a JSON Schema, which /openapi.json contains
    "type": "object",
    "properties": FIELDS,
    "required": [name for name in FIELDS if name != "seen"],
    "additionalProperties": False,
}


@dataclass(frozen=True)
class Sets:
    """Which prediction set is given of each picture."""

    level: float
    by_class: bool


def chosen_sets(
    metadata: Metadata, level: float | None = None, by_class: bool = False
) -> Sets | None:
    """Return the sets that are asked for, by default the usual ones; None of a model without.

    Raises InvalidValueError where sets are asked for that the model does not have.
    """
    if metadata.sets is None and level is None and not by_class:
        return None
    chosen = Sets(USUAL if level is None else level, by_class)
    limits(metadata.sets, chosen.level, chosen.by_class)
    return chosen


def record(
    prediction: Prediction,
    top: int | None = None,
    decimals: int | None = None,
    seen: bool = False,
    sets: Sets | None = None,
) -> dict[str, Any]:
    """Return the prediction as PREDICTION says, with the `top` most probable classes or all.

    `decimals` are those of a probability and a score, by default all; `seen` adds the image that
    the model saw; `sets` are the model's `chosen_sets`, by default the usual ones.
    """
    # As prediction.top does it, but without NumPy: for so few numbers its functions take longer,
    # and each lets another thread go first.
    names, values = prediction.class_names, prediction.probabilities.tolist()
    best = sorted(range(len(values)), key=lambda i: -values[i])
    score = prediction.score
    if decimals is not None:
        values = [round(value, decimals) for value in values]
        score = None if score is None else round(score, decimals)
    answer = {
        "class_name": names[best[0]],
        "index": best[0],
        "probability": values[best[0]],
        "probabilities": {names[i]: values[i] for i in best[:top]},
        "verdict": prediction.verdict,
        "known": prediction.known,
        "reason": prediction.reason,
        "score": score,
        "set": _set(prediction, sets),
        "notes": list(prediction.notes),
    }
    if seen:
        answer["seen"] = prediction.seen.tolist()
    return answer


def _set(prediction: Prediction, sets: Sets | None) -> dict[str, Any] | None:
    if prediction.quantiles is None:
        return None
    sets = sets or Sets(USUAL, by_class=False)
    classes = list(prediction.set(sets.level, sets.by_class))
    return {"level": sets.level, "by_class": sets.by_class, "classes": classes}
