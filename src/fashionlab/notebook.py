"""The HTML that results show in a notebook: one piece without a script, a class or another file.

Text and bars have the notebook's own colour, so that they are seen on white and on black. Tables
stay readable where a viewer removes the styles. All texts are escaped.

block     a piece: a heading, and what stands below it
facts     names and values
bars      shares, as bars with their numbers
picture   an image of bytes
failure   an error instead of a result
"""

import base64
import io
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
from markupsafe import Markup
from numpy.typing import NDArray
from PIL import Image

from fashionlab.text import printable

SHOWN_SIDE = 112  # CSS pixels of a picture's longer side
LARGEST_SIDE = 2 * SHOWN_SIDE  # pixels: sharp on fine screens
# A notebook's own style has cells to the right, in small letters, and striped.
CELL = (
    "font-size:inherit;text-align:left;vertical-align:top;padding:.1em .8em .1em 0;border:0;"
    "overflow-wrap:anywhere"
)


def block(heading: str, *parts: Markup) -> str:
    """Return a heading and parts, which stand next to each other where there is room."""
    return str(
        Markup(
            '<div style="font:inherit;color:inherit;line-height:1.4;max-width:48em">'
            '<div style="font-weight:bold;overflow-wrap:anywhere">{}</div>'
            '<div style="display:flex;flex-wrap:wrap;gap:1em;align-items:flex-start">{}</div></div>'
        ).format(printable(heading), Markup("").join(parts))
    )


def facts(values: Mapping[str, str]) -> Markup:
    """Return a table of names and values."""
    rows = Markup("").join(
        Markup(
            '<tr style="background:none"><th scope="row" style="{};font-weight:normal;'
            'white-space:nowrap;opacity:.75">{}</th><td style="{}">{}</td></tr>'
        ).format(CELL, printable(name), CELL, printable(value))
        for name, value in values.items()
    )
    return _table(rows)


def bars(shares: Iterable[tuple[str, float]], note: str = "") -> Markup:
    """Return a table of names and shares in [0, 1], each with a bar, and a note below it."""
    rows = Markup("").join(
        Markup(
            '<tr style="background:none"><th scope="row" style="{};font-weight:normal;'
            'max-width:14em">{}</th><td style="{};white-space:nowrap">{:.1f} %</td>'
            '<td aria-hidden="true" style="{};width:10em"><div style="width:{:.1f}%;min-width:1px;'
            'height:.7em;margin-top:.35em;background:currentColor;opacity:.6"></div></td></tr>'
        ).format(CELL, printable(name), CELL, 100 * share, CELL, 100 * share)
        for name, share in shares
    )
    said = Markup('<div style="opacity:.75">{}</div>').format(printable(note)) if note else ""
    return Markup("<div>{}{}</div>").format(_table(rows), said)


def picture(image: NDArray[np.uint8], alt: str) -> Markup:
    """Return an image (H, W) or (H, W, 3) whose content is in the HTML; a large one is reduced."""
    pixels: Any = np.ascontiguousarray(image)
    shown = Image.fromarray(pixels)
    shown.thumbnail((LARGEST_SIDE, LARGEST_SIDE))
    file = io.BytesIO()
    shown.save(file, "PNG", optimize=True)
    height, width = image.shape[:2]
    scale = SHOWN_SIDE / max(height, width)
    return Markup(
        '<img src="data:image/png;base64,{}" alt="{}" width="{}" height="{}" '
        'style="border:1px solid currentColor;image-rendering:{};margin:.3em 0">'
    ).format(
        base64.b64encode(file.getvalue()).decode(),
        printable(alt),
        max(1, round(width * scale)),
        max(1, round(height * scale)),
        "pixelated" if scale > 1 else "auto",
    )


def failure(error: object) -> str:
    """Return an error's line, for a result that cannot be shown."""
    return block(type(error).__name__, Markup("<div>{}</div>").format(printable(str(error))))


def _table(rows: Markup) -> Markup:
    return Markup(
        '<table style="font:inherit;color:inherit;border:0;border-collapse:collapse;margin:0">'
        "<tbody>{}</tbody></table>"
    ).format(rows)
