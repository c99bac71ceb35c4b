"""ScratchClassifier: the network from scratch as a scikit-learn classifier."""

from fashionlab.errors import MissingDependencyError

try:
    from fashionlab.estimator.classifier import ScratchClassifier
except ImportError as error:
    raise MissingDependencyError(
        f"ScratchClassifier needs scikit-learn 1.6 or later ({error}); "
        "install it: pip install 'fashionlab[sklearn]'"
    ) from error

__all__ = ["ScratchClassifier"]
