"""Fashion-MNIST: its class names, its four files with their hashes, and where they may lie."""

import hashlib
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from fashionlab.data.forms.idx import idx_header, read_idx
from fashionlab.errors import DataFormatError

NOT_GENUINE = "(not genuine)"  # follows another set's name that could be taken for it
NAME = "fashion-mnist"  # what only data with the hashes below are called
SHA256: dict[
    Literal["train", "test", "validation"], str
] = {  # `Dataset.sha256` of its two parts; FILES has the hashes of the files
    "train": "bd816fd8099b2e753bc52dedcb984e6714fc18052d7f92589abb1c3210b87134",
    "test": "015bdb34c5cbbe3877d8fc14088038d8939f00189e4cc87179431a02ab48c569",
}
CLASS_NAMES: tuple[str, ...] = (
    "T-shirt/top",
    "Trouser",
    "Pullover",
    "Dress",
    "Coat",
    "Sandal",
    "Shirt",
    "Sneaker",
    "Bag",
    "Ankle boot",
)
DEBIAN_PACKAGE = "dataset-fashion-mnist"
DEBIAN_FOLDER = "usr/share/datasets/fashion-mnist"  # below the root
REMEDY = f"apt-get install {DEBIAN_PACKAGE}, or give --data DIR, or --data synthetic"


@dataclass(frozen=True)
class File:
    """One of the four files, recognised by its content."""

    name: str  # without the ".gz" that it has in most places
    # Of the uncompressed content, IDX header included, as in Debian's package; Zalando's own .gz,
    # whose MD5s it publishes, has the same.
    sha256: str


FILES = (  # smallest first: a download fails early
    File(
        "train-labels-idx1-ubyte",
        "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
    ),
    File(
        "t10k-labels-idx1-ubyte",
        "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
    ),
    File(
        "t10k-images-idx3-ubyte",
        "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
    ),
    File(
        "train-images-idx3-ubyte",
        "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
    ),
)


def cache_folder() -> Path:
    """Return FASHIONLAB_CACHE, else XDG_CACHE_HOME/fashionlab, else ~/.cache/fashionlab.

    Without a home, ~ is the working directory.
    """
    if own := os.environ.get("FASHIONLAB_CACHE"):
        return expanded(own)
    if xdg := os.environ.get("XDG_CACHE_HOME"):
        return expanded(xdg) / "fashionlab"
    return expanded("~/.cache/fashionlab")


def expanded(path: str | Path) -> Path:
    """Expand ~; where the user has no home, as in a bare container, to the working directory."""
    try:
        return Path(path).expanduser()
    except RuntimeError:
        first, *rest = Path(path).parts
        return Path.cwd().joinpath(*rest) if first == "~" else Path(path)


def places() -> tuple[Path, ...]:
    """Return the folders where the files may lie, in the order of search."""
    return (
        cache_folder(),
        Path("/", DEBIAN_FOLDER),
        expanded("~/.keras/datasets/fashion-mnist"),
        Path.cwd() / "data/FashionMNIST/raw",  # torchvision's custom
        expanded("~/data/FashionMNIST/raw"),
    )


def called(name: str, sha256: str) -> str:
    """Return what a data set of this hash is called, whatever a folder or a record calls it.

    Another set's name is its own, but for one that could be taken for Fashion-MNIST's.
    """
    if sha256 in SHA256.values():
        return NAME
    alike = re.sub(r"[^a-z0-9]", "", str(name).lower()) == NAME.replace("-", "")
    return f"{name} {NOT_GENUINE}" if alike else name


def is_genuine(file: File, array: NDArray[np.uint8]) -> bool:
    """Return whether an array is the content of Fashion-MNIST's `file`."""
    digest = hashlib.sha256(idx_header(array.shape))
    digest.update(array.data)
    return digest.hexdigest() == file.sha256


def read_genuine(file: File, path: Path) -> NDArray[np.uint8]:
    """Read `file` from `path`; raises DataFormatError if it is sound IDX of other content."""
    return genuine(file, path, read_idx(path))


def genuine(file: File, path: Path, array: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return an array that was read from `path`; DataFormatError where it is not `file`."""
    if not is_genuine(file, array):
        raise DataFormatError(
            f"{file.name} must have SHA-256 {file.sha256}; received other content in {path}; "
            "delete it and fetch it again"
        )
    return array
