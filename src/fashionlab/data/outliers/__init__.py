"""Drawn outliers: images of a data set's shape that belong to none of its classes.

A model that learns to tell them from its own images can say "none of these" of pictures that nobody
collected. They need no file: letters are of Pillow's own font, and mixed ones are made of the set's
images.

    draw       draw, KINDS    images of one kind, or of all
    drawings   strokes, letters, shapes
    patterns   textures, noise, fills
    mixed      mixed          the set's own images: cut up, turned, negated, enlarged, blended
    changes    changed        another size, place, form, light, sharpness and noise

Symbols: n images, H rows, W columns; ink (n, H, W) is the opacity of what is drawn, 0 to 1; tone
(n, H, W) its grey level, 0 to 255.
"""

from fashionlab.data.outliers.changes import changed
from fashionlab.data.outliers.draw import KINDS, Outliers, draw

__all__ = ["KINDS", "Outliers", "changed", "draw"]
