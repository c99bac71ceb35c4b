"""NumPy's files, npy and npz, that are damaged, lie, hold objects, or do not belong together."""

import io
import pickle
import struct
import zipfile
import zlib
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from benchmarks.hostile.kinds.files import (
    arrays,
    gz,
    images,
    labels,
    npy,
    npy_header,
    npz,
)
from benchmarks.hostile.kinds.hostile import Hostile, file_of, folder_of

MB = 2**20
NPZ, NPY, LABELS = "set.npz", "train_images.npy", "train_labels.npy"


def kinds() -> dict[str, Hostile]:
    """Return the kinds by name."""
    npz_kinds = {**_damaged(), **_members(), **_zip_bombs(), **_contents()}
    return {
        **{f"npz: {name}": kind for name, kind in npz_kinds.items()},
        **{f"npy: {name}": kind for name, kind in {**_headers(), **_pairs()}.items()},
    }


def _of(content: Callable[[], bytes], *says: str) -> Hostile:
    return file_of(NPZ, content, *says, split=None)


def _changed(*says: str, **changed: Any) -> Hostile:
    """Return the kind of an npz that is sound but for some arrays."""
    return _of(lambda: npz(arrays(**changed)), *says)


def _damaged() -> dict[str, Hostile]:
    sound, packed = npz(arrays()), npz(arrays(), packed=True)
    found = {
        f"cut to {length} bytes": _of(partial(sound.__getitem__, slice(length)), NPZ)
        for length in (4, 30, len(sound) // 2, len(sound) - 1)
    }
    at = len(sound) // 3  # in the images
    return found | {
        "packed, cut in half": _of(lambda: packed[: len(packed) // 2], NPZ),
        "a flipped bit in a stored array": _of(
            lambda: sound[:at] + bytes([sound[at] ^ 1]) + sound[at + 1 :], NPZ, "CRC"
        ),
        "a flipped bit in a packed array": _of(
            lambda: packed[:at] + bytes([packed[at] ^ 1]) + packed[at + 1 :], NPZ
        ),
        "in gzip": file_of(f"{NPZ}.gz", lambda: gz(sound), "gzipped file of a form", "unpack"),
        "an empty archive": _of(lambda: _zipped({}), NPZ),
        "101 arrays": _of(
            lambda: npz({f"a{i}": labels() for i in range(101)}), "1 to 100 arrays", "101"
        ),
        "encrypted": _of(lambda: _flagged(sound), NPZ, "password"),
        "bzip2 inside": _of(
            lambda: _zipped({"train_images.npy": npy(images())}, zipfile.ZIP_BZIP2), "compression"
        ),
        "LZMA inside": _of(
            lambda: _zipped({"train_images.npy": npy(images())}, zipfile.ZIP_LZMA), "compression"
        ),
        "two arrays of one name": _of(lambda: _doubled(), "train_images"),
        "overlapping members": _of(_overlapping, NPZ),
        "a path that leads out of the archive": _of(
            lambda: _zipped({"../../train_images.npy": npy(images())}), "label"
        ),
    }


def _zipped(contents: dict[str, bytes], method: int = zipfile.ZIP_STORED) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as archive:
        for name, content in contents.items():
            archive.writestr(zipfile.ZipInfo(name), content, method)
    return file.getvalue()


def _flagged(sound: bytes) -> bytes:
    """Return the archive with the flag of encryption on each member."""
    content = bytearray(sound)
    for magic, offset in ((b"PK\3\4", 6), (b"PK\1\2", 8)):
        at = content.find(magic)
        while at >= 0:
            content[at + offset] |= 1
            at = content.find(magic, at + 4)
    return bytes(content)


def _doubled() -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for values in (images(), labels()):
            archive.writestr("train_images.npy", npy(values))
            archive.NameToInfo.clear()  # so that zipfile does not warn of the second
    return file.getvalue()


def _overlapping() -> bytes:
    """Return an archive of 90 members that are all the same bytes: a bomb by D. Fifield's idea."""
    content = npy(np.zeros((MB, 8, 8), "u1"))
    packed = zlib.compressobj(9, zlib.DEFLATED, -15)
    data = packed.compress(content) + packed.flush()
    crc = zlib.crc32(content)
    local = _local(b"a00.npy", crc, len(data), len(content))
    names = [b"a%02d.npy" % i for i in range(90)]
    central = b"".join(_central(name, crc, len(data), len(content), 0) for name in names)
    return _archive(local + data, central, len(names))


def _local(name: bytes, crc: int, packed: int, size: int, method: int = 8) -> bytes:
    fields = (b"PK\3\4", 20, 0, method, 0, 33, crc, packed, size, len(name), 0)
    return struct.pack("<4sHHHHHIIIHH", *fields) + name


def _central(name: bytes, crc: int, packed: int, size: int, offset: int, method: int = 8) -> bytes:
    fields = (b"PK\1\2", 20, 20, 0, method, 0, 33, crc, packed, size, len(name))
    return struct.pack("<4sHHHHHHIIIHHHHHII", *fields, 0, 0, 0, 0, 0, offset) + name


def _archive(members: bytes, central: bytes, count: int) -> bytes:
    end = (b"PK\5\6", 0, 0, count, count, len(central), len(members), 0)
    return members + central + struct.pack("<4sHHHHIIH", *end)


def _lying(
    content: bytes, packed: int | None = None, size: int | None = None, method: int = 0
) -> bytes:
    """Return an archive of one member whose sizes are others than it has."""
    data = content
    if method:
        packer = zlib.compressobj(9, zlib.DEFLATED, -15)
        data = packer.compress(content) + packer.flush()
    packed = len(data) if packed is None else packed
    size = len(content) if size is None else size
    crc, name = zlib.crc32(content), b"train_images.npy"
    local = _local(name, crc, packed, size, method) + data
    return _archive(local, _central(name, crc, packed, size, 0, method), 1)


def _members() -> dict[str, Hostile]:
    content = npy(images())
    most = 2**32 - 2
    return {
        "a stored member of 4 GB": _of(partial(_lying, content, most, most), NPZ),
        "a stored member that claims to unpack": _of(partial(_lying, content, None, most), NPZ),
        "a packed member of 4 GB": _of(partial(_lying, content, None, most, 8), NPZ),
        "a packed member of no bytes": _of(partial(_lying, content, 0, None, 8), NPZ),
        "a member smaller than it is": _of(
            partial(_lying, content, None, len(content) - 1, 8), NPZ
        ),
        "an array larger than its member": _of(
            partial(_lying, npy_header(_text((2**20, 2**10, 2**10))) + bytes(64)), NPZ
        ),
        "a member that is no array": _of(
            lambda: npz(arrays()) and _zipped({"a.txt": b"hello"}), NPZ
        ),
        "a folder of pictures, zipped": file_of(
            "photos.zip",
            lambda: _zipped({"cat/1.png": b"\x89PNG", "dog/1.png": b"\x89PNG"}),
            "photos.zip",
            "unpack",
        ),
        "the four IDX files, zipped": file_of(
            "mnist.zip",
            lambda: _zipped({"train-images-idx3-ubyte": b"\0\0\x08\3"}),
            "mnist.zip",
            "unpack",
        ),
        "a table, zipped": file_of(
            "archive.zip",
            lambda: _zipped({"train.csv": b"label,a\n1,2\n"}),
            "archive.zip",
            "unpack",
        ),
    }


def _text(shape: object, descr: object = "|u1", fortran: object = False) -> str:
    text = f"{{'descr': {descr!r}, 'fortran_order': {fortran!r}, 'shape': {shape!r}, }}"
    return f"{text:<117}\n"


def _bomb(header: str, times: int) -> bytes:
    """Return an npz of two members, whose first unpacks to a header and `times` MB of zeros."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    begin = npy_header(header)
    start = packer.compress(begin) + packer.flush(zlib.Z_FULL_FLUSH)
    block = packer.compress(bytes(MB)) + packer.flush(zlib.Z_FULL_FLUSH)
    data = start + block * times + packer.flush()
    crc = zlib.crc32(begin)
    for _ in range(times):
        crc = zlib.crc32(bytes(MB), crc)
    size = len(begin) + MB * times
    more = npy(labels())
    first = _local(b"train_images.npy", crc, len(data), size) + data
    second = _local(b"train_labels.npy", zlib.crc32(more), len(more), len(more), 0) + more
    central = _central(b"train_images.npy", crc, len(data), size, 0)
    central += _central(b"train_labels.npy", zlib.crc32(more), len(more), len(more), len(first), 0)
    return _archive(first + second, central, 2)


def _zip_bombs() -> dict[str, Hostile]:
    return {
        "a bomb of images": _of(partial(_bomb, _text((2**24, 8, 8)), 1024), "train_images"),
        "a bomb with a small header": _of(partial(_bomb, _text((40, 8, 8)), 1024), "train_images"),
        "a bomb of text": _of(partial(_bomb, _text((2**10,), "<U262144"), 1024), "train_images"),
    }


def _contents() -> dict[str, Hostile]:
    class_ids = labels()
    many = np.arange(300)
    return {
        "a pickled array": _changed(
            "pickled", "train_labels", train_labels=class_ids.astype(object)
        ),
        "a pickled array that is not needed": _changed("pickled", "notes", notes=np.array([{}])),
        "pixels as floats": _changed("float64", "255", train_images=images() / 255),
        "pixels as NaN": _changed(
            "float", "train_images", train_images=np.full((40, 8, 8), np.nan, "f4")
        ),
        "negative pixels": _changed("-", "train_images", train_images=images().astype("i2") - 255),
        "pixels above 255": _changed("510", "0 to 255", train_images=images().astype("u2") * 2),
        "pixels as booleans": _changed("bool", "train_images", train_images=images() > 127),
        "pixels as complex numbers": _changed("train_images", train_images=images() * 1j),
        "pixels as dates": _changed("train_images", train_images=images().astype("M8[s]")),
        "pixels as text": _changed("train_images", train_images=images().astype("U3")),
        "labels of a half": _changed("whole", "0.5", train_labels=class_ids + 0.5),
        "labels as infinity": _changed("whole", "inf", train_labels=np.full(40, np.inf)),
        "labels beyond 64 bits": _changed(
            "train_labels", train_labels=class_ids.astype("u8") + np.uint64(2**63)
        ),
        "labels one-hot": _changed("(40, 4)", train_labels=np.eye(4, dtype="u1")[class_ids]),
        "labels as booleans": _changed("train_labels", train_labels=class_ids > 0),
        "labels of both kinds": _changed(
            "one kind", test_labels=labels(20).astype("U1").astype("U9")
        ),
        "a name of a class that is blank": _changed(
            "class name", train_labels=np.array([" ", "b"] * 20), test_labels=np.array(["b"] * 20)
        ),
        "a name that hides text": _changed(
            "class name",
            train_labels=np.array(["a\u202eb", "b"] * 20),
            test_labels=np.array(["b"] * 20),
        ),
        "names as other bytes": _changed("text", train_labels=np.array([b"caf\xe9", b"b"] * 20)),
        "a test name that training has not": _changed(
            "same classes",
            train_labels=np.array(["a", "b"] * 20),
            test_labels=np.array(["c"] * 20),
        ),
        "300 classes": _changed("256 classes", train_images=images(300), train_labels=many),
        "300 names": _changed(
            "256 classes",
            train_images=images(300),
            train_labels=many.astype("U3"),
            test_labels=labels(20).astype("U3"),
        ),
        "a gap in the labels": _changed(
            "gaps", train_labels=class_ids * 2, test_labels=labels(20) * 2
        ),
        "labels from 1": _changed(
            "--first-label 1", train_labels=class_ids + 1, test_labels=labels(20) + 1
        ),
        "too few class names": _changed("number of classes 2", class_names=np.array(["a", "b"])),
        "equal class names": _changed("class names", class_names=np.array(["a"] * 4)),
        "class names in a square": _changed("class names", class_names=np.array([["a", "b"]] * 2)),
        "an empty class by its name": _changed(
            "every class", "e", class_names=np.array(list("abcde"))
        ),
        "a label too few": _changed("40", "39", "train_labels", train_labels=labels(39)),
        "no images": _changed("images", train_images=None, test_images=None),
        "no labels": _changed("label", train_labels=None, test_labels=None),
        "no label of the test part": _changed("label", "test_images", test_labels=None),
        "images of rank 1 to 5": _changed("(40, 2, 2, 2, 8)", train_images=images(40, 2, 2, 2, 8)),
        "rows of no square": _changed("(40, 63)", train_images=images(40, 63)),
        "a scalar": _changed("train_images", train_images=np.uint8(3)),
        "an empty array": _changed("train_images", train_images=images(40)[:0]),
        "channels first": _changed("(40, 3, 8, 8)", train_images=images(40, 3, 8, 8)),
        "a test part of another size": _changed("(9, 9)", test_images=images(20, 9, 9)),
        "a validation part of another size": _changed(
            "(9, 9)", val_images=images(20, 9, 9), val_labels=labels(20)
        ),
        "two arrays of images for a part": _changed("one of", "x_train", x_train=images()),
    }


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
        "2^40 elements": _npy(headed(_text((2**20, 2**10, 2**10))), "1048576"),
        "sides beyond 64 bits": _npy(headed(_text((10**30, 8, 8)))),
        "a side of 4,000 digits": _npy(headed(_text((0,)).replace("0,", f"{huge},"))),
        "a negative side": _npy(headed(_text((-40, -8, 8)))),
        "a side that is a truth": _npy(headed(_text((40, 64, True)))),
        "a side that is a float": _npy(headed(_text((40.0, 8, 8)))),
        "sides nested 3,000 deep": _npy(headed(_text((0,)).replace("(0,)", nested))),
        "a shape that is a call": _npy(headed(_text((0,)).replace("(0,)", "__import__('os')"))),
        "a header that is no dictionary": _npy(headed("[1, 2, 3]\n")),
        "a header without its shape": _npy(headed("{'descr': '|u1', 'fortran_order': False}\n")),
        "a header of 4 GB": _npy(lambda: b"\x93NUMPY\2\0" + b"\xff" * 4 + body),
        "a header that is not text": _npy(lambda: b"\x93NUMPY\1\0\x10\0" + b"\xff\0" * 8 + body),
        "format 9": _npy(headed(_text((40, 8, 8)), (9, 9))),
        "a structure": _npy(headed(_text((40,), [("a", "|u1", (8, 8))])), "numbers"),
        "a structure of objects": _npy(headed(_text((40,), [("a", "|O")])), "pickled"),
        "objects": _npy(lambda: npy(np.array([None] * 40)), "pickled"),
        "a pickle that would run": _npy(_running, "pickled"),
        "no bytes an element": _npy(headed(_text((2**39,), "|S0"))),
        "an element of 1 GB": _npy(headed(_text((40,), "|S1000000000"))),
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

    return npy_header(_text((1,), "|O")) + pickle.dumps(Runs())


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
