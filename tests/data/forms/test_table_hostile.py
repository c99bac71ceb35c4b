"""Unsound tables: each is refused in one line that says where, with little memory."""

import gzip
import os
import tracemalloc

import pytest
from tabled import HEAD, read, saver, text

from fashionlab.data.forms.tables import rows, source, table
from fashionlab.data.options import ReadOptions
from fashionlab.errors import DataFormatError, DataNotFoundError


@pytest.fixture
def saved(tmp_path):
    """Return a function that saves a table."""
    return saver(tmp_path)


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
    "a first cell without an end": ("x" * 70_000 + ",\n1,2\n", "--labels first, or --labels last"),
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
    "labels in either": ("0,5,5,5,1\n1,5,5,5,0\n", "--labels first, or --labels last"),
    "a megabyte of blank lines at the end": (text() + "\n" * 2**21, "a blank line, line 5 of"),
    "one row": ("1,2,3,4,5\n", "give --labels first, or --labels last"),
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
