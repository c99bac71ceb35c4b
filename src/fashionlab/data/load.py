"""load(): the data set from the first place that has it, each file checked by its hash."""

import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fashionlab.data import synthetic
from fashionlab.data.dataset import Dataset
from fashionlab.data.fetch import (
    CLASS_NAMES,
    FILES,
    REMEDY,
    TEST_IMAGES,
    TEST_LABELS,
    TRAIN_IMAGES,
    TRAIN_LABELS,
    File,
    Log,
    cache_folder,
    is_genuine,
    read_genuine,
)
from fashionlab.data.fetch import fetch as fetch_files
from fashionlab.data.idx import read_idx
from fashionlab.errors import DataFormatError, DataNotFoundError

Array = NDArray[np.uint8]
CLASS_NAMES_FILE = "class_names.txt"


def places() -> tuple[Path, ...]:
    """Where the files may lie already, in the order of search."""
    home = Path.home()
    return (
        cache_folder(),
        Path("/usr/share/datasets/fashion-mnist"),  # Debian's package
        home / ".keras/datasets/fashion-mnist",
        Path.cwd() / "data/FashionMNIST/raw",  # torchvision's habit
        home / "data/FashionMNIST/raw",
    )


def load(
    source: str | Path | None = None, fetch: bool = True, log: Log | None = None
) -> tuple[Dataset, Dataset]:
    """(train, test) from `source`: a folder, "synthetic", or None to search.

    A folder named here or by FASHIONLAB_DATA is final: its four IDX files may be anyone's, with
    class names from class_names.txt, one a line. Without one, only genuine Fashion-MNIST is taken,
    from `places()`, then, if `fetch`, from the network into the cache.

    Raises DataNotFoundError naming every place tried, DataFormatError for an unsound folder.
    """
    source = source or os.environ.get("FASHIONLAB_DATA") or None
    if source is not None and str(source) == "synthetic":
        return synthetic.draw()
    if source is not None:
        return _load_folder(Path(source).expanduser())
    tried: list[str] = []
    for place in places():
        try:
            return _load_genuine(place)
        except (OSError, DataFormatError) as error:  # a place may also be closed to us
            tried.append(f"{place} ({error})")
    if not fetch:
        raise DataNotFoundError(
            f"Fashion-MNIST must lie in a known place, got none of: {'; '.join(tried)}; network "
            f"(not asked): {REMEDY}"
        )
    try:
        return _load_genuine(fetch_files(log))
    except DataNotFoundError as error:
        raise DataNotFoundError(
            f"Fashion-MNIST must lie in a known place, got none of: {'; '.join(tried)}; then: "
            f"{error}"
        ) from error


def load_fashion_mnist() -> tuple[tuple[Array, Array], tuple[Array, Array]]:
    """((x_train, y_train), (x_test, y_test)), as keras.datasets.fashion_mnist.load_data()."""
    train, test = load()
    return (train.images, train.labels), (test.images, test.labels)


def _candidates(folder: Path, file: File) -> Iterator[Path]:
    for path in (folder / f"{file.name}.gz", folder / file.name):
        if path.is_file():
            yield path


def _require_all(folder: Path) -> None:
    missing = [file.name for file in FILES if not any(_candidates(folder, file))]
    if not folder.is_dir():
        raise DataNotFoundError(f"no such folder {folder}")
    if missing:
        raise DataNotFoundError(f"no {', '.join(missing)}")


def _load_genuine(folder: Path) -> tuple[Dataset, Dataset]:
    """Fashion-MNIST from `folder`; a damaged .gz beside a sound plain file does no harm."""
    _require_all(folder)
    arrays: dict[File, Array] = {}
    for file in FILES:
        failure: DataFormatError | None = None
        for path in _candidates(folder, file):
            try:
                arrays[file] = read_genuine(file, path)
                break
            except DataFormatError as error:
                failure = failure or error
        if file not in arrays and failure is not None:
            raise failure
    return _pair(arrays, CLASS_NAMES, "fashion-mnist", folder)


def _load_folder(folder: Path) -> tuple[Dataset, Dataset]:
    """The user's own data, or Fashion-MNIST where all four hashes say so."""
    try:
        _require_all(folder)
    except OSError as error:
        wanted = ", ".join(file.name for file in FILES)
        raise DataNotFoundError(
            f"a data folder must hold {wanted} (or .gz), got {folder} ({error}): {REMEDY}"
        ) from None
    paths = {file: next(_candidates(folder, file)) for file in FILES}
    arrays = {file: read_idx(path) for file, path in paths.items()}
    if all(is_genuine(file, paths[file], arrays[file]) for file in FILES):
        return _pair(arrays, CLASS_NAMES, "fashion-mnist", folder)
    names = _class_names(folder, arrays)
    return _pair(arrays, names, folder.resolve().name or "data", folder)


def _class_names(folder: Path, arrays: dict[File, Array]) -> tuple[str, ...]:
    path = folder / CLASS_NAMES_FILE
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        classes = 1 + max(int(arrays[file].max()) for file in (TRAIN_LABELS, TEST_LABELS))
        return tuple(str(label) for label in range(classes))
    except (OSError, UnicodeDecodeError) as error:
        raise DataFormatError(
            f"class names must be UTF-8 text, one a line, got '{error}' from {path}: rewrite it"
        ) from None
    return tuple(line.strip() for line in lines if line.strip())


def _pair(
    arrays: dict[File, Array], class_names: tuple[str, ...], name: str, folder: Path
) -> tuple[Dataset, Dataset]:
    source = str(folder)
    train = Dataset(arrays[TRAIN_IMAGES], arrays[TRAIN_LABELS], class_names, name, "train", source)
    test = Dataset(arrays[TEST_IMAGES], arrays[TEST_LABELS], class_names, name, "test", source)
    if train.image_shape != test.image_shape:
        raise DataFormatError(
            f"train and test images must have one shape, got {train.image_shape} and "
            f"{test.image_shape} in {folder}: check that the files belong together"
        )
    return train, test
