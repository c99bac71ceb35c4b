"""Load (train, test) from a folder, by a data set's name, or from the places where it may lie."""

import os
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fashionlab import files
from fashionlab.data import fashion_mnist, synthetic
from fashionlab.data.dataset import Dataset, Split
from fashionlab.data.fashion_mnist import REMEDY, File
from fashionlab.data.fetch import Log
from fashionlab.data.fetch import fetch as fetch_files
from fashionlab.data.forms.idx import read_idx
from fashionlab.errors import DataFormatError, DataNotFoundError
from fashionlab.text import printable, read_text

Array = NDArray[np.uint8]
CLASS_NAMES_FILE = "class_names.txt"
PREFIXES: dict[Split, str] = {"train": "train", "test": "t10k"}  # of the names of IDX files


def load(
    source: str | Path | None = None, fetch: bool = True, log: Log | None = None
) -> tuple[Dataset, Dataset]:
    """Load (train, test) from `source`: a folder, "synthetic", or None to search.

    A folder named here or by FASHIONLAB_DATA is final: its four IDX files may be anyone's, with
    class names from class_names.txt, one a line. Without one, only genuine Fashion-MNIST is
    accepted, from `fashion_mnist.places()`, then, if `fetch`, from the network into the cache.

    Raises DataNotFoundError naming every place tried, DataFormatError for an unsound folder.
    """
    source = source or os.environ.get("FASHIONLAB_DATA") or None
    if source is None:
        return _find_fashion_mnist(fetch, log)
    if str(source) == "synthetic":
        return synthetic.draw()
    return _load_folder(fashion_mnist.expanded(source))


def load_fashion_mnist() -> tuple[tuple[Array, Array], tuple[Array, Array]]:
    """Load ((x_train, y_train), (x_test, y_test)), as keras.datasets.fashion_mnist.load_data()."""
    train, test = load()
    return (train.images, train.labels), (test.images, test.labels)


def _find_fashion_mnist(fetch: bool, log: Log | None) -> tuple[Dataset, Dataset]:
    tried: list[str] = []
    for place in fashion_mnist.places():
        try:
            return _load_genuine(place)
        except (OSError, DataFormatError) as error:  # a place may also be unreadable
            tried.append(f"{place} ({error})")
    rule = f"Fashion-MNIST must lie in a known place; received none of: {'; '.join(tried)}"
    if not fetch:
        raise DataNotFoundError(f"{rule}; network (not tried): {REMEDY}")
    try:
        return _load_genuine(fetch_files(log))
    except DataNotFoundError as error:
        raise DataNotFoundError(f"{rule}; then: {error}") from error


def _paths(folder: Path) -> dict[File, list[Path]]:
    """Return the paths of each file, .gz first; raises DataNotFoundError where one is missing."""
    if not folder.is_dir():
        raise DataNotFoundError(f"no such folder {folder}")
    paths = {
        file: [p for p in (folder / f"{file.name}.gz", folder / file.name) if p.is_file()]
        for file in fashion_mnist.FILES
    }
    if missing := [file.name for file, found in paths.items() if not found]:
        raise DataNotFoundError(f"no {', '.join(missing)}")
    return paths


def _load_genuine(folder: Path) -> tuple[Dataset, Dataset]:
    """Load Fashion-MNIST from `folder`; a sound plain file makes up for a damaged .gz."""
    arrays: dict[str, Array] = {}
    for file, paths in _paths(folder).items():
        failures = []
        for path in paths:
            try:
                arrays[file.name] = fashion_mnist.read_genuine(file, path)
                break
            except DataFormatError as error:
                failures.append(error)
        else:
            raise failures[0]
    return _pair(arrays, fashion_mnist.CLASS_NAMES, fashion_mnist.NAME, folder)


def _load_folder(folder: Path) -> tuple[Dataset, Dataset]:
    """Load the user's own data, or Fashion-MNIST where all four hashes say so."""
    try:
        paths = {file: found[0] for file, found in _paths(folder).items()}
    except OSError as error:
        wanted = ", ".join(file.name for file in fashion_mnist.FILES)
        raise DataNotFoundError(
            f"a data folder must hold {wanted} (or .gz); received {folder} ({error}); {REMEDY}"
        ) from None
    arrays = {file.name: read_idx(path) for file, path in paths.items()}
    if all(fashion_mnist.is_genuine(file, paths[file], arrays[file.name]) for file in paths):
        names, name = fashion_mnist.CLASS_NAMES, fashion_mnist.NAME
    else:
        names = _class_names(folder, arrays)
        shown = printable(files.text(folder.resolve().name))
        name = fashion_mnist.called(shown, sha256="") or "data"
    return _pair(arrays, names, name, folder)


def _class_names(folder: Path, arrays: dict[str, Array]) -> tuple[str, ...]:
    path = folder / CLASS_NAMES_FILE
    try:
        lines = read_text(path, "a file of class names").rstrip().split("\n")
    except FileNotFoundError:
        highest = max(int(array.max()) for file, array in arrays.items() if "labels" in file)
        return tuple(str(label) for label in range(1 + highest))
    except OSError as error:
        raise DataFormatError(
            f"class names must be readable; received '{error.strerror}' from {path}; remove it, or "
            "make it a text file with a name a line"
        ) from error
    return tuple(line.strip() for line in lines)


def _pair(
    arrays: dict[str, Array], class_names: tuple[str, ...], name: str, folder: Path
) -> tuple[Dataset, Dataset]:
    train, test = (
        Dataset(
            arrays[f"{prefix}-images-idx3-ubyte"],
            arrays[f"{prefix}-labels-idx1-ubyte"],
            class_names,
            name,
            split,
            source=str(folder),
            preparation="garment",
        )
        for split, prefix in PREFIXES.items()
    )
    if train.image_shape != test.image_shape:
        raise DataFormatError(
            f"train and test images must have one shape; received {train.image_shape} and "
            f"{test.image_shape} in {folder}; check that the files belong together"
        )
    return train, test
