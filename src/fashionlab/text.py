"""Text that others chose: read from their files, and made fit to show.

read_text   a text file, whatever editor saved it
printable   a text on one line, with all that cannot be shown as escapes
csv_cell    a text in a cell of CSV, which no spreadsheet computes
"""

import codecs
import unicodedata
from pathlib import Path
from typing import TypeVar

from fashionlab.errors import DataFormatError

LARGEST = 4_000_000  # bytes of a text file
JOINERS = "\u200c\u200d"  # invisible; Persian words and many emoji are spelt with them
FORMULAS = tuple("=+-@＝＋－＠")  # what makes a cell a formula (OWASP, CSV Injection)

Value = TypeVar("Value")


def read_text(path: Path, what: str) -> str:
    r"""Return the text of a file in UTF-8, with or without a byte order mark; lines end with "\n".

    `what` is the kind of file, for the messages. Raises OSError, and DataFormatError for another
    encoding, a NUL byte, or a file of more than LARGEST bytes.
    """
    with path.open("rb") as file:
        content = file.read(LARGEST + 1)
    if len(content) > LARGEST:
        raise DataFormatError(
            f"{what} must have at most {LARGEST:,} bytes; received more in {path}; name another"
        )
    text = ""
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        received = "UTF-16"
    elif b"\0" in content:
        received = f"a NUL byte in line {_line(content, content.index(0))}"
    else:
        try:
            text, received = content.decode("utf-8-sig"), ""
        except UnicodeDecodeError as error:
            received = f"other bytes in line {_line(content, error.start)}"
    if received:
        raise DataFormatError(
            f"{what} must be text in UTF-8; received {received} of {path}; save it as UTF-8"
        )
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _line(content: bytes, place: int) -> int:
    return 1 + content.count(b"\n", 0, place)


def printable(text: str) -> str:
    r"""Return `text` on one line, with escapes (\x1b, \u202e, \udce9) for what cannot be shown.

    These are control characters, which a terminal obeys; what reorders or hides text; separators of
    lines; and lone surrogates, as Python has bytes of a file name that are not UTF-8.
    """
    if text.isprintable():
        return text
    return "".join(
        c
        if c.isprintable() or c in JOINERS or unicodedata.category(c) == "Zs"
        else c.encode("unicode_escape").decode("ascii")
        for c in text
    )


def csv_cell(value: Value) -> Value | str:
    """Return a value for CSV: of text, `printable` with a ' before what would be a formula.

    A number that is text, and a lone -, are none.
    """
    if not isinstance(value, str):
        return value
    shown = printable(value)
    is_formula = shown.startswith(FORMULAS) and shown != "-" and not _is_number(shown)
    return f"'{shown}" if is_formula else shown


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
