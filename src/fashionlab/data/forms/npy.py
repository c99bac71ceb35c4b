"""NumPy's files: npy with one array, npz (a zip of them) with several. Never a pickled object.

An array that lies uncompressed in its file can be mapped, also in an npz.
"""

import struct
import zipfile
import zlib
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO, cast

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from fashionlab import files
from fashionlab.data.forms import npy_header
from fashionlab.data.forms.stored import (
    DEFLATE_LIMIT,
    REMEDY,
    StoredArray,
    faults,
    require_no_bomb,
    require_sound,
)
from fashionlab.data.storage import blocks
from fashionlab.errors import DataFormatError

OFFICE = "[Content_Types].xml"  # the first file in an Excel table, which is a zip archive
MOST_ARRAYS = 100  # in an npz; MedMNIST has six
LOCAL_HEADER = struct.Struct("<4sHHHHHIIIHH")  # of a zip's member; names and extras follow
ENCRYPTED = 0x1
METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)


def describe_npy(path: Path) -> StoredArray:
    """Return the array in an npy file; DataFormatError where its header is not sound."""
    with faults(str(path)), path.open("rb") as file:
        shape, dtype, fortran = npy_header.read(file, str(path))
        start, size = file.tell(), path.stat().st_size
    require_sound(shape, dtype, size - start, str(path), exact=True)
    opened = partial(_opened, path, start)
    return StoredArray(path, str(path), path.stem, "npy", shape, dtype, opened, start, fortran)


def describe_npz(path: Path) -> list[StoredArray]:
    """Return the arrays in an npz file; DataFormatError where one of them is not sound."""
    with faults(str(path)), zipfile.ZipFile(path) as archive:
        members = [member for member in archive.infolist() if not member.is_dir()]
        if not 1 <= len(members) <= MOST_ARRAYS:
            raise DataFormatError(
                f"an npz file must hold 1 to {MOST_ARRAYS} arrays; received {len(members):,} in "
                f"{path}; {REMEDY}"
            )
        _require_arrays(members, path)
        return [_member(archive, member, path) for member in members]


def _require_arrays(members: list[zipfile.ZipInfo], path: Path) -> None:
    names = [member.filename for member in members]
    if not any(name.endswith(".npy") for name in names):
        raise DataFormatError(
            f"a zip archive must be npz, with an array in each file; received {names[0]:.60} in "
            f"{path}; {'save the table as CSV' if names[0] == OFFICE else 'unpack it first'}"
        )
    if twice := [name for name, count in Counter(names).items() if count > 1]:
        raise DataFormatError(
            f"each array of an npz file must have its own name; received {twice[0]:.80} twice in "
            f"{path}; {REMEDY}"
        )


def _member(archive: zipfile.ZipFile, member: zipfile.ZipInfo, path: Path) -> StoredArray:
    name = member.filename.removesuffix(".npy")
    where = f"{path}, {name:.80}"
    if member.flag_bits & ENCRYPTED or member.compress_type not in METHODS:
        raise DataFormatError(
            f"an npz file must be as numpy.savez writes it; received another compression, or a "
            f"password, of {where}; {REMEDY}"
        )
    if (
        member.file_size > member.compress_size * DEFLATE_LIMIT
        or member.compress_size > path.stat().st_size
    ):
        raise DataFormatError(
            f"an array must be as large as its zip declares; received {member.file_size:,} bytes "
            f"of {member.compress_size:,} in {where}; {REMEDY}"
        )
    require_no_bomb(member.file_size, member.compress_size, where)
    with archive.open(member) as file:
        shape, dtype, fortran = npy_header.read(cast(BinaryIO, file), where)
        start = file.tell()
    require_sound(shape, dtype, member.file_size - start, where, exact=True)
    stored = member.compress_type == zipfile.ZIP_STORED
    return StoredArray(
        path,
        where,
        name,
        "npz",
        shape,
        dtype,
        partial(_opened_member, path, member.filename, start),
        _place(path, member, where) + start if stored else None,
        fortran,
    )


def _place(path: Path, member: zipfile.ZipInfo, where: str) -> int:
    """Return where the content of a member that is not compressed begins in the file.

    The content is read once, since its CRC is checked nowhere else.
    """
    with path.open("rb") as file:
        file.seek(member.header_offset)
        head = file.read(LOCAL_HEADER.size)
        if len(head) < LOCAL_HEADER.size:
            raise ValueError("a member's header is cut short")
        *_, name, extra = LOCAL_HEADER.unpack(head)
        place = file.seek(name + extra, 1)
        crc, left = 0, member.file_size
        while left and (piece := file.read(min(left, 2**20))):
            crc, left = zlib.crc32(piece, crc), left - len(piece)
    if left or crc != member.CRC:
        raise ValueError(f"the checksum of {where} differs")
    return place


@contextmanager
def _opened(path: Path, start: int) -> Iterator[BinaryIO]:
    with path.open("rb") as file:
        file.seek(start)
        yield file


@contextmanager
def _opened_member(path: Path, name: str, start: int) -> Iterator[BinaryIO]:
    with zipfile.ZipFile(path) as archive, archive.open(name) as file:
        file.read(start)
        yield cast(BinaryIO, file)


def write_npy(path: Path, array: NDArray[Any]) -> None:
    """Write an array of any number of rows as npy."""
    with files.writing(path) as file:
        _write(file, array)


def write_npz(path: Path, arrays: Mapping[str, NDArray[Any]]) -> None:
    """Write arrays as npz, not compressed, so that they can be mapped."""
    with files.writing(path) as file, zipfile.ZipFile(file, "w") as archive:
        for name, array in arrays.items():
            member = zipfile.ZipInfo(f"{name}.npy")  # of 1980: the same bytes each time
            with archive.open(member, "w", force_zip64=True) as opened:
                _write(opened, array)


def _write(file: Any, array: NDArray[Any]) -> None:
    header = npy.header_data_from_array_1_0(np.empty((0, *array.shape[1:]), array.dtype))
    npy.write_array_header_1_0(file, {**header, "shape": array.shape})
    if array.ndim == 1:
        file.write(np.ascontiguousarray(array).tobytes())
        return
    for _, block in blocks(array):
        file.write(np.ascontiguousarray(block).data)
