"""Tables for tests: three images of 2 x 2 pixels in any way to write them; and what is read."""

import numpy as np

from fashionlab.data.forms.tables import table
from fashionlab.data.options import ReadOptions

HEAD = "label,a,b,c,d\n"
IMAGES = np.array(
    [[[0, 1], [22, 255]], [[9, 10], [99, 100]], [[199, 200], [254, 7]]], np.uint8
)  # (3, 2, 2)
LABELS = [1, 0, 1]


def read(path, **options):
    """Return (images, labels) of all blocks."""
    blocks = list(table.read(path, ReadOptions(**options)))
    images = np.concatenate([block.images for block in blocks])
    if blocks[0].labels is None:
        assert all(block.labels is None for block in blocks)
        return images, None
    for block in blocks:
        assert isinstance(block.labels, list) or block.labels.dtype == np.int64
    return images, [label for block in blocks for label in list(block.labels)]


def saver(folder):
    """Return a function that saves a table's text or bytes in a folder."""

    def save(content, name="table.csv"):
        content = content.encode() if isinstance(content, str) else content
        (folder / name).write_bytes(content)
        return folder / name

    return save


def text(labels=LABELS, last=False, header=True, delimiter=",", end="\n", number=str):
    """Return IMAGES as a table."""
    lines = [["label", "pixel1", "pixel2", "pixel3", "pixel4"]] if header else []
    lines += [
        [str(label), *map(number, image.ravel().tolist())]
        for label, image in zip(labels, IMAGES, strict=True)
    ]
    if last:
        lines = [[*pixels, label] for label, *pixels in lines]
    return "".join(delimiter.join(line) + end for line in lines)
