"""Garments drawn with shading, folds, seams and texture: ten classes, none from any data set.

    python benchmarks/garments.py SHEET.png [SEED]      a sheet of ten of each class, to look at

Garments with two like halves are given as their right half, from the top of the middle to its
bottom, in the coordinates of `canvas`.
"""

import sys
from collections.abc import Callable

import numpy as np
from canvas import SIDE, Canvas, Colour, corner, mirrored, smooth, texture
from PIL import Image


def top(canvas: Canvas, kind: str) -> None:
    """T-shirt, pullover, shirt and coat: a trunk with sleeves."""
    u = canvas.rng.uniform
    long = kind in {"Pullover", "Coat"} or (kind == "Shirt" and u() < 0.8)
    half = {"T-shirt/top": u(0.50, 0.58), "Coat": u(0.46, 0.54)}.get(kind, u(0.46, 0.56))
    hem = {"Coat": 0.95, "Pullover": u(0.72, 0.86)}.get(kind, u(0.82, 0.95))
    neck, drop = u(0.17, 0.23), {"T-shirt/top": u(0.12, 0.3)}.get(kind, u(0.08, 0.14))
    shoulder, flare = half + u(0.04, 0.08), u(-0.02, 0.05)
    arm = -0.32 + u(-0.04, 0.04)  # the armpit's height
    if long:
        out, end = shoulder + u(0.14, 0.26), hem - u(0.04, 0.16)
        wide = u(0.15, 0.19)
        sleeve = [
            (shoulder - 0.1, -0.8), (shoulder + 0.03, -0.68), (shoulder + 0.12, -0.3),
            *corner(out, end), *corner(out - wide, end + 0.03), (half - 0.02, arm + 0.12),
            (half - 0.1, arm),
        ]  # fmt: skip
    else:
        out, end = shoulder + u(0.26, 0.36), -0.28 + u(-0.06, 0.1)
        sleeve = [
            (shoulder - 0.12, -0.82), (shoulder + 0.04, -0.7), *corner(out, end),
            *corner(out - 0.2, end + 0.13), (half - 0.02, arm + 0.06), (half - 0.1, arm),
        ]  # fmt: skip
    sleeve = smooth(sleeve, 2)
    hem_corner = [(half + flare, hem)] * (1 if kind == "Shirt" else 2)  # a shirt's is round
    right = [
        (0, -0.9 + drop), (neck * 0.75, -0.9 + 0.75 * drop), (neck, -0.92),
        (shoulder - 0.06, -0.81),
        (shoulder, -0.7), (half, arm), (half - 0.015, 0.2), *hem_corner,
        (0, hem + 0.02),
    ]  # fmt: skip
    trunk = mirrored(smooth(right, 1, closed=False))
    inside = [
        (-neck, -0.92),
        (0, -0.95),
        (neck, -0.92),
        (neck, -0.87 + drop),
        (-neck, -0.87 + drop),
    ]
    canvas.part(inside, tone=0.55)  # the back, seen through the neck
    for sign in (1, -1):
        canvas.part([(sign * x, y) for x, y in sleeve], tone=0.95)
    canvas.part(trunk)
    pattern = {
        "T-shirt/top": ("plain", "plain", "stripes"),
        "Pullover": ("knit", "knit", "stripes", "plain"),
        "Shirt": ("plain", "checks", "pinstripes"),
        "Coat": ("plain", "plain", "knit"),
    }[kind]
    texture(canvas, str(canvas.rng.choice(pattern)))
    collar = [(x, y) for x, y in trunk if y < -0.9 + drop + 0.01 and abs(x) <= neck + 0.01]
    if kind == "T-shirt/top":
        canvas.line(sorted(collar), 0.75, 0.035)
        for sign in (1, -1):
            canvas.line([(sign * (out - 0.02), end - 0.05), (sign * (out - 0.22), end + 0.08)])
        if u() < 0.4:
            print_ = [(-0.2, -0.35), (0.2, -0.35), (0.2, 0.05), (-0.2, 0.05)]
            canvas.part(smooth(print_, 2), colour=canvas.rng.uniform(40, 220, 3))
    if kind == "Pullover":
        canvas.line(sorted(collar), 0.7, 0.06)
        ribs = 1 + 0.2 * np.sin(260 * np.linspace(-1, 1, SIDE))[None, :] * np.ones((SIDE, 1))
        canvas.shade(0.9 * ribs, [(-1, hem - 0.1), (1, hem - 0.1), (1, 1), (-1, 1)])
        canvas.line([(-half, hem - 0.1), (half, hem - 0.1)], 0.6)
        for sign in (1, -1):
            canvas.line([(sign * out, end - 0.09), (sign * (out - wide - 0.02), end - 0.06)], 0.6)
    if kind == "Shirt":
        for sign in (1, -1):
            leaf = [
                (0, -0.9 + drop),
                (0.03, -0.97),
                (neck, -0.95),
                (neck + 0.02, -0.86),
                (0.1, -0.7),
            ]
            canvas.part([(sign * x, y) for x, y in leaf], tone=1.08)
            if long:
                canvas.line([(sign * out, end - 0.1), (sign * (out - wide - 0.02), end - 0.07)])
        canvas.line([(-0.045, -0.75), (-0.045, hem)], 0.72)
        canvas.line([(0.045, -0.75), (0.045, hem)], 0.72)
        places = [(0.0, y) for y in np.arange(-0.66, hem - 0.1, 0.2)]
        canvas.dots(places, 0.018, np.where(canvas.colour.mean() > 110, 50.0, 220.0) * np.ones(3))
        if u() < 0.6:
            canvas.line([(0.14, -0.4), (0.36, -0.4), (0.36, -0.15), (0.25, -0.1), (0.14, -0.15),
                         (0.14, -0.4)])  # fmt: skip
    if kind == "Coat":
        for sign in (1, -1):
            lapel = [
                (0.01, -0.2),
                (neck * 0.5, -0.86),
                (neck + 0.04, -0.95),
                (0.32, -0.6),
                (0.24, -0.5),
            ]
            canvas.part([(sign * x, y) for x, y in lapel], tone=0.86 if sign > 0 else 0.92)
            canvas.line([(sign * 0.2, 0.32), (sign * 0.42, 0.26)], 0.55, 0.03)
        canvas.line([(0.01, -0.2), (0.015, hem)], 0.4, 0.022)
        columns = (-0.09,) if u() < 0.5 else (-0.12, 0.12)
        places = [(x, y) for x in columns for y in np.arange(-0.08, 0.6, 0.22)]
        canvas.dots(places, 0.026, np.where(canvas.colour.mean() > 110, 30.0, 190.0) * np.ones(3))


