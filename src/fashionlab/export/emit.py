"""How each layer of a builder is drawn in ONNX: as Keras defines it, on (N, C, H, W)."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import prod, sqrt
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import helper, numpy_helper

from fashionlab.errors import ModelError
from fashionlab.portable.symbolic import Layer, Value

Array = NDArray[Any]
Fold = tuple[Array, Array]  # scale and shift of each channel, (C,) each


@dataclass(frozen=True)
class Drawn:
    """A tensor of the graph; `shape` without N, (H, W, C) in Keras's order where it has channels.

    In the graph itself a tensor with channels is (N, C, H, W).
    """

    name: str
    shape: tuple[int, ...]


class Sheet:
    """The nodes and tensors of a graph that is being drawn, and the weights for it."""

    def __init__(self, weights: Mapping[str, Array]) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.tensors: list[onnx.TensorProto] = []
        self.weights, self.used = weights, set[str]()

    def node(self, operator: str, inputs: Sequence[str], output: str = "", **options: Any) -> str:
        """The name of what `operator` makes of `inputs`."""
        name = output or f"{operator.lower()}_{len(self.nodes)}"
        self.nodes.append(helper.make_node(operator, list(inputs), [name], name=name, **options))
        return name

    def tensor(self, value: Array, name: str = "") -> str:
        name = name or f"constant_{len(self.tensors)}"
        self.tensors.append(numpy_helper.from_array(np.ascontiguousarray(value), name))
        return name

    def scalar(self, value: float) -> str:
        return self.tensor(np.array(value, np.float32))

    def weight(self, layer: Layer, name: str) -> Array:
        """One of a layer's weights; ModelError where the run has none of this name."""
        key = f"{layer.name}.{name}"
        if key not in self.weights:
            raise ModelError(
                f"every layer must have its weights; {key} is missing; give a run as it was trained"
            )
        self.used.add(key)
        return self.weights[key]


def foldings(sheet: Sheet, values: Sequence[Value]) -> tuple[dict[int, Fold], set[int]]:
    """Batch normalisations that the convolution before them can do in its own weights.

    Returns the folds by the id of the convolution's value, and the ids of the normalisations' own
    values, of which nothing is left to draw. A maximum pool in between changes nothing where no
    channel is turned around: max(s x) = s max(x) for s >= 0.
    """
    folds: dict[int, Fold] = {}
    uses = Counter(id(source) for value in values for source in value.inputs)
    done = set()
    for value in values:
        if value.layer is None or value.layer.kind != "BatchNormalization":
            continue
        fold, source = _fold(sheet, value.layer), value.inputs[0]
        if _is(source, "MaxPooling2D") and uses[id(source)] == 1 and (fold[0] >= 0).all():
            source = source.inputs[0]
        if _is(source, "Conv2D") and uses[id(source)] == 1 and not _activated(source):
            folds[id(source)] = fold
            done.add(id(value))
    return folds, done


def _is(value: Value, kind: str) -> bool:
    return value.layer is not None and value.layer.kind == kind


def _activated(value: Value) -> bool:
    return value.layer is not None and value.layer.options.get("activation", "linear") != "linear"


def _fold(sheet: Sheet, layer: Layer) -> Fold:
    """gamma (x - mean) / sqrt(variance + epsilon) + beta as scale x + shift, in float64."""
    names = ("gamma", "beta", "moving_mean", "moving_variance")
    gamma, beta, mean, variance = (_double(sheet.weight(layer, name)) for name in names)
    scale = gamma / np.sqrt(variance + layer.options["epsilon"])
    return scale, beta - scale * mean


def draw_layer(sheet: Sheet, layer: Layer, inputs: Sequence[Drawn], fold: Fold | None) -> Drawn:
    """The output of `layer`; `fold` is a normalisation that a convolution does as well."""
    x, options = inputs[0], layer.options
    match layer.kind:
        case "Dropout":
            return x
        case "Rescaling":
            scaled = sheet.node("Mul", [x.name, sheet.scalar(options["scale"])])
            return Drawn(scaled, x.shape)
        case "Reshape":
            return _reshape(sheet, x, options["target_shape"])
        case "Flatten":
            return _flatten(sheet, x)
        case "Activation":
            return Drawn(activation(sheet, options["activation"], x.name), x.shape)
        case "Add":
            return Drawn(sheet.node("Add", [value.name for value in inputs]), x.shape)
        case "MaxPooling2D":
            return _max_pool(sheet, x, _pair(options["pool_size"]))
        case "Conv2D":
            return _convolution(sheet, layer, x, fold)
        case "BatchNormalization":
            return _normalization(sheet, layer, x)
        case "Dense":
            kernel, bias = sheet.weight(layer, "kernel"), sheet.weight(layer, "bias")
            names = [sheet.tensor(kernel, f"{layer.name}.kernel")]
            names += [sheet.tensor(bias, f"{layer.name}.bias")]
            z = sheet.node("Gemm", [x.name, *names])
            activated = activation(sheet, options.get("activation"), z)
            return Drawn(activated, (kernel.shape[1],))
    raise ModelError(f"a portable model has no layer {layer.kind!r}; choose another recipe")


