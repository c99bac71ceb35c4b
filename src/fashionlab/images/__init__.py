"""Pictures: bytes of any origin -> a Photo -> the image that a model takes; NumPy and Pillow alone.

    headers     strip       what a PNG, JPEG or WebP file says before its pixels
    photo       Photo       a picture of any origin, upright, 8 bits a channel
    decode      load        a path, bytes, an image of Pillow or an array -> Photo, within limits
    segment     foreground  where the garment is on a plain background
    scale       fit         any size -> the model's, with its proportions
    preprocess  prepare     a Photo -> the image that a model takes: the whole of it, or a garment

Symbols: H, W the model's image; h, w the photo at its working size; levels and colours are 0..255.
"""

from typing import Literal

Preparation = Literal["fit", "garment"]  # by which a picture becomes a model's image: `prepare`
PREPARATIONS = ("fit", "garment")
LARGEST_SIDE = 1024  # pixels of a model's image, and so of a data set's
ENDINGS = (".png", ".jpg", ".jpeg", ".webp")  # of pictures' files, where a folder is looked through
