"""Tables, CSV and TSV, plain and gzip, that are ragged, have other cells, or are no tables."""

from collections.abc import Callable
from functools import partial
from typing import Any

from benchmarks.hostile.kinds.files import (
    PIXELS,
    default_rows,
    gz,
    gz_bomb,
    images,
    labels,
    npy,
    table,
)
from benchmarks.hostile.kinds.hostile import Hostile, file_of, folder_of

MB = 2**20
CSV = "digits.csv"


def kinds() -> dict[str, Hostile]:
    """Return the kinds by name."""
    return {**_cells(), **_labels(), **_lines(), **_texts(), **_bombs(), **_folders()}


def _of(content: Callable[[], bytes], *says: str, name: str = CSV, **options: Any) -> Hostile:
    return file_of(name, content, name, *says, **options)


def _cell(value: str, *says: str, row: int = 6, column: int = 30) -> Hostile:
    """Return the kind of a table in which one cell of a pixel has another value."""

    def content() -> bytes:
        rows = default_rows()
        rows[row][column] = value
        return table(rows)

    return _of(content, f"line {row + 2}, column {column + 1}", *says)


def _cells() -> dict[str, Hostile]:
    values = {
        "NaN": "nan",
        "an empty cell": "",
        "a negative number": "-1",
        "256": "256",
        "a huge number": "1e308",
        "a number of 900 digits": "9" * 900,
        "a cell of 2,000 digits": "1" * 2000,
        "a fraction": "12.5",
        "a number of Python": "1_0",
        "a hexadecimal number": "0x1f",
        "digits of another script": "١٢",
        "text": "white",
        "an open quote": '"12',
        "a formula": "=1+1",
        "an escape of the terminal": "\x1b[31m",
    }
    return {f"a pixel of {name}": _cell(value) for name, value in values.items()} | {
        "pixels divided by 255": _of(
            lambda: table([k, *(f"{v / 255:.6f}" for v in row)] for k, *row in default_rows()),
            "multiply numbers between 0 and 1 by 255",
        ),
        "pixels from -1 to 1": _of(
            lambda: table(
                [k, *(f"{v / 127.5 - 1:.6f}" for v in row)] for k, *row in default_rows()
            ),
            "0 to 255",
        ),
        "a pixel of the last row": _cell("x", row=39, column=PIXELS),
    }


def _labelled(values: list[Any], *says: str) -> Hostile:
    """Return the kind of a sound table but for its labels."""
    return _of(
        lambda: table([value, *row[1:]] for value, row in zip(values, default_rows(), strict=True)),
        *says,
    )


def _labels() -> dict[str, Hostile]:
    numbers = labels().tolist()

    def one(value: str) -> list[Any]:
        return [*numbers[:9], value, *numbers[10:]]

    return {
        "a label of a half": _labelled(one("0.5"), "line 11, column 1", "whole number"),
        "a label of NaN": _labelled(one("NaN"), "line 11, column 1", "whole number"),
        "no label in a row": _labelled(one(""), "line 11, column 1", "empty"),
        "a name among numbers": _labelled(one("boot"), "line 11, column 1", "all names"),
        "a number among names": _labelled([f"n{k}" for k in one("7")[:9]] + ["7"] * 31, "line 11"),
        "a label of 20 digits": _labelled(one("9" * 20), "line 11"),
        "a label that hides text": _labelled(one("a\u202eb"), "line 11"),
        "a negative label": _labelled(one("-1"), "-1"),
        "a gap in the labels": _labelled([2 * k for k in numbers], "gaps", "1, 3, 5"),
        "labels from 1": _labelled([k + 1 for k in numbers], "--first-label 1"),
        "one class alone": _labelled([0] * 40, "2 to 256 classes"),
        "one name alone": _labelled(["cat"] * 40, "2 to 256 classes"),
        "300 classes": _of(
            lambda: table([i, *row[1:]] for i, row in enumerate(default_rows(300))), "256 classes"
        ),
        "300 names": _of(
            lambda: table([f"n{i}", *row[1:]] for i, row in enumerate(default_rows(300))),
            "256 classes",
        ),
        "no labels": _of(lambda: table((r[1:] for r in default_rows()), header=False), "label"),
        "785 columns without the labels": _of(
            lambda: table(([r[0], *r[1:]] for r in default_rows()), header=False).replace(
                b"\n", b",\n"
            ),
            "66 columns",
        ),
        "labels in the middle": _of(
            lambda: table(header=True).replace(b"label,pixel1,", b"pixel0,label,", 1), "first"
        ),
        "labels that could be first or last": _of(
            lambda: table(([r[0], *r[2:], r[0]] for r in default_rows()), header=False),
            "labels",
            "first",
        ),
    }


