"""Any table reads as the csv module reads it; any bytes are read or refused."""

import csv
import gzip
import io

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tabled import HEAD, IMAGES, read, text

from fashionlab.data.forms.tables import source, table
from fashionlab.errors import DataFormatError

# A cell of a pixel, as any program may write it, with its number.
PIXELS = st.builds(
    lambda value, form: (value, form.format(value)),
    st.integers(0, 255),
    st.sampled_from(["{}"] * 8 + ["{:03}", "{:.1f}", " {}", "{} ", "{:e}", "+{}", "{}."]),
)
NAMES = st.text(
    st.characters(categories=["L", "N", "P", "Zs"], include_characters='",;'),
    min_size=1,
    max_size=50,
)


@st.composite
def tables(draw):
    """Draw (side, rows of cells as text, their values, format of the csv module)."""
    side, count = draw(st.integers(1, 3)), draw(st.integers(1, 6))
    form = {
        "delimiter": draw(st.sampled_from(",;\t")),
        "lineterminator": draw(st.sampled_from(["\n", "\r\n", "\r"])),
        "quoting": draw(st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL])),
    }
    cells = [[draw(PIXELS) for _ in range(side * side)] for _ in range(count)]
    values = [[value for value, _ in row] for row in cells]
    numbers = st.integers(-5, 300).map(str)
    names = NAMES.map(lambda name: "x" + name.strip())
    kind = draw(st.sampled_from([numbers, names]))
    labels = [draw(kind) for _ in range(count)]
    return side, [[shown for _, shown in row] for row in cells], values, labels, form


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(drawn=tables(), last=st.booleans(), chunk=st.sampled_from([1, 7, 64, 65536]))
def test_any_table_reads_as_the_csv_module_reads_it(drawn, last, chunk, tmp_path, monkeypatch):
    side, cells, values, labels, form = drawn
    monkeypatch.setattr(source, "CHUNK", chunk)
    lines = [["label", *(f"p{i}" for i in range(side * side))]]
    lines += [[label, *row] for label, row in zip(labels, cells, strict=True)]
    if last:
        lines = [[*row, label] for label, *row in lines]
    written = io.StringIO(newline="")
    csv.writer(written, **form).writerows(lines)
    path = tmp_path / "t"
    path.write_bytes(written.getvalue().encode())
    parsed = list(
        csv.reader(io.StringIO(written.getvalue(), newline=""), delimiter=form["delimiter"])
    )
    assert parsed == lines
    images, found = read(path)
    assert images.reshape(len(values), -1).tolist() == values
    assert [str(label) for label in found] == labels


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    content=st.one_of(
        st.binary(max_size=200),
        st.text('0123456789,.;\t\n\r" eE+-ax\0\ufeff', max_size=200).map(str.encode),
        st.lists(st.sampled_from(["1", "255", "", '"', "x", ",", ",", ",", "\n", " ", "1e2"])).map(
            lambda parts: (HEAD + "".join(parts)).encode()
        ),
    ),
    zipped=st.booleans(),
    chunk=st.sampled_from([1, 5, 65536]),
)
def test_any_bytes_are_read_or_refused_alike_in_all_chunks(
    content, zipped, chunk, tmp_path, monkeypatch
):
    path = tmp_path / "t"
    path.write_bytes(gzip.compress(content) if zipped else content)
    answers = []
    for size in (65536, chunk):
        monkeypatch.setattr(source, "CHUNK", size)
        try:
            images, labels = read(path)
            answers.append((images.tolist(), labels))
        except DataFormatError as error:
            assert "\n" not in str(error)
            answers.append(None)
    assert answers[0] == answers[1]
    table.sniff(path.read_bytes())


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(place=st.integers(0, len(text()) - 1), byte=st.integers(0, 255))
def test_a_changed_byte_gives_no_other_error_and_no_shifted_pixels(place, byte, tmp_path):
    content = bytearray(text().encode())
    content[place] = byte
    (tmp_path / "t").write_bytes(content)
    try:
        images, _ = read(tmp_path / "t")
    except DataFormatError:
        return
    if len(images) == len(IMAGES):  # else the header became a row, or a row the header
        assert np.count_nonzero(images != IMAGES) <= 1