def trousers(canvas: Canvas, _: str) -> None:
    """Trousers, from narrow to flared."""
    u = canvas.rng.uniform
    waist, hip = u(0.26, 0.33), u(0.36, 0.42)
    ankle, wide = u(0.3, 0.42), u(0.13, 0.26)
    right = [
        (0, -0.97), *corner(waist, -0.97), (hip, -0.55), (hip - 0.03, -0.2), (ankle - 0.01, 0.4),
        *corner(ankle, 0.97), *corner(ankle - wide, 0.97), (0.06, 0.0), (0.015, -0.32),
        (0, -0.33),
    ]  # fmt: skip
    canvas.part(mirrored(smooth(right, 1, closed=False)))
    texture(canvas, str(canvas.rng.choice(["plain", "plain", "plain", "pinstripes"])))
    canvas.line([(-waist - 0.01, -0.87), (waist + 0.01, -0.87)], 0.65)
    canvas.line([(0, -0.95), (0, -0.5), (0.0, -0.33)], 0.6)
    canvas.line([(0.06, -0.87), (0.06, -0.58), (0.0, -0.5)], 0.75)
    for sign in (1, -1):
        canvas.line(
            [(sign * waist * 0.55, -0.87), (sign * waist * 0.75, -0.7), (sign * hip, -0.66)]
        )
        middle = ankle - wide / 2
        canvas.line([(sign * 0.2, -0.3), (sign * middle, 0.3), (sign * middle, 0.95)], 0.88, 0.02)
        canvas.line([(sign * ankle, 0.92), (sign * (ankle - wide), 0.92)], 0.8)
    canvas.dots([(0.0, -0.92)], 0.018, np.full(3, 170.0))


