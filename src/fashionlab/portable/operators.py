"""RULES: what each operator of a portable model takes, and the shape of what it gives.

An operator without a rule is refused, and so is any input, attribute or constant that `fashionlab
export` does not write. Nothing is broadcast but a constant, or a sum over the classes, into the
value before it: no value is larger than its operator's inputs account for.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import prod
from typing import Any

from fashionlab.portable.graph import FLOAT32, INT8, INT32, INT64, UINT8

BYTES = {FLOAT32: 4, UINT8: 1, INT8: 1, INT32: 4, INT64: 8}  # of a number of each data type
CODES = {FLOAT32: "f", UINT8: "u", INT8: "b", INT32: "i", INT64: "l"}
BLOCK = 16  # channels that onnxruntime computes together: it fills up to a multiple of it
LAST_COLUMN_TO_FIRST = [(-1,), (-(2**31),), (2,), (-1,)]  # starts, ends, axes, steps of a mirror
CHANNELS_LAST, CHANNELS_FIRST = (0, 2, 3, 1), (0, 3, 1, 2)  # as Transpose has it

Shape = tuple[int, ...]
Attributes = dict[str, Any]


@dataclass(frozen=True)
class Value:
    """A value of the graph: of constants, or of the images, as `varies` says."""

    kind: int  # its data type
    shape: Shape
    varies: bool = True
    numbers: tuple[int, ...] = ()  # of a constant that is a shape, an axis or an index

    @property
    def code(self) -> str:
        """The letter that stands for it in RULES: a capital where it varies."""
        letter = CODES[self.kind]
        return letter.upper() if self.varies else letter

    @property
    def bytes(self) -> int:
        """Its memory, with channels as onnxruntime fills them up."""
        n, *rest = self.shape or (1,)
        if len(rest) == 3:
            rest[0] = filled(rest[0])
        return n * prod(rest) * BYTES[self.kind]


class _MismatchError(ValueError):
    """A rule does not hold."""


def _require(holds: bool) -> None:
    if not holds:
        raise _MismatchError


def filled(channels: int) -> int:
    """Return the channels that onnxruntime computes for so many."""
    return -(-channels // BLOCK) * BLOCK


def _into(attributes: Attributes, x: Value, *others: Value) -> Shape:
    """Return the shape of x, to which all others can be broadcast."""
    for y in others:
        _require(len(y.shape) <= len(x.shape))
        pairs = zip(reversed(x.shape), reversed(y.shape), strict=False)
        _require(all(side in (1, whole) for whole, side in pairs))
    return x.shape


def _concat(attributes: Attributes, x: Value, y: Value) -> Shape:
    _require(attributes["axis"] == 0 and x.shape[1:] == y.shape[1:] and len(x.shape) > 1)
    return (x.shape[0] + y.shape[0], *x.shape[1:])


def _conv(attributes: Attributes, x: Value, kernel: Value, bias: Value) -> Shape:
    (n, channels, *sides), (filters, depth, *window) = x.shape, kernel.shape
    pads, strides = attributes["pads"], attributes["strides"]
    _require(len(sides) == len(window) == len(strides) == 2 and len(pads) == 4)
    _require(depth == channels and bias.shape == (filters,))
    _require(attributes["kernel_shape"] == tuple(window) and min(pads) >= 0)
    _require(max(pads[0], pads[2]) < window[0] and max(pads[1], pads[3]) < window[1])
    padded = [side + pads[i] + pads[i + 2] for i, side in enumerate(sides)]
    return (n, filters, *_places(padded, window, strides))


def _places(sides: Sequence[int], window: Sequence[int], strides: Sequence[int]) -> Shape:
    """Return how many places a window has along each side."""
    _require(min(*window, *strides) >= 1)
    left = [(side - w) // s + 1 for side, w, s in zip(sides, window, strides, strict=True)]
    _require(min(left) >= 1)
    return tuple(left)


def _max_pool(attributes: Attributes, x: Value) -> Shape:
    (n, channels, *sides), window = x.shape, attributes["kernel_shape"]
    _require(len(sides) == len(window) == 2 and attributes["strides"] == window)
    return (n, channels, *_places(sides, window, window))


def _batch_normalization(attributes: Attributes, x: Value, *statistics: Value) -> Shape:
    _require(all(y.shape == x.shape[1:2] for y in statistics) and attributes["epsilon"] >= 0)
    return x.shape


def _cast(attributes: Attributes, x: Value) -> Shape:
    _require(attributes["to"] == FLOAT32)
    return x.shape


def _scaled(attributes: Attributes, x: Value, scale: Value, zero: Value) -> Shape:
    """Return the shape of x, which has one scale, or one for each index of `axis`."""
    axis = attributes.get("axis", 0)
    _require(scale.shape == zero.shape and 0 <= axis <= 1)
    _require(scale.shape == () or (not x.varies and scale.shape == x.shape[axis : axis + 1]))
    return x.shape


def _flatten(attributes: Attributes, x: Value) -> Shape:
    _require(attributes["axis"] == 1)
    return x.shape[0], prod(x.shape[1:])


def _gemm(attributes: Attributes, x: Value, kernel: Value, bias: Value) -> Shape:
    (n, inputs), (depth, units) = x.shape, kernel.shape
    _require(depth == inputs and bias.shape == (units,))
    return n, units


def _reduce_mean(attributes: Attributes, x: Value) -> Shape:
    """Return the shape without the axis of the views, or without those of height and width."""
    _require(attributes["keepdims"] == 0)
    if attributes["axes"] == (2, 3):
        n, channels, _, _ = x.shape
        return n, channels
    _require(attributes["axes"] == (0,) and len(x.shape) == 3)
    return x.shape[1:]


def _reduce_sum(attributes: Attributes, x: Value, axes: Value) -> Shape:
    _require(axes.numbers == (1,) and attributes["keepdims"] == 1)
    n, _ = x.shape
    return n, 1


def _reshape(attributes: Attributes, x: Value, shape: Value) -> Shape:
    """Return (2, N, K) for (2N, K): the views of each image."""
    (n, classes), views = x.shape, 2
    _require(shape.numbers == (views, -1, classes) and n % views == 0)
    return views, n // views, classes


def _mirror(attributes: Attributes, x: Value, *where: Value) -> Shape:
    """Return the shape of images (N, H, W) or (N, H, W, C), whose columns are turned round."""
    _require([one.numbers for one in where] == LAST_COLUMN_TO_FIRST and len(x.shape) in (3, 4))
    return x.shape


def _softmax(attributes: Attributes, x: Value) -> Shape:
    _require(attributes["axis"] == 1 and len(x.shape) > 1)
    return x.shape


def _transpose(attributes: Attributes, x: Value) -> Shape:
    """Return the shape with channels moved from first to last, or from last to first."""
    _require(attributes["perm"] in (CHANNELS_LAST, CHANNELS_FIRST))
    _, _, _, _ = x.shape
    return tuple(x.shape[axis] for axis in attributes["perm"])


def _unsqueeze(attributes: Attributes, x: Value, axes: Value) -> Shape:
    _require(axes.numbers == (1,))
    n, height, width = x.shape
    return n, 1, height, width


# An operator's rule, the codes of its inputs in each combination, and its attributes. A result is
# of float32, but QuantizeLinear's.
Rule = tuple[Callable[..., Shape], str, str]
RULES: dict[str, Rule] = {
    "Add": (_into, "FF Ff", ""),
    "BatchNormalization": (_batch_normalization, "Fffff", "epsilon"),
    "Cast": (_cast, "U", "to"),
    "Clip": (_into, "Fff", ""),
    "Concat": (_concat, "FF", "axis"),
    "Conv": (_conv, "Fff", "kernel_shape pads strides"),
    "DequantizeLinear": (_scaled, "Ufu ufu bfb ifi", "[axis]"),
    "Div": (_into, "FF Ff", ""),
    "Elu": (_into, "F", ""),
    "Erf": (_into, "F", ""),
    "Exp": (_into, "F", ""),
    "Flatten": (_flatten, "F", "axis"),
    "Gemm": (_gemm, "Fff", ""),
    "Identity": (_into, "F", ""),
    "LeakyRelu": (_into, "F", "alpha"),
    "Log": (_into, "F", ""),
    "Max": (_into, "Ff", ""),
    "MaxPool": (_max_pool, "F", "kernel_shape strides"),
    "Mul": (_into, "FF Ff", ""),
    "Neg": (_into, "F", ""),
    "QuantizeLinear": (_scaled, "Ffu", ""),
    "ReduceMean": (_reduce_mean, "F", "axes keepdims"),
    "ReduceSum": (_reduce_sum, "Fl", "keepdims"),
    "Relu": (_into, "F", ""),
    "Reshape": (_reshape, "Fl", ""),
    "Selu": (_into, "F", ""),
    "Sigmoid": (_into, "F", ""),
    "Slice": (_mirror, "Fllll", ""),
    "Softmax": (_softmax, "F", "axis"),
    "Softplus": (_into, "F", ""),
    "Softsign": (_into, "F", ""),
    "Tanh": (_into, "F", ""),
    "Transpose": (_transpose, "F", "perm"),
    "Unsqueeze": (_unsqueeze, "Fl", ""),
}
