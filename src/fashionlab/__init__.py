"""fashionlab: train, measure and explain image classifiers on Fashion-MNIST and its kind."""

from importlib import import_module
from typing import Any

__version__ = "0.1.0.dev0"

# Loaded on first use, so that `import fashionlab.scratch` needs NumPy alone.
_LAZY = {
    "Predictor": "fashionlab.portable",
    "ScratchClassifier": "fashionlab.estimator",  # scikit-learn's
    "load_fashion_mnist": "fashionlab.data",
}

__all__ = ["__version__", *_LAZY]


def __getattr__(name: str) -> Any:
    if name in _LAZY:
        return getattr(import_module(_LAZY[name]), name)
    raise AttributeError(f"module 'fashionlab' has no attribute {name!r}")
