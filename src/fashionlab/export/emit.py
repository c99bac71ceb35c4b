"""emit_layer: each layer of a builder in ONNX's operators, as Keras defines it, on (N, C, H, W)."""

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
from fashionlab.portable.operators import CHANNELS_LAST
from fashionlab.recipes.trace import Layer, Value

Array = NDArray[Any]
STATISTICS = ("gamma", "beta", "moving_mean", "moving_variance")
Fold = tuple[Array, Array]  # scale and shift of each channel, (C,) each


@dataclass(frozen=True)
class Tensor:
    """A tensor of the graph; `shape` is without N, (H, W, C) in Keras's order with channels.

    In the graph itself a tensor with channels is (N, C, H, W).
    """

    name: str
    shape: tuple[int, ...]


class GraphBuilder:
    """The nodes and constants of a graph that is being built, and the weights for it."""

    def __init__(self, weights: Mapping[str, Array]) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.constants: list[onnx.TensorProto] = []
        self.weights, self.used = weights, set[str]()

    def node(self, operator: str, inputs: Sequence[str], output: str = "", **options: Any) -> str:
        """Add a node, and return the name of its output."""
        name = output or f"{operator.lower()}_{len(self.nodes)}"
        self.nodes.append(helper.make_node(operator, list(inputs), [name], name=name, **options))
        return name

    def constant(self, value: Array, name: str = "") -> str:
        """Add a constant, and return its name."""
        name = name or f"constant_{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.ascontiguousarray(value), name))
        return name

    def scalar(self, value: float) -> str:
        """Add a float32, and return its name."""
        return self.constant(np.array(value, np.float32))

    def weight(self, layer: Layer, name: str) -> Array:
        """Return one of a layer's weights; ModelError where the run has none of this name."""
        key = f"{layer.name}.{name}"
        if key not in self.weights:
            raise ModelError(
                f"every layer must have its weights; {key} is missing; give a run as it was trained"
            )
        self.used.add(key)
        return self.weights[key]

    def weight_constant(self, layer: Layer, name: str) -> str:
        """Add one of a layer's weights as a constant, and return its name."""
        return self.constant(self.weight(layer, name), f"{layer.name}.{name}")


def foldings(graph: GraphBuilder, values: Sequence[Value]) -> tuple[dict[int, Fold], set[int]]:
    """Return the batch normalisations that fold into the convolution before them.

    These are folds by the id of the convolution's value, and the ids of the normalisations'
    values, which need no node. A maximum pool in between allows it where no channel changes its
    sign: max(s x) = s max(x) for s >= 0.
    """
    folds: dict[int, Fold] = {}
    uses = Counter(id(source) for value in values for source in value.inputs)
    done = set()
    for value in values:
        if value.layer is None or value.layer.kind != "BatchNormalization":
            continue
        fold, source = _fold(graph, value.layer), value.inputs[0]
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


def is_activated(layer: Layer) -> bool:
    """Return whether a layer gives activations: by itself, in a convolution or as a block's sum."""
    own = layer.options.get("activation", "linear") not in (None, "linear")
    return own or layer.kind == "Add"


def _fold(graph: GraphBuilder, layer: Layer) -> Fold:
    """Return gamma (x - mean) / sqrt(variance + epsilon) + beta as scale x + shift, in float64."""
    gamma, beta, mean, variance = (_double(graph.weight(layer, name)) for name in STATISTICS)
    scale = gamma / np.sqrt(variance + layer.options["epsilon"])
    return scale, beta - scale * mean


