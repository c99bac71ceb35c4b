"""An engine's name -> the library `nn` that builders are functions of."""

import os
from importlib import import_module
from types import ModuleType

from fashionlab.errors import InvalidValueError, MissingDependencyError

ENGINES = ("scratch", "keras")


def engine(name: str) -> ModuleType:
    """`fashionlab.scratch` or `keras`, on PyTorch unless KERAS_BACKEND names another backend.

    Raises InvalidValueError for another name, MissingDependencyError where Keras or its backend is
    not installed.
    """
    if name == "scratch":
        return import_module("fashionlab.scratch")
    if name != "keras":
        raise InvalidValueError(f"engine must be one of {', '.join(ENGINES)}; received {name!r}")
    backend = os.environ.setdefault("KERAS_BACKEND", "torch")
    try:
        return import_module("keras")
    except ImportError as error:
        raise MissingDependencyError(
            f"the keras engine needs Keras 3 and its backend {backend!r} ({error}); "
            "install them: pip install 'fashionlab[keras]'"
        ) from error
