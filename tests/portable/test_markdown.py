"""Texts of others in Markdown and YAML are shown as they are, by independent parsers."""

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from fashionlab.portable.markdown import code, escaped, quoted, table
from fashionlab.text import printable

PARSER = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
HOSTILE = [
    "a \"quoted\" 'name'",
    "<script>alert(1)</script>",
    "<!-- -->",
    "two\nlines\r\nand\x0bmore\u2028",
    200 * "long ",
    "a|b||c",
    "`code` ``",
    "---",
    "===",
    "- item",
    "+ item",
    "1. item",
    "12) item",
    "# heading #",
    "> quote",
    "    code",
    "*a* **b** _c_ __d__ ~~e~~",
    "[a](http://example.org) ![b](c) [d]: e",
    "&lt; &amp; &#60;",
    "http://example.org www.example.org",
    "back\\slash \\",
    "$x$",
    "key: value # comment",
    "- a: {b: [c]}",
    "*anchor &anchor !tag %directive @at",
    "null",
    "yes",
    "1e3",
    "T-shirt/top",
    "Kleid, 連衣裙, فستان, 👗",
    "\x1b[2J\x00\x7f\x85",
    "\ud800",
    "\u202ereversed",
    "...",
    "{{ jinja }} {% raw %}",
]
TEXTS = st.text(alphabet=st.sampled_from("ab1 .)(-+=_*`~|\\<>&;#![]:/w$'\"\n{}%@"), min_size=1)


def shown(markdown):
    """The plain text of all that is shown, and the types of what shows it."""
    tokens = PARSER.parse(markdown)
    inline = [token for token in tokens if token.type == "inline"]
    texts = ["".join(child.content for child in token.children) for token in inline]
    kinds = {child.type for token in inline for child in token.children}
    return texts, kinds, [token.type for token in tokens]


def expected(text):
    return printable(text).strip()


@pytest.mark.parametrize("text", HOSTILE)
def test_a_hostile_text_is_shown_as_it_is(text):
    texts, kinds, blocks = shown(escaped(text))
    assert (texts, blocks) == ([expected(text)], ["paragraph_open", "inline", "paragraph_close"])
    assert kinds <= {"text", "text_special"}


@given(TEXTS)
def test_any_text_is_shown_as_it_is(text):
    if expected(text):
        texts, kinds, blocks = shown(escaped(text))
        assert (texts, len(blocks)) == ([expected(text)], 3)
        assert kinds <= {"text", "text_special"}
        assert shown(f"# {escaped(text)}")[0] == [expected(text)]


@given(st.lists(st.tuples(TEXTS, TEXTS), min_size=1, max_size=4))
def test_cells_of_a_table_are_shown_as_they_are(rows):
    texts, kinds, blocks = shown(table(rows))
    assert texts == [expected(cell) for row in rows for cell in row]
    assert blocks.count("tr_open") == len(rows)
    assert kinds <= {"text", "text_special"}


@given(st.text())
def test_code_is_shown_as_it_is_and_nothing_ends_it(text):
    (token,) = PARSER.parse(code(text, "sh"))
    assert (token.type, token.info) == ("fence", "sh")
    assert token.content == "".join(f"{printable(line)}\n" for line in text.split("\n"))


@pytest.mark.parametrize("text", HOSTILE)
def test_a_hostile_text_is_itself_in_yaml(text):
    assert yaml.safe_load(f"- a: {quoted(text)}\n  b: 1") == [{"a": printable(text), "b": 1}]


@given(st.text())
def test_any_text_is_itself_in_yaml(text):
    assert yaml.safe_load(f"{quoted(text)}: {quoted(text)}") == {printable(text): printable(text)}
