"""Thrift's compact protocol written by hand: headers and footers of Parquet that lie."""

import struct

I32, I64, BINARY, LIST, STRUCTURE = 5, 6, 8, 9, 12


def unsigned(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*out, value])


def integer(value: int) -> bytes:
    return unsigned(value << 1 if value >= 0 else (-value << 1) - 1)


def binary(value: bytes) -> bytes:
    return unsigned(len(value)) + value


def listed(kind: int, items: list[bytes], claimed: int | None = None) -> bytes:
    count = len(items) if claimed is None else claimed
    return bytes([0xF0 | kind]) + unsigned(count) + b"".join(items)


def structure(*fields: tuple[int, int, bytes]) -> bytes:
    """Return a structure of fields (number, type, value)."""
    out = b""
    for number, kind, value in fields:
        out += bytes([kind]) + integer(number) + value
    return out + b"\0"


def column(name: bytes, kind: int | None = None, children: int | None = None) -> bytes:
    fields = [(1, I32, integer(kind))] if kind is not None else []
    fields += [(3, I32, integer(0)), (4, BINARY, binary(name))]
    fields += [(5, I32, integer(children))] if children is not None else []
    return structure(*fields)


def footer(schema: bytes, groups: bytes = listed(STRUCTURE, []), rows: int = 0) -> bytes:
    return structure(
        (1, I32, integer(1)), (2, LIST, schema), (3, I64, integer(rows)), (4, LIST, groups)
    )


def parquet(content: bytes, body: bytes = b"") -> bytes:
    """Return a file of this footer."""
    return b"PAR1" + body + content + struct.pack("<I", len(content)) + b"PAR1"
