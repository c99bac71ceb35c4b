"""prepare: a photo becomes an image that a model takes, by one of two preparations.

    fit      the whole picture, scaled and centred on black; grey or in colour
    garment  a garment on a plain background, found, cut out and made light on black; grey

Fashion-MNIST's authors trimmed photos on a white background, scaled the longer side to 28 pixels,
centred them and negated the grey (Xiao, Rasul and Vollgraf, 2017, section 2); nearly every image
reaches 255. page/browser/preprocess.js does the same in a browser, with these constants: change
both; tests/page compares them.

Symbols: H, W the model's image; h, w the photo at its working size; grey and colours 0..255.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from fashionlab.errors import InvalidValueError
from fashionlab.images import PREPARATIONS, Preparation, segment
from fashionlab.images.photo import Photo
from fashionlab.images.scale import fit, to_bytes
from fashionlab.images.segment import Mask

WORKING_SIDE = 256  # pixels; a larger photo is reduced to between this and twice as many
LARGEST_WORKING_SIDE = 1024  # no model's image is larger; of others, twice the side is kept
LUMA = (0.299, 0.587, 0.114)  # of red, green, blue: ITU-R BT.601
CUT_OUT = 0.05  # share of transparent pixels; rounded corners have less
BRIGHTEST = 0.99  # share of the garment's pixels that white is set by; highlights lie above it
MARGIN = 0.15  # of the garment's longer side, around it, when a small one is looked at again
NEARLY_WHITE = 240.0  # grey; a garment that is cut out is seen on white, where it does not vanish
# Notes on what was done.
UPRIGHT = "turned upright"
CUT = "cut out along its transparency"
INVERTED = "darker than its background: inverted"
NOT_INVERTED = "lighter than its background: not inverted"
LIGHT_BORDER = "light border: inverted"
NOT_SCALED = "already of the model's size: not scaled"
WHOLE = "whole picture, scaled to fit"
ON_WHITE = "laid on white where it is transparent"
GREYED = "made grey"

Box = tuple[int, int, int, int]  # left, top, right, bottom, in pixels of the upright photo
Plane = NDArray[np.float64]  # (h, w)


@dataclass(frozen=True, eq=False)
class Prepared:
    """The image that a model takes of a photo."""

    image: NDArray[np.uint8]  # (H, W), or (H, W, 3): red, green, blue
    found: bool  # whether there is a garment; True where none is looked for
    reason: str = ""  # why no garment was found, in a sentence; then `image` is the whole photo
    notes: tuple[str, ...] = ()  # what was done, in plain words
    box: Box | None = None  # of what `image` shows


def prepare(photo: Photo, shape: tuple[int, ...], preparation: Preparation) -> Prepared:
    """Return the image of a photo for a model of images (H, W), or (H, W, 3) in colour.

    "fit" scales the whole picture, over white where it is transparent, so that it touches both
    ends of one side, and centres it on black. "garment" finds what lies on a plain background.
    A picture of exactly H x W pixels is not scaled. Raises InvalidValueError for garments in
    colour, or another preparation.
    """
    if preparation not in PREPARATIONS or (preparation == "garment" and len(shape) != 2):
        raise InvalidValueError(
            "preparation must be fit, or for grey images garment; received "
            f"{preparation!r:.40} for images {shape}"
        )
    notes = [UPRIGHT] if photo.turned else []
    if preparation == "fit":
        return _whole(photo.image, shape, notes)
    return _garment(photo.image, shape, notes)


def _whole(image: Image.Image, shape: tuple[int, ...], notes: list[str]) -> Prepared:
    side = max(WORKING_SIDE, min(2 * max(shape[:2]), LARGEST_WORKING_SIDE))
    colours, alpha = _working(image, _factor(image, side))
    if alpha.min() < 255:
        notes.append(ON_WHITE)
    in_colour = len(shape) == 3
    if not in_colour and np.ptp(colours, axis=2).any():
        notes.append(GREYED)
    notes.append(NOT_SCALED if (image.height, image.width) == shape[:2] else WHOLE)
    scaled = fit(colours if in_colour else colours @ LUMA, shape[:2])
    return Prepared(scaled, True, "", tuple(notes), (0, 0, *image.size))


def _garment(image: Image.Image, shape: tuple[int, ...], notes: list[str]) -> Prepared:
    """Return the garment: what is cut out by transparency, or differs from the background.

    The background is fitted to the border, and what differs from it in colour is the garment. It is
    made light on black, and scaled so that it fills the image. A picture of exactly (H, W) pixels
    is taken as it is, inverted where its border is light.
    """
    if (image.height, image.width) == shape:
        return _as_it_is(image, notes)
    prepared = _look(image, shape, notes)
    if prepared.box is None or (near := _around(prepared.box, image.size)) is None:
        return prepared
    closer = _look(image.crop(near), shape, notes)
    if closer.box is None:
        return prepared
    left, top, right, bottom = closer.box
    dx, dy, _, _ = near
    return replace(closer, box=(left + dx, top + dy, right + dx, bottom + dy))


def _look(image: Image.Image, shape: tuple[int, ...], notes: list[str]) -> Prepared:
    """Return the garment of a photo, as far as the working size shows it."""
    notes = [*notes]
    factor = _factor(image, WORKING_SIDE)
    colours, alpha = _working(image, factor)  # (h, w, 3) over white, (h, w)
    grey = colours @ LUMA  # (h, w)
    clear = float((alpha < 128).mean())
    if CUT_OUT <= clear < 1:
        mask, why, base = segment.clean(alpha >= 128), "", NEARLY_WHITE
        notes.append(CUT)
    else:
        background = segment.background(colours)  # (h, w, 3)
        mask, why = segment.foreground(colours, background)
        base = float((background @ LUMA)[mask].mean()) if mask.any() else 0.0
    if why or not mask.any():
        light = to_bytes(255 - grey if grey.mean() > 127 else grey)
        return Prepared(fit(light, shape), False, why or segment.NOTHING, tuple(notes))

    darker = float(grey[mask].mean()) < base
    values = 255 - grey if darker else grey - (255 - alpha)  # (h, w); both are 0 where all is clear
    notes.append(INVERTED if darker else NOT_INVERTED)
    left, top, right, bottom = segment.box(mask)
    cut = _stretched(values, mask)[top:bottom, left:right]
    corner = left * factor, top * factor
    box = *corner, min(right * factor, image.width), min(bottom * factor, image.height)
    return Prepared(fit(cut, shape), True, "", tuple(notes), box)


def _around(box: Box, size: tuple[int, int]) -> Box | None:
    """Return the part of a photo to look at closely; None where the garment is large enough."""
    left, top, right, bottom = box
    side, whole = max(right - left, bottom - top), max(size)
    if side >= whole / 2 or whole < 2 * WORKING_SIDE:
        return None
    margin = int(side * MARGIN) + whole // WORKING_SIDE
    corner = max(0, left - margin), max(0, top - margin)
    return *corner, min(size[0], right + margin), min(size[1], bottom + margin)


def _as_it_is(image: Image.Image, notes: list[str]) -> Prepared:
    colours, _ = _working(image, 1)
    grey = to_bytes(colours @ LUMA)
    border = np.concatenate([grey[0], grey[-1], grey[1:-1, 0], grey[1:-1, -1]])
    if border.mean() > 127:
        grey, notes = 255 - grey, [*notes, LIGHT_BORDER]
    return Prepared(grey, True, "", (*notes, NOT_SCALED), (0, 0, image.width, image.height))


def _factor(image: Image.Image, side: int) -> int:
    """Return by how much to reduce a photo whose longer side is above `side`, to no less."""
    return max(1, max(image.size) // side)


def _working(image: Image.Image, factor: int) -> tuple[NDArray[np.float64], Plane]:
    """Return the photo over white (h, w, 3) and its alpha (h, w): the means of small squares."""
    if image.mode == "RGBA":  # by premultiplied colours, so that hidden ones do not bleed in
        reduced = np.asarray(image.convert("RGBa").reduce(factor), dtype=np.float64)
        alpha = reduced[..., 3]
        return reduced[..., :3] + (255 - alpha[..., None]), alpha
    reduced = np.asarray(image.reduce(factor).convert("RGB"), dtype=np.float64)
    return reduced, np.full(reduced.shape[:2], 255.0)


def _stretched(values: Plane, mask: Mask) -> NDArray[np.uint8]:
    """Return the garment stretched up to white, by BRIGHTEST of its pixels, and all else black."""
    counts = np.bincount(to_bytes(values)[mask], minlength=256).cumsum()
    top = int(np.searchsorted(counts, BRIGHTEST * counts[-1]))
    return np.where(mask, to_bytes(values * (255 / max(top, 1))), 0).astype(np.uint8)
