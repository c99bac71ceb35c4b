"""emit: a recipe and its weights -> an ONNX graph, from bytes to calibrated probabilities.

    images (N, H, W) or (N, H, W, 3) uint8 -> float -> [and their mirrors, 2N] -> the network
    -> probabilities (N, K), the mean over both views -> log -> / temperature -> softmax

    features of the network -> outlier head -> the mean over both views -> score (N, 1)

With channels, images are (N, C, H, W) inside: onnxruntime is fastest so. Needs the package onnx.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from fashionlab.errors import ModelError
from fashionlab.evaluation.calibration import LEAST
from fashionlab.evaluation.predictions import EPSILON
from fashionlab.export.emit import (
    GraphBuilder,
    Tensor,
    activation,
    emit_layer,
    flatten,
    foldings,
    is_activated,
)
from fashionlab.export.features import features
from fashionlab.export.outlier_head import Head
from fashionlab.models import BUILDERS
from fashionlab.portable.graph import OPSET
from fashionlab.portable.metadata import INPUT, KEY, OUTPUT, SCORE, Metadata
from fashionlab.portable.operators import CHANNELS_FIRST
from fashionlab.recipes import Recipe, trace

Array = NDArray[Any]

IR_VERSION = 8
TEMPERATURE = "temperature"
FEATURES = "features"
HEAD = "outlier"  # of the names of the head's nodes


def emit(
    recipe: Recipe,
    image_shape: tuple[int, ...],
    classes: int,
    weights: Mapping[str, Array],
    head: Head | None = None,
) -> onnx.ModelProto:
    """Return the model of `recipe` with temperature 1; `weights` are by name ("conv_1.kernel").

    With a `head` it has an outlier score too. Raises ModelError where the recipe has parts that no
    portable model has, or a weight is missing or left over.
    """
    graph = GraphBuilder(weights)
    images = graph.node("Cast", [INPUT], to=TensorProto.FLOAT)
    if recipe.flip_at_prediction:
        ends = ([-1], [-(2**31)], [2], [-1])  # from the last column to the first
        where = [graph.constant(np.array(x, np.int64)) for x in ends]
        images = graph.node("Concat", [images, graph.node("Slice", [images, *where])], axis=0)
    pixels = _channels_first(graph, images, image_shape)
    outputs, seen = _network(graph, pixels, recipe, classes)
    result = _calibrated(graph, _probabilities(graph, outputs, recipe), classes, recipe)
    graph.node("Identity", [result], output=OUTPUT)
    results = [helper.make_tensor_value_info(OUTPUT, TensorProto.FLOAT, ["N", classes])]
    if head is not None:
        _score(graph, features(graph, seen or [flatten(graph, pixels)]), head, recipe)
        results.append(helper.make_tensor_value_info(SCORE, TensorProto.FLOAT, ["N", 1]))
    if unused := sorted(set(weights) - graph.used):
        raise ModelError(
            f"every weight must belong to a layer of {recipe.builder}; {', '.join(unused[:3])} "
            "does not; give a run as it was trained"
        )
    return _model(graph, recipe.name, image_shape, results)


def emit_features(
    recipe: Recipe, image_shape: tuple[int, ...], classes: int, weights: Mapping[str, Array]
) -> onnx.ModelProto:
    """Return a graph from bytes, without mirrors, to FEATURES (N, F) and class scores (N, K)."""
    graph = GraphBuilder(weights)
    images = graph.node("Cast", [INPUT], to=TensorProto.FLOAT)
    pixels = _channels_first(graph, images, image_shape)
    outputs, seen = _network(graph, pixels, recipe, classes)
    flat = features(graph, seen or [flatten(graph, pixels)])
    width = sum(one.shape[0] for one in flat)
    graph.node("Concat", [one.name for one in flat], output=FEATURES, axis=1)
    graph.node("Identity", [outputs.name], output=OUTPUT)
    shapes = {FEATURES: width, OUTPUT: classes}
    results = [
        helper.make_tensor_value_info(name, TensorProto.FLOAT, ["N", size])
        for name, size in shapes.items()
    ]
    return _model(graph, recipe.name, image_shape, results)


def _channels_first(graph: GraphBuilder, images: str, shape: tuple[int, ...]) -> Tensor:
    if len(shape) == 3:
        images = graph.node("Transpose", [images], perm=CHANNELS_FIRST)
    return Tensor(images, shape)


def _model(
    graph: GraphBuilder,
    name: str,
    image_shape: tuple[int, ...],
    results: Sequence[onnx.ValueInfoProto],
) -> onnx.ModelProto:
    images = helper.make_tensor_value_info(INPUT, TensorProto.UINT8, ["N", *image_shape])
    return helper.make_model(
        helper.make_graph(graph.nodes, name, [images], results, graph.constants),
        opset_imports=[helper.make_opsetid("", OPSET)],
        ir_version=IR_VERSION,
        producer_name="fashionlab",
    )


def _network(
    graph: GraphBuilder, images: Tensor, recipe: Recipe, classes: int
) -> tuple[Tensor, list[Tensor]]:
    """Return the outputs of the builder's network, before the last activation, and its activations.

    These are the last ones of each resolution, and of each dense layer, in order.
    """
    output = BUILDERS[recipe.builder](
        trace, images.shape, classes, 0, output="linear", **recipe.model
    )
    values = trace.in_order(output)
    folds, done = foldings(graph, values)
    emitted: dict[int, Tensor] = {}
    activations: dict[Any, Tensor] = {}
    for value in values:
        inputs = [emitted[id(source)] for source in value.inputs] or [images]
        if value.layer is None or id(value) in done:
            emitted[id(value)] = inputs[0]
        else:
            tensor = emitted[id(value)] = emit_layer(
                graph, value.layer, inputs, folds.get(id(value))
            )
            if is_activated(value.layer):
                key = tensor.shape[:2] if len(tensor.shape) == 3 else tensor.name
                activations.pop(key, None)
                activations[key] = tensor
    return emitted[id(output)], [*activations.values()]


def _probabilities(graph: GraphBuilder, outputs: Tensor, recipe: Recipe) -> str:
    """Return the probabilities, as `evaluation.predictions.log_probabilities` computes them."""
    if recipe.output_activation == "linear":
        return graph.node("Softmax", [outputs.name], axis=1)
    if recipe.output_activation == "sigmoid":
        # onnxruntime's Sigmoid goes no lower than 1.5e-8, this goes on: exp(-log(1 + exp(-z))).
        softplus = graph.node("Softplus", [graph.node("Neg", [outputs.name])])
        positive = graph.node("Exp", [graph.node("Neg", [softplus])])
    else:
        positive = activation(graph, recipe.output_activation, outputs.name)
    least, one = graph.scalar(EPSILON), graph.scalar(1.0)
    total = graph.node("Max", [_sum(graph, positive), least])
    kept = graph.node("Clip", [graph.node("Div", [positive, total]), least, one])
    return graph.node("Div", [kept, _sum(graph, kept)])


def _sum(graph: GraphBuilder, name: str) -> str:
    return graph.node("ReduceSum", [name, graph.constant(np.array([1], np.int64))], keepdims=1)


def _calibrated(graph: GraphBuilder, probabilities: str, classes: int, recipe: Recipe) -> str:
    if recipe.flip_at_prediction:
        shape = graph.constant(np.array([2, -1, classes], np.int64))
        views = graph.node("Reshape", [probabilities, shape])  # (2, N, K)
        probabilities = graph.node("ReduceMean", [views], axes=[0], keepdims=0)
    log = graph.node("Log", [graph.node("Max", [probabilities, graph.scalar(LEAST)])])
    temperature = graph.constant(np.array(1, np.float32), TEMPERATURE)
    return graph.node("Softmax", [graph.node("Div", [log, temperature])], axis=1)


def _score(graph: GraphBuilder, flat: Sequence[Tensor], head: Head, recipe: Recipe) -> None:
    """Emit the outlier head on features (N, F), or (2N, F) with mirrors, as the output SCORE.

    Its nodes have names of their own, by which an export with 8 bits leaves them as they are.
    """

    def dense(x: str, kernel: Array, bias: Array, name: str) -> str:
        weights = {"kernel": kernel, "bias": bias}
        constants = [graph.constant(w, f"{name}.{part}") for part, w in weights.items()]
        return graph.node("Gemm", [x, *constants], output=name)

    total, first = "", 0
    for i, one in enumerate(flat):
        kernel = head.hidden[first : first + one.shape[0]]
        first += one.shape[0]
        bias = np.zeros_like(head.hidden_bias) if i else head.hidden_bias
        part = dense(one.name, kernel, bias, f"{HEAD}_hidden_{i}")
        total = graph.node("Add", [total, part], output=f"{HEAD}_sum_{i}") if i else part
    active = graph.node("Relu", [total], output=f"{HEAD}_relu")
    score = dense(active, head.output, head.output_bias, f"{HEAD}_output")
    if recipe.flip_at_prediction:
        shape = graph.constant(np.array([2, -1, 1], np.int64))
        views = graph.node("Reshape", [score, shape], output=f"{HEAD}_views")
        score = graph.node("ReduceMean", [views], output=f"{HEAD}_mean", axes=[0], keepdims=0)
    graph.node("Identity", [score], output=SCORE)


def finished(model: onnx.ModelProto, metadata: Metadata) -> bytes:
    """Return the file: the model with its temperature and metadata, checked by onnx."""
    whole = onnx.ModelProto()
    whole.CopyFrom(model)
    value = np.array(metadata.temperature, np.float32)
    for tensor in whole.graph.initializer:
        if tensor.name == TEMPERATURE:
            tensor.CopyFrom(numpy_helper.from_array(value, TEMPERATURE))
    helper.set_model_props(whole, {KEY: metadata.to_json()})
    onnx.checker.check_model(whole, full_check=True)
    return bytes(whole.SerializeToString(deterministic=True))
