"""Thrift's compact protocol is read as it is written, and other bytes give no other error."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from thrift_bytes import BINARY, I64, LIST, STRUCTURE, binary, integer, listed, structure

from fashionlab.data.forms.parquet.thrift import Reader, UnsoundError


@given(st.lists(st.integers(-(2**63), 2**63 - 1), max_size=40), st.binary(max_size=40))
def test_what_is_written_is_read(numbers, text) -> None:
    items = listed(I64, [integer(number) for number in numbers])
    inner = structure((3, BINARY, binary(text)))
    reader = Reader(structure((1, LIST, items), (20, STRUCTURE, inner)) + b"more", most=9)
    assert reader.structure() == {1: numbers, 20: {3: text}}
    assert reader.content[reader.at :] == b"more"


def test_short_forms_are_read() -> None:
    """A field's number may be a step in its head; a short list has its length in its head."""
    assert Reader(b"\x11\x12\x15\x02\x19\x25\x02\x01\x00", most=9).structure() == {
        **{1: True, 2: False, 3: 1, 4: [1, -1]}
    }


@given(st.binary(max_size=200))
def test_other_bytes_are_refused(content: bytes) -> None:
    reader = Reader(content, most=50)
    try:
        reader.structure()
    except (IndexError, UnsoundError):
        return
    assert reader.at <= len(content)


def test_structures_are_counted() -> None:
    content = structure((1, LIST, listed(STRUCTURE, [b"\0"] * 8)))
    assert Reader(content, most=10).structure() == {1: [{}] * 8}
    with pytest.raises(UnsoundError, match="more structures"):
        Reader(content, most=9).structure()
