"""Metrics of a trained classifier from its predictions, and how far to trust them.

It needs only log-probabilities and labels, never a model, so that the predictions of every library
are measured by the same arithmetic. Robustness alone calls one, as a function of images.

    metrics           accuracy, log loss, precision, recall, F1, confusion matrix
    intervals         of an accuracy, of a difference of two, and of the mean over seeds
    class_intervals   of precision, recall and F1 of each class
    significance      McNemar's, the corrected resampled and Fisher's test; Holm's adjustment
    calibration       temperature, reliability and its errors, Brier score, threshold of "unsure"
    selective         accuracy against coverage, where only the surest images are answered
    conformal         prediction sets with a promised coverage, and how they are measured
    ranks             a limit on one network's scores, on the scale of another's
    outliers          how well a score tells pictures of no class: threshold, area, curve
    label_audit       confident learning: how many labels are wrong, and which
    corruptions/      fifteen corruptions of images, in five strengths each
    robustness        accuracy under each of them, on a sample of the test images
    baselines         majority class, logistic regression, nearest neighbours
    nearest           the training images nearest to others, pixel by pixel
    duplicates        test images that are in the training set too
    appearance        brightness, contrast and covered area of images
    segments          parts of the test images, and where the accuracy is significantly lower
    examples          the test images that a page shows
    occlusion         the parts of an image that its class rests on
    neighbours        the images that a network finds most alike
    projection        features as points on a plane: PCA, t-SNE, UMAP
    explanation       Explanation, and which test images are explained
    predictions       a model's outputs to log-probabilities; their mean over views of an image

Symbols: N images, K classes; TP, FP, FN are one class's true positives, false positives and
false negatives.
"""
