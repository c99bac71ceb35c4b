"""The rules for shapes agree with onnx's own, over the graphs of all recipes and activations."""

from dataclasses import replace
from functools import cache

import numpy as np
import onnx
import pytest
from portable_model import metadata

from fashionlab.data.synthetic import draw
from fashionlab.engines import get as get_engine
from fashionlab.export import graph as export_graph
from fashionlab.export.emit import SINGLE
from fashionlab.export.quantize import quantized
from fashionlab.portable.graph import read_graph
from fashionlab.portable.operators import RULES
from fashionlab.portable.shapes import infer
from fashionlab.portable.validate import MOST_AT_ONCE, validate
from fashionlab.recipes import RECIPES, build
from fashionlab.training.weights import by_name

IMAGES = draw(train=64, test=10)[0].images
COLOURS = np.random.default_rng(0).integers(0, 256, (64, 20, 24, 3), dtype=np.uint8)
RESIDUAL = {"stem": 4, "stages": ((6, 1), (8, 2)), "residual": True}
CNN = {"filters": 3, "kernel": 3, "units": (7,)}
ONCE = {  # the recipes by what their graphs depend on
    (one.builder, str(one.model), one.flip_at_prediction, one.output_activation): name
    for name, one in reversed(RECIPES.items())
}
CASES = {
    # That of 10 million weights takes as long as all others, and has no operator of its own.
    **{name: RECIPES[name] for name in ONCE.values() if name != "large"},
    **{
        f"residual, {f}": replace(RECIPES["small"], model={**RESIDUAL, "activation": f})
        for f in ("leaky_relu", "silu", "gelu", *SINGLE)
    },
    **{
        f"cnn, {f}": replace(RECIPES["report-cnn"], model=CNN, output_activation=f)
        for f in ("sigmoid", "softmax", "linear")
    },
}


IN_COLOUR = ("net", "report-cnn", "small", "residual, relu")  # one of each builder, and a sum


@cache
def file_of(name, bits, in_colour=False):
    return exported(CASES[name], bits, COLOURS if in_colour else IMAGES)


def exported(recipe, bits, images=IMAGES):
    """The file of a recipe with random weights, of which a normalisation may be no fold."""
    shape = images.shape[1:]
    model = build(replace(recipe, precision="float32"), get_engine("keras"), shape, 10, 0)
    rng = np.random.default_rng(0)
    weights = {
        name: value if name.endswith("variance") else np.float32(rng.normal(0, 0.1, value.shape))
        for name, value in by_name(model).items()
    }
    emitted = export_graph.emit(recipe, shape, 10, weights)
    if bits == 8:
        emitted = quantized(emitted, images)
    facts = metadata(bits=bits, image_shape=shape, preparation="fit", examples=())
    return export_graph.finished(emitted, facts)


def by_onnx(content, images):
    """The shapes that onnx infers for so many images, by the names of the values."""
    model = onnx.load_from_string(content)
    del model.graph.value_info[:]
    for value in (*model.graph.input, *model.graph.output):
        value.type.tensor_type.shape.dim[0].dim_value = images
    inferred = onnx.shape_inference.infer_shapes(model, strict_mode=True, data_prop=True).graph
    return {
        value.name: (
            value.type.tensor_type.elem_type,
            tuple(side.dim_value for side in value.type.tensor_type.shape.dim),
        )
        for value in (*inferred.value_info, *inferred.input, *inferred.output)
    }


@pytest.mark.parametrize("bits", [32, 8])
@pytest.mark.parametrize(
    ("name", "in_colour"), [*((name, False) for name in CASES), *((x, True) for x in IN_COLOUR)]
)
def test_shapes_are_those_that_onnx_infers(name, in_colour, bits):
    content = file_of(name, bits, in_colour)
    assert validate(content).at_once == MOST_AT_ONCE
    for images in (1, 3):
        values, _ = infer(read_graph(content), images)
        found = {name: (x.kind, x.shape) for name, x in values.items() if x.varies}
        wanted = by_onnx(content, images)
        assert found == {name: wanted[name] for name in found}
        assert set(wanted) - set(found) <= {name for name, x in values.items() if not x.varies}


def test_memory_and_operations_by_hand():
    """One dense layer: 784 bytes; Cast, mirror, both views ... as the graph's nodes say."""
    recipe = replace(RECIPES["net"], model={"units": ()}, flip_at_prediction=False)
    content = exported(replace(recipe, output_activation="linear"), 32)
    _, cost = infer(read_graph(content), 1)
    pixels, outputs = 784, 10
    # Cast, Mul, Flatten of the images; Gemm, Softmax, Max, Log, Div, Softmax, Identity of outputs
    assert cost.memory == 4 * (3 * pixels + 7 * outputs)
    assert cost.operations == 3 * pixels + pixels * outputs + 6 * outputs
    weights = 4 * (pixels * outputs + outputs + 3)
    assert cost.constants == weights + 4 * pixels * 16  # a copy in blocks of 16
    assert cost.workspace == 0


def test_operators_of_the_rules_are_those_that_export_writes():
    written = {
        node.op_type
        for name in CASES
        for bits in (32, 8)
        for node in onnx.load_from_string(file_of(name, bits)).graph.node
    }
    assert written == set(RULES)
