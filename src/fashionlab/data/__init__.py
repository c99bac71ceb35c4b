"""From files to batches: find, check, read, split and batch a labelled set of grey images.

Symbols: N images, H rows, W columns, K classes, B images in a batch. Pixels stay uint8 up to the
model, so that a set takes one byte a pixel.

    load           load                  a folder, Fashion-MNIST or the synthetic set, by its name
    dataset        Dataset, split        what every other package works on
    idx            read_idx, write_idx   the file format of MNIST
    fashion_mnist  CLASS_NAMES, FILES    names and hashes of Fashion-MNIST, and where it may lie
    fetch          fetch                 downloads it into the cache, or takes Debian's package
    synthetic      draw                  ten classes of drawn garments; no file, no network
    batches        Batches, one_hot      the order of an epoch, from (seed, epoch) alone
    augment        Augmentation          flip, rotate, zoom, shift, erase, CutMix and mixup
"""

from fashionlab.data.augment import Augmentation, Draws
from fashionlab.data.batches import Batches, batch_order, one_hot
from fashionlab.data.dataset import Dataset, split
from fashionlab.data.fashion_mnist import CLASS_NAMES
from fashionlab.data.forms.idx import read_idx, write_idx
from fashionlab.data.load import load, load_fashion_mnist

__all__ = [
    "CLASS_NAMES",
    "Augmentation",
    "Batches",
    "Dataset",
    "Draws",
    "batch_order",
    "load",
    "load_fashion_mnist",
    "one_hot",
    "read_idx",
    "split",
    "write_idx",
]
