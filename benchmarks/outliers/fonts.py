"""Symbols, icons and emoji of Debian's fonts, drawn large and scaled down to (28, 28).

apt-get install fonts-symbola fonts-opensymbol fonts-circos-symbols fonts-glyphicons-halflings
apt-get install fonts-font-awesome fonts-fork-awesome fonts-elusive-icons fonts-entypo
apt-get install fonts-materialdesignicons-webfont fonts-material-design-icons-iconfont
apt-get install fonts-noto-color-emoji
"""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from fontTools.ttLib import TTFont
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from benchmarks.outliers import garments
from fashionlab.images.scale import fit

FONTS = Path("/usr/share/fonts/truetype")
SIDE = 28
LARGE = 224  # pixels to the em of a glyph before it is scaled down
EMOJI = 109  # the one size that Noto's bitmaps have
PICTURE = 200  # pixels, of the side of an emoji's picture
ALIKE = 0.99  # cosine of two images, above which the later one is a duplicate
SYMBOLS = ("So", "Sm", "Sc", "Co")  # Unicode's categories: symbols, and private use
RULE = re.compile(r"([^{}]*)\{[^{}]*?content:\s*\"\\([0-9a-fA-F]+)\"")
CLASS = re.compile(r"\.([\w-]+):before")


class NotInstalledError(Exception):
    """A package which a set needs is not installed; the message says how to install it."""


@dataclass(frozen=True)
class Font:
    """A font of a Debian package."""

    package: str
    file: str  # below FONTS, or absolute
    names: str = ""  # a style sheet whose classes name the glyphs
    all: bool = False  # whether every glyph is a symbol, whatever its code point is

    @property
    def path(self) -> Path:
        """The font's file; raises NotInstalledError where it is not there."""
        path = FONTS / self.file
        if not path.is_file():
            raise NotInstalledError(f"apt-get install {self.package}")
        return path

    def glyphs(self) -> Iterator[tuple[int, list[str]]]:
        """Yield the code point and the names of each glyph that is a symbol."""
        classes = class_names(Path(self.names)) if self.names else {}
        for code, name in sorted(TTFont(self.path).getBestCmap().items()):
            if self.all or unicodedata.category(chr(code)) in SYMBOLS:
                yield code, [name, unicodedata.name(chr(code), ""), *classes.get(code, [])]


SYMBOL_FONTS = (
    Font("fonts-symbola", "ancient-scripts/Symbola_hint.ttf"),
    Font("fonts-opensymbol", "libreoffice/opens___.ttf"),
    Font("fonts-circos-symbols", "/usr/share/circos/fonts/symbols/circossymbols.otf", all=True),
    Font("fonts-glyphicons-halflings", "glyphicons/glyphicons-halflings-regular.ttf"),
)
ICON_FONTS = (
    Font(
        "fonts-font-awesome",
        "font-awesome/fontawesome-webfont.ttf",
        "/usr/share/fonts-font-awesome/css/font-awesome.css",
    ),
    Font(
        "fonts-fork-awesome",
        "fork-awesome/forkawesome-webfont.ttf",
        "/usr/share/fonts-fork-awesome/css/fork-awesome.css",
    ),
    Font(
        "fonts-materialdesignicons-webfont",
        "materialdesignicons-webfont/materialdesignicons-webfont.ttf",
        "/usr/share/fonts-materialdesignicons-webfont/css/materialdesignicons.css",
    ),
    Font(
        "fonts-material-design-icons-iconfont",
        "material-design-icons-iconfont/MaterialIcons-Regular.ttf",
        "/usr/share/fonts-material-design-icons-iconfont/css/material-design-icons.css",
    ),
    Font(
        "fonts-elusive-icons",
        "elusive-icons/elusiveicons-webfont.ttf",
        "/usr/share/fonts-elusive-icons/css/elusive-icons.css",
    ),
    Font("fonts-entypo", "fonts-entypo/entypo.ttf"),
)
EMOJI_FONT = Font("fonts-noto-color-emoji", "noto/NotoColorEmoji.ttf")


def class_names(css: Path) -> dict[int, list[str]]:
    """Return by code point the classes of a style sheet that show its glyph."""
    found: dict[int, list[str]] = {}
    for selectors, code in RULE.findall(css.read_text(encoding="utf-8")):
        found.setdefault(int(code, 16), []).extend(CLASS.findall(selectors))
    return found


def drawn(fonts: tuple[Font, ...]) -> NDArray[np.uint8]:
    """Return the images (N, 28, 28) of the fonts' glyphs that show no garment, each once."""
    images = []
    for font in fonts:
        large = ImageFont.truetype(font.path, LARGE, layout_engine=ImageFont.Layout.BASIC)
        for code, names in font.glyphs():
            if not garments.left_out(font.package, code, names):
                left, top, right, bottom = map(int, large.getbbox(chr(code)))
                page = Image.new("L", (right - left + 2, bottom - top + 2))  # a border of 1
                ImageDraw.Draw(page).text((1 - left, 1 - top), chr(code), 255, large)
                images.append(filling(np.asarray(page)))
    return once(np.stack(images))


def filling(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return an image (h, w), cropped to what is not black and scaled to fill (28, 28)."""
    rows, columns = np.flatnonzero(image.any(axis=1)), np.flatnonzero(image.any(axis=0))
    if not len(rows):
        return np.zeros((SIDE, SIDE), np.uint8)
    return fit(image[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1], (SIDE, SIDE))


def once(images: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return the images (N, H, W) without black ones and later ones ALIKE an earlier one."""
    images = images[images.any(axis=(1, 2))]
    flat = images.reshape(len(images), -1).astype(np.float32)
    flat /= np.linalg.norm(flat, axis=1, keepdims=True)
    kept: list[int] = []
    for i, image in enumerate(flat):
        if not kept or (flat[kept] @ image).max() < ALIKE:
            kept.append(i)
    return images[kept]


def emoji() -> Iterator[Image.Image]:
    """Yield a picture in colour, on white, of each emoji of Noto that shows no garment."""
    font = ImageFont.truetype(EMOJI_FONT.path, EMOJI, layout_engine=ImageFont.Layout.BASIC)
    for code, names in EMOJI_FONT.glyphs():
        if not garments.left_out(EMOJI_FONT.package, code, names):
            page = Image.new("RGB", (PICTURE, PICTURE), "white")
            draw, middle = ImageDraw.Draw(page), PICTURE / 2
            draw.text((middle, middle), chr(code), font=font, anchor="mm", embedded_color=True)
            yield page
