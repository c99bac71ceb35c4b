"""From files to batches: find, check, read, split and batch a labelled set of images.

Symbols: N images, H rows, W columns, K classes, B images in a batch. Pixels stay uint8 up to the
model, so that a set takes one byte a pixel; a large set stays on the disk.

    load           load                  a file or folder, Fashion-MNIST or the synthetic set
    options        ReadOptions           what a file does not say about itself
    find           find                  which file of a folder is which part of the set
    contents       Found                 a part in each form of files, before it is loaded
    forms/         read, write           a reader and a writer for each form of file
    labels         class_labels          labels as files have them -> numbers of classes
    unpack         unpacked              what was packed once, in the cache
    convert        convert               a data set -> files of another form
    check/         check                 what is wrong with a data set
    storage        blocks                images larger than the memory
    windows        Windows               the order of an epoch over them
    dataset        Dataset, split        what every other package works on
    suspects       read_suspects         the list of an audit, and leaving out what it names
    parts          Parts, require_alike  the parts of one set, with how they were read
    fashion_mnist  CLASS_NAMES, FILES    names and hashes of Fashion-MNIST, and where it may lie
    known          by_name, by_pixels    what is publicly known of other sets
    fetch          fetch                 finds it, or downloads it into the cache: from a mirror
                                         (`download`), or Debian's package (`debian`), one process
                                         at a time (`lock`)
    synthetic      draw                  ten classes of drawn garments; no file, no network
    outliers/      draw, changed         drawn images of no class, and changes of a set's own
    batches        Batches, one_hot      the order of an epoch, from (seed, epoch) alone
    share          Share                 one worker's part of each batch
    augment        Augmentation          flip, rotate, zoom, shift, erase, CutMix and mixup
"""

from fashionlab.data.augment import Augmentation, Draws
from fashionlab.data.batches import Batches, batch_order, one_hot
from fashionlab.data.dataset import Dataset, split
from fashionlab.data.fashion_mnist import CLASS_NAMES
from fashionlab.data.forms.idx import read_idx, write_idx
from fashionlab.data.load import load, load_fashion_mnist, load_images, load_parts
from fashionlab.data.options import ReadOptions
from fashionlab.data.parts import Parts
from fashionlab.data.share import Share

__all__ = [
    "CLASS_NAMES",
    "Augmentation",
    "Batches",
    "Dataset",
    "Draws",
    "Parts",
    "ReadOptions",
    "Share",
    "batch_order",
    "load",
    "load_fashion_mnist",
    "load_images",
    "load_parts",
    "one_hot",
    "read_idx",
    "split",
    "write_idx",
]
