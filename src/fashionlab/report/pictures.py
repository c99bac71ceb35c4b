"""Sheet: all pictures of a page in one image, of which each place shows its part."""

import base64
import io

import numpy as np
from markupsafe import Markup
from numpy.typing import NDArray
from PIL import Image

from fashionlab.text import printable

LARGEST_SIDE = 64  # pixels; larger images are reduced
PIXELATED = 48  # images up to this side are shown pixel by pixel, larger ones smoothed
COLUMNS = 40
MOST_PIXELS = 1_800_000  # of all pictures: about a megabyte of the page
LARGEST = 16_383  # pixels of a side of WebP
QUALITY = 80  # of WebP, for images larger than PIXELATED; smaller ones lose nothing, unless
MOST_BYTES = 1_500_000  # are not enough for that: noise, or many photographs


class Sheet:
    """Pictures of images of one shape, each of them once; `name` is its class in the page's style.

    An image is (H, W) or (H, W, 3) uint8; it is shown in a black square.
    """

    def __init__(self, name: str, image_shape: tuple[int, ...]) -> None:
        self.name = name
        longer = max(image_shape[:2])
        self._side = min(longer, LARGEST_SIDE)
        self._is_exact = longer <= PIXELATED
        self._cells: list[NDArray[np.uint8]] = []  # (S, S, 3) each
        self._numbers: dict[bytes, int] = {}

    @property
    def capacity(self) -> int:
        """The number of pictures that a page can hold."""
        return min(MOST_PIXELS // self._side**2, COLUMNS * (LARGEST // self._side))

    def __len__(self) -> int:
        """Return the number of pictures."""
        return len(self._cells)

    def add(self, image: NDArray[np.uint8]) -> int:
        """Add an image, unless it is there; return its number."""
        key = image.tobytes()
        if key not in self._numbers:
            self._numbers[key] = len(self._cells)
            self._cells.append(self._square(image))
        return self._numbers[key]

    def _square(self, image: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Return (S, S, 3): the image, reduced where it is larger, in the middle of the square."""
        picture = Image.fromarray(np.ascontiguousarray(image)).convert("RGB")
        picture.thumbnail((self._side, self._side))
        cell = Image.new("RGB", (self._side, self._side))
        cell.paste(picture, tuple((self._side - n) // 2 for n in picture.size))  # type: ignore[arg-type]
        return np.asarray(cell)

    def html(self, number: int, words: str) -> Markup:
        """Return the element that shows a picture; `words` say what is on it."""
        row, column = divmod(number, COLUMNS)
        return Markup(
            '<i class="pic {}" style="--x:{};--y:{}" role="img" aria-label="{}"></i>'
        ).format(self.name, column, row, printable(words))

    def show(self, image: NDArray[np.uint8], words: str) -> Markup:
        """Add an image and return the element that shows it."""
        return self.html(self.add(image), words)

    @property
    def style(self) -> Markup:
        """The rule of CSS that holds the pictures."""
        if not self._cells:
            return Markup("")
        rendering = "pixelated" if self._is_exact else "auto"
        return Markup(
            ".pic.{} {{ background-image: url({}); --columns: {}; image-rendering: {}; }}"
        ).format(self.name, self._uri(), COLUMNS, rendering)

    def _uri(self) -> str:
        side, rows = self._side, -(-len(self._cells) // COLUMNS)
        sheet = np.zeros((rows, side, COLUMNS, side, 3), np.uint8)
        for number, cell in enumerate(self._cells):
            row, column = divmod(number, COLUMNS)
            sheet[row, :, column] = cell
        picture = Image.fromarray(sheet.reshape(rows * side, COLUMNS * side, 3))
        content = _webp(picture, self._is_exact)
        if self._is_exact and len(content) > MOST_BYTES:
            content = _webp(picture, False)
        return "data:image/webp;base64," + base64.b64encode(content).decode()


def _webp(picture: Image.Image, lossless: bool) -> bytes:
    file = io.BytesIO()
    picture.save(file, "WEBP", quality=QUALITY, lossless=lossless, method=4)
    return file.getvalue()
