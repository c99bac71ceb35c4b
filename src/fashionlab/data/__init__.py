"""From files to batches: find, check, read, split and serve a labelled set of grey images.

Symbols: N images, H rows, W columns, K classes, B images in a batch. Pixels stay uint8 up to the
model, so that a set costs one byte a pixel.

    dataset        Dataset, split          what every other room works on
    idx            read_idx, write_idx     the file format of MNIST and its kin
    fetch          fetch                   fill the cache from a mirror or Debian's package
    fashion_mnist  load                    where the set comes from, in order
    synthetic      draw                    ten garments drawn on the spot; no file, no network
    batches        Batches, one_hot        the order of an epoch from (seed, epoch) alone
    augment        Augmentation            flips and shifts, from the same two
"""

from fashionlab.data.augment import Augmentation, Draws
from fashionlab.data.batches import Batches, batch_order, one_hot
from fashionlab.data.dataset import Dataset, Part, split
from fashionlab.data.load import load, load_fashion_mnist
from fashionlab.data.fetch import CLASS_NAMES
from fashionlab.data.idx import read_idx, write_idx

__all__ = [
    "CLASS_NAMES",
    "Augmentation",
    "Batches",
    "Dataset",
    "Draws",
    "Part",
    "batch_order",
    "load",
    "load_fashion_mnist",
    "one_hot",
    "read_idx",
    "split",
    "write_idx",
]
