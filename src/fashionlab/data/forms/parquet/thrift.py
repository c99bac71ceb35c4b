"""Structures of Thrift's compact protocol, in which Parquet has its footer and its pages' headers.

They are read here before pyarrow believes them: it allocates what a list or a page claims to hold,
and versions before 26 follow a schema nested without end until the stack is full.
Source: https://github.com/apache/thrift/blob/master/doc/specs/thrift-compact-protocol.md
"""

from typing import Any

DEEPEST = 8  # structures within structures; Parquet's have six

TRUE, FALSE, BYTE, I16, I32, I64, DOUBLE, BINARY, LIST, SET, MAP, STRUCTURE = range(1, 13)


class UnsoundError(Exception):
    """What a file has instead of what it must have; whoever opened the file names it."""


class Reader:
    """A reader of at most `most` structures and lists.

    Raises IndexError where the bytes end, UnsoundError for any other bytes.
    """

    def __init__(self, content: bytes, most: int) -> None:
        self.content, self.at, self.left = content, 0, most

    def structure(self, depth: int = 0) -> dict[int, Any]:
        """Return a structure's values by the numbers of its fields, which must ascend."""
        if depth > DEEPEST:
            raise UnsoundError("structures nested too deeply")
        self._count()
        fields: dict[int, Any] = {}
        last = 0
        while head := self._byte():
            number = last + (head >> 4) if head >> 4 else self._integer()
            if number <= last:
                raise UnsoundError("a structure's fields out of order")
            fields[number] = self._value(head & 15, depth)
            last = number
        return fields

    def _value(self, kind: int, depth: int) -> Any:
        if I16 <= kind <= I64:
            return self._integer()
        if kind == BINARY:
            return self._bytes(self._unsigned())
        if kind == STRUCTURE:
            return self.structure(depth + 1)
        if kind in (LIST, SET):
            return self._list(depth)
        if kind in (TRUE, FALSE):
            return kind == TRUE
        if kind == BYTE:
            return self._byte()
        if kind == DOUBLE:
            return self._bytes(8)
        raise UnsoundError(f"a field of type {kind}")

    def _list(self, depth: int) -> list[Any]:
        if depth > DEEPEST:
            raise UnsoundError("lists nested too deeply")
        self._count()
        head = self._byte()
        count, kind = head >> 4, head & 15
        if count == 15:
            count = self._unsigned()
        if count > len(self.content) - self.at:  # each takes a byte or more
            raise IndexError
        if kind in (TRUE, FALSE):  # which a field has in its head, and a list in a byte
            kind = BYTE
        return [self._value(kind, depth + 1) for _ in range(count)]

    def _count(self) -> None:
        self.left -= 1
        if self.left < 0:
            raise UnsoundError("more structures than such a file needs")

    def _byte(self) -> int:
        value = self.content[self.at]
        self.at += 1
        return value

    def _bytes(self, count: int) -> bytes:
        start, self.at = self.at, self.at + count
        if self.at > len(self.content):
            raise IndexError
        return self.content[start : self.at]

    def _unsigned(self) -> int:
        value = shift = 0
        while (byte := self._byte()) & 0x80:
            value |= (byte & 0x7F) << shift
            shift += 7
            if shift > 63:
                raise UnsoundError("a number of more than 64 bits")
        return value | byte << shift

    def _integer(self) -> int:
        value = self._unsigned()
        return value >> 1 ^ -(value & 1)
