"""Markdown and YAML of texts that others chose: they are shown as they are, and mark up nothing."""

import json
import re
from collections.abc import Sequence

from fashionlab.text import printable

# Anywhere; at the beginning of a line, what makes it a list, a rule or a heading; an address.
SPECIAL = re.compile(
    r"[\\`*_\[\]<>&|~$#]|^[-+](?= |$)|^[-=](?=[-= ]*$)|:(?=//)|(?<=www)\.", re.IGNORECASE
)
NUMBERED = re.compile(r"^(\d+)([.)])(?= |$)")  # a list

Rows = Sequence[Sequence[str]]


def escaped(text: str) -> str:
    r"""Return a text on one line, such that Markdown shows exactly it: `a_b|c` as a\_b\|c.

    Also in a table's cell, and where it begins a line. Addresses are no links.
    """
    line = SPECIAL.sub(r"\\\g<0>", printable(text).strip())
    return NUMBERED.sub(r"\1\\\2", line)


def table(rows: Rows) -> str:
    """Return rows of plain texts as a table, the first as its header."""
    header, *others = ([escaped(cell) for cell in row] for row in rows)
    lines = [header, ["---"] * len(header), *others]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def code(text: str, language: str = "") -> str:
    """Return a block of code, of whose lines none ends it."""
    lines = [printable(line) for line in text.split("\n")]
    longest = max((len(run) for run in re.findall("`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    return "\n".join([fence + language, *lines, fence])


def quoted(text: str) -> str:
    """Return a text as a YAML string in double quotes, which is JSON's, on one line.

    Characters that are no letters or signs are escapes in the text itself, so that YAML 1.1 and 1.2
    read the same.
    """
    return json.dumps(printable(text), ensure_ascii=False)
