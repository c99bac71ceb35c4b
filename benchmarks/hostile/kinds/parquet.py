"""Parquet files that are damaged, lie, or have other columns, labels or pictures."""

import io
import json
import struct
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from benchmarks.hostile.kinds.files import gz, images, labels, parquet, picture
from benchmarks.hostile.kinds.hostile import Hostile, file_of, folder_of

NAME = "digits.parquet"
MB = 2**20
CLASSES = labels().tolist()


def kinds() -> dict[str, Hostile]:
    """Return the kinds by name."""
    return {**_damaged(), **_columns(), **_labels(), **_pictures(), **_bombs(), **_folders()}


def _of(content: Callable[[], bytes], *says: str) -> Hostile:
    return file_of(NAME, content, NAME, *says)


def _changed(*says: str, **changed: Any) -> Hostile:
    return _of(partial(parquet, **changed), *says)


def _pictures_of() -> list[bytes]:
    return [picture(image) for image in images()]


def _with_picture(content: Any, row: int = 9) -> list[Any]:
    return [*_pictures_of()[:row], content, *_pictures_of()[row + 1 :]]


def _damaged() -> dict[str, Hostile]:
    sound = parquet()
    footer = struct.unpack("<I", sound[-8:-4])[0]

    def with_footer(length: int) -> bytes:
        return sound[:-8] + struct.pack("<I", length) + b"PAR1"

    found = {
        f"cut to {length} bytes": _of(partial(sound.__getitem__, slice(length)))
        for length in (4, 11, 12, len(sound) // 2, len(sound) - 1)
    }
    for length in (0, 1, footer - 1, footer + 1, len(sound), 2**31 - 1, 2**32 - 1):
        found[f"a footer that claims {length - footer:+} bytes"] = _of(partial(with_footer, length))
    start = len(sound) - 8 - footer
    return found | {
        "a footer of zeros": _of(lambda: sound[:start] + bytes(footer) + sound[-8:]),
        "a footer of ones": _of(lambda: sound[:start] + b"\xff" * footer + sound[-8:]),
        "a footer of lists": _of(lambda: sound[:start] + b"\x19" * footer + sound[-8:]),
        "a footer of structures": _of(lambda: sound[:start] + b"\x1c" * footer + sound[-8:]),
        "an encrypted footer": _of(lambda: sound[:-4] + b"PARE"),
        "pages of zeros": _of(lambda: sound[:4] + bytes(start - 4) + sound[start:]),
        "pages of other bytes": _of(lambda: sound[:4] + b"\xa5" * (start - 4) + sound[start:]),
        "bytes inserted before the pages": _of(lambda: sound[:4] + bytes(9) + sound[4:]),
        "in gzip": file_of(f"{NAME}.gz", lambda: gz(sound), "gzipped file of a form", "unpack"),
        "no rows": _changed("none", contents=[], classes=[]),
    }


def _table(columns: dict[str, Any], **options: Any) -> bytes:
    import pyarrow as arrow
    from pyarrow.parquet import write_table

    file = io.BytesIO()
    write_table(arrow.table(columns), file, **options)
    return file.getvalue()


def _columns() -> dict[str, Hostile]:
    def other(**columns: Any) -> Callable[[], bytes]:
        return partial(_table, columns)

    numbers = [image.ravel().tolist() for image in images()]
    return {
        "pixels as lists of numbers": _of(
            other(image=numbers, label=CLASSES), "pictures as bytes", "list"
        ),
        "pixels as columns": _of(
            other(label=CLASSES, **{f"p{i}": CLASSES for i in range(64)}), "pictures as bytes"
        ),
        "paths of pictures": _of(
            other(image=[f"{i}.png" for i in range(40)], label=CLASSES), "string"
        ),
        "two columns of pictures": _of(
            lambda: _table({"a": _pictures_of(), "b": _pictures_of(), "label": CLASSES}), "2 such"
        ),
        "no label": _of(lambda: _table({"image": _pictures_of(), "text": ["a"] * 40}), "label"),
        "two labels": _of(
            lambda: _table(
                {"image": _pictures_of(), "fine_label": CLASSES, "coarse_label": CLASSES}
            ),
            "--labels",
        ),
        "labels as floats": _of(
            lambda: _table({"image": _pictures_of(), "label": [k / 2 for k in CLASSES]}), "double"
        ),
        "labels as dates": _of(
            lambda: _table(
                {"image": _pictures_of(), "label": labels().astype("i8").astype("M8[s]")}
            ),
            "timestamp",
        ),
        "labels as lists": _of(
            lambda: _table({"image": _pictures_of(), "label": [[k] for k in CLASSES]}), "list"
        ),
        "labels as booleans": _of(
            lambda: _table({"image": _pictures_of(), "label": [k > 1 for k in CLASSES]}), "bool"
        ),
        "a single column": _of(lambda: _table({"image": _pictures_of()}), "label"),
        "2,000 columns": _of(lambda: _table({f"c{i}": np.zeros(1, "i8") for i in range(2000)})),
        "a column nested 200 deep": _of(_nested),
        "a column without a name": _of(lambda: _table({"": CLASSES}), "no"),
    }


def _nested() -> bytes:
    import pyarrow as arrow

    kind, value = arrow.int8(), 1
    for _ in range(99):
        kind, value = arrow.list_(kind), [value]  # type: ignore[assignment]
    return _table({"image": arrow.array([value] * 3, kind), "label": [0, 1, 2]})


def _labels() -> dict[str, Hostile]:
    def named(names: Any) -> dict[str, str]:
        features = {"image": {"_type": "Image"}, "label": {"_type": "ClassLabel", "names": names}}
        return {"huggingface": json.dumps({"info": {"features": features}})}

    return {
        "no label in a row": _changed("row 3", classes=[0, 1, None, *CLASSES[3:]]),
        "a negative label": _changed("-1", classes=[-1, *CLASSES[1:]]),
        "a gap in the labels": _changed("gaps", classes=[2 * k for k in CLASSES]),
        "labels from 1": _changed("--first-label 1", classes=[k + 1 for k in CLASSES]),
        "one class alone": _changed("2 to 256 classes", classes=[0] * 40),
        "300 classes": _changed(
            "256 classes",
            contents=[picture(one) for one in images(300)],
            classes=list(range(300)),
        ),
        "a label above the names": _changed("3", metadata=named(["a", "b", "c"])),
        "an empty class": _changed("every class", "e", metadata=named(list("abcde"))),
        "names that are equal": _changed("different", metadata=named(["a", "a", "b", "c"])),
        "names that are numbers": _changed("texts", metadata=named([1, 2, 3, 4])),
        "names that are a text": _changed("texts", metadata=named("abcd")),
        "a name that hides text": _changed("name", metadata=named(["a\u202eb", "b", "c", "d"])),
        "300 names": _changed("256", metadata=named([f"n{i}" for i in range(300)])),
        "a name of 5,000 characters": _changed("5,000", classes=["n" * 5000, "b"] * 20),
        "a blank name": _changed("name", classes=[" ", "b"] * 20),
    }


def _pictures() -> dict[str, Hostile]:
    def one(content: Any, *says: str) -> Hostile:
        return _of(lambda: parquet(contents=_with_picture(content)), "row 10", *says)

    png = picture(images(1)[0])
    return {
        "no picture in a row": one(None),
        "a picture of no bytes": one(b""),
        "a page for a picture": one(b"<html>", "HTML"),
        "a picture cut short": one(png[:-20]),
        "a GIF": one(b"GIF89a" + bytes(40), "PNG"),
        "a picture of another size": one(picture(images(1, 9, 9)[0]), "9 x 9", "--size"),
        "a picture of 1 x 1": one(picture(images(1, 1, 1)[0]), "8"),
        "an npy file for a picture": one(b"\x93NUMPY\1\0", "PNG"),
    }


def _bombs() -> dict[str, Hostile]:
    zeros = bytes(16 * MB)
    return {
        "pictures of zeros, packed": _of(
            lambda: parquet(
                contents=[zeros] * 4, classes=[0, 1] * 2, compression="zstd", use_dictionary=False
            )
        ),
        "a dictionary of one picture, 1,000 times": _of(partial(_repeated, zeros, 1000)),
        "names of 1 MB": _of(
            lambda: parquet(classes=["n" * MB, "b"] * 20, compression="zstd"),
        ),
        "labels of a million rows and no picture": _of(
            lambda: _table({"image": np.full(10**6, None, object), "label": np.zeros(10**6, "i8")}),
        ),
    }


def _repeated(content: bytes, times: int) -> bytes:
    import pyarrow as arrow

    column = arrow.DictionaryArray.from_arrays(np.zeros(times, "i4"), arrow.array([content]))
    return _table({"image": column, "label": np.arange(times) % 2}, compression="zstd")


def _folders() -> dict[str, Hostile]:
    sound = parquet()
    larger = parquet(contents=[picture(one) for one in images(40, 9, 9)])
    return {
        "two files for one part": folder_of(
            lambda: {"train-a.parquet": sound, "train-b.parquet": sound},
            "train-a.parquet",
            "2 files",
        ),
        "a shard too few": folder_of(
            lambda: {f"train-0000{i}-of-00003.parquet": sound for i in (0, 2)}, "2 of 3"
        ),
        "a shard twice": folder_of(
            lambda: {
                "train-00000-of-00001.parquet": sound,
                "train-00000-of-00001-abc.parquet": sound,
            },
            "once",
        ),
        "a part next to a file without one": folder_of(
            lambda: {"train.parquet": sound, "more.parquet": sound}, "more.parquet"
        ),
        "a test part of another size": folder_of(
            lambda: {"train.parquet": sound, "test.parquet": larger}, "9 x 9", "test.parquet"
        ),
        "a test part with other class names": folder_of(
            lambda: {
                "train.parquet": sound,
                "test.parquet": parquet(
                    metadata={
                        "huggingface": json.dumps(
                            {
                                "info": {
                                    "features": {
                                        "label": {"_type": "ClassLabel", "names": list("abcd")}
                                    }
                                }
                            }
                        )
                    }
                ),
            },
            "same class names",
            "test.parquet",
        ),
        "a page for a shard": folder_of(
            lambda: {"train.parquet": sound, "test.parquet": b"<html>"}, "test.parquet", "web page"
        ),
        "no test part": folder_of(lambda: {"train.parquet": sound}, "test part", "--split"),
        "no training part": folder_of(lambda: {"test.parquet": sound}, "training part"),
        "a folder for a file": folder_of(
            lambda: {"train.parquet/0000.parquet": sound, "test.parquet/0000.txt": b"x"}
        ),
    }
