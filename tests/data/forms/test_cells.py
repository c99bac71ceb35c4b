"""Cells: what is found many at a time is what each cell says by itself."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from fashionlab.data.forms.tables.cells import CellError, pixel, split


def test_every_number_up_to_255_is_usual_and_no_other():
    cells = split("".join(f"{number}," for number in range(12_000)).encode(), ord(","))
    assert cells.values[:256].tolist() == list(range(256))
    assert cells.odd.tolist() == list(range(256, 12_000))
    for form in ('"{}",', "{}.0,", '"{}.0",'):
        text = "".join(form.format(number) for number in range(12_000))
        cells = split(text.encode(), ord(","))
        assert cells.values[:256].tolist() == list(range(256))
        assert cells.odd.tolist() == list(range(256, 12_000))


@given(st.lists(st.text('0123456789."x e-', max_size=6), max_size=20))
def test_a_usual_cell_has_the_value_that_it_has_by_itself(texts):
    texts = [text for text in texts if text.count('"') % 2 == 0]  # so that they stay apart
    content = "".join(f"{text}," for text in texts).encode()
    cells = split(content, ord(","))
    assert len(cells.ends) == len(texts)
    assert list(cells.texts(content, np.arange(len(texts)))) == [t.encode() for t in texts]
    usual = np.setdiff1d(np.arange(len(texts)), cells.odd)
    for index in usual.tolist():
        assert cells.values[index] == pixel(texts[index].encode())
    for index in cells.odd.tolist():
        try:
            assert pixel(texts[index].encode()) >= 0  # a way to write a number that is rare
        except CellError:
            continue


def test_separators_in_quotes_and_after_a_quote_that_does_not_close_are_none():
    text = b'1,"2,3"\n4,"5\n6,"7",8\n'
    cells = split(text, ord(","))
    assert list(cells.texts(text, np.arange(len(cells.ends)))) == [b"1", b'"2,3"', b"4"]
    assert cells.newlines.tolist() == [1] and cells.odd.tolist() == [1]
    assert len(split(b"", ord(",")).ends) == len(split(b"12", ord(",")).ends) == 0
