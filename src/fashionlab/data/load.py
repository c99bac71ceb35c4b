"""load: the parts of a data set, from a file or a folder, by its name, or where it may lie."""

import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fashionlab import files
from fashionlab.data import fashion_mnist, synthetic
from fashionlab.data.class_names import CLASS_NAMES_FILE, names_in
from fashionlab.data.dataset import SPLITS, Dataset, Split, held_out
from fashionlab.data.download import Bar
from fashionlab.data.fashion_mnist import REMEDY, File
from fashionlab.data.fetch import Log
from fashionlab.data.fetch import fetch as fetch_files
from fashionlab.data.find import find
from fashionlab.data.forms import Block, idx
from fashionlab.data.labels import class_labels
from fashionlab.data.options import ReadOptions
from fashionlab.data.parts import NO_OPTIONS, Divided, Parts, require_alike
from fashionlab.data.suspects import without_suspects
from fashionlab.data.unpack import hash_of, unpacked
from fashionlab.errors import DataFormatError, DataNotFoundError, InvalidValueError
from fashionlab.images import Preparation
from fashionlab.text import printable

Array = NDArray[np.uint8]
PREFIXES: dict[Split, str] = {"train": "train", "test": "t10k"}  # of the names of IDX files
SPLIT_SEED = 0  # of the test part of a set of one part: the same for all runs
BLACK = 16  # the largest median level of the border of images of light things on black
SHAPE = (28, 28)  # of Fashion-MNIST's images
LOOKED_AT = 1000  # images, for the preparation


def load(
    source: str | Path | None = None,
    options: ReadOptions = NO_OPTIONS,
    *,
    fetch: bool = True,
    log: Log | None = None,
    bar: Bar | None = None,
) -> Parts:
    """Load the parts of the data set in `source`: a file, a folder, "synthetic", or None to search.

    A source named here or by FASHIONLAB_DATA is final: it may be anyone's, of any form that
    `data.forms` reads, with class names from class_names.txt, one a line, where labels are numbers.
    Without one, only genuine Fashion-MNIST is accepted, from `fashion_mnist.places()`, then, if
    `fetch`, from the network into the cache; `log` and `bar` are `data.fetch`'s. The images that a
    list of suspects names, `options.without`, are left out of the training part.

    Raises DataNotFoundError naming every place tried, DataFormatError for unsound files,
    InvalidValueError for options that do not fit.
    """
    source = source or os.environ.get("FASHIONLAB_DATA")
    reading = replace(options, without=None)
    parts = _by_name(source, reading, fetch, log, bar)
    divided: Divided | None = None
    if parts is None:
        path = fashion_mnist.expanded(str(source))
        sets, divided = _parts_in(path, reading, log)
        if "test" not in sets:
            raise InvalidValueError(
                f"a data set must have a test part, on which nothing is chosen; received {path}, "
                "which has none; give --split 0.15 to hold out that share of it"
            )
        parts = Parts(sets["train"], sets["test"], sets.get("validation"), reading)
    return parts if options.without is None else without_suspects(parts, options.without, divided)


def load_parts(
    source: str | Path | None,
    options: ReadOptions = NO_OPTIONS,
    *,
    fetch: bool = True,
    log: Log | None = None,
) -> tuple[Dataset, ...]:
    """Load the parts that a data set has, with those of `options.split`; the first is train."""
    if named := _by_name(source, options, fetch, log, None):
        return named.all
    sets, _ = _parts_in(fashion_mnist.expanded(str(source)), options, log)
    return tuple(sets.values())


def load_images(path: str | Path, options: ReadOptions = NO_OPTIONS) -> Array:
    """Load images to predict, with labels or without: the test part where there are several."""
    found = {one.part: one for one in find(fashion_mnist.expanded(path), options)}
    one = found.get("test") or next(iter(found.values()))
    images, _ = one.load()
    return images


