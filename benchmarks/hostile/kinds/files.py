"""Small sound files of each form, which the kinds of hostile files are made from.

Symbols: N images of 8 x 8 pixels, of 4 classes, as many of each.
"""

import gzip
import io
import struct
import zlib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

SIDE, CLASSES = 8, 4
PIXELS = SIDE * SIDE
PARTS = {"train": 40, "test": 20}
IDX_TYPES = {"u1": 0x08, "i1": 0x09, "i2": 0x0B, "i4": 0x0C, "f4": 0x0D, "f8": 0x0E}
IDX_NAMES = {
    "train_images": "train-images-idx3-ubyte",
    "train_labels": "train-labels-idx1-ubyte",
    "test_images": "t10k-images-idx3-ubyte",
    "test_labels": "t10k-labels-idx1-ubyte",
}


def images(n: int = PARTS["train"], *shape: int) -> NDArray[np.uint8]:
    """Draw images (n, *shape), by default (n, 8, 8); equal ones for an equal shape."""
    shape = (n, *(shape or (SIDE, SIDE)))
    return np.random.default_rng(n).integers(0, 256, shape, np.uint8)


def labels(n: int = PARTS["train"]) -> NDArray[np.uint8]:
    """Return labels (n,) of all classes in turn."""
    return (np.arange(n) % CLASSES).astype(np.uint8)


def idx(values: NDArray[Any]) -> bytes:
    """Return an array as IDX, of the type that its dtype has there."""
    kind = f"{values.dtype.kind}{values.dtype.itemsize}"
    dims = struct.pack(f">{values.ndim}I", *values.shape)
    return bytes([0, 0, IDX_TYPES[kind], values.ndim]) + dims + values.astype(f">{kind}").tobytes()


def idx_header(*shape: int, kind: int = 0x08) -> bytes:
    """Return the header of an IDX file, whether or not the elements would fit."""
    return bytes([0, 0, kind, len(shape)]) + struct.pack(f">{len(shape)}I", *shape)


def npy(values: Any) -> bytes:
    """Return an array as npy; one of objects is pickled."""
    file = io.BytesIO()
    np.save(file, values, allow_pickle=True)
    return file.getvalue()


def npy_header(text: str, version: tuple[int, int] = (1, 0)) -> bytes:
    """Return the beginning of an npy file whose header is this text."""
    size = struct.pack("<H" if version == (1, 0) else "<I", len(text))
    return b"\x93NUMPY" + bytes(version) + size + text.encode("latin-1")


def npz(arrays: Mapping[str, Any], packed: bool = False) -> bytes:
    """Return arrays as npz."""
    file = io.BytesIO()
    (np.savez_compressed if packed else np.savez)(file, allow_pickle=True, **arrays)
    return file.getvalue()


def arrays(**changed: Any) -> dict[str, Any]:
    """Return the arrays of a sound npz with MedMNIST's keys, some changed; None leaves one out."""
    sound: dict[str, Any] = {}
    for part, n in PARTS.items():
        sound |= {f"{part}_images": images(n), f"{part}_labels": labels(n)}
    return {name: value for name, value in (sound | changed).items() if value is not None}


def table(
    rows: Iterable[Iterable[Any]] | None = None, header: bool = True, delimiter: str = ","
) -> bytes:
    """Return rows (label, pixel ...) as a table."""
    rows = default_rows() if rows is None else rows
    lines = [["label", *(f"pixel{i + 1}" for i in range(PIXELS))]] if header else []
    lines += [[str(cell) for cell in row] for row in rows]
    return "".join(f"{delimiter.join(line)}\n" for line in lines).encode()


def default_rows(n: int = PARTS["train"]) -> list[list[Any]]:
    """Return the rows of a sound table, as lists that may be changed."""
    return [
        [k, *image.ravel().tolist()] for k, image in zip(labels(n).tolist(), images(n), strict=True)
    ]


def gz(content: bytes) -> bytes:
    """Return the content as gzip."""
    return gzip.compress(content, mtime=0)


def gz_bomb(begin: bytes, repeated: bytes, times: int, end: bytes = b"") -> bytes:
    """Return gzip of begin + repeated * times + end, without making all of it.

    A block of deflate after a full flush needs nothing before it, and is written again and again.
    """
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    start = packer.compress(begin) + packer.flush(zlib.Z_FULL_FLUSH)
    block = packer.compress(repeated) + packer.flush(zlib.Z_FULL_FLUSH)
    last = packer.compress(end) + packer.flush()
    crc = zlib.crc32(begin)
    for _ in range(times):
        crc = zlib.crc32(repeated, crc)
    crc = zlib.crc32(end, crc)
    size = (len(begin) + len(repeated) * times + len(end)) % 2**32
    head = b"\x1f\x8b\x08\0\0\0\0\0\0\xff"
    return head + start + block * times + last + struct.pack("<II", crc, size)


def picture(image: NDArray[Any], form: str = "PNG", **options: Any) -> bytes:
    """Return an image (H, W) or (H, W, 3) as a picture's file."""
    file = io.BytesIO()
    Image.fromarray(image).save(file, form, **options)
    return file.getvalue()


def parquet(
    contents: list[Any] | None = None,
    classes: list[Any] | None = None,
    names: tuple[str, str] = ("image", "label"),
    metadata: dict[str, str] | None = None,
    **options: Any,
) -> bytes:
    """Return a Parquet file of a column of pictures' bytes and one of labels."""
    import pyarrow as arrow
    from pyarrow.parquet import write_table

    contents = [picture(one) for one in images()] if contents is None else contents
    classes = labels().tolist() if classes is None else classes
    content = arrow.table({names[0]: contents, names[1]: classes}).replace_schema_metadata(metadata)
    file = io.BytesIO()
    write_table(content, file, **options)
    return file.getvalue()


def fill(folder: Path, contents: Mapping[str, bytes | None]) -> Path:
    """Write files into a folder, and the folders between; None leaves one out."""
    for name, content in contents.items():
        if content is not None:
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
    return folder


def idx_set(zipped: bool = False, **changed: bytes | None) -> dict[str, bytes | None]:
    """Return the four files of a sound set in IDX, some changed: train_images, test_labels ..."""
    contents: dict[str, bytes | None] = {}
    for part, n in PARTS.items():
        contents |= {f"{part}_images": idx(images(n)), f"{part}_labels": idx(labels(n))}
    if zipped:
        contents = {key: gz(content) for key, content in contents.items() if content}
    ending = ".gz" if zipped else ""
    return {f"{IDX_NAMES[key]}{ending}": value for key, value in (contents | changed).items()}


def picture_set(n: int = 5, parts: tuple[str, ...] = ("train", "test")) -> dict[str, bytes | None]:
    """Return a sound folder of pictures: PART/CLASS/NUMBER.png."""
    drawn = [picture(image) for image in images(n)]
    return {
        f"{part}/{name}/{i}.png": content
        for part in parts
        for name in ("bag", "boot", "coat")
        for i, content in enumerate(drawn)
    }