def emit_layer(
    graph: GraphBuilder, layer: Layer, inputs: Sequence[Tensor], fold: Fold | None
) -> Tensor:
    """Emit `layer` and return its output; `fold` is a normalisation inside a convolution."""
    x, options = inputs[0], layer.options
    match layer.kind:
        case "Dropout":
            return x
        case "Rescaling":
            scaled = graph.node("Mul", [x.name, graph.scalar(options["scale"])])
            return Tensor(scaled, x.shape)
        case "Reshape":
            return _reshape(graph, x, options["target_shape"])
        case "Flatten":
            return flatten(graph, x)
        case "Activation":
            return Tensor(activation(graph, options["activation"], x.name), x.shape)
        case "Add":
            return Tensor(graph.node("Add", [value.name for value in inputs]), x.shape)
        case "MaxPooling2D":
            (height, width, channels), window = x.shape, _pair(options["pool_size"])
            pooled = graph.node("MaxPool", [x.name], kernel_shape=window, strides=window)
            return Tensor(pooled, (height // window[0], width // window[1], channels))
        case "GlobalAveragePooling2D":
            mean = graph.node("ReduceMean", [x.name], axes=[2, 3], keepdims=0)
            return Tensor(mean, x.shape[2:])
        case "Conv2D":
            return _convolution(graph, layer, x, fold)
        case "BatchNormalization":
            names = [graph.weight_constant(layer, name) for name in STATISTICS]
            normal = graph.node("BatchNormalization", [x.name, *names], epsilon=options["epsilon"])
            return Tensor(normal, x.shape)
        case "Dense":
            names = [graph.weight_constant(layer, name) for name in ("kernel", "bias")]
            z = graph.node("Gemm", [x.name, *names])
            units = graph.weight(layer, "kernel").shape[1]
            return Tensor(activation(graph, options.get("activation"), z), (units,))
    raise ModelError(f"a portable model has no layer {layer.kind!r}; choose another recipe")


def _reshape(graph: GraphBuilder, x: Tensor, shape: Sequence[int]) -> Tensor:
    """Emit (H, W) to (H, W, 1): the channel is the axis after N here; (H, W, C) stays."""
    if tuple(shape) == x.shape:
        return x
    if tuple(shape) != (*x.shape, 1):
        raise ModelError(
            f"a portable model reshapes {x.shape} to {(*x.shape, 1)} alone; received {tuple(shape)}"
        )
    axis = graph.constant(np.array([1], np.int64))
    return Tensor(graph.node("Unsqueeze", [x.name, axis]), tuple(shape))


def flatten(graph: GraphBuilder, x: Tensor) -> Tensor:
    """Emit a Flatten in Keras's order: the channels of a pixel are adjacent."""
    name = x.name
    if len(x.shape) == 3 and x.shape[:2] != (1, 1):
        name = graph.node("Transpose", [name], perm=CHANNELS_LAST)
    return Tensor(graph.node("Flatten", [name], axis=1), (prod(x.shape),))


def _convolution(graph: GraphBuilder, layer: Layer, x: Tensor, fold: Fold | None) -> Tensor:
    options = layer.options
    kernel = _double(graph.weight(layer, "kernel"))  # (h, w, C, F)
    biased = options.get("use_bias", True)
    bias = _double(graph.weight(layer, "bias")) if biased else np.zeros(kernel.shape[3])
    if fold:
        kernel, bias = kernel * fold[0], bias * fold[0] + fold[1]
    strides = _pair(options.get("strides", 1))
    same = options.get("padding", "valid") == "same"
    sides, pads = [], []
    for side, window, stride in zip(x.shape, kernel.shape[:2], strides, strict=False):
        left = -(-side // stride) if same else (side - window) // stride + 1
        pad = max((left - 1) * stride + window - side, 0) if same else 0
        sides.append(left)
        pads.append((pad // 2, pad - pad // 2))  # the odd one at the end, as in Keras
    convolved = graph.node(
        "Conv",
        [
            x.name,
            graph.constant(kernel.transpose(3, 2, 0, 1).astype(np.float32), f"{layer.name}.kernel"),
            graph.constant(bias.astype(np.float32), f"{layer.name}.bias"),
        ],
        kernel_shape=kernel.shape[:2],
        strides=strides,
        pads=[before for before, _ in pads] + [after for _, after in pads],
    )
    activated = activation(graph, options.get("activation"), convolved)
    return Tensor(activated, (*sides, kernel.shape[3]))


def activation(graph: GraphBuilder, name: str | None, z: str) -> str:
    """Emit Keras's activation of this name; ModelError for one that no portable model has."""
    match name:
        case None | "linear":
            return z
        case "softmax":
            return graph.node("Softmax", [z], axis=1)
        case "leaky_relu":
            return graph.node("LeakyRelu", [z], alpha=0.2)
        case "silu" | "swish":
            return graph.node("Mul", [z, graph.node("Sigmoid", [z])])
        case "gelu":  # z (1 + erf(z / sqrt(2))) / 2
            error = graph.node("Erf", [graph.node("Mul", [z, graph.scalar(sqrt(0.5))])])
            more = graph.node("Add", [error, graph.scalar(1.0)])
            return graph.node("Mul", [graph.node("Mul", [z, graph.scalar(0.5)]), more])
    if name not in SINGLE:
        known = ", ".join(("linear", "softmax", "leaky_relu", "silu", "gelu", *SINGLE))
        raise ModelError(f"a portable model's activations are {known}; received {name!r}")
    return graph.node(name.capitalize(), [z])


# Activations that ONNX has, by its names in lower case.
SINGLE = ("relu", "sigmoid", "tanh", "elu", "selu", "softplus", "softsign")


def _double(weight: Array) -> NDArray[np.float64]:
    return np.asarray(weight, np.float64)


def _pair(value: int | Sequence[int]) -> tuple[int, int]:
    height, width = (value, value) if isinstance(value, int) else value
    return height, width