def _by_name(
    source: str | Path | None, options: ReadOptions, fetch: bool, log: Log | None, bar: Bar | None
) -> Parts | None:
    """Return the set of that name; None where it is the name of a file or folder.

    No name is Fashion-MNIST's, whatever lies in the working directory.
    """
    name = str(source or fashion_mnist.NAME)
    if name not in (fashion_mnist.NAME, "synthetic"):
        return None
    if source and name == fashion_mnist.NAME and Path(name).exists():
        return None
    if options.given():
        raise InvalidValueError(
            f"{name} is read without options; received {', '.join(options.given())}; leave them "
            "out, or give --data"
        )
    drawn = name == "synthetic"
    return Parts(*synthetic.draw()) if drawn else _find_fashion_mnist(fetch, log, bar)


def load_fashion_mnist() -> tuple[tuple[Array, Array], tuple[Array, Array]]:
    """Load ((x_train, y_train), (x_test, y_test)), as keras.datasets.fashion_mnist.load_data()."""
    train, test = load()
    return (train.images, train.labels), (test.images, test.labels)


def _find_fashion_mnist(fetch: bool, log: Log | None, bar: Bar | None) -> Parts:
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
        return _load_genuine(fetch_files(log, bar))
    except DataNotFoundError as error:
        raise DataNotFoundError(f"{rule}; then: {error}") from error


def _load_genuine(folder: Path) -> Parts:
    """Load Fashion-MNIST from `folder`; a sound plain file makes up for a damaged .gz."""
    if not folder.is_dir():
        raise DataNotFoundError(f"no such folder {folder}")
    paths = {
        file: [p for p in (folder / file.name, folder / f"{file.name}.gz") if p.is_file()]
        for file in fashion_mnist.FILES
    }
    if missing := [file.name for file, found in paths.items() if not found]:
        raise DataNotFoundError(f"no {', '.join(missing)}")
    arrays = {file.name: _genuine(file, found) for file, found in paths.items()}
    return _fashion_mnist(
        {
            part: (arrays[f"{prefix}-images-idx3-ubyte"], arrays[f"{prefix}-labels-idx1-ubyte"])
            for part, prefix in PREFIXES.items()
        },
        folder,
    )


def _genuine(file: File, paths: Sequence[Path]) -> Array:
    """Return the content of `file`; DataFormatError where none of the paths has it."""
    failures = []
    for path in paths:
        for read in (_array, idx.read_idx):  # from the cache, and not: that may be damaged too
            try:
                return fashion_mnist.genuine(file, path, read(path))
            except DataFormatError as error:
                failures.append(error)
    raise failures[0]


def _array(path: Path) -> Array:
    """Return the array in an IDX file, mapped where it is large."""
    stored = idx.describe(path)
    if stored.dtype != np.uint8 or len(stored.shape) == 1:
        return idx.read_idx(path)
    mapped = stored.mapped()
    if mapped is not None:
        return mapped
    whole = unpacked(
        lambda: (Block(values, None) for values in stored.blocks()),
        lambda: f"{hash_of([path])} {stored.name} {{}}",
        str(path),
    )
    return whole.images


def _fashion_mnist(parts: dict[Split, tuple[Array, Array]], folder: Path) -> Parts:
    names, name = fashion_mnist.CLASS_NAMES, fashion_mnist.NAME
    train, test = (
        Dataset(images, labels, names, name, part, str(folder), "garment", "IDX")
        for part, (images, labels) in parts.items()
    )
    for part in (train, test):  # which the hashes of the files have proven
        part.__dict__["sha256"] = fashion_mnist.SHA256[part.part]
    return Parts(train, test)


