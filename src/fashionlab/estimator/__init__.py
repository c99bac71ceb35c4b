"""ScratchClassifier: the network from scratch as a scikit-learn classifier."""

from fashionlab.dependencies import needs

with needs("ScratchClassifier", "fashionlab[sklearn]"):
    from fashionlab.estimator.classifier import ScratchClassifier

__all__ = ["ScratchClassifier"]
