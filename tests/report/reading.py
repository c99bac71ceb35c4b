"""A page as a reader's program sees it: elements, tables, text; refuses HTML that is not sound."""

import re
from html.parser import HTMLParser
from itertools import pairwise

VOID = {"meta", "link", "img", "br"}


class Page(HTMLParser):
    """`elements`: (tag, attributes) in order; `tables`: rows of cell texts; `text`: all of it."""

    def __init__(self, html):
        super().__init__()
        self.elements, self.tables, self.pieces, self.open = [], [], [], []
        self.feed(html)
        self.close()
        assert not self.open, f"left open: {self.open}"
        self.text = plain("".join(self.pieces))

    def handle_starttag(self, tag, attrs):
        attributes = dict(attrs)
        assert len(attributes) == len(attrs), f"an attribute twice in {tag}"
        self.elements.append((tag, attributes))
        if tag not in VOID:
            self.open.append(tag)
        if tag == "table":
            self.tables.append([])
        elif tag == "tr":
            self.tables[-1].append([])
        elif tag in ("th", "td"):
            self.tables[-1][-1].append("")

    def handle_endtag(self, tag):
        assert self.open and self.open.pop() == tag, f"</{tag}> closes something else"

    def handle_data(self, data):
        if "style" in self.open:
            return
        self.pieces.append(data)
        if {"th", "td"} & set(self.open):
            # A small line under a figure is a text of its own.
            self.tables[-1][-1][-1] = plain(f"{self.tables[-1][-1][-1]} {data}")

    def all(self, tag):
        """Attributes of every element of that tag."""
        return [attributes for name, attributes in self.elements if name == tag]

    def table(self, start):
        """The table whose first header cell begins so."""
        return next(table for table in self.tables if table[0][0].startswith(start))


def plain(text):
    return " ".join(text.split())  # also turns no-break spaces into spaces


def require_sound(page):
    """One title, heading and main part; headings in order; ids that differ, links that lead there.

    Returns the ids and the links' targets.
    """
    assert len(page.all("h1")) == len(page.all("title")) == len(page.all("main")) == 1
    levels = [int(tag[1]) for tag, _ in page.elements if re.fullmatch("h[1-6]", tag)]
    assert all(after <= before + 1 for before, after in pairwise(levels))
    ids = [attributes["id"] for _, attributes in page.elements if "id" in attributes]
    assert len(set(ids)) == len(ids)
    links = {attributes["href"] for attributes in page.all("a")}
    assert all(link.startswith("#") for link in links)
    targets = {link[1:] for link in links}
    assert targets <= set(ids)
    return set(ids), targets
