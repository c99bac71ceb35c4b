"""IDX files, plain and gzip, that are damaged, lie, or do not belong together."""

import struct
from collections.abc import Callable
from functools import partial

import numpy as np

from benchmarks.hostile.kinds.files import (
    CLASSES,
    IDX_NAMES,
    gz,
    gz_bomb,
    idx,
    idx_header,
    idx_set,
    images,
    labels,
)
from benchmarks.hostile.kinds.hostile import Hostile, folder_of

IMAGES, LABELS, TEST_LABELS = (
    IDX_NAMES[key] for key in ("train_images", "train_labels", "test_labels")
)
MB = 2**20


def kinds() -> dict[str, Hostile]:
    """Return the kinds by name."""
    return {**_headers(), **_damaged(), **_bombs(), **_values(), **_strangers()}


def _with(changed: str, content: Callable[[], bytes], *says: str, zipped: bool = False) -> Hostile:
    """Return the kind of a sound set in which one file has another content."""
    return folder_of(lambda: idx_set(zipped, **{changed: content()}), *says)


def _headers() -> dict[str, Hostile]:
    promised = {
        "2^40 elements": (2**20, 2**10, 2**10),
        "2^64 elements": (2**32 - 1, 2**31, 2),
        "2^96 elements": (2**32 - 1,) * 3,
        "2^32 - 1 rows of nothing": (2**32 - 1, 0, 0),
        "an image more": (41, 8, 8),
        "an image less": (39, 8, 8),
        "no images": (0, 8, 8),
        "images without height": (40, 0, 8),
    }
    found: dict[str, Hostile] = {}
    for name, dims in promised.items():
        content = partial(_headed, dims)
        found[f"a header of {name}"] = _with("train_images", content, IMAGES, str(dims[0]))
    for rank in (0, 5, 255):
        found[f"rank {rank}"] = _with(
            "train_images", partial(_headed, (1,) * rank), IMAGES, f"rank {rank}"
        )
    return found | {
        "an unknown type": _with(
            "train_images", lambda: b"\0\0\x0a\3" + idx(images())[4:], IMAGES, "type 10"
        ),
        "little-endian dims": _with(
            "train_images",
            lambda: b"\0\0\x08\3" + struct.pack("<3I", 40, 8, 8) + images().tobytes(),
            IMAGES,
            f"{40 << 24}",
        ),
        "a header cut short": _with("train_images", lambda: idx(images())[:9], IMAGES, "header"),
        "the magic alone": _with("train_images", lambda: idx(images())[:4], IMAGES),
        "nonsense before the header": _with(
            "train_images", lambda: b"\r\n" + idx(images()), IMAGES, "received"
        ),
    }


def _headed(dims: tuple[int, ...]) -> bytes:
    return idx_header(*dims) + images().tobytes()


