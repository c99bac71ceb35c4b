"""The JSON form of a prediction: one for the command line, the service, the page and the export."""

from typing import Any

from fashionlab.portable.predictor import Prediction

SHARE = {"type": "number", "minimum": 0, "maximum": 1}
LEVEL = {"type": "integer", "minimum": 0, "maximum": 255}
COLOUR = {"type": "array", "items": LEVEL, "minItems": 3, "maxItems": 3}  # red, green, blue
PIXELS = {  # of an image of any size, grey or in colour
    "type": "array",
    "items": {"type": "array", "items": {"anyOf": [LEVEL, COLOUR]}},
}
FIELDS: dict[str, dict[str, Any]] = {
    "class_name": {"type": "string", "description": "The most probable class."},
    "index": {"type": "integer", "description": "Its label."},
    "probability": SHARE,
    "probabilities": {"type": "object", "additionalProperties": SHARE, "description": "Descending"},
    "known": {"type": "boolean", "description": "False: none of the classes, for this `reason`."},
    "reason": {"type": "string"},
    "notes": {"type": "array", "items": {"type": "string"}, "description": "What was done to it."},
    "seen": {**PIXELS, "description": "What the model saw of a photo."},
}
PREDICTION: dict[str, Any] = {  # a JSON Schema, which /openapi.json contains
    "type": "object",
    "properties": FIELDS,
    "required": [name for name in FIELDS if name != "seen"],
    "additionalProperties": False,
}


def record(
    prediction: Prediction, top: int | None = None, decimals: int | None = None, seen: bool = False
) -> dict[str, Any]:
    """Return the prediction as PREDICTION says, with the `top` most probable classes or all.

    `decimals` are those of a probability, by default all; `seen` adds the image that the model saw.
    """
    # As prediction.top does it, but without NumPy: for so few numbers its functions take longer,
    # and each lets another thread go first.
    names, values = prediction.class_names, prediction.probabilities.tolist()
    best = sorted(range(len(values)), key=lambda i: -values[i])
    if decimals is not None:
        values = [round(value, decimals) for value in values]
    answer = {
        "class_name": names[best[0]],
        "index": best[0],
        "probability": values[best[0]],
        "probabilities": {names[i]: values[i] for i in best[:top]},
        "known": prediction.known,
        "reason": prediction.reason,
        "notes": list(prediction.notes),
    }
    if seen:
        answer["seen"] = prediction.seen.tolist()
    return answer
