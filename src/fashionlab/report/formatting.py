"""Numbers, names and pictures as the page shows them. None, an unknown number, is a dash."""

import base64
import io
import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image

DASH = "–"
SHOWN_SIDE = 84  # CSS pixels of a sample image on the page
LARGEST_SIDE = 2 * SHOWN_SIDE  # pixels: sharp on fine screens
NO_BREAK = "\N{NO-BREAK SPACE}"  # between a number and its unit


class Picture(NamedTuple):
    """An image for the page, whose `uri` is all of its content."""

    uri: str
    alt: str


def percent(fraction: float | None, digits: int = 2) -> str:
    """Format 0.8849 as 88.49 %."""
    return DASH if fraction is None else f"{100 * fraction:.{digits}f}{NO_BREAK}%"


def points(difference: float) -> str:
    """Format a difference of two shares, 0.0123, as +1.23 points."""
    rounded = round(100 * difference, 2) + 0.0  # without the sign of -0.001
    return f"{rounded:+.2f}{NO_BREAK}points".replace("-", "\N{MINUS SIGN}")


def points_interval(bounds: tuple[float, float]) -> str:
    """Format the interval of a difference of two shares as −0.30 to +1.25 points."""
    low, high = map(points, bounds)
    return f"{low.partition(NO_BREAK)[0]} to {high}"


def p_value(p: float) -> str:
    """Format the p-value of a test as p = 0.032, a small one as p < 0.001."""
    said = "p < 0.001" if p < 0.001 else f"p = {p:.3f}"
    return said.replace(" ", NO_BREAK)


def probability(value: float) -> str:
    """Format a percentage with one decimal, certainty as > 99.9 %."""
    return f"> 99.9{NO_BREAK}%" if value >= 0.9995 else percent(value, 1)


def interval(bounds: tuple[float, float]) -> str:
    """Format (0.8785, 0.8911) as 87.85 to 89.11 %."""
    low, high = bounds
    return f"{100 * low:.2f} to {percent(high)}"


def count(number: int | None) -> str:
    """Format 407050 as 407,050."""
    return DASH if number is None else f"{number:,}"


def seconds(duration: float | tuple[float, float] | None) -> str:
    """Format a duration, or the range of several: 0.42 s, 22.1 s, 100 to 117 s."""
    if duration is None:
        return DASH
    if isinstance(duration, tuple):
        low, high = duration
        return (f"{low:g}" if low == high else f"{low:g} to {high:g}") + f"{NO_BREAK}s"
    return f"{duration:.2f}{NO_BREAK}s" if duration < 10 else f"{duration:.1f}{NO_BREAK}s"


def duration(seconds: float) -> str:
    """Format the length of a training: 12.3 s, 4 min 05 s, 1 h 15 min."""
    if seconds < 60:
        return f"{seconds:.1f}{NO_BREAK}s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes}{NO_BREAK}min {rest:02d}{NO_BREAK}s"
    return f"{minutes // 60}{NO_BREAK}h {minutes % 60:02d}{NO_BREAK}min"


def size_in_bytes(number: float) -> str:
    """Format the size of a file: 812 bytes, 49.3 kB, 2.13 MB."""
    for unit, scale in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if number >= scale:
            return f"{number / scale:.3g}{NO_BREAK}{unit}"
    return f"{number:.0f}{NO_BREAK}bytes"


def decimal(value: float | None) -> str:
    """Format a loss or score to four decimals; a diverged loss as inf or nan."""
    if value is None:
        return DASH
    return f"{value:.4f}" if math.isfinite(value) else str(value)


def size(classes: float | None) -> str:
    """Format the mean number of classes in a set to two decimals."""
    return DASH if classes is None else f"{classes:.2f}"


def shortened(name: str, length: int = 40) -> str:
    """Return a name as it fits into a line, such as one of 200 characters by its first 39."""
    return name if len(name) <= length else f"{name[: length - 1]}…"


def images(image_shape: Sequence[int]) -> str:
    """Format [28, 28] as 28 × 28, grey, and [32, 32, 3] as 32 × 32, colour."""
    return f"{shape(image_shape[:2])}, {'colour' if image_shape[2:] else 'grey'}"


def shape(sizes: Sequence[int]) -> str:
    """Format [13, 13, 32] as 13 × 13 × 32."""
    return " × ".join(map(str, sizes))


def listing(items: Sequence[str]) -> str:
    """Join items in words: a; a and b; a, b and c."""
    return " and ".join([*([", ".join(items[:-1])] if items[:-1] else []), *items[-1:]])


def png_uri(image: NDArray[np.uint8]) -> str:
    """Encode (H, W) or (H, W, 3) uint8 as a `src`: pixel by pixel up to LARGEST_SIDE, else smaller.

    A page of some hundred photographs would be too large to open otherwise.
    """
    file = io.BytesIO()
    pixels: Any = np.ascontiguousarray(image)
    picture = Image.fromarray(pixels)
    picture.thumbnail((LARGEST_SIDE, LARGEST_SIDE))
    picture.save(file, "PNG", optimize=True)
    return "data:image/png;base64," + base64.b64encode(file.getvalue()).decode()
