"""Audit the labels of a data set: which are wrong, by predictions of networks that never saw them.

Symbols: N images of all parts, one after the other, K classes, F folds.

    audit        audit: data -> folder with suspects.csv, summary.json and the page
    folds        stratified folds over all parts together
    predictions  a network for each fold, and its probabilities and features of the other images
"""

from fashionlab.audit.audit import FOLDS, Audit, audit, listed, summary
from fashionlab.audit.recipe import RECIPE

__all__ = ["FOLDS", "RECIPE", "Audit", "audit", "listed", "summary"]