def _parts_in(
    path: Path, options: ReadOptions, log: Log | None
) -> tuple[dict[Split, Dataset], Divided | None]:
    """Return the parts of the user's own data, by their names; one alone is its training part.

    Also how that was divided, where the options say so.
    """
    sets = _read(path, options, log)
    divided: Divided | None = None
    if options.split is not None:
        if "test" in sets:
            raise InvalidValueError(
                f"split is for a set without a test part; received {options.split} and {path}, "
                "which has one; leave it out"
            )
        whole = sets["train"]
        out = held_out(whole, options.split, SPLIT_SEED, "test")
        divided = Divided(whole, np.flatnonzero(~out))
        sets |= {"train": whole.take(divided.rows), "test": whole.take(np.flatnonzero(out), "test")}
    sets = {part: sets[part] for part in SPLITS if part in sets}
    require_alike(tuple(sets.values()))
    if options.colour and not sets["train"].is_colour:
        raise InvalidValueError(
            f"colour is for images of three numbers a pixel; received {sets['train'].image_shape} "
            f"in {path}; leave it out"
        )
    genuine = _is_fashion_mnist(sets)
    shown = printable(files.text(_stem(path)))
    name = fashion_mnist.NAME if genuine else fashion_mnist.called(shown, sha256="") or "data"
    names = fashion_mnist.CLASS_NAMES if genuine else sets["train"].class_names
    return {part: one.renamed(name, names) for part, one in sets.items()}, divided


def _is_fashion_mnist(sets: dict[Split, Dataset]) -> bool:
    """Return whether the hashes are Fashion-MNIST's; of other shapes none is computed."""
    train = sets["train"]
    alike = train.image_shape == SHAPE and train.classes == len(fashion_mnist.CLASS_NAMES)
    if not alike or "test" not in sets:
        return False
    hashes = {"train": train.sha256, "test": sets["test"].sha256}
    return hashes == fashion_mnist.SHA256


def _read(path: Path, options: ReadOptions, log: Log | None) -> dict[Split, Dataset]:
    """Return the parts as they lie in the files."""
    found = {one.part: one for one in find(path, options, log)}
    parts = {part: one.load() for part, one in found.items()}
    for part, (_, labels) in parts.items():
        if labels is None:
            alone = part == "test" and parts.get("train", (None, None))[1] is not None
            other = f"name {found['train'].where} alone, with --split 0.15" if alone else "leave it"
            raise DataFormatError(
                f"each image must have a label to train or to measure on; received none for "
                f"{found[part].where}; put the file of labels next to it, or {other} (fashionlab "
                "predict takes images without)"
            )
    if None not in parts and "train" not in parts:
        raise DataFormatError(
            f"a data set must have a training part; received {', '.join(map(str, parts))} alone in "
            f"{path}; put the file of the training part next to it"
        )
    named = {part or "train": one for part, one in parts.items()}
    folder = path if path.is_dir() else path.parent
    names = names_in(folder)
    named_in = str(folder / CLASS_NAMES_FILE) if names else None
    names = names or next((one.class_names for one in found.values()), None)
    first = options.first_label
    numbers, names = class_labels(
        {part: raw for part, (_, raw) in named.items() if raw is not None},
        names,
        first if first is not None else max(one.first_label for one in found.values()),
        str(path),
        named_in,
    )
    images = {part: pixels for part, (pixels, _) in named.items()}
    by_part = {one.part or "train": one for one in found.values()}
    used = next(iter(found.values())).preparation
    preparation = options.preparation or used or guessed_preparation(images["train"])
    return {
        part: Dataset(
            *(pixels, numbers[part], names, "data", part, str(path), preparation),
            form=by_part[part].form,
            files=by_part[part].files,
        )
        for part, pixels in images.items()
    }


def _stem(path: Path) -> str:
    """Return a folder's name, or a file's without its endings."""
    name = path.resolve().name
    return name if path.is_dir() else name.removesuffix(".gz").rpartition(".")[0] or name


def guessed_preparation(images: Array) -> Preparation:
    """Return how a picture becomes such an image: as a garment where they are light on black."""
    if images.ndim == 4:
        return "fit"
    some = images[:: max(1, len(images) // LOOKED_AT)]
    border = (some[:, 0], some[:, -1], some[:, :, 0], some[:, :, -1])
    return "garment" if np.median(np.concatenate(border, axis=1)) <= BLACK else "fit"
