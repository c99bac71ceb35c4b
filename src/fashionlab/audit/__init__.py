"""Audit the labels of a data set: which are wrong, by predictions of networks that never saw them.

Symbols: N images of all parts, one after the other, K classes, F folds.

    audit        audit: data -> folder with suspects.csv, summary.json and the page
    recipe       the recipe of its networks
    folds        stratified folds over all parts together
    predictions  a network for each fold, and its probabilities of the other images
    duplicates   equal and nearly equal images with different labels
    result       Audit: what was found, as rows of the list and as a summary
    page         what the page shows of it
"""

from fashionlab.audit.audit import FOLDS, audit
from fashionlab.audit.recipe import RECIPE, recipe_for
from fashionlab.audit.result import Audit, listed, summary

__all__ = ["FOLDS", "RECIPE", "Audit", "audit", "listed", "recipe_for", "summary"]
