"""Metrics of a trained classifier from its predictions, and how far to trust them.

It needs only log-probabilities and labels, never a model, so that the predictions of every library
are measured by the same arithmetic.

    metrics       accuracy, log loss, precision, recall, F1, confusion matrix
    intervals     Wilson's interval for an accuracy; mean, deviation and interval over seeds
    calibration   temperature, expected calibration error, threshold of "unsure"
    selective     accuracy against coverage, where only the surest images are answered
    conformal     prediction sets with a promised coverage, and how they are measured
    ranks         a limit on one network's scores, on the scale of another's
    outliers      how well a score tells pictures of no class: threshold, area, curve
    label_audit   confident learning: how many labels are wrong, and which
    duplicates    test images that are in the training set too
    examples      the test images that a page shows
    occlusion     the parts of an image that its class rests on
    neighbours    the images that a network finds most alike
    projection    features as points on a plane: PCA, t-SNE, UMAP
    explanation   Explanation: occlusion and saliency maps, neighbours, a map, kernels; of which
                  test images
    predictions   a model's outputs to log-probabilities; their mean over views of an image

Symbols: N images, K classes; TP, FP, FN are one class's true positives, false positives and
false negatives.
"""
