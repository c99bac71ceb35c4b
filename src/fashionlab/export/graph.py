"""emit: a recipe and its weights -> an ONNX graph, from bytes to calibrated probabilities.

    images (N, H, W) or (N, H, W, 3) uint8 -> float -> [and their mirrors, 2N] -> the network
    -> probabilities (N, K), the mean over both views -> log -> / temperature -> softmax

With channels, images are (N, C, H, W) inside: onnxruntime is fastest so. Needs the package onnx.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from fashionlab.errors import ModelError
from fashionlab.evaluation.calibration import LEAST
from fashionlab.evaluation.predictions import EPSILON
from fashionlab.export.emit import GraphBuilder, Tensor, activation, emit_layer, foldings
from fashionlab.models import BUILDERS
from fashionlab.portable.graph import OPSET
from fashionlab.portable.metadata import INPUT, KEY, OUTPUT, Metadata
from fashionlab.portable.operators import CHANNELS_FIRST
from fashionlab.recipes import Recipe, trace

Array = NDArray[Any]

IR_VERSION = 8
TEMPERATURE = "temperature"


def emit(
    recipe: Recipe, image_shape: tuple[int, ...], classes: int, weights: Mapping[str, Array]
) -> onnx.ModelProto:
    """Return the model of `recipe` with temperature 1; `weights` are by name ("conv_1.kernel").

    Raises ModelError where the recipe has parts that no portable model has, or a weight is missing
    or left over.
    """
    graph = GraphBuilder(weights)
    images = graph.node("Cast", [INPUT], to=TensorProto.FLOAT)
    if recipe.flip_at_prediction:
        ends = ([-1], [-(2**31)], [2], [-1])  # from the last column to the first
        where = [graph.constant(np.array(x, np.int64)) for x in ends]
        images = graph.node("Concat", [images, graph.node("Slice", [images, *where])], axis=0)
    if len(image_shape) == 3:
        images = graph.node("Transpose", [images], perm=CHANNELS_FIRST)
    outputs = _network(graph, Tensor(images, image_shape), recipe, classes)
    result = _calibrated(graph, _probabilities(graph, outputs, recipe), classes, recipe)
    graph.node("Identity", [result], output=OUTPUT)
    if unused := sorted(set(weights) - graph.used):
        raise ModelError(
            f"every weight must belong to a layer of {recipe.builder}; {', '.join(unused[:3])} "
            "does not; give a run as it was trained"
        )
    whole = helper.make_graph(
        graph.nodes,
        recipe.name,
        [helper.make_tensor_value_info(INPUT, TensorProto.UINT8, ["N", *image_shape])],
        [helper.make_tensor_value_info(OUTPUT, TensorProto.FLOAT, ["N", classes])],
        graph.constants,
    )
    return helper.make_model(
        whole,
        opset_imports=[helper.make_opsetid("", OPSET)],
        ir_version=IR_VERSION,
        producer_name="fashionlab",
    )


def _network(graph: GraphBuilder, images: Tensor, recipe: Recipe, classes: int) -> Tensor:
    """Return the outputs of the builder's network, before the last activation."""
    output = BUILDERS[recipe.builder](
        trace, images.shape, classes, 0, output="linear", **recipe.model
    )
    values = trace.in_order(output)
    folds, done = foldings(graph, values)
    emitted: dict[int, Tensor] = {}
    for value in values:
        inputs = [emitted[id(source)] for source in value.inputs] or [images]
        if value.layer is None or id(value) in done:
            emitted[id(value)] = inputs[0]
        else:
            emitted[id(value)] = emit_layer(graph, value.layer, inputs, folds.get(id(value)))
    return emitted[id(output)]


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
