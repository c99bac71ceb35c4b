"""Check a data set before anything is computed from it.

Symbols: N images of H rows, W columns and C channels, P = H W C values an image, K classes.

    verdict      check, Check          all findings about the parts of a data set
    finding      Finding, Place        one thing that is wrong, how bad it is, and the remedy
    scan         scan                  one pass over the images: counts, sums and digests
    values       value_findings        range, constant images, dark on light
    classes      class_findings        empty, small and unbalanced classes
    duplicates   find_duplicates       equal images, by digest
    near         find_near_copies      pairs at most 4 grey levels apart
    copies       duplicate_findings    what both mean for training and test
    orientation  orientation           digits or garments, and which way up
    identity     identity              which known set it is in truth
    templates    DIGITS, GARMENTS      the class means that tell it
"""

from fashionlab.data.check.finding import Finding, Place, place_of
from fashionlab.data.check.verdict import Check, check

__all__ = ["Check", "Finding", "Place", "check", "place_of"]
