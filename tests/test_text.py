"""Text that others chose: files as editors save them, and what can be shown of a name."""

import csv
import io

import pytest

from fashionlab import files
from fashionlab.errors import DataFormatError, InvalidValueError
from fashionlab.recipes import read_toml
from fashionlab.text import LARGEST, csv_cell, printable, read_text

NAMES = "crème\nShoe\n"
SAVED = {
    "plain": NAMES.encode(),
    "with a byte order mark": NAMES.encode("utf-8-sig"),
    "on Windows": NAMES.replace("\n", "\r\n").encode("utf-8-sig"),
    "on an old Mac": NAMES.replace("\n", "\r").encode(),
}
REFUSED = {
    "UTF-16": (NAMES.encode("utf-16"), "received UTF-16 of"),
    "UTF-16 of the other kind": (b"\xfe\xff" + NAMES.encode("utf-16-be"), "received UTF-16 of"),
    "UTF-16 without a mark": (NAMES.encode("utf-16-le"), "a NUL byte in line 1"),
    "Latin-1": (b"Shoe\ncr\xe8me\n", "other bytes in line 2"),
    "too large": (b"x" * (LARGEST + 1), "at most 4,000,000 bytes"),
}


@pytest.mark.parametrize("editor", SAVED)
def test_a_text_file_is_the_same_text_whatever_saved_it(editor, tmp_path):
    file = tmp_path / "names.txt"
    file.write_bytes(SAVED[editor])
    assert read_text(file, "a file of names") == NAMES


@pytest.mark.parametrize("encoding", REFUSED)
def test_a_file_that_is_no_utf_8_is_one_line_with_its_remedy(encoding, tmp_path):
    content, message = REFUSED[encoding]
    (tmp_path / "names.txt").write_bytes(content)
    with pytest.raises(DataFormatError) as caught:
        read_text(tmp_path / "names.txt", "a file of names")
    said = str(caught.value)
    assert said.startswith("a file of names must ") and message in said and "\n" not in said
    assert "names.txt; " in said


def test_a_recipe_with_a_byte_order_mark_is_read(tmp_path):
    text = 'base = "tiny"\r\nepochs = 3\r\n'
    (tmp_path / "mine.toml").write_bytes(text.encode("utf-8-sig"))
    assert read_toml(tmp_path / "mine.toml").epochs == 3
    (tmp_path / "mine.toml").write_bytes(text.encode("utf-16"))
    with pytest.raises(InvalidValueError, match=r"UTF-16 .*save it as UTF-8"):
        read_toml(tmp_path / "mine.toml")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Hose für 5 €, 裤子　👟", "Hose für 5 €, 裤子　👟"),
        ("تی\u200cشرت", "تی\u200cشرت"),  # a T-shirt
        ("\x1b[31mred\x07", r"\x1b[31mred\x07"),
        ("a\r\n\tb\x7f", r"a\r\n\tb\x7f"),
        ("\x85\x9b31m", r"\x85\x9b31m"),
        ("\u202egnp\u2066\u2028\u2029", r"\u202egnp\u2066\u2028\u2029"),
        ("\ufeff\u200b\U000e0041", r"\ufeff\u200b\U000e0041"),
        (b"caf\xe9".decode("utf-8", "surrogateescape"), r"caf\udce9"),
        (r"C:\x1b", r"C:\x1b"),
    ],
)
def test_what_cannot_be_shown_is_an_escape(text, shown):
    assert printable(text) == shown
    assert printable(shown) == shown
    shown.encode()


@pytest.mark.parametrize(
    ("value", "cell"),
    [
        *[(start + "x()", f"'{start}x()") for start in "=+-@＝＋－＠"],
        ("-", "-"),
        ("-0.5", "-0.5"),
        ("+1e-3", "+1e-3"),
        ("-1+2", "'-1+2"),
        ("\t=x", r"\t=x"),
        ("\r=x", r"\r=x"),
        ("a=b", "a=b"),
        ("", ""),
        ("\udce9", r"\udce9"),
        (-1, -1),
        (None, None),
    ],
)
def test_no_cell_of_csv_is_a_formula(value, cell):
    assert csv_cell(value) == cell
    assert csv_cell(cell) == cell


def test_csv_files_hold_no_formula_and_all_text():
    rows = [{"data": "=cmd()", "n": -1}, {"data": 'a"b,c\n\udce9', "n": 2.5}]
    written = files.csv_text(rows).encode().decode()
    assert list(csv.reader(io.StringIO(written))) == [
        ["data", "n"],
        ["'=cmd()", "-1"],
        [r'a"b,c\n\udce9', "2.5"],
    ]