def _lines() -> dict[str, Hostile]:
    sound = table()
    lines = sound.splitlines(keepends=True)

    def line(number: int, change: Callable[[bytes], bytes]) -> Callable[[], bytes]:
        changed = [*lines[: number - 1], change(lines[number - 1]), *lines[number:]]
        return lambda: b"".join(changed)

    return {
        "a short row": _of(line(7, lambda text: text[:-6] + b"\n"), "line 7", "column"),
        "a long row": _of(line(7, lambda text: text[:-1] + b",1\n"), "line 7", "column"),
        "a row cut off": _of(lambda: sound[:-40], "line 41"),
        "a blank line": _of(line(7, lambda text: b"\n" + text), "line 7", "blank"),
        "a second header": _of(line(20, lambda text: lines[0] + text), "line 20, column"),
        "two rows in one": _of(line(7, lambda text: text[:-1] + b",")),
        "a comment": _of(line(7, lambda text: b"# a note\n" + text), "line 7"),
        "another delimiter in a row": _of(
            line(7, lambda text: text.replace(b",", b";")), "line 7", "column"
        ),
        "decimal commas": _of(line(7, lambda text: text.replace(b",", b",0,")), "line 7"),
        "a header alone": _of(lambda: lines[0], "rows"),
        "no square number of columns": _of(
            lambda: table((r[:-3] for r in default_rows()), header=False), "62 columns"
        ),
        "a short row of tabs": _of(
            lambda: sound.replace(b",", b"\t").replace(b"\t", b",", 70), "column", name="digits.tsv"
        ),
        "semicolons and commas": _of(lambda: sound.replace(b",", b";", 100), "line"),
        "two columns": _of(lambda: b"image,label\n1.png,cat\n2.png,dog\n"),
        "names of files": _of(
            lambda: b"filename,label\n" + b"".join(b"%d.png,%d\n" % (i, i % 4) for i in range(40)),
            "a folder a class",
        ),
        "columns of a larger image than 1,024": _of(
            lambda: b",".join([b"1"] * (1025**2 + 1)) + b"\n", "1024 x 1024"
        ),
    }


