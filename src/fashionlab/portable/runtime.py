"""onnxruntime with its telemetry off: the package imports it here and nowhere else.

From 1.32 on, its builds write an identifier and a database of its use into the home folder and send
both. They read ORT_DISABLE_TELEMETRY once, when onnxruntime is imported; processes that this one
starts inherit the variable. Where a program has imported onnxruntime before, its telemetry runs and
nothing ends it: `disable_telemetry_events` keeps later events out, not what was recorded before.
"""

import os
from importlib import import_module
from typing import Any

VARIABLE = "ORT_DISABLE_TELEMETRY"


def _imported() -> Any:
    """Import onnxruntime; a user who has set the variable, to 0 say, has decided."""
    decided = os.environ.get(VARIABLE)
    if not decided:
        os.environ[VARIABLE] = "1"
    library = import_module("onnxruntime")
    if not decided:
        library.disable_telemetry_events()
    return library


onnxruntime = _imported()


def quantization() -> Any:
    """Return onnxruntime.quantization, which imports onnx too."""
    return import_module("onnxruntime.quantization")
