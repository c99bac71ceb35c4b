"""Reader: protocol buffers, read by a declaration of their fields and within a limit.

It reads what the declaration has, in the encoding that protobuf's own writer gives it, and refuses
everything else, so that no other reader can find more in the same bytes. Nothing is copied.
"""

import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from fashionlab.errors import ModelError

REMEDY = "give a file that `fashionlab export` wrote"
INT, BYTES, TEXT, FLOAT = "int", "bytes", "text", "float"
LONGEST_TEXT = 1000  # bytes of a name
ENCODINGS = {INT: 0, BYTES: 2, TEXT: 2, FLOAT: 5}  # the wire type of each


@dataclass(frozen=True)
class Field:
    """A field of a message: its name, its kind, and how often it may occur."""

    name: str
    kind: str
    most: int = 1


Message = Mapping[int, Field]  # by the number of the field


class Reader:
    """Reads messages; all together may have `most_fields` fields. Raises ModelError."""

    def __init__(self, most_fields: int) -> None:
        self.most = self.left = most_fields

    def read(self, message: Message, content: memoryview | None, what: str) -> dict[str, Any]:
        """Return the values by name: lists for fields that may repeat, None for absent ones.

        `what` names the message in errors; one that is absent, None, has no fields.
        """
        found: dict[str, Any] = {
            field.name: None if field.most == 1 else [] for field in message.values()
        }
        for number, encoding, value in self._fields(content or memoryview(b"")):
            field = message.get(number)
            if field is None or ENCODINGS[field.kind] != encoding:
                raise refused(f"only the fields of {what} that export writes", f"field {number}")
            value = _decoded(field.kind, value)
            if field.most == 1:
                if found[field.name] is not None:
                    raise refused(f"one {field.name!r} in {what}", "a second one")
                found[field.name] = value
            else:
                if len(found[field.name]) == field.most:
                    raise refused(f"at most {field.most:,} {field.name!r} in {what}", "more")
                found[field.name].append(value)
        return found

    def _fields(self, content: memoryview) -> Iterator[tuple[int, int, int | memoryview]]:
        """Yield (number, encoding, value) of each field."""
        place, end = 0, len(content)
        while place < end:
            self.left -= 1
            if self.left < 0:
                raise refused(f"at most {self.most:,} fields", "more")
            key, place = _varint(content, place)
            number, encoding = key >> 3, key & 7
            if encoding == 0:
                value, place = _varint(content, place)
                yield number, encoding, value
                continue
            if encoding == 2:
                size, place = _varint(content, place)
            elif encoding == 5:
                size = 4
            else:
                raise not_onnx()
            if not number or size > end - place:
                raise not_onnx()
            yield number, encoding, content[place : place + size]
            place += size


def _varint(content: memoryview, place: int) -> tuple[int, int]:
    """Return (value, place after it) of a number in groups of seven bits, the lowest first."""
    value = 0
    for shift in range(0, 70, 7):
        if place >= len(content):
            raise not_onnx()
        byte = content[place]
        place += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, place
    raise not_onnx()


def _decoded(kind: str, value: Any) -> Any:
    if kind == INT:
        return value - 2**64 if value >= 2**63 else value
    if kind == FLOAT:
        return struct.unpack("<f", value)[0]
    if kind == TEXT:
        if len(value) > LONGEST_TEXT:
            raise refused(f"names of at most {LONGEST_TEXT:,} bytes", f"{len(value):,}")
        try:
            return str(value, "utf-8")
        except UnicodeDecodeError as error:
            raise not_onnx() from error
    return value


def not_onnx() -> ModelError:
    """Return the error for bytes that are no protocol buffer of ONNX."""
    return ModelError(f"a model must be an ONNX file, this is not; {REMEDY}")


def refused(rule: str, received: str) -> ModelError:
    """Return the error for an ONNX file that is no portable model."""
    return ModelError(f"a portable model must have {rule}; received {received}; {REMEDY}")
