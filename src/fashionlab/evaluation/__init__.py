"""What a trained classifier is worth: scores of its predictions and how far to trust them.

A folder of its own because it needs only log-probabilities and labels, never a model: whatever
library produced them is measured by the same arithmetic.

Symbols: N images, K classes; TP, FP, FN are one class's true positives, false positives and
false negatives.
"""
