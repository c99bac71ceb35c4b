"""Pictures of any size and colour -> blocks of images of one shape; and images -> PNG.

Pictures are decoded by a few threads (Pillow works outside Python's lock), in their order. At most
THREADS of them are in memory whole; one of 40 million pixels takes 160 MB.
"""

import hashlib
import io
import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from fashionlab.data.forms import Block, rows_in_block
from fashionlab.data.options import LARGEST_SIDE, ReadOptions
from fashionlab.errors import DataFormatError, ImageError, InvalidValueError
from fashionlab.images import Preparation
from fashionlab.images.decode import SMALLEST_SIDE, load, read, shown_size
from fashionlab.images.photo import Photo
from fashionlab.images.preprocess import prepare

Log = Callable[[str], object]
Label = int | str

SAMPLE = 64  # pictures that a reader looks at to tell colour from grey
TINT = 4  # levels by which channels may differ in a grey picture: WebP with loss gives 1
LOOKED_AT = 256  # pixels; a larger side is reduced to between this and twice as many
THREADS = min(4, os.cpu_count() or 1)
WAITING = 4  # pictures for each thread that are begun and not yet taken
HELD_BYTES = 2**24  # of them, where they are not read from files; or one picture


class Picture(NamedTuple):
    """A file, or its bytes, with its name in messages."""

    where: str
    content: Path | bytes


class Wanted(NamedTuple):
    """The images that pictures become."""

    shape: tuple[int, ...]  # (H, W), or (H, W, 3) in colour
    preparation: Preparation
    scaled: bool  # whether pictures are scaled; if not, each must have this size
    guessed: bool = False  # whether grey is what a sample showed, and nobody's choice


def wanted(sample: Iterable[Picture], options: ReadOptions) -> Wanted:
    """Return what the options ask for, or where they leave it open, what a sample shows.

    Without a size it is the first picture's. Without colour, images are in colour where one of the
    sample is. Raises DataFormatError for pictures that are not sound.
    """
    preparation: Preparation = options.preparation or "fit"
    if preparation == "garment" and options.colour:
        raise InvalidValueError(
            "pictures must be grey for the preparation garment; received colour; leave one of the "
            "two options out"
        )
    colour = False if preparation == "garment" else options.colour
    side = options.size
    size = None if side is None else (side, side)
    for picture in sample:
        if size is not None and colour is not None:
            break
        photo = _decoded(picture, scaled=options.size is not None)
        if size is None:
            size = (photo.image.height, photo.image.width)
        if colour is None and has_colour(photo):
            colour = True
    if size is None:
        raise DataFormatError("a data set must have pictures; received none; name another")
    shape = (*size, 3) if colour else size
    return Wanted(shape, preparation, scaled=options.size is not None, guessed=colour is None)


def blocks(
    pictures: Iterable[tuple[Picture, Label]], target: Wanted, log: Log | None = None
) -> Iterator[Block]:
    """Yield the images of labelled pictures, in their order, and log what was lost in them."""
    rows = rows_in_block(target.shape)
    images = np.empty((rows, *target.shape), np.uint8)  # (n, H, W) or (n, H, W, 3)
    labels: list[Label] = []
    total, plain, greyed = 0, _Some(), _Some()
    for where, label, image in _in_order(pictures, target):
        images[len(labels)] = image.pixels
        labels.append(label)
        total += 1
        plain.note(not image.found, where)
        greyed.note(image.greyed, where)
        if len(labels) == rows:
            yield _block(images, labels)
            images, labels = np.empty_like(images), []
    if labels:
        yield _block(images[: len(labels)], labels)
    if log and plain.count:
        log(f"no garment was found in {plain.of(total)}: the whole picture was taken")
    if log and greyed.count:
        log(f"colour was lost in {greyed.of(total)}: the first pictures are grey; choose colour")


class _Some:
    """Some of many pictures: how many, and the first."""

    def __init__(self) -> None:
        self.count, self.first = 0, ""

    def note(self, belongs: bool, where: str) -> None:
        if belongs:
            self.count, self.first = self.count + 1, self.first or where

    def of(self, total: int) -> str:
        return f"{self.count:,} of {total:,} pictures, such as {self.first}"


