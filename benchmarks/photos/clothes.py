"""The shapes of clothes: trunk, sleeves, collars, folds.

A shape is given as its right half, from the top of its middle line to the bottom, in the
coordinates of `canvas`.
"""

import numpy as np

from benchmarks.photos.canvas import SIDE, Canvas, corner, mirrored, smooth, texture


def top(canvas: Canvas, kind: str) -> None:
    """Draw a T-shirt, pullover, shirt or coat: a trunk with sleeves."""
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
    """Draw trousers, from narrow to flared."""
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
    """Draw a dress with straps, without sleeves, or with short ones."""
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
