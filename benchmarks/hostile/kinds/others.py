"""Kinds of files that are no data: archives, pages, pickles, pipes, links; and of class names."""

import bz2
import io
import lzma
import os
import pickle
import socket
import tarfile
from collections.abc import Callable
from pathlib import Path

from benchmarks.hostile.kinds.files import IDX_NAMES, fill, gz, idx, idx_set, images, picture
from benchmarks.hostile.kinds.hostile import Hostile, file_of, folder_of

IMAGES = IDX_NAMES["train_images"]


def kinds() -> dict[str, Hostile]:
    """Return the kinds by name."""
    return {**_files(), **_places(), **_in_folders()}


def _contents() -> dict[str, tuple[Callable[[], bytes], str]]:
    """Return what people give by mistake, and what the error says of it."""
    return {
        "a mirror's page": (
            lambda: b"\r\n <!DOCTYPE html>\n<html><title>404 Not Found</title></html>",
            "web page",
        ),
        "a page in gzip": (lambda: gz(b"<HTML><BODY>moved</BODY></HTML>"), "web page"),
        "an answer of S3": (lambda: b"<?xml version='1.0'?>\n<Error>AccessDenied</Error>", "web"),
        "an answer in JSON": (lambda: b'{"message": "Not Found", "status": 404}', ""),
        "a Git LFS pointer": (
            lambda: b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1\n",
            "Git LFS",
        ),
        "a git-annex pointer": (lambda: b"/annex/objects/SHA256E-s1--00\n", ""),
        "xz": (lambda: lzma.compress(idx(images())), "xz"),
        "bzip2": (lambda: bz2.compress(idx(images())), "bzip2"),
        "7z": (lambda: b"7z\xbc\xaf\x27\x1c\0\4" + bytes(40), "7z"),
        "rar": (lambda: b"Rar!\x1a\7\1\0" + bytes(40), "rar"),
        "zstd": (lambda: b"\x28\xb5\x2f\xfd" + bytes(40), "zstd"),
        "LZ4": (lambda: b"\x04\x22\x4d\x18" + bytes(40), ""),
        "compress": (lambda: b"\x1f\x9d\x90" + bytes(40), ""),
        "tar": (_tar, "tar"),
        "tar in gzip": (lambda: gz(_tar()), "tar"),
        "a pickle": (lambda: pickle.dumps({"data": images()}), "pickle"),
        "an old pickle": (lambda: pickle.dumps({"data": [1]}, 0), ""),
        "MATLAB": (lambda: b"MATLAB 5.0 MAT-file, Platform: GLNXA64".ljust(200), "MATLAB"),
        "HDF5": (lambda: b"\x89HDF\r\n\x1a\n" + bytes(90), "HDF5"),
        "a picture": (lambda: picture(images(1)[0]), "single picture"),
        "a JPEG": (lambda: picture(images(1)[0], "JPEG"), "single picture"),
        "PDF": (lambda: b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n", ""),
        "a program": (lambda: b"\x7fELF\2\1\1" + bytes(57), ""),
        "SQLite": (lambda: b"SQLite format 3\0" + bytes(80), ""),
        "safetensors": (lambda: b"\x40\0\0\0\0\0\0\0" + b'{"a":{"dtype":"U8"}}'.ljust(64), ""),
        "an Excel workbook": (lambda: b"PK\3\4\x14\0\6\0" + bytes(90), ""),
        "an Arrow file": (lambda: b"ARROW1\0\0" + bytes(90), "Arrow"),
        "a TFRecord": (lambda: b"\x13\1\0\0\0\0\0\0\x8e\xa0\xfe\x21" + bytes(90), ""),
        "words": (lambda: b"Put the data here.\n", ""),
        "zeros": (lambda: bytes(4096), ""),
        "other bytes": (lambda: bytes(range(255, -1, -1)) * 20, ""),
        "nothing": (lambda: b"", "nothing"),
        "an empty gzip": (lambda: gz(b""), "nothing"),
        "a gzip of a gzip of nothing": (lambda: gz(gz(b"")), "twice"),
    }


def _tar() -> bytes:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as archive:
        content = idx(images())
        member = tarfile.TarInfo(IMAGES)
        member.size = len(content)
        archive.addfile(member, io.BytesIO(content))
    return file.getvalue()


def _files() -> dict[str, Hostile]:
    return {
        name: file_of("data.bin", content, "data.bin", *filter(None, [says]))
        for name, (content, says) in _contents().items()
    }


def _at(name: str, make: Callable[[Path], object], *says: str) -> Hostile:
    """Return the kind of something at a path, in an else empty folder."""

    def place(folder: Path) -> Path:
        make(folder / name)
        return folder / name

    return Hostile(place, (name, *says))


def _listen(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as server:
        here = Path.cwd()
        os.chdir(path.parent)  # a socket's path has at most 107 bytes
        try:
            server.bind(path.name)
        finally:
            os.chdir(here)


def _places() -> dict[str, Hostile]:
    def link(target: str) -> Callable[[Path], None]:
        return lambda path: path.symlink_to(target)

    return {
        "a pipe": _at("data.csv", os.mkfifo, "regular file"),
        "a socket": _at("data.csv", _listen, "regular file"),
        "an endless device": _at("data.csv", link("/dev/zero"), "regular file"),
        "a device of random bytes": _at("data.csv", link("/dev/urandom"), "regular file"),
        "a terminal": _at("data.csv", link("/dev/tty"), ""),
        "a file that cannot be read": _at("data.csv", link("/proc/self/mem"), "read"),
        "a link to nothing": _at("data.csv", link("gone"), "does not exist"),
        "a link to itself": _at("data.csv", link("data.csv"), "link"),
        "a file within a file": _at(
            "data.csv/train.csv", lambda path: path.parent.write_bytes(b"x"), ""
        ),
        "a name of 300 characters": _at("n" * 300, lambda _: None),
        "a name with a NUL": _at("a\0b", lambda _: None),
        "nothing at all": _at("absent", lambda _: None, "does not exist"),
    }


def _in_folders() -> dict[str, Hostile]:
    """Return the kinds of a set in IDX with something else in the place of a file."""
    said = dict(_contents())
    found: dict[str, Hostile] = {}
    for name in (
        "a mirror's page",
        "a Git LFS pointer",
        "xz",
        "tar",
        "a pickle",
        "nothing",
        "zeros",
    ):
        content, says = said[name]
        found[f"in a folder of IDX: {name}"] = folder_of(
            lambda content=content: idx_set(train_images=content()), IMAGES, *filter(None, [says])
        )

    def instead(make: Callable[[Path], object], *says: str) -> Hostile:
        def place(folder: Path) -> Path:
            make(fill(folder, idx_set(train_images=None)) / IMAGES)
            return folder

        return Hostile(place, (IMAGES, *says))

    return found | {
        "in a folder of IDX: a pipe": instead(os.mkfifo, "regular file"),
        "in a folder of IDX: a device": instead(lambda p: p.symlink_to("/dev/zero"), "regular"),
        "in a folder of IDX: a folder": instead(Path.mkdir, "regular file"),
        "in a folder of IDX: a link to nothing": instead(lambda p: p.symlink_to("gone")),
        "in a folder of IDX: a link to itself": instead(lambda p: p.symlink_to(p.name), "link"),
        "in a folder of IDX: a file that cannot be read": instead(
            lambda p: p.symlink_to("/proc/self/mem"), "read"
        ),
    }


def class_names() -> dict[str, Hostile]:
    """Return the kinds of files of class names."""

    def named(content: bytes, *says: str) -> Hostile:
        return folder_of(
            lambda: {**idx_set(), "class_names.txt": content}, "class_names.txt", *says
        )

    def instead(make: Callable[[Path], object], *says: str) -> Hostile:
        def place(folder: Path) -> Path:
            make(fill(folder, idx_set()) / "class_names.txt")
            return folder

        return Hostile(place, ("class_names.txt", *says))

    found = {
        "in UTF-16": named("a\nb\nc\nd\n".encode("utf-16"), "UTF-16"),
        "in Latin 1": named(b"caf\xe9\nb\nc\nd\n", "UTF-8", "line 1"),
        "with a NUL": named(b"a\nb\0\nc\nd\n", "NUL"),
        "of 5 MB": named(b"a\n" * 2_500_000, "4,000,000 bytes"),
        "that are nothing": named(b""),
        "too few": named(b"a\nb\n", "2"),
        "too many": named(b"a\nb\nc\nd\ne\n", "e"),
        "that are equal": named(b"a\nb\na\nd\n", "different"),
        "with a blank line": named(b"a\n\nc\nd\n", "number 2"),
        "with an escape of the terminal": named(b"a\n\x1b[31m\nc\nd\n", "number 2"),
        "that hide text": named("a\nb\u202ec\nc\nd\n".encode(), "number 2"),
        "300": named(b"".join(b"n%d\n" % i for i in range(300)), "256"),
    }
    places = {
        "that are a folder": instead(Path.mkdir),
        "that are a pipe": instead(os.mkfifo),
        "that are an endless device": instead(lambda p: p.symlink_to("/dev/zero")),
        "that link to themselves": instead(lambda p: p.symlink_to(p.name)),
        "that cannot be read": instead(lambda p: p.symlink_to("/proc/self/mem")),
    }
    return {**found, **places}
