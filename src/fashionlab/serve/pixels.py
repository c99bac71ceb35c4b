"""images, image: JSON numbers -> a uint8 array, or a Refused that says what is wrong.

A pixel is a number, or in colour a list of three: red, green and blue.
"""

from itertools import chain
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic_core import from_json

from fashionlab.serve.errors import Refused

Shape = tuple[int, ...]  # (H, W), or (H, W, 3) in colour


def images(body: bytes, shape: Shape, most: int) -> NDArray[np.uint8]:
    """Return (N, *shape) of {"images": [[[0..255]]]}, 1 <= N <= `most`; Refused (400 or 422)."""
    _require_plain(body, shape, most)
    value = _only_key(body, "images")
    if not isinstance(value, list) or not 1 <= len(value) <= most:
        received = f"{len(value):,}" if isinstance(value, list) else _kind(value)
        raise Refused(422, f"images must be a list of 1 to {most} images; received {received}")
    return np.stack([_image(x, shape, f"images[{i}]") for i, x in enumerate(value)])


def image(body: bytes, shape: Shape) -> NDArray[np.uint8]:
    """Return an image of {"image": [[0..255]]}. Raises Refused (400 or 422)."""
    _require_plain(body, shape, 1)
    return _image(_only_key(body, "image"), shape, "image")


def _require_plain(body: bytes, shape: Shape, most: int) -> None:
    """Refuse a body with too many signs before it is parsed: a million lists take seconds."""
    height, width, *colours = shape
    lists = most * (height + 1) + 1
    if colours:  # a list each, of which the shortest takes 8 bytes: "[0,0,0],"
        lists += min(most * height * width, len(body) // 8)
    # As many of each as valid JSON of so many images has at most.
    for sign, count in ((b"[", lists), (b",", most * prod(shape)), (b'"', 20)):
        if body.count(sign) > count:
            sides = " x ".join(map(str, shape))
            raise Refused(
                422,
                f"the body must be {{...: up to {most} images of {sides} numbers}} "
                f"and nothing else; received more than {count:,} of {sign.decode()}",
            )


def _only_key(body: bytes, key: str) -> Any:
    try:
        # This parser is fast, and bounds how deep lists nest, and so the stack.
        value = from_json(body, allow_inf_nan=False)
    except ValueError as error:
        raise Refused(400, f"the body must be JSON; received something else ({error})") from error
    if not isinstance(value, dict) or set(value) != {key}:
        received = f"keys {sorted(value)[:5]!r}"[:80] if isinstance(value, dict) else _kind(value)
        raise Refused(
            422, f'the body must be {{"{key}": ...}} and nothing else; received {received}'
        )
    return value[key]


def _image(rows: Any, shape: Shape, name: str) -> NDArray[np.uint8]:
    height, width, *colours = shape
    pixel = "colours of 3 numbers" if colours else "numbers"
    if not isinstance(rows, list) or len(rows) != height:
        received = f"{len(rows):,} rows" if isinstance(rows, list) else _kind(rows)
        raise Refused(422, f"{name} must be {height} rows of {width} {pixel}; received {received}")
    for i, row in enumerate(rows):
        if not isinstance(row, list) or len(row) != width:
            received = f"{len(row):,} items" if isinstance(row, list) else _kind(row)
            raise Refused(422, f"{name}[{i}] must have {width} {pixel}; received {received}")
    # set(map(type)) and bytes() look at every number without a step of Python for each. bytes()
    # alone would take true for 1.
    flat = list(chain.from_iterable(rows))
    if colours:
        if set(map(type, flat)) != {list} or set(map(len, flat)) != set(colours):
            wrong = next(x for x in flat if type(x) is not list or len(x) != colours[0])
            received = f"{len(wrong):,} numbers" if isinstance(wrong, list) else _kind(wrong)
            raise Refused(
                422,
                f"a pixel of {name} must be 3 numbers, red, green and blue; received {received}",
            )
        flat = list(chain.from_iterable(flat))
    if set(map(type, flat)) == {int}:
        try:
            return np.frombuffer(bytes(flat), np.uint8).reshape(shape)
        except ValueError:  # one of them is not in 0..255
            pass
    wrong = next(x for x in flat if type(x) is not int or not 0 <= x <= 255)
    received = f"{wrong!r}"[:40] if type(wrong) in (int, float) else _kind(wrong)
    raise Refused(422, f"{name} must have whole numbers from 0 to 255; received {received}")


def _kind(value: Any) -> str:
    names = {dict: "an object", list: "a list", str: "text", bool: "true or false"}
    return names.get(type(value), "null" if value is None else "a number")
