"""The input and output of `predict`: a picture that cannot be read does not stop the others."""

import base64
import json
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from fashionlab.cli import output
from fashionlab.errors import FashionlabError, ImageError, InvalidValueError
from fashionlab.images import ENDINGS

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from fashionlab.images.preprocess import Prepared
    from fashionlab.portable import Prediction, Predictor
    from fashionlab.portable.schema import Sets

STDIN = "-"
AT_ONCE = 64  # pictures that are prepared and predicted together
SHADES = " .:-=+*#%@"
HALF_BLOCK = "▀"

Write = Callable[[str, "Prediction"], None]


def pictures(arguments: Sequence[str]) -> list[str]:
    """Return every file of the arguments, in order; a folder stands for the pictures in it.

    Its folders, other files and hidden files are passed over; macOS keeps notes on photo.png in
    ._photo.png.

    Raises InvalidValueError where a folder has none, or standard input is named twice.
    """
    found: list[str] = []
    for argument in arguments:
        path = Path(argument)
        if argument == STDIN or not path.is_dir():
            found.append(argument)
            continue
        inside = sorted(filter(_is_picture, path.iterdir()))
        if not inside:
            raise InvalidValueError(
                f"a folder must have PNG, JPEG or WebP files; {argument} has none; name another"
            )
        found += map(str, inside)
    if found.count(STDIN) > 1:
        raise InvalidValueError("standard input can be read once; name - once")
    return found


def _is_picture(path: Path) -> bool:
    """Return whether a file in a folder is a picture, by its name."""
    named = path.suffix.lower() in ENDINGS and not path.name.startswith(".")
    return named and path.is_file()


def data_files(paths: Sequence[str]) -> list[str]:
    """Return those of `paths` that are files of images as numbers: tables, IDX, npy, npz, Parquet.

    A file with the ending of a picture is none, so that a photo waits for no other reader.
    """
    others = [p for p in paths if p != STDIN and Path(p).suffix.lower() not in ENDINGS]
    if not others:
        return []
    from fashionlab.data.find import looks_like_data
    from fashionlab.data.forms.content import form_of

    found = []
    for path in others:
        try:
            form_of(Path(path))
        except (FashionlabError, OSError):
            if not looks_like_data(Path(path)):  # said by whoever reads it as a picture
                continue
        found.append(path)
    return found


def answer_rows(
    path: str, predictor: "Predictor", write: Write, labels: str | None, transposed: bool | None
) -> None:
    """Predict each image of a data file and pass it to `write` as PATH[ROW], rows from 0.

    `labels` and `transposed` are ReadOptions'. Raises InvalidValueError where its images are not of
    the model's size, to which only pictures (in Parquet) can be scaled.
    """
    from fashionlab.data import ReadOptions, load_images
    from fashionlab.data.forms.content import form_of
    from fashionlab.data.storage import release
    from fashionlab.images.preprocess import Prepared

    shape = predictor.image_shape
    options = ReadOptions(colour=len(shape) == 3, labels=cast(Any, labels), transposed=transposed)
    if form_of(Path(path)) == "parquet":  # of pictures
        side = shape[0] if shape[0] == shape[1] else None
        options = replace(options, size=side, preparation=predictor.metadata.preparation)
    images = load_images(path, options)
    if images.shape[1:] != shape:
        raise InvalidValueError(
            f"{path} must have images of the model's size, {shape}; received {images.shape[1:]}; "
            "name another --model"
        )
    for start in _progress(range(0, len(images), AT_ONCE)):
        part = [Prepared(image, found=True) for image in images[start : start + AT_ONCE]]
        for i, prediction in enumerate(predictor.predict_prepared(part), start):
            write(f"{path}[{i}]", prediction)
        release(images)


def answer(paths: Sequence[str], predictor: "Predictor", write: Write) -> int:
    """Predict each of `paths` and pass it to `write`; return how many could not be read.

    Each failure is a line on standard error.
    """
    failed = 0
    with ThreadPoolExecutor(2) as pool:
        for start in _progress(range(0, len(paths), AT_ONCE)):
            part = paths[start : start + AT_ONCE]
            prepared = list(pool.map(lambda path: _prepared(predictor, path), part))
            sound = [one for one in prepared if not isinstance(one, Exception)]
            predictions = iter(predictor.predict_prepared(sound))
            for path, one in zip(part, prepared, strict=True):
                if isinstance(one, Exception):
                    failed += 1
                    output.say(f"fashionlab: {path}: {one}")
                else:
                    write(path, next(predictions))
    return failed


def _prepared(predictor: "Predictor", path: str) -> "Prepared | Exception":
    from fashionlab.images.decode import LARGEST_BYTES

    try:
        if path == STDIN:
            if sys.stdin is None:
                return ImageError("standard input is closed; send a picture there")
            return predictor.prepare(sys.stdin.buffer.read(LARGEST_BYTES + 1))
        return predictor.prepare(Path(path))
    except FashionlabError as error:
        return error
    except OSError as error:
        return ImageError(error.strerror or str(error))


