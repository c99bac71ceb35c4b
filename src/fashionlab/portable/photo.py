"""prepare: a photo of one garment on a plain ground becomes an image like those of Fashion-MNIST.

Its authors trimmed photos on white ground, scaled the longer side to 28 pixels, centred them and
negated the grey (Xiao, Rasul and Vollgraf, 2017, section 2); nearly every image reaches 255.
serve/page/photo.js does the same in a browser: change both, tests/portable holds them together.

Symbols: H, W the model's image; h, w the photo at its working size; grey and colours 0..255.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from fashionlab.portable import garment
from fashionlab.portable.decode import simple, upright

WORKING_SIDE = 256  # pixels; a photo is reduced to less than twice as many, nine or more for one
LUMA = np.array([0.299, 0.587, 0.114], dtype=np.float32)  # of red, green, blue: ITU-R BT.601
CUT_OUT = 0.05  # share of transparent pixels; rounded corners have less
BRIGHTEST = 0.99  # share of the garment's pixels that white is set by; highlights lie above it
LEAST_TOP = 24  # grey levels; a garment that differs less from its ground is told by its colour

Plane = NDArray[np.float32]  # (h, w)
Mask = NDArray[np.bool_]  # (h, w)


@dataclass(frozen=True, eq=False)
class Prepared:
    """What a model is to see of a photo."""

    image: NDArray[np.uint8]  # (H, W), a light garment on black
    found: bool
    reason: str = ""  # why no garment was found, in a sentence; then `image` is the whole photo
    notes: tuple[str, ...] = ()  # what was done, in plain words
    box: tuple[int, int, int, int] | None = None  # left, top, right, bottom in the upright photo


def prepare(image: Image.Image | NDArray[np.uint8], shape: tuple[int, int]) -> Prepared:
    """The garment of a photo as a model of (H, W) images should see it.

    Transparency that cuts something out is the garment's outline; else the ground is fitted to the
    pixels of the rim, and what differs from it in colour is the garment. It is made light on black,
    and scaled so that it fills the image. A picture of exactly (H, W) pixels is taken as it is,
    inverted where its rim is light.
    """
    if isinstance(image, np.ndarray):
        image = Image.fromarray(image)
    image, turned = upright(image)
    image = simple(image)
    notes = ["turned upright"] if turned or image.info.get("turned") else []
    if (image.height, image.width) == shape:
        return _as_it_is(image, notes)

    factor = max(1, max(image.size) // WORKING_SIDE)
    colours, alpha = _working(image, factor)  # (h, w, 3) over white, (h, w)
    grey = colours @ LUMA  # (h, w)
    clear = float((alpha < 128).mean())
    ground = None
    if CUT_OUT <= clear < 1:
        mask, why = garment.clean(alpha >= 128), ""
        notes.append("cut out along its transparency")
    else:
        ground = garment.ground(colours)  # (h, w, 3)
        mask, why = garment.outline(colours, ground)
    if why or not mask.any():
        return Prepared(_fit(_light(grey), shape), False, why or garment.NOTHING, tuple(notes))

    if ground is None:
        values, note = _against_white(grey, alpha, mask)
    else:
        values, note = _against_ground(colours, ground, mask)
    notes.append(note)
    left, top, right, bottom = garment.box(mask)
    cut = _stretched(values, mask)[top:bottom, left:right]
    box = (
        left * factor,
        top * factor,
        min(right * factor, image.width),
        min(bottom * factor, image.height),
    )
    return Prepared(_fit(cut, shape), True, "", tuple(notes), box)


def _as_it_is(image: Image.Image, notes: list[str]) -> Prepared:
    colours, _ = _working(image, 1)
    grey = _bytes(colours @ LUMA)
    rim = np.concatenate([grey[0], grey[-1], grey[1:-1, 0], grey[1:-1, -1]])
    if rim.mean() > 127:
        grey, notes = 255 - grey, [*notes, "light ground: inverted"]
    notes = [*notes, "already of the model's size: not scaled"]
    return Prepared(grey, True, "", tuple(notes), (0, 0, image.width, image.height))


def _working(image: Image.Image, factor: int) -> tuple[NDArray[np.float32], Plane]:
    """The photo over white (h, w, 3), and how opaque it is (h, w); each the mean of squares."""
    if image.mode == "RGBA":  # by premultiplied colours, so that hidden ones do not bleed in
        reduced = np.asarray(image.convert("RGBa").reduce(factor), dtype=np.float32)
        alpha = reduced[..., 3]
        return reduced[..., :3] + (255 - alpha[..., None]), alpha
    reduced = np.asarray(image.reduce(factor).convert("RGB"), dtype=np.float32)
    return reduced, np.full(reduced.shape[:2], 255, dtype=np.float32)


def _against_white(grey: Plane, alpha: Plane, mask: Mask) -> tuple[Plane, str]:
    """Values (h, w) of a garment that is cut out: it has no ground, so it is made light itself."""
    darkness, lightness = 255 - grey, grey - (255 - alpha)  # both are 0 where nothing is
    if darkness[mask].mean() >= lightness[mask].mean():
        return darkness, "a dark garment: inverted"
    return lightness, "a light garment: not inverted"


def _against_ground(
    colours: NDArray[np.float32], ground: NDArray[np.float32], mask: Mask
) -> tuple[Plane, str]:
    """Values (h, w): by what share of the way to black, or white, the garment is off its ground."""
    grey, base = colours @ LUMA, ground @ LUMA
    if (grey - base)[mask].mean() < 0:
        values, note = 255 * (1 - grey / np.maximum(base, 16)), "light ground: inverted"
    else:
        values = 255 * (grey - base) / np.maximum(255 - base, 16)
        note = "dark ground: not inverted"
    if _top(values, mask) < LEAST_TOP:
        return garment.distance(colours, ground), "grey like its ground: told by its colour"
    return values, note


def _stretched(values: Plane, mask: Mask) -> NDArray[np.uint8]:
    """The garment's brightest pixels become white, what is not the garment black."""
    return np.where(mask, _bytes(values * (255 / max(_top(values, mask), 1))), 0).astype(np.uint8)


def _top(values: Plane, mask: Mask) -> int:
    """The grey level that BRIGHTEST of the garment's pixels do not exceed."""
    counts = np.bincount(_bytes(values)[mask], minlength=256).cumsum()
    return int(np.searchsorted(counts, BRIGHTEST * counts[-1]))


def _light(grey: Plane) -> NDArray[np.uint8]:
    """The whole photo, light on dark, where no garment was found."""
    return _bytes(255 - grey if grey.mean() > 127 else grey)


def _fit(values: NDArray[np.uint8], shape: tuple[int, int]) -> NDArray[np.uint8]:
    """(H, W): scaled to touch both ends of one side, centred on black."""
    height, width = shape
    h, w = values.shape
    scale = min(height / h, width / w)
    rows, columns = max(1, round(h * scale)), max(1, round(w * scale))
    scaled = Image.fromarray(values).resize((columns, rows), Image.Resampling.LANCZOS)
    out = np.zeros(shape, dtype=np.uint8)
    top, left = (height - rows) // 2, (width - columns) // 2
    out[top : top + rows, left : left + columns] = np.asarray(scaled)
    return out


def _bytes(values: NDArray[np.float32]) -> NDArray[np.uint8]:
    rounded: NDArray[np.uint8] = np.clip(np.floor(values + 0.5), 0, 255).astype(np.uint8)
    return rounded
