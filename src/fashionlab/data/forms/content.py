"""form_of: which form a file has, by its first bytes, never by its name."""

import zlib
from pathlib import Path
from typing import Literal

from fashionlab.data.forms import idx, npy, tables
from fashionlab.data.forms.stored import REMEDY, faults
from fashionlab.errors import DataFormatError

Form = Literal["idx", "npy", "npz", "parquet", "table"]
HEAD = 4096  # bytes that are looked at
ZIP, PARQUET, PYTHON_PICKLE = b"PK\x03\x04", b"PAR1", b"\x80"
# The first bytes of what people give by mistake -> what it is, and what to do.
OTHERS = {
    b"\xfd7zXZ": ("an xz archive", "unpack it first"),
    b"BZh": ("a bzip2 archive", "unpack it first"),
    b"7z\xbc\xaf": ("a 7z archive", "unpack it first"),
    b"Rar!": ("a rar archive", "unpack it first"),
    b"\x89HDF": ("an HDF5 file", "convert it to npz"),
    b"\x89PNG": ("a single picture", "give a folder with a folder of pictures for each class"),
    b"\xff\xd8\xff": ("a single picture", "give a folder with a folder of pictures for each class"),
    b"MATLAB": ("a MATLAB file", "convert it to npz"),
    b"version https://git-lfs": ("a Git LFS pointer", "fetch the file that it stands for"),
}


def form_of(path: Path) -> Form:
    """Return the form of a file. Raises DataFormatError, which says what it is, for others."""
    with faults(str(path)), path.open("rb") as file:
        head = file.read(HEAD)
    inner = _unzipped(head) if head.startswith(idx.GZIP_MAGIC) else head
    form = _form(inner, zipped=inner is not head)
    if form is None:
        kind, remedy = _mistaken(inner)
        raise DataFormatError(
            f"data must be IDX, CSV, TSV, npy, npz, Parquet or a folder of pictures; received "
            f"{kind} in {path}; {remedy}"
        )
    return form


def _form(head: bytes, zipped: bool) -> Form | None:
    if len(head) >= 4 and head[:2] == b"\0\0" and head[2] in idx.TYPES:
        return "idx"
    if not zipped:
        if head.startswith(npy.MAGIC):
            return "npy"
        if head.startswith(ZIP):
            return "npz"
        if head.startswith(PARQUET):
            return "parquet"
    return "table" if tables.sniff(head) else None


def _mistaken(head: bytes) -> tuple[str, str]:
    """Return what a file is in truth, and the remedy."""
    start = head.lstrip()[:200].lower()
    if not head:
        return "nothing", REMEDY
    if start.startswith((b"<!doctype", b"<html", b"<?xml", b"<head")):
        return "a web page", "the server sent no data: fetch the file again, from its real address"
    if head.startswith(idx.GZIP_MAGIC):
        return "a file that was gzipped twice", "unpack it once"
    for magic, (kind, remedy) in OTHERS.items():
        if head.startswith(magic):
            return kind, remedy
    if head[257:262] == b"ustar":
        return "a tar archive", "unpack it first"
    if head.startswith(PYTHON_PICKLE):
        return "a pickle", "it could run a program when it is read; save it as npz"
    if head.startswith((npy.MAGIC, ZIP, PARQUET)):
        return "a gzipped file of a form that is not gzipped", "unpack it first"
    return f"{head[:12]!r}", REMEDY


def _unzipped(head: bytes) -> bytes:
    """Return the first bytes in a gzip, as far as they are sound."""
    try:
        return zlib.decompressobj(wbits=31).decompress(head, HEAD)
    except zlib.error:
        return b""
