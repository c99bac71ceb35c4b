"""form_of: which form a file has, by its first bytes, never by its name."""

import re
import zlib
from pathlib import Path
from typing import Literal

from fashionlab.data.forms import npy_header, tables
from fashionlab.data.forms.stored import GZIP_MAGIC, REMEDY, faults, require_regular
from fashionlab.errors import DataFormatError

Form = Literal["idx", "npy", "npz", "parquet", "table"]
HEAD = 4096  # bytes that are looked at
STEP = 64  # of them that are unpacked at once, so that those before a damaged place are seen
IDX_KINDS = range(0x08, 0x0F)  # also the one that the format leaves out: its reader says so
ZIP, PARQUET, PYTHON_PICKLE = b"PK\x03\x04", b"PAR1", b"\x80"
# A file with this name that is text is a table, however ragged: its reader says in which line.
TABLE = re.compile(r"\.(csv|tsv)(\.gz)?$", re.IGNORECASE)
UNPACK = "unpack it first"
PICTURE = ("a single picture", "give a folder with a folder of pictures for each class")
# The first bytes of what people give by mistake -> what it is, and what to do.
OTHERS = {
    b"\xfd7zXZ": ("an xz archive", UNPACK),
    b"BZh": ("a bzip2 archive", UNPACK),
    b"7z\xbc\xaf": ("a 7z archive", UNPACK),
    b"Rar!": ("a rar archive", UNPACK),
    b"\x28\xb5\x2f\xfd": ("a zstd archive", UNPACK),
    b"PK\x05\x06": ("an empty zip archive", REMEDY),
    b"\x89HDF": ("an HDF5 file", "convert it to npz"),
    b"MATLAB": ("a MATLAB file", "convert it to npz"),
    b"PARE": ("an encrypted Parquet file", "write it again without"),
    b"ARROW1": ("an Arrow file", "convert it to Parquet"),
    b"\xd0\xcf\x11\xe0": ("an old Office document", "save the table as CSV"),
    b"\x89PNG": PICTURE,
    b"\xff\xd8\xff": PICTURE,
    b"version https://git-lfs": ("a Git LFS pointer", "fetch the file that it stands for"),
}


def form_of(path: Path) -> Form:
    """Return the form of a file. Raises DataFormatError, which says what it is, for others."""
    with faults(str(path)):
        require_regular(path)
        with path.open("rb") as file:
            head = file.read(HEAD)
    zipped = head.startswith(GZIP_MAGIC)
    inner, damage = _unzipped(head) if zipped else (head, "")
    if damage and not inner:
        raise DataFormatError(
            f"a compressed file must be whole; received a damaged one, {path} ({damage}); {REMEDY}"
        )
    mistaken = _mistaken(inner) or (_packed_again(inner) if zipped else None)
    form = None if mistaken else _form(inner, zipped)
    if form is None and mistaken is None and TABLE.search(path.name):
        return "table"
    if form is None:
        kind, remedy = mistaken or (f"{inner[:12]!r}", REMEDY)
        raise DataFormatError(
            f"data must be IDX, CSV, TSV, npy, npz, Parquet or a folder of pictures; received "
            f"{kind} in {path}; {remedy}"
        )
    return form


def _form(head: bytes, zipped: bool) -> Form | None:
    if len(head) >= 4 and head[:2] == b"\0\0" and head[2] in IDX_KINDS:
        return "idx"
    if not zipped:
        if head.startswith(npy_header.MAGIC):
            return "npy"
        if head.startswith(ZIP):
            return "npz"
        if head.startswith(PARQUET):
            return "parquet"
    return "table" if tables.sniff(head) else None


def _mistaken(head: bytes) -> tuple[str, str] | None:
    """Return what a file is that is no data, and the remedy; None for what may be data."""
    start = head.lstrip()[:200].lower()
    if not head:
        return "nothing", REMEDY
    if start.startswith((b"<!doctype", b"<html", b"<?xml", b"<head")):
        return "a web page", "the server sent no data: fetch the file again, from its real address"
    for magic, found in OTHERS.items():
        if head.startswith(magic):
            return found
    if head[257:262] == b"ustar":
        return "a tar archive", UNPACK
    if head.startswith(PYTHON_PICKLE):
        return "a pickle", "it could run a program when it is read; save it as npz"
    return None


def _packed_again(head: bytes) -> tuple[str, str] | None:
    """Return what is in a gzip that needs none."""
    if head.startswith(GZIP_MAGIC):
        return "a file that was gzipped twice", "unpack it once"
    if head.startswith((npy_header.MAGIC, ZIP, PARQUET)):
        return "a gzipped file of a form that is not gzipped", UNPACK
    return None


def _unzipped(head: bytes) -> tuple[bytes, str]:
    """Return the first bytes in a gzip, as far as they are sound, and what is wrong after them."""
    unpacker, found = zlib.decompressobj(wbits=31), b""
    for start in range(0, len(head), STEP):
        if unpacker.eof or len(found) >= HEAD:
            break
        try:
            found += unpacker.decompress(head[start : start + STEP], HEAD)
        except zlib.error as error:
            return found, str(error)
    return found, "" if unpacker.eof or found else "it ends early"