def dress(canvas: Canvas, _: str) -> None:
    """A dress with straps, without sleeves, or with short ones."""
    u = canvas.rng.uniform
    bust, waist, hem = u(0.25, 0.3), u(0.19, 0.25), u(0.32, 0.56)
    waist_y, straps, drop = u(-0.3, -0.12), u() < 0.45, u(0.1, 0.22)
    bottom = u(0.9, 0.97)
    if straps:
        for sign in (1, -1):
            canvas.band([(sign * 0.15, -0.96), (sign * 0.17, -0.6)], u(0.03, 0.06), 0.9)
        upper = [(0, -0.66), (0.1, -0.7), (0.19, -0.76), (bust, -0.62)]
    else:
        upper = [
            (0, -0.96 + drop),
            (0.1, -0.9 + drop / 2),
            (0.14, -0.97),
            (0.27, -0.9),
            (bust, -0.6),
        ]
        back = [(-0.14, -0.96), (0.14, -0.96), (0.1, -0.96 + drop), (-0.1, -0.96 + drop)]
        canvas.part(back, tone=0.55)
        if u() < 0.5:
            end = u(-0.65, -0.35)
            sleeve = [
                (0.2, -0.94),
                (0.32, -0.84),
                *corner(0.44, end),
                *corner(0.31, end + 0.05),
                (0.22, -0.6),
            ]
            for sign in (1, -1):
                canvas.part(smooth([(sign * x, y) for x, y in sleeve], 1), tone=0.93)
    right = [
        *upper, (waist, waist_y), (waist + 0.4 * (hem - waist), waist_y + 0.35),
        *corner(hem, bottom), (0, bottom + 0.02),
    ]  # fmt: skip
    canvas.part(mirrored(smooth(right, 2, closed=False)))
    texture(canvas, str(canvas.rng.choice(["plain", "plain", "checks", "stripes"])))
    canvas.line([(-waist, waist_y), (0, waist_y + 0.02), (waist, waist_y)], 0.6, u(0.012, 0.04))
    for x in np.linspace(-0.8, 0.8, 6):  # folds of the skirt
        canvas.line([(x * waist, waist_y + 0.03), (x * hem, bottom)], 0.86, 0.025)


def shoe(canvas: Canvas, kind: str) -> None:
    """Sneaker and ankle boot from the side, the toe to the left."""
    u = canvas.rng.uniform
    if kind == "Sneaker":
        _sneaker(canvas, u)
        return
    heel, shaft = u(0.02, 0.26), u(-0.95, -0.7)
    front, back = u(-0.02, 0.12), u(0.78, 0.86)
    ground = 0.72
    upper = [
        (-0.95, ground - 0.04), (-0.97, ground - 0.2), (-0.8, ground - 0.38),
        (-0.35, ground - 0.5 - heel / 2),
        (front - 0.04, ground - 0.78 - heel / 2), (front, shaft), (back, shaft + 0.02),
        (back - 0.06, -0.1), (back + 0.04, ground - 0.3), (back, ground - heel),
        (0.3, ground - heel), (-0.1, ground - 0.02),
    ]  # fmt: skip
    canvas.part(smooth(upper, 2))
    sole = [
        (-0.96, ground - 0.06), (-0.1, ground - 0.05), (0.3, ground - heel - 0.03),
        (back + 0.01, ground - heel - 0.04), (back + 0.02, ground + 0.02),
        (back - (0.3 if heel < 0.12 else 0.16), ground + 0.02),
        (0.34 if heel < 0.12 else 0.5, ground - heel + 0.05), (-0.05, ground + 0.02),
        (-0.9, ground + 0.02),
    ]  # fmt: skip
    canvas.part(sole, colour=np.array([u(20, 90)] * 3))
    kind_of = canvas.rng.choice(["elastic", "laces", "zip"])
    if kind_of == "elastic":
        panel = [(0.28, shaft + 0.01), (0.56, shaft + 0.01), (0.46, -0.1), (0.36, -0.1)]
        canvas.part(panel, tone=0.6)
    elif kind_of == "laces":
        for y in np.linspace(shaft + 0.08, ground - 0.62 - heel / 2, 6):
            t = (y - shaft) / (ground - 0.5 - heel / 2 - shaft)
            x = front - 0.4 * max(0.0, t - 0.6) / 0.4
            canvas.line([(x + 0.02, y), (x + 0.2, y + 0.05)], 1.5 if u() < 0.5 else 0.5, 0.022)
    else:
        canvas.line([(0.5, shaft), (0.48, 0.2), (0.42, ground - heel - 0.1)], 0.55, 0.02)
    canvas.line([(-0.75, ground - 0.38), (-0.52, ground - 0.28), (-0.5, ground - 0.06)], 0.75)
    canvas.line([(back - 0.04, 0.1), (0.42, 0.22), (0.3, ground - heel)], 0.75)
    canvas.line([(front, shaft + 0.03), (back, shaft + 0.05)], 0.7, 0.02)


