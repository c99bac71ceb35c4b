"""Drawings of garments with shading, folds, seams and texture, in ten classes.

    python -m benchmarks.photos.garments SHEET.png [SEED]    a sheet with ten of each class

The shapes are in `clothes` and `shoes`, the bag's here; `canvas` draws them.
"""

import argparse
from collections.abc import Callable

import numpy as np
from PIL import Image

from benchmarks.photos.canvas import SIDE, Canvas, Colour, mirrored, smooth, texture
from benchmarks.photos.clothes import dress, top, trousers
from benchmarks.photos.shoes import sandal, shoe


def bag(canvas: Canvas, _: str) -> None:
    """Draw a handbag: with a flap, a tote with two handles, or a shoulder bag with a long strap."""
    u = canvas.rng.uniform
    kind = str(canvas.rng.choice(["flap", "tote", "shoulder"]))
    low, high = u(0.7, 0.92), u(0.62, 0.8)
    upper, lower = u(-0.3, -0.1), u(0.72, 0.9)
    reach = {"flap": u(0.35, 0.5), "tote": u(0.5, 0.62), "shoulder": u(0.6, 0.75)}[kind]
    apart = {"flap": u(0.25, 0.4), "tote": u(0.3, 0.42), "shoulder": high * 0.92}[kind]
    thick = {"flap": 0.07, "tote": 0.055, "shoulder": 0.045}[kind]
    angle = np.linspace(np.pi, 0, 30)

    def handle(lift: float) -> list[tuple[float, float]]:
        ys = upper + 0.03 - lift - reach * np.sin(angle) ** 0.75
        return list(zip(apart * np.cos(angle), ys, strict=True))

    if kind == "tote":
        canvas.band(handle(0.06), thick, 0.6)
    canvas.band(handle(0.0), thick, 0.9)
    body = [(0, upper), (high, upper), (high + 0.02, upper + 0.1), (low, lower - 0.1),
            (low - 0.05, lower), (0, lower + 0.02)]  # fmt: skip
    canvas.part(mirrored(smooth(body, 2, closed=False)))
    texture(canvas, str(canvas.rng.choice(["plain", "plain", "plain", "checks"])))
    metal = np.array([205.0, 190.0, 140.0])
    if kind != "tote":
        fold = [
            (0, upper),
            (high, upper),
            (high, upper + 0.25),
            (0.4, upper + 0.52),
            (0, upper + 0.56),
        ]
        canvas.part(mirrored(smooth(fold, 2, closed=False)), tone=1.05)
        canvas.dots([(0.0, upper + 0.5)], 0.05, metal)
    else:
        canvas.line([(-high, upper + 0.1), (high, upper + 0.1)], 0.65)
        canvas.line([(-0.35, upper + 0.3), (0.35, upper + 0.3), (0.4, lower - 0.15),
                     (-0.4, lower - 0.15), (-0.35, upper + 0.3)], 0.75)  # fmt: skip
    canvas.dots([(-apart, upper + 0.05), (apart, upper + 0.05)], 0.03, metal)


DRAWN: dict[str, Callable[[Canvas, str], None]] = {
    "T-shirt/top": top,
    "Trouser": trousers,
    "Pullover": top,
    "Dress": dress,
    "Coat": top,
    "Sandal": sandal,
    "Shirt": top,
    "Sneaker": shoe,
    "Bag": bag,
    "Ankle boot": shoe,
}


def draw(class_name: str, colour: Colour, rng: np.random.Generator) -> Image.Image:
    """Return a drawing of one garment, RGBA, cropped to it."""
    canvas = Canvas(colour, rng)
    DRAWN[class_name](canvas, class_name)
    image = canvas.finish()
    if class_name == "Coat":  # longer than wide
        image = image.resize((round(SIDE * rng.uniform(0.66, 0.85)), SIDE))
    return image.crop(image.getchannel("A").getbbox())


def main() -> None:
    """Write the sheet."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("sheet")
    parser.add_argument("seed", type=int, nargs="?", default=0)
    options = parser.parse_args()
    sheet = Image.new("RGB", (10 * 150, 10 * 150), (235, 235, 235))
    for row, name in enumerate(DRAWN):
        for column in range(10):
            rng = np.random.default_rng([options.seed, row, column])
            image = draw(name, rng.uniform(20, 210, 3), rng)
            image.thumbnail((140, 140))
            sheet.paste(image, (150 * column + 5, 150 * row + 5), image)
    sheet.save(options.sheet)


if __name__ == "__main__":
    main()