def _damaged() -> dict[str, Hostile]:
    found: dict[str, Hostile] = {}
    plain = idx(images())
    for length in (0, 1, 3, 10, len(plain) // 2, len(plain) - 1):
        found[f"cut to {length} bytes"] = _with(
            "train_images", partial(plain.__getitem__, slice(length)), IMAGES
        )
    packed = gz(plain)
    for length in (1, 2, 9, 12, len(packed) // 2, len(packed) - 8, len(packed) - 1):
        found[f"gzip cut to {length if length < 20 else length - len(packed)} bytes"] = _with(
            "train_images", partial(packed.__getitem__, slice(length)), f"{IMAGES}.gz", zipped=True
        )
    at = len(packed) // 2
    return found | {
        "a byte more": _with("train_images", lambda: plain + b"\0", IMAGES, "bytes"),
        "a byte more in gzip": _with(
            "train_images", lambda: gz(plain + b"\0"), IMAGES, "more bytes", zipped=True
        ),
        "a flipped bit in gzip": _with(
            "train_images",
            lambda: packed[:at] + bytes([packed[at] ^ 1]) + packed[at + 1 :],
            IMAGES,
            "damaged",
            zipped=True,
        ),
        "a wrong checksum in gzip": _with(
            "train_images",
            lambda: packed[:-8] + b"\0\0\0\0" + packed[-4:],
            IMAGES,
            "CRC",
            zipped=True,
        ),
        "gzip of another method": _with(
            "train_images", lambda: packed[:2] + b"\7" + packed[3:], IMAGES, zipped=True
        ),
        "junk after gzip": _with("train_images", lambda: packed + b"<html>", IMAGES, zipped=True),
        "gzipped twice": _with(
            "train_images", lambda: gz(packed), IMAGES, "gzipped twice", "unpack", zipped=True
        ),
        "labels gzipped twice": _with(
            "train_labels", lambda: gz(gz(idx(labels()))), LABELS, "gzipped twice", zipped=True
        ),
        "lines ended as in text mode": _with(
            "train_images", lambda: plain.replace(b"\n", b"\r\n"), IMAGES, "bytes"
        ),
    }


def _bombs() -> dict[str, Hostile]:
    """Return gzips of a megabyte that unpack to a gigabyte, by blocks of a megabyte of zeros."""
    zeros = bytes(MB)
    rows = 2**30 // 64
    return {
        "a bomb of images": _with(
            "train_images",
            lambda: gz_bomb(idx_header(rows, 8, 8), zeros, 1024),
            IMAGES,
            zipped=True,
        ),
        "a bomb of images that ends early": _with(
            "train_images",
            lambda: gz_bomb(idx_header(rows + 1, 8, 8), zeros, 1024),
            IMAGES,
            zipped=True,
        ),
        "bombs of images and of labels": folder_of(
            lambda: idx_set(
                zipped=True,
                train_images=gz_bomb(idx_header(rows, 8, 8), zeros, 1024),
                train_labels=gz_bomb(idx_header(rows), zeros, rows // MB),
            ),
            IMAGES,
            "times its size",
        ),
        "a bomb behind the images": _with(
            "train_images", lambda: gz_bomb(idx(images()), zeros, 1024), IMAGES, zipped=True
        ),
        "a bomb of labels": _with(
            "train_labels", lambda: gz_bomb(idx_header(2**30), zeros, 1024), LABELS, zipped=True
        ),
        "a bomb of float labels": _with(
            "train_labels",
            lambda: gz_bomb(idx_header(2**27, kind=0x0E), zeros, 1024),
            LABELS,
            zipped=True,
        ),
        "a bomb of zeros without a header": _with(
            "train_images", lambda: gz_bomb(b"", zeros, 1024), IMAGES, zipped=True
        ),
        "a bomb in a bomb": _with(
            "train_images", lambda: gz(gz_bomb(b"", zeros, 1024)), IMAGES, "twice", zipped=True
        ),
    }


def _values() -> dict[str, Hostile]:
    floats = images().astype("f4") / 255
    return {
        "pixels as floats from 0 to 1": _with("train_images", lambda: idx(floats), IMAGES, "255"),
        "pixels as NaN": _with(
            "train_images", lambda: idx(np.full((40, 8, 8), np.nan, "f8")), IMAGES, "float64"
        ),
        "negative pixels": _with(
            "train_images", lambda: idx(images().astype("i2") - 300), IMAGES, "0 to 255"
        ),
        "pixels of 32 bits above 255": _with(
            "train_images", lambda: idx(images().astype("i4") * 257), IMAGES, "65535"
        ),
        "labels of a half": _with(
            "train_labels", lambda: idx(labels().astype("f4") + 0.5), LABELS, "whole", "0.5"
        ),
        "labels as NaN": _with(
            "train_labels", lambda: idx(np.full(40, np.nan, "f4")), LABELS, "whole", "nan"
        ),
        "a gap in the labels": folder_of(
            lambda: idx_set(train_labels=idx(labels() * 2), test_labels=idx(labels(20) * 2)),
            "gaps",
            "1, 3, 5",
        ),
        "a label of another class": _with(
            "train_labels", lambda: idx(labels() + 100 * (np.arange(40) == 7).astype("u1")), "gaps"
        ),
        "labels from 1": folder_of(_from_1, "--first-label 1"),
        "negative labels": _with("train_labels", lambda: idx(labels().astype("i1") - 1), "-1"),
        "300 classes": folder_of(_many_classes, "256 classes", "300"),
        "one class alone": folder_of(
            lambda: idx_set(train_labels=idx(labels() * 0), test_labels=idx(labels(20) * 0)),
            "2 to 256 classes",
            "received 1",
        ),
        "a class with no image in training": _with(
            "train_labels", lambda: idx(labels() % 3), "same classes", "label 3 in test"
        ),
        "a test class that training has not": _with(
            "test_labels", lambda: idx(labels(20) + 1), "same classes", f"label {CLASSES} in test"
        ),
    }


def _from_1() -> dict[str, bytes | None]:
    return idx_set(train_labels=idx(labels() + 1), test_labels=idx(labels(20) + 1))


def _many_classes() -> dict[str, bytes | None]:
    many = np.arange(300, dtype="i2")
    return idx_set(train_images=idx(images(300)), train_labels=idx(many))


def _strangers() -> dict[str, Hostile]:
    return {
        "a label too few": _with("train_labels", lambda: idx(labels(39)), LABELS, "40", "39"),
        "a label too many": _with("train_labels", lambda: idx(labels(41)), LABELS, "40", "41"),
        "labels of the test part": _with("train_labels", lambda: idx(labels(20)), LABELS, "40"),
        "images in the place of labels": _with(
            "train_labels", lambda: idx(images()), "train", "labels"
        ),
        "labels in the place of images": _with(
            "train_images", lambda: idx(labels()), "train", "images"
        ),
        "a test part of another size": _with(
            "test_images", lambda: idx(images(20, 9, 9)), "(8, 8)", "(9, 9)"
        ),
        "a test part in colour": _with(
            "test_images", lambda: idx(images(20, 8, 8, 3)), "(8, 8)", "(8, 8, 3)"
        ),
        "four channels": _with("train_images", lambda: idx(images(40, 8, 8, 4)), IMAGES, "(40, 8"),
        "images of 2,000 x 2,000": _with(
            "train_images", lambda: idx(images(1, 2000, 2000)), IMAGES, "1024"
        ),
        "the labels of QMNIST, eight columns": _with(
            "train_labels",
            lambda: idx(np.repeat(labels().astype("i4")[:, np.newaxis], 8, axis=1)),
            LABELS,
        ),
        "no labels": folder_of(
            lambda: idx_set(**dict.fromkeys(["train_labels", "test_labels"])), "label"
        ),
        "no images": folder_of(
            lambda: idx_set(**dict.fromkeys(["train_images", "test_images"])), "images"
        ),
        "no training part": folder_of(
            lambda: idx_set(**dict.fromkeys(["train_images", "train_labels"])), "training part"
        ),
        "no test part": folder_of(
            lambda: idx_set(**dict.fromkeys(["test_images", "test_labels"])), "test part", "--split"
        ),
        "two files for one part": folder_of(
            lambda: {**idx_set(), "train-images.idx3-ubyte-copy": idx(images())}, "train", "one of"
        ),
    }
