"""A drawing read back: its lines, marks and texts, from the SVG of a page."""

import re
import xml.etree.ElementTree as ET

import numpy as np


def tree(svg):
    return ET.fromstring(str(svg))


def texts(svg):
    return ["".join(text.itertext()) for text in tree(svg).iter("text")]


def lines(svg, colour):
    """(x, y) of the vertices of each line of a colour, as (n, 2); y grows downwards."""
    found = []
    for path in tree(svg).iter("path"):
        if f"stroke: var(--{colour})" in path.get("style", "") and "fill: none" in path.get(
            "style"
        ):
            pairs = re.findall(r"[ML] (\S+) (\S+)", path.get("d"))
            found.append(np.array(pairs, np.float64))
    return found


def dots(svg, colour):
    """(x, y) of the dots of a colour (n, 2)."""
    found = [
        (float(use.get("x")), float(use.get("y")))
        for use in tree(svg).iter("use")
        if f"fill: var(--{colour})" in use.get("style", "")
    ]
    return np.array(found)


def marks(svg):
    """(x0, y0, x1, y1) of each mark, and its words."""
    found = []
    for one in tree(svg).iter("rect"):
        if one.get("class") == "tip":
            x, y, width, height = (float(one.get(name)) for name in ["x", "y", "width", "height"])
            found.append(((x, y, x + width, y + height), one.get("aria-label")))
    return found


def straight(values, places):
    """Require one straight relation between values and places; return its slope."""
    slope, offset = np.polyfit(values, places, 1)
    np.testing.assert_allclose(slope * np.array(values) + offset, places, atol=1e-2)
    return slope
