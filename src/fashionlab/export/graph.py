"""draw: a network and its weights -> an ONNX graph, from bytes to calibrated probabilities.

    images (N, H, W) uint8 -> float -> [and their mirrors, (2N, H, W)] -> the network
    -> probabilities (N, K), the mean over both views -> log -> / temperature -> softmax

Images are (N, C, H, W) inside: onnxruntime is fastest so. Needs the package onnx.
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
from fashionlab.models import BUILDERS
from fashionlab.portable import symbolic
from fashionlab.portable.metadata import INPUT, KEY, OUTPUT, Metadata
from fashionlab.portable.operators import Drawn, Sheet, activation, draw_layer, foldings
from fashionlab.recipes import Recipe

Array = NDArray[Any]

OPSET, IR_VERSION = 17, 8  # from 18 on, ReduceMean takes its axes as a tensor
TEMPERATURE = "temperature"


def draw(
    recipe: Recipe, image_shape: tuple[int, int], classes: int, weights: Mapping[str, Array]
) -> onnx.ModelProto:
    """The model that `recipe` describes, with `weights` by name ("conv_1.kernel"); temperature 1.

    Raises ModelError where the recipe has what no portable model has, or a weight is missing or
    left over.
    """
    sheet = Sheet(weights)
    images = sheet.node("Cast", [INPUT], to=TensorProto.FLOAT)
    if recipe.flip_at_prediction:
        ends = ([-1], [-(2**31)], [2], [-1])  # from the last column to the first
        where = [sheet.tensor(np.array(x, np.int64)) for x in ends]
        images = sheet.node("Concat", [images, sheet.node("Slice", [images, *where])], axis=0)
    outputs = _network(sheet, Drawn(images, image_shape), recipe, classes)
    result = _calibrated(sheet, _probabilities(sheet, outputs, recipe), classes, recipe)
    sheet.node("Identity", [result], output=OUTPUT)
    if unused := sorted(set(weights) - sheet.used):
        raise ModelError(
            f"every weight must belong to a layer of {recipe.builder}; {', '.join(unused[:3])} "
            "does not; give a run as it was trained"
        )
    graph = helper.make_graph(
        sheet.nodes,
        recipe.name,
        [helper.make_tensor_value_info(INPUT, TensorProto.UINT8, ["N", *image_shape])],
        [helper.make_tensor_value_info(OUTPUT, TensorProto.FLOAT, ["N", classes])],
        sheet.tensors,
    )
    return helper.make_model(
        graph,
        opset_imports=[helper.make_opsetid("", OPSET)],
        ir_version=IR_VERSION,
        producer_name="fashionlab",
    )


def _network(sheet: Sheet, images: Drawn, recipe: Recipe, classes: int) -> Drawn:
    """The outputs of the builder's network, before the last activation."""
    output = BUILDERS[recipe.builder](
        symbolic, images.shape, classes, 0, output="linear", **recipe.model
    )
    values = symbolic.in_order(output)
    folds, done = foldings(sheet, values)
    drawn: dict[int, Drawn] = {}
    for value in values:
        inputs = [drawn[id(source)] for source in value.inputs] or [images]
        if value.layer is None or id(value) in done:
            drawn[id(value)] = inputs[0]
        else:
            drawn[id(value)] = draw_layer(sheet, value.layer, inputs, folds.get(id(value)))
    return drawn[id(output)]


def _probabilities(sheet: Sheet, outputs: Drawn, recipe: Recipe) -> str:
    """As `evaluation.predictions.log_probabilities` makes them of a run's outputs."""
    if recipe.output_activation == "linear":
        return sheet.node("Softmax", [outputs.name], axis=1)
    if recipe.output_activation == "sigmoid":
        # onnxruntime's Sigmoid goes no lower than 1.5e-8, this goes on: exp(-log(1 + exp(-z))).
        softplus = sheet.node("Softplus", [sheet.node("Neg", [outputs.name])])
        positive = sheet.node("Exp", [sheet.node("Neg", [softplus])])
    else:
        positive = activation(sheet, recipe.output_activation, outputs.name)
    least, one = sheet.scalar(EPSILON), sheet.scalar(1.0)
    total = sheet.node("Max", [_sum(sheet, positive), least])
    kept = sheet.node("Clip", [sheet.node("Div", [positive, total]), least, one])
    return sheet.node("Div", [kept, _sum(sheet, kept)])


def _sum(sheet: Sheet, name: str) -> str:
    return sheet.node("ReduceSum", [name, sheet.tensor(np.array([1], np.int64))], keepdims=1)


def _calibrated(sheet: Sheet, probabilities: str, classes: int, recipe: Recipe) -> str:
    if recipe.flip_at_prediction:
        shape = sheet.tensor(np.array([2, -1, classes], np.int64))
        views = sheet.node("Reshape", [probabilities, shape])  # (2, N, K)
        probabilities = sheet.node("ReduceMean", [views], axes=[0], keepdims=0)
    log = sheet.node("Log", [sheet.node("Max", [probabilities, sheet.scalar(LEAST)])])
    temperature = sheet.tensor(np.array(1, np.float32), TEMPERATURE)
    return sheet.node("Softmax", [sheet.node("Div", [log, temperature])], axis=1)


def finished(model: onnx.ModelProto, metadata: Metadata) -> bytes:
    """The file: the model with its temperature and all that its metadata say, checked by onnx."""
    whole = onnx.ModelProto()
    whole.CopyFrom(model)
    value = np.array(metadata.temperature, np.float32)
    for tensor in whole.graph.initializer:
        if tensor.name == TEMPERATURE:
            tensor.CopyFrom(numpy_helper.from_array(value, TEMPERATURE))
    helper.set_model_props(whole, {KEY: metadata.to_json()})
    onnx.checker.check_model(whole, full_check=True)
    return bytes(whole.SerializeToString(deterministic=True))