def has_colour(photo: Photo) -> bool:
    """Return whether channels differ by more than TINT levels anywhere, seen at a small size."""
    image = photo.image
    if image.mode == "L":
        return False
    if image.mode == "RGBA":  # by premultiplied colours: those of hidden pixels are not seen
        image = image.convert("RGBa")
    factor = max(1, max(image.size) // LOOKED_AT)
    colours = np.asarray(image.reduce(factor))[..., :3].astype(np.int16)  # (h, w, 3)
    return int(np.ptp(colours, axis=2).max()) > TINT


def png(image: NDArray[np.uint8]) -> bytes:
    """Return an image (H, W) or (H, W, 3) as a PNG file."""
    file = io.BytesIO()
    Image.fromarray(image).save(file, "PNG")
    return file.getvalue()


def check_writable(shape: tuple[int, ...]) -> None:
    """Raise InvalidValueError for images that no reader of pictures would take back."""
    if min(shape[:2]) < SMALLEST_SIDE:
        raise InvalidValueError(
            f"images must have sides of {SMALLEST_SIDE} pixels or more to be written as pictures; "
            f"received {shape}; write another form, such as npz"
        )


class _Image(NamedTuple):
    pixels: NDArray[np.uint8]  # (H, W) or (H, W, 3)
    found: bool = True  # whether there is a garment; True where none is looked for
    greyed: bool = False  # whether colour was lost that nobody gave up


def _in_order(
    pictures: Iterable[tuple[Picture, Label]], target: Wanted
) -> Iterator[tuple[str, Label, _Image]]:
    begun: deque[tuple[Picture, Label, Future[_Image]]] = deque()
    held = 0  # bytes of pictures that have begun
    pool = ThreadPoolExecutor(THREADS)
    try:
        for picture, label in pictures:
            begun.append((picture, label, pool.submit(_prepared, picture, target)))
            held += _bytes(picture)
            while len(begun) >= WAITING * THREADS or (held > HELD_BYTES and begun):
                first, known, done = begun.popleft()
                held -= _bytes(first)
                yield first.where, known, done.result()
        for first, known, done in begun:
            yield first.where, known, done.result()
    finally:
        pool.shutdown(cancel_futures=True)


def _bytes(picture: Picture) -> int:
    return len(picture.content) if isinstance(picture.content, bytes) else 0


def _prepared(picture: Picture, target: Wanted) -> _Image:
    photo = _decoded(picture, target.scaled)
    found, wanted_size = (photo.image.height, photo.image.width), target.shape[:2]
    if not target.scaled and found != wanted_size:
        raise DataFormatError(
            f"pictures must have one size, {wanted_size[1]} x {wanted_size[0]} as the first; "
            f"received {found[1]} x {found[0]} in {picture.where}; scale all with --size 28"
        )
    mode = "RGB" if len(target.shape) == 3 else "L"
    if target.preparation == "fit" and found == wanted_size and photo.image.mode == mode:
        return _Image(np.asarray(photo.image))  # what `prepare` gives, in half the time
    prepared = prepare(photo, target.shape, target.preparation)
    return _Image(prepared.image, prepared.found, target.guessed and has_colour(photo))


def _decoded(picture: Picture, scaled: bool) -> Photo:
    """Return the photo; where it is not scaled, one that is too large is not decoded."""
    try:
        content = picture.content if isinstance(picture.content, bytes) else read(picture.content)
        if not scaled:
            _require_small(*shown_size(content), picture.where)
        return load(content)
    except ImageError as error:
        raise DataFormatError(f"{picture.where}: {error}") from error
    except OSError as error:
        raise _unreadable(picture.where, error) from error


def _require_small(width: int, height: int, where: str) -> None:
    if max(width, height) > LARGEST_SIDE:
        raise DataFormatError(
            f"pictures must have sides of at most {LARGEST_SIDE:,} pixels to be taken as they are; "
            f"received {width:,} x {height:,} in {where}; scale all with --size 28"
        )


def digest(path: Path) -> str:
    """Return the SHA-256 of a file."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise _unreadable(path, error) from error


def _unreadable(where: object, error: OSError) -> DataFormatError:
    return DataFormatError(
        f"pictures must be readable; received '{error.strerror or error}' from {where}; check "
        "its permissions"
    )


def _block(images: NDArray[np.uint8], labels: list[Label]) -> Block:
    if all(isinstance(label, int) for label in labels):
        return Block(images, np.array(labels, np.int64))
    return Block(images, [str(label) for label in labels])
