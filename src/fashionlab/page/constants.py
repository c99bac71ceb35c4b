"""module: constants.js, the values and sentences of Python that the page uses too."""

import json
from types import ModuleType

from fashionlab.evaluation import calibration, conformal, occlusion
from fashionlab.images import decode, preprocess, segment
from fashionlab.portable import predictor

SHARED: tuple[tuple[ModuleType, tuple[str, ...]], ...] = (
    (decode, ("LARGEST_BYTES", "LARGEST_PIXELS", "MEDIA_TYPES")),
    (preprocess, ("WORKING_SIDE", "LARGEST_WORKING_SIDE", "LUMA")),
    (preprocess, ("CUT_OUT", "BRIGHTEST", "MARGIN", "NEARLY_WHITE")),
    (preprocess, ("CUT", "INVERTED", "NOT_INVERTED", "LIGHT_BORDER", "NOT_SCALED")),
    (preprocess, ("WHOLE", "ON_WHITE", "GREYED")),
    (segment, ("BORDER", "ROUNDS", "OTSU", "LEAST_DISTANCE", "LARGEST_UNEVENNESS")),
    (segment, ("LEAST_SHARE", "LARGEST_SHARE", "SPECK", "CELLS", "NOTHING", "UNEVEN")),
    (occlusion, ("PART", "PLACES", "STEP")),
    (predictor, ("REJECTED", "UNLIKE")),
    (calibration, ("KEPT",)),
    (conformal, ("LEVEL",)),
)


def module() -> bytes:
    """Return the text of constants.js."""
    lines = [f"// From Python, by {__name__}."]
    for source, names in SHARED:
        lines += [f"export const {name} = {json.dumps(getattr(source, name))};" for name in names]
    return "\n".join([*lines, ""]).encode()
