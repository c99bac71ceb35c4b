"""A page as a reader's program sees it: elements, tables, text; refuses HTML that is not sound."""

import base64
import hashlib
import io
import json
import re
from html.parser import HTMLParser
from itertools import pairwise

import numpy as np
from PIL import Image

VOID = {"meta", "link", "img", "br"}
HEADINGS = {f"h{level}" for level in range(1, 7)}


class Page(HTMLParser):
    """`elements`: (tag, attributes) in order; `tables`: rows of cell texts; `text`: all of it.

    `captions` are the tables' captions, `scripts` and `styles` what stands in those elements, and
    `sections` the text below each heading, by the heading.
    """

    def __init__(self, html):
        super().__init__()
        self.elements, self.tables, self.pieces, self.open = [], [], [], []
        self.captions, self.scripts, self.styles = [], [], []
        self._headings, self._parts = [], {}
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
        if tag in HEADINGS:
            self._headings.append("")
        elif tag in ("caption", "script", "style"):
            getattr(self, f"{tag}s").append("")
        elif tag == "table":
            self.tables.append([])
        elif tag == "tr":
            self.tables[-1].append([])
        elif tag in ("th", "td"):
            self.tables[-1][-1].append("")

    def handle_endtag(self, tag):
        assert self.open and self.open.pop() == tag, f"</{tag}> closes something else"

    def handle_data(self, data):
        for tag in ("style", "script"):
            if tag in self.open:
                getattr(self, f"{tag}s")[-1] += data
                return
        if "svg" in self.open:  # the words of a drawing are its own
            return
        self.pieces.append(data)
        if "caption" in self.open:
            self.captions[-1] = plain(f"{self.captions[-1]} {data}")
        if HEADINGS & set(self.open):
            self._headings[-1] += data
        elif self._headings:
            heading = plain(self._headings[-1])
            self._parts[heading] = f"{self._parts.get(heading, '')}{data}"
        if {"th", "td"} & set(self.open):
            # A small line under a figure is a text of its own.
            self.tables[-1][-1][-1] = plain(f"{self.tables[-1][-1][-1]} {data}")

    def all(self, tag):
        """Attributes of every element of that tag."""
        return [attributes for name, attributes in self.elements if name == tag]

    def table(self, start):
        """The table whose first header cell begins so."""
        return next(table for table in self.tables if table[0][0].startswith(start))

    def captioned(self, start):
        """The table whose caption begins so."""
        places = [n for n, caption in enumerate(self.captions) if caption.startswith(start)]
        return self.tables[places[0]]

    @property
    def sections(self):
        return {heading: plain(text) for heading, text in self._parts.items()}

    @property
    def pictures(self):
        """The words of every picture of a sheet."""
        return [one["aria-label"] for one in self.all("i") if "pic" in one.get("class", "").split()]

    @property
    def data(self):
        """What the page gives its script."""
        return json.loads(self.scripts[0])

    def sheets(self):
        """The sheet of each kind of pictures, (H, W, 3) uint8."""
        rule = r"\.pic\.([\w-]+) \{ background-image: url\(data:image/webp;base64,([^)]*)\)"
        return {
            name: np.asarray(Image.open(io.BytesIO(base64.b64decode(data))).convert("RGB"))
            for name, data in re.findall(rule, "".join(self.styles))
        }


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
    uses = {one["xlink:href"] for one in page.all("use")}
    assert {use[1:] for use in uses} <= set(ids)
    return set(ids), targets


def require_closed(page):
    """Nothing comes from outside; the page's own script alone may run, and no text is one."""
    for tag, attributes in page.elements:
        assert not [name for name in attributes if name.startswith("on")]
        for name in ("src", "href", "xlink:href"):
            assert attributes.get(name, "#").startswith(("#", "data:")), tag
    styles = "".join([*page.styles, *(one.get("style", "") for _, one in page.elements)])
    assert "@import" not in styles
    assert all(url.startswith(("data:", "#")) for url in re.findall(r"url\(['\"]?([^)]*)", styles))
    (policy,) = [
        one["content"]
        for one in page.all("meta")
        if one.get("http-equiv") == "Content-Security-Policy"
    ]
    allowed = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"
    if page.scripts:
        script = page.scripts[-1]
        digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
        allowed += f"; script-src 'sha256-{digest}'"
        assert "innerHTML" not in script and "eval" not in script
    assert policy == allowed
    kinds = [one.get("type") for one in page.all("script")]
    assert kinds in ([], ["application/json", None])


def require_words(page):
    """Every picture and drawing has words, every table a caption and scopes."""
    named = [one.get("alt") for one in page.all("img")]
    named += [one.get("aria-label") for one in page.all("svg") if "aria-hidden" not in one]
    named += page.pictures
    assert named and all(named)
    assert len(page.captions) == len(page.all("table"))
    assert all("scope" in header for header in page.all("th"))
