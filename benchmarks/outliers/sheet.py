"""A sheet of the sets, with the images that a model accepts marked."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from benchmarks.outliers.fonts import SIDE
from benchmarks.outliers.sets import Images

COLUMNS, ROWS = 40, 4  # of each set
CELL, FRAME, TITLE = SIDE + 6, 2, 16  # pixels
MARKED, PLAIN, TEXT = (60, 220, 90), (70, 70, 70), (255, 255, 255)


def page(sets: Mapping[str, Images], accepted: Mapping[str, NDArray[np.bool_]]) -> Image.Image:
    """Return a page with images from all over each set, in a green frame where accepted (N,)."""
    block = ROWS * CELL + TITLE
    sheet = Image.new("RGB", (COLUMNS * CELL, len(sets) * block), PLAIN)
    draw = ImageDraw.Draw(sheet)
    for top, (name, images) in zip(range(0, sheet.height, block), sets.items(), strict=True):
        share = f"{100 * accepted[name].mean():.1f} % accepted"
        draw.text((4, top + 2), f"{name}: {len(images):,} images, {share}", TEXT)
        chosen = np.linspace(0, len(images) - 1, min(COLUMNS * ROWS, len(images))).astype(int)
        for place, i in enumerate(chosen):
            x, y = place % COLUMNS * CELL, top + TITLE + place // COLUMNS * CELL
            if accepted[name][i]:
                draw.rectangle((x, y, x + CELL - FRAME, y + CELL - FRAME), MARKED)
            sheet.paste(Image.fromarray(images[i]), (x + FRAME, y + FRAME))
    return sheet
