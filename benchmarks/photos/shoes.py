"""The shapes of shoes from the side, in the coordinates of `canvas`."""

from collections.abc import Callable

import numpy as np

from benchmarks.photos.canvas import Canvas, smooth


def shoe(canvas: Canvas, kind: str) -> None:
    """Draw a sneaker or ankle boot from the side, the toe to the left."""
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
    """Draw straps on a sole, the toe to the left: flat, wedge or heel."""
    u = canvas.rng.uniform
    rise = float(canvas.rng.choice([0.04, 0.1, 0.5, 0.75])) * u(0.9, 1.1)
    floor, thick, dark = 0.45 + rise * 0.35, u(0.06, 0.1), np.array([u(30, 110)] * 3)

    def insole(x: float) -> float:
        """Return the height of the footbed at x."""
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


def _arch(
    start: float, end: float, bed: Callable[[float], float], height: float
) -> list[tuple[float, float]]:
    """Return a strap that rises from the bed over the foot, and comes down further back."""
    t = np.linspace(0, 1, 40)
    x = start + (end - start) * t + 0.12 * np.sin(np.pi * t)
    y = np.array([bed(v) for v in start + (end - start) * t]) + 0.02
    y -= height * np.sin(np.pi * t) ** 0.8
    return list(zip(x.tolist(), y.tolist(), strict=True))