def _sneaker(canvas: Canvas, u: Callable[..., float]) -> None:
    high, sole_top = u(-0.32, -0.2), 0.24 + u(-0.03, 0.03)
    upper = [
        (-0.96, sole_top + 0.06), (-0.97, 0.08), (-0.82, -0.02), (-0.5, -0.08), (-0.15, high),
        (0.12, high - 0.14), (0.26, high - 0.12), (0.42, high + 0.06), (0.68, high + 0.02),
        (0.86, high - 0.06), (0.92, high + 0.04), (0.93, sole_top + 0.06),
    ]  # fmt: skip
    canvas.part(smooth(upper, 2))
    canvas.part(smooth([(0.12, high - 0.13), (0.26, high - 0.12), (0.44, high + 0.07),
                         (0.3, high + 0.02)], 1), tone=0.55)  # fmt: skip
    sole = [
        (-0.98, sole_top - 0.02), (-0.5, sole_top + 0.03), (0.4, sole_top), (0.97, sole_top - 0.07),
        (0.99, sole_top + 0.14), (0.5, sole_top + 0.17), (-0.85, sole_top + 0.16),
        (-0.99, sole_top + 0.08),
    ]  # fmt: skip
    light = np.array([u(200, 245)] * 3) if u() < 0.75 else np.array([u(30, 70)] * 3)
    canvas.part(smooth(sole, 2), colour=light)
    canvas.line([(-0.97, sole_top + 0.11), (0.0, sole_top + 0.13), (0.98, sole_top + 0.06)], 0.75)
    canvas.line([(-0.62, -0.06), (-0.52, 0.1), (-0.6, sole_top + 0.02)], 0.65, 0.02)  # toe cap
    for i in range(5):
        x, y = -0.42 + 0.12 * i, -0.08 + (high + 0.02) * i / 5
        canvas.line([(x, y - 0.03), (x + 0.12, y + 0.06)], 1.6, 0.026)
    canvas.line([(0.62, high + 0.04), (0.55, 0.1), (0.62, sole_top)], 0.7, 0.015)  # heel counter
    contrast = 255 - canvas.colour
    mark = canvas.rng.choice(["stripes", "swoop", "none"])
    if mark == "stripes":
        for x in (0.0, 0.13, 0.26):
            bar = [(x, -0.12), (x + 0.06, -0.13), (x - 0.06, sole_top), (x - 0.13, sole_top)]
            canvas.part(bar, colour=contrast)
    elif mark == "swoop":
        swoop = [(-0.3, 0.08), (-0.2, 0.16), (0.1, 0.12), (0.62, -0.1), (0.05, 0.05), (-0.18, 0.06)]
        canvas.part(smooth(swoop, 2), colour=contrast)


