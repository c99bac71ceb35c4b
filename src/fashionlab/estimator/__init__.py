"""ScratchClassifier: the network from scratch as a scikit-learn classifier."""

from fashionlab.estimator.classifier import ScratchClassifier

__all__ = ["ScratchClassifier"]
