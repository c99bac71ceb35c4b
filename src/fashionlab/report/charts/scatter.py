"""The map of the test set: a point for each image, of its class's colour and shape."""

from collections.abc import Sequence

import numpy as np
from markupsafe import Markup, escape
from numpy.typing import NDArray

from fashionlab.text import printable

COLOURS = 8  # of classes, in style.css.j2; with the shapes 40 different marks
WIDTH, HEIGHT, RIM = 720, 520, 12  # of the drawing, in its own unit
RADIUS = 2.6
SHAPES = (  # around (0, 0)
    "m-{r} 0a{r} {r} 0 1 0 {d} 0a{r} {r} 0 1 0 -{d} 0z",
    "m-{h} -{h}h{e}v{e}h-{e}z",
    "m0 -{t}l{t} {w}h-{s}z",
    "m0 -{t}l{t} {t}l-{t} {t}l-{t} -{t}z",
    "m-{t} -{q}h{s}v{d2}h-{s}z",
)


def coloured(label: int) -> str:
    """Return the class of CSS that has the colour of a class of images."""
    return f"c{label % COLOURS}"


def shape(label: int, radius: float = RADIUS) -> str:
    """Return the shape of a class of images, as commands of a path from its centre."""
    r = radius
    return SHAPES[label % len(SHAPES)].format(
        r=f"{r:g}", d=f"{2 * r:g}", h=f"{0.9 * r:g}", e=f"{1.8 * r:g}", t=f"{1.25 * r:g}",
        w=f"{2.2 * r:g}", s=f"{2.5 * r:g}", q=f"{0.55 * r:g}", d2=f"{1.1 * r:g}",
    )  # fmt: skip


def swatch(label: int) -> Markup:
    """Return a small drawing of the mark of a class, which stands before its name."""
    return Markup(
        '<svg class="swatch" viewBox="-6 -6 12 12" aria-hidden="true">'
        '<path class="{}" d="M0 0{}"/></svg>'
    ).format(coloured(label), shape(label, 4))


def placed(coordinates: NDArray[np.float32]) -> NDArray[np.float64]:
    """Return coordinates (P, 2) as places in the drawing (P, 2), each axis over all of it."""
    low, high = coordinates.min(axis=0), coordinates.max(axis=0)
    scaled = (coordinates - low) / np.where(high > low, high - low, 1)
    scaled[:, 1] = 1 - scaled[:, 1]
    size = np.array([WIDTH - 2 * RIM, HEIGHT - 2 * RIM])
    return np.asarray(np.round(RIM + scaled * size, 1), np.float64)


def scatter(
    places: NDArray[np.float64],
    labels: NDArray[np.int64],
    wrong: NDArray[np.bool_],
    class_names: Sequence[str],
    alt: str,
) -> Markup:
    """Draw a mark at each of `places` (P, 2), with a ring where the image is misclassified (P,).

    The name of a class stands at the median of its points.
    """
    parts = []
    present = np.unique(labels)
    for label in present:
        at = places[labels == label]
        path = "".join(f"M{x:g} {y:g}{shape(int(label))}" for x, y in at)
        parts.append(Markup('<path class="{}" d="{}"/>').format(coloured(int(label)), path))
    ring = f"m-{4.2} 0a{4.2} {4.2} 0 1 0 {8.4} 0a{4.2} {4.2} 0 1 0 -{8.4} 0z"
    rings = "".join(f"M{x:g} {y:g}{ring}" for x, y in places[wrong])
    parts.append(Markup('<path class="ring" d="{}"/>').format(rings))
    for label in present if len(present) <= 2 * COLOURS else ():
        x, y = np.median(places[labels == label], axis=0)
        name = printable(class_names[int(label)])
        parts.append(Markup('<text x="{:g}" y="{:g}">{}</text>').format(x, y, name[:24]))
    return Markup(
        '<svg viewBox="0 0 {} {}" class="map" role="img" aria-label="{}">{}</svg>'
    ).format(WIDTH, HEIGHT, escape(printable(alt)), Markup("").join(parts))
