"""npy files that are damaged, lie, hold objects, or do not belong together."""

import pickle
from collections.abc import Callable
from typing import Any

import numpy as np

from benchmarks.hostile.kinds.files import (
    gz,
    images,
    labels,
    npy,
    npy_header,
    npy_text,
)
from benchmarks.hostile.kinds.hostile import Hostile, file_of, folder_of

NPY, LABELS = "train_images.npy", "train_labels.npy"


def kinds() -> dict[str, Hostile]:
    """Return the kinds by name."""
    return {**_headers(), **_pairs()}


def _npy(content: Callable[[], bytes], *says: str) -> Hostile:
    """Return the kind of a folder of npy files whose images of training have this content."""
    return folder_of(
        lambda: {
            NPY: content(),
            LABELS: npy(labels()),
            "test_images.npy": npy(images(20)),
            "test_labels.npy": npy(labels(20)),
        },
        NPY,
        *says,
    )


def _headers() -> dict[str, Hostile]:
    body = images().tobytes()

    def headed(text: str, version: tuple[int, int] = (1, 0)) -> Callable[[], bytes]:
        return lambda: npy_header(text, version) + body

    huge = "9" * 4000
    nested = "(" * 3000 + ")" * 3000
    return {
        "2^40 elements": _npy(headed(npy_text((2**20, 2**10, 2**10))), "1048576"),
        "sides beyond 64 bits": _npy(headed(npy_text((10**30, 8, 8)))),
        "a side of 4,000 digits": _npy(headed(npy_text((0,)).replace("0,", f"{huge},"))),
        "a negative side": _npy(headed(npy_text((-40, -8, 8)))),
        "a side that is a truth": _npy(headed(npy_text((40, 64, True)))),
        "a side that is a float": _npy(headed(npy_text((40.0, 8, 8)))),
        "sides nested 3,000 deep": _npy(headed(npy_text((0,)).replace("(0,)", nested))),
        "a shape that is a call": _npy(headed(npy_text((0,)).replace("(0,)", "__import__('os')"))),
        "a header that is no dictionary": _npy(headed("[1, 2, 3]\n")),
        "a header without its shape": _npy(headed("{'descr': '|u1', 'fortran_order': False}\n")),
        "a header of 4 GB": _npy(lambda: b"\x93NUMPY\2\0" + b"\xff" * 4 + body),
        "a header that is not text": _npy(lambda: b"\x93NUMPY\1\0\x10\0" + b"\xff\0" * 8 + body),
        "format 9": _npy(headed(npy_text((40, 8, 8)), (9, 9))),
        "a structure": _npy(headed(npy_text((40,), [("a", "|u1", (8, 8))])), "numbers"),
        "a structure of objects": _npy(headed(npy_text((40,), [("a", "|O")])), "pickled"),
        "objects": _npy(lambda: npy(np.array([None] * 40)), "pickled"),
        "a pickle that would run": _npy(_running, "pickled"),
        "no bytes an element": _npy(headed(npy_text((2**39,), "|S0"))),
        "an element of 1 GB": _npy(headed(npy_text((40,), "|S1000000000"))),
        "big-endian numbers above 255": _npy(lambda: npy(images().astype(">u2") * 257), "65535"),
        "Fortran's order, cut": _npy(lambda: npy(np.asfortranarray(images()))[:-1]),
        "cut in half": _npy(lambda: npy(images())[:1400]),
        "a byte more": _npy(lambda: npy(images()) + b"\0"),
        "the magic alone": _npy(lambda: b"\x93NUMPY"),
    }


def _running() -> bytes:
    """Return an npy file whose pickle, were it loaded, would write a file."""

    class Runs:
        def __reduce__(self) -> tuple[Any, ...]:
            return (print, ("a pickle was loaded",))

    return npy_header(npy_text((1,), "|O")) + pickle.dumps(Runs())


def _pairs() -> dict[str, Hostile]:
    return {
        "images alone": file_of("images.npy", lambda: npy(images()), "label"),
        "labels alone": file_of("labels.npy", lambda: npy(labels()), "images"),
        "two files of images": folder_of(
            lambda: {"a.npy": npy(images()), "b.npy": npy(images())}, "a.npy", "b.npy"
        ),
        "two parts with the labels of one": folder_of(
            lambda: {
                NPY: npy(images()),
                LABELS: npy(labels()),
                "test_images.npy": npy(images(20)),
            },
            "label",
            "test_images.npy",
        ),
        "in gzip": file_of("images.npy.gz", lambda: gz(npy(images())), "unpack"),
    }