def sandal(canvas: Canvas, _: str) -> None:
    """Straps on a sole, from the side, the toe to the left: flat, wedge or heel."""
    u = canvas.rng.uniform
    rise = float(canvas.rng.choice([0.04, 0.1, 0.5, 0.75])) * u(0.9, 1.1)
    floor, thick, dark = 0.45 + rise * 0.35, u(0.06, 0.1), np.array([u(30, 110)] * 3)

    def insole(x: float) -> float:
        """The height of the foot's bed at x."""
        t = np.clip((x + 0.35) / 0.9, 0, 1)
        return float(floor - thick - rise * t * t * (3 - 2 * t))

    xs = np.linspace(-0.95, 0.9, 30)
    bed = [(float(x), insole(x)) for x in xs]
    if rise > 0.3 and u() < 0.6:  # a heel
        canvas.part([*bed, *[(x, y + thick) for x, y in bed[::-1]]], colour=dark)
        tip = [
            (0.62, insole(0.62) + 0.03),
            (0.92, insole(0.9)),
            (0.86, floor + 0.02),
            (0.74, floor + 0.02),
        ]
        canvas.part(tip, colour=dark)
    else:
        canvas.part([*bed, (0.9, floor), (-0.9, floor)], colour=dark * 1.2)
    wide = u(0.09, 0.15)
    canvas.band(_arch(-0.78, -0.5, insole, u(0.2, 0.28)), wide)
    if u() < 0.7:
        canvas.band(_arch(-0.5, -0.2, insole, u(0.28, 0.36)), wide * 0.8, 0.92)
    ankle = insole(0.75) - u(0.42, 0.55)
    canvas.band([(0.86, insole(0.86)), (0.84, ankle + 0.1), (0.8, ankle)], wide, 0.9)
    canvas.band([(0.82, ankle), (0.5, ankle - 0.04), (0.2, ankle + 0.1)], wide * 0.7)
    canvas.band([(0.2, ankle + 0.1), (0.3, ankle + 0.3), (0.42, insole(0.42))], wide * 0.6, 0.95)
    if u() < 0.6:
        canvas.band(
            [(0.2, ankle + 0.1), (-0.1, insole(-0.2) - 0.32), (-0.3, insole(-0.3) - 0.28)],
            wide * 0.6,
        )
    canvas.dots([(0.45, ankle - 0.02)], 0.04, np.full(3, 200.0))


def bag(canvas: Canvas, _: str) -> None:
    """A handbag: with a flap, a tote with two handles, or a shoulder bag with a long strap."""
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
    """One garment, RGBA, cut to what is drawn."""
    canvas = Canvas(colour, rng)
    DRAWN[class_name](canvas, class_name)
    image = canvas.finish()
    if class_name == "Coat":  # longer than wide
        image = image.resize((round(SIDE * rng.uniform(0.66, 0.85)), SIDE))
    return image.crop(image.getchannel("A").getbbox())


def _arch(
    start: float, end: float, bed: Callable[[float], float], height: float
) -> list[tuple[float, float]]:
    """A strap that rises from the bed over the foot, and comes down further back."""
    t = np.linspace(0, 1, 40)
    x = start + (end - start) * t + 0.12 * np.sin(np.pi * t)
    y = np.array([bed(v) for v in start + (end - start) * t]) + 0.02
    y -= height * np.sin(np.pi * t) ** 0.8
    return list(zip(x.tolist(), y.tolist(), strict=True))


def main() -> None:
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else 0
    sheet = Image.new("RGB", (10 * 150, 10 * 150), (235, 235, 235))
    for row, name in enumerate(DRAWN):
        for column in range(10):
            rng = np.random.default_rng([seed, row, column])
            image = draw(name, rng.uniform(20, 210, 3), rng)
            image.thumbnail((140, 140))
            sheet.paste(image, (150 * column + 5, 150 * row + 5), image)
    sheet.save(sys.argv[1])


if __name__ == "__main__":
    main()