def _reshape(sheet: Sheet, x: Drawn, shape: Sequence[int]) -> Drawn:
    """(H, W) to (H, W, 1): the channel is the axis after N here."""
    if tuple(shape) != (*x.shape, 1):
        raise ModelError(
            f"a portable model's images must be grey, {(*x.shape, 1)}; received {tuple(shape)}"
        )
    axis = sheet.tensor(np.array([1], np.int64))
    return Drawn(sheet.node("Unsqueeze", [x.name, axis]), tuple(shape))


def _flatten(sheet: Sheet, x: Drawn) -> Drawn:
    """In Keras's order: the channels of a pixel lie side by side."""
    name = x.name
    if len(x.shape) == 3 and x.shape[:2] != (1, 1):
        name = sheet.node("Transpose", [name], perm=[0, 2, 3, 1])
    return Drawn(sheet.node("Flatten", [name], axis=1), (prod(x.shape),))


def _max_pool(sheet: Sheet, x: Drawn, window: tuple[int, int]) -> Drawn:
    height, width, channels = x.shape
    pooled = sheet.node("MaxPool", [x.name], kernel_shape=window, strides=window)
    return Drawn(pooled, (height // window[0], width // window[1], channels))


def _convolution(sheet: Sheet, layer: Layer, x: Drawn, fold: Fold | None) -> Drawn:
    options = layer.options
    kernel = _double(sheet.weight(layer, "kernel"))  # (h, w, C, F)
    biased = options.get("use_bias", True)
    bias = _double(sheet.weight(layer, "bias")) if biased else np.zeros(kernel.shape[3])
    if fold:
        kernel, bias = kernel * fold[0], bias * fold[0] + fold[1]
    strides = _pair(options.get("strides", 1))
    same = options.get("padding", "valid") == "same"
    sides, pads = [], []
    for side, window, stride in zip(x.shape, kernel.shape[:2], strides, strict=False):
        left = -(-side // stride) if same else (side - window) // stride + 1
        pad = max((left - 1) * stride + window - side, 0) if same else 0
        sides.append(left)
        pads.append((pad // 2, pad - pad // 2))  # the odd one at the end, as Keras does
    convolved = sheet.node(
        "Conv",
        [
            x.name,
            sheet.tensor(kernel.transpose(3, 2, 0, 1).astype(np.float32), f"{layer.name}.kernel"),
            sheet.tensor(bias.astype(np.float32), f"{layer.name}.bias"),
        ],
        kernel_shape=kernel.shape[:2],
        strides=strides,
        pads=[before for before, _ in pads] + [after for _, after in pads],
    )
    activated = activation(sheet, options.get("activation"), convolved)
    return Drawn(activated, (*sides, kernel.shape[3]))


def _normalization(sheet: Sheet, layer: Layer, x: Drawn) -> Drawn:
    names = ("gamma", "beta", "moving_mean", "moving_variance")
    inputs = [sheet.tensor(sheet.weight(layer, name), f"{layer.name}.{name}") for name in names]
    epsilon = layer.options["epsilon"]
    return Drawn(sheet.node("BatchNormalization", [x.name, *inputs], epsilon=epsilon), x.shape)


def activation(sheet: Sheet, name: str | None, z: str) -> str:
    """Keras's activation of this name; ModelError for one that no portable model has."""
    match name:
        case None | "linear":
            return z
        case "softmax":
            return sheet.node("Softmax", [z], axis=1)
        case "leaky_relu":
            return sheet.node("LeakyRelu", [z], alpha=0.2)
        case "silu" | "swish":
            return sheet.node("Mul", [z, sheet.node("Sigmoid", [z])])
        case "gelu":  # z (1 + erf(z / sqrt(2))) / 2
            error = sheet.node("Erf", [sheet.node("Mul", [z, sheet.scalar(sqrt(0.5))])])
            more = sheet.node("Add", [error, sheet.scalar(1.0)])
            return sheet.node("Mul", [sheet.node("Mul", [z, sheet.scalar(0.5)]), more])
    if name not in SINGLE:
        known = ", ".join(["linear", "softmax", "leaky_relu", "silu", "gelu", *SINGLE])
        raise ModelError(f"a portable model's activations are {known}; received {name!r}")
    return sheet.node(SINGLE[name], [z])


# Activations that ONNX has, with the same constants.
SINGLE = {
    "relu": "Relu",
    "sigmoid": "Sigmoid",
    "tanh": "Tanh",
    "elu": "Elu",
    "selu": "Selu",
    "softplus": "Softplus",
    "softsign": "Softsign",
}


def _double(weight: Array) -> NDArray[np.float64]:
    return np.asarray(weight, np.float64)


def _pair(value: int | Sequence[int]) -> tuple[int, int]:
    if isinstance(value, int):
        return value, value
    height, width = value
    return height, width
