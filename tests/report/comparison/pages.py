"""Pages of comparisons, for tests."""

import re

from compared_runs import data_of, write_run

from fashionlab.report import write_comparison

from ..reading import Page

DATA = data_of(200)


def two(folder, data=DATA, **options):
    return [
        write_run(folder / name, data, name, margin=margin, **options)
        for name, margin in (("weak", 1.5), ("strong", 2.5))
    ]


def page_of(runs, out, *more, **options):
    return Page(write_comparison(runs, out, *more, **options).read_text(encoding="utf-8"))


def require_sound(page):
    for tag in ("h1", "title", "main"):
        assert len(page.all(tag)) == 1
    ids = [attributes["id"] for _, attributes in page.elements if "id" in attributes]
    assert len(set(ids)) == len(ids)
    links = [attributes["href"] for attributes in page.all("a")]
    assert {link[1:] for link in links if link.startswith("#")} <= set(ids)
    assert all("scope" in head for head in page.all("th"))
    assert len(page.all("caption")) == len(page.all("table"))
    regions = [one["aria-label"] for tag, one in page.elements if one.get("role") == "region"]
    assert len(set(regions)) == len(regions)
    assert all(svg.get("aria-label") or "aria-hidden" in svg for svg in page.all("svg"))
    assert all(one["aria-label"] for tag, one in page.elements if one.get("role") == "img")


def rows(page, start):
    """The rows of the table whose heads begin so, by the first cell."""
    return {row[0]: row for row in page.table(start)[1:]}


def numbers(text):
    return [float(x.replace("−", "-")) for x in re.findall(r"[−+-]?\d+\.\d+", text)]