def _texts() -> dict[str, Hostile]:
    sound = table()
    other = {
        "HTML": (b"<!DOCTYPE html>\n<html><body>404, not found</body></html>\n", "web page"),
        "XML": (b'<?xml version="1.0"?><Error><Code>AccessDenied</Code></Error>', "web page"),
        "JSON": (b'{"label": [1, 2], "pixels": [[0], [1]]}', ""),
        "a Git LFS pointer": (
            b"version https://git-lfs.github.com/spec/v1\noid sha256:4d\nsize 13\n",
            "LFS",
        ),
        "UTF-16": (sound.decode().encode("utf-16"), "UTF-16"),
        "UTF-16 without a mark": (sound.decode().encode("utf-16-le"), "UTF-16"),
        "UTF-32": (sound.decode().encode("utf-32"), "UTF-"),
        "another encoding": (
            sound.replace(b"pixel1,", b"pixel1,").replace(b"\n0,", b"\ncaf\xe9,"),
            "UTF-8",
        ),
        "NUL bytes": (sound[:900] + bytes(50) + sound[950:], "NUL"),
        "only NUL bytes": (bytes(5000), ""),
        "nothing": (b"", "nothing"),
        "a blank line alone": (b"\n", ""),
        "spaces alone": (b" " * 5000, ""),
        "an npy file": (npy(images()), ""),
        "an Excel file": (b"PK\3\4\x14\0\6\0\x08\0\0\0!\0" + bytes(900), ""),
        "an old Excel file": (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(900), ""),
        "prose": (b"The data are at https://example.org.\nAsk the author, please.\n", ""),
        "gzipped twice": (gz(gz(sound)), "twice"),
    }
    found = {
        name: _of(lambda text=text: text, *filter(None, [says]))
        for name, (text, says) in other.items()
    }
    packed = gz(sound)
    return (
        found
        | {
            f"gzip cut to {length} bytes": _of(
                partial(packed.__getitem__, slice(length)), name=f"{CSV}.gz"
            )
            for length in (5, 15, len(packed) // 2, len(packed) - 1)
        }
        | {
            "gzip with a wrong checksum": _of(
                lambda: packed[:-8] + b"\1\2\3\4" + packed[-4:], "CRC", name=f"{CSV}.gz"
            ),
            "HTML in gzip": _of(lambda: gz(other["HTML"][0]), "web page", name=f"{CSV}.gz"),
        }
    )


def _bombs() -> dict[str, Hostile]:
    head = b"label," + b",".join(b"pixel%d" % i for i in range(PIXELS)) + b"\n"
    row = b"0" + b",0" * PIXELS + b"\n"
    repeated = {
        "digits": (b"", b"1" * MB),
        "commas": (b"", b"," * MB),
        "spaces": (head, b" " * MB),
        "blank lines": (head + row, b"\n" * MB),
        "one row without an end": (head, b"1," * (MB // 2)),
        "an open quote": (head + b'0,"', b"," * MB),
        "black rows": (head, row * (MB // len(row))),
        "black rows, then a short one": (head, row * (MB // len(row))),
        "names of 900 bytes": (head, (b"n" * 900 + row[1:]) * (MB // 1100)),
        "tiny rows": (b"label,pixel\n", b"0,1\n" * (MB // 4)),
        "tiny rows of names": (b"label,pixel\n", b"a,1\nb,1\n" * (MB // 8)),
        "colours of a page": (b"", b"\x1b[31m" * (MB // 5)),
    }
    ends = {"black rows, then a short one": b"1,2\n"}
    return {
        f"a bomb of {name}": _of(
            partial(gz_bomb, begin, again, 1024, ends.get(name, b"")), name=f"{CSV}.gz"
        )
        for name, (begin, again) in repeated.items()
    }


def _folders() -> dict[str, Hostile]:
    def wide(n: int, side: int) -> bytes:
        rows = zip(labels(n).tolist(), images(n, side, side), strict=True)
        return table(([k, *image.ravel().tolist()] for k, image in rows), header=False)

    return {
        "two tables for a part": folder_of(
            lambda: {"train.csv": table(), "train2.csv": table(), "test.csv": table()},
            "train.csv",
            "train2.csv",
        ),
        "a test part of another size": folder_of(
            lambda: {"train.csv": wide(40, 8), "test.csv": wide(20, 9)}, "(8, 8)", "(9, 9)"
        ),
        "a test part without labels": folder_of(
            lambda: {
                "train.csv": table(),
                "test.csv": table((r[1:] for r in default_rows()), header=False),
            },
            "label",
            "test.csv",
        ),
        "parts of numbers and of names": folder_of(
            lambda: {
                "train.csv": table(),
                "test.csv": table(["n", *r[1:]] for r in default_rows()),
            },
            "one kind",
        ),
        "a page for the test part": folder_of(
            lambda: {"train.csv": table(), "test.csv": b"<html>"}, "test.csv", "web page"
        ),
        "too few class names": folder_of(
            lambda: {"train.csv": table(), "test.csv": table(), "class_names.txt": b"a\nb\n"},
            "number of classes 2",
        ),
    }