def _progress(starts: range) -> Iterator[int]:
    """Yield the starts, with a bar where standard error is a terminal and output goes elsewhere."""
    if len(starts) < 2 or not output.has_room_for_a_bar():
        yield from starts
        return
    from rich.console import Console
    from rich.progress import Progress

    # Without redirect_stdout rich would print the answers above the bar, on standard error.
    console = Console(stderr=True)
    with Progress(console=console, transient=True, redirect_stdout=False) as bar:
        yield from bar.track(starts, description="pictures")


def writer(
    class_names: Sequence[str],
    top: int,
    show: bool,
    as_json: bool,
    as_csv: bool,
    sets: "Sets | None" = None,
) -> Write:
    """Return the function that prints a prediction: in words, or as a line of JSON or CSV."""
    if as_json:
        from fashionlab.portable.schema import record

        return lambda path, p: output.show_json({**_named(path), **record(p, top, sets=sets)})
    if as_csv:
        own = ["picture", "class_name", "probability", "known", "reason"]
        output.show_row([*own, "verdict", "score", "set", *class_names])
        return lambda path, p: output.show_row(_row(path, p, sets))
    return lambda path, prediction: _lines(path, prediction, top, show, sets)


def _row(path: str, p: "Prediction", sets: "Sets | None") -> list[str]:
    """Return the cells of CSV; a set is a list in JSON, which may be empty."""
    classes = "" if sets is None else json.dumps(p.set(sets.level, sets.by_class))
    score = "" if p.score is None else f"{p.score:.6f}"
    own = [path, p.class_name, f"{p.probability:.6f}", str(p.known).lower(), p.reason]
    return [*own, p.verdict, score, classes, *(f"{x:.6f}" for x in p.probabilities)]


def _named(path: str) -> dict[str, str]:
    """Return the name of a picture for JSON, which cannot hold bytes that are not UTF-8."""
    try:
        path.encode()
    except UnicodeEncodeError:
        return {"picture": path, "picture_base64": base64.b64encode(os.fsencode(path)).decode()}
    return {"picture": path}


def _lines(path: str, prediction: "Prediction", top: int, show: bool, sets: "Sets | None") -> None:
    from fashionlab.portable.prediction import WORDS

    best = ", ".join(f"{name} {p:.1%}" for name, p in prediction.top(top))
    if prediction.known:
        output.show(f"{path}: {best}")
    else:
        output.show(f"{path}: {WORDS[prediction.verdict]}: {prediction.reason} ({best})")
    if sets is not None and prediction.verdict in ("known", "unsure"):
        output.show(f"  {_set(prediction, sets)}")
    if prediction.notes:
        output.show(f"  {'; '.join(prediction.notes)}")
    if show:
        drawn = _half_blocks if output.has_colours(HALF_BLOCK) else _shades
        output.draw(drawn(prediction.seen))


def _set(prediction: "Prediction", sets: "Sets") -> str:
    """Return the prediction set in words; a picture unlike the classes has none, see _lines."""
    classes = prediction.set(sets.level, sets.by_class)
    kind = f"{100 * sets.level:.3g} % set{' by class' if sets.by_class else ''}"
    return f"{kind}: {', '.join(classes) or 'empty, no class is likely enough'}"


def _half_blocks(image: "NDArray[np.uint8]") -> list[str]:
    """Return a line for two rows of pixels: the upper in front, the lower behind.

    `image` is (H, W) or (H, W, 3).
    """
    rows = [[_colour(pixel) for pixel in row] for row in image.tolist()]
    lower = [*rows[1::2], *([[_colour(0)] * image.shape[1]] if len(rows) % 2 else [])]
    return [
        "".join(
            f"\x1b[38;2;{above}m\x1b[48;2;{below}m{HALF_BLOCK}"
            for above, below in zip(*pair, strict=True)
        )
        + "\x1b[0m"
        for pair in zip(rows[::2], lower, strict=True)
    ]


def _colour(pixel: int | list[int]) -> str:
    """Return red, green and blue, as a terminal's codes for true colour have them."""
    return ";".join(map(str, [pixel] * 3 if isinstance(pixel, int) else pixel))


def _shades(image: "NDArray[np.uint8]") -> list[str]:
    """Return a line for each row of pixels, two characters a pixel; colours by their luma."""
    from fashionlab.images.preprocess import LUMA

    grey = image @ LUMA if image.ndim == 3 else image  # (H, W)
    last = len(SHADES) - 1
    return ["".join(2 * SHADES[round(p / 255 * last)] for p in row) for row in grey.tolist()]
