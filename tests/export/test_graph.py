"""What is drawn computes what Keras and scratch compute, for every builder and kind of output."""

from dataclasses import replace

import numpy as np
import onnx
import pytest
from portable_model import metadata

from fashionlab.data.synthetic import draw
from fashionlab.engines import get as get_engine
from fashionlab.errors import ModelError
from fashionlab.evaluation.calibration import tempered
from fashionlab.evaluation.predictions import log_probabilities, mean_of_views
from fashionlab.export import graph
from fashionlab.export.emit import SINGLE, GraphBuilder, activation
from fashionlab.export.portable_model import TOLERANCE
from fashionlab.portable.graph import OPSET
from fashionlab.portable.predictor import run, session
from fashionlab.recipes import RECIPES, build
from fashionlab.training.weights import by_name as weights_by_name

IMAGES = draw(train=24, test=10)[0].images
COLOURS = np.random.default_rng(0).integers(0, 256, (24, 13, 18, 3), dtype=np.uint8)
CNN = {"filters": 5, "kernel": 3, "units": (7,)}
CONVNET = {"stem": 4, "stages": ((6, 1), (8, 2)), "residual": True}
CASES = {
    "mlp": ("report-mlp", "scratch", {"model": {"units": (9, 5), "dropout": 0.3}}),
    "mlp of sigmoids": ("report-net", "scratch", {}),
    "mlp to softmax": ("report-mlp", "keras", {"output_activation": "softmax"}),
    "cnn": ("report-cnn", "scratch", {"model": CNN}),
    "cnn on keras": ("report-cnn", "keras", {"model": CNN}),
    "convnet": ("small", "keras", {"model": CONVNET}),
    "convnet with a stride": ("fast-90", "keras", {}),
    "convnet of a third": ("small", "keras", {"model": {**CONVNET, "stages": ((6, 1),) * 3}}),
    "convnet of gelu": ("small", "keras", {"model": {**CONVNET, "activation": "gelu"}}),
    "resnet": ("large", "keras", {"model": {"stem": 4, "stages": ((6, 1), (8, 2))}}),
    "convnet, one view": ("tiny", "keras", {"flip_at_prediction": False}),
}


def untrained(name, library, changes, seed=0, shape=(28, 28)):
    """A recipe and a model of it whose every weight is random, statistics included.

    The last layer's are small: outputs in the hundreds would be rounded to that.
    """
    recipe = replace(RECIPES[name], **{"precision": "float32", **changes})
    model = build(recipe, get_engine(library), shape, 10, seed)
    rng = np.random.default_rng(seed)

    def drawn(name, weight):
        if name.endswith("moving_variance"):
            return rng.uniform(0.5, 2, weight.shape)
        noisy = weight + rng.normal(0, 0.3, weight.shape)
        return noisy / 50 if name.startswith("output") else noisy

    named = zip(weights_by_name(model), model.get_weights(), strict=True)
    model.set_weights([np.float32(drawn(name, weight)) for name, weight in named])
    return recipe, model


def expected(recipe, model, images):
    views = [images, images[:, :, ::-1]][: 1 + recipe.flip_at_prediction]
    return mean_of_views(
        log_probabilities(
            model.predict(np.ascontiguousarray(view), batch_size=8, verbose=0),
            recipe.output_activation,
        )
        for view in views
    )


@pytest.mark.parametrize("images", [IMAGES, COLOURS], ids=["grey", "colour"])
@pytest.mark.parametrize("case", CASES)
def test_probabilities_are_the_models_own(case, images):
    shape = images.shape[1:]
    recipe, model = untrained(*CASES[case], shape=shape)
    drawn = graph.emit(recipe, shape, 10, weights_by_name(model))
    wanted = np.exp(expected(recipe, model, images))
    found, _ = run(session(drawn.SerializeToString()), images)
    assert wanted.max(axis=1).min() < 0.999, "a test of certainties would prove little"
    np.testing.assert_allclose(found, wanted, atol=TOLERANCE)


def test_the_temperature_divides_the_logarithms():
    recipe, model = untrained(*CASES["cnn"])
    drawn = graph.emit(recipe, (28, 28), 10, weights_by_name(model))
    file = graph.finished(drawn, metadata(temperature=2.5))
    wanted = np.exp(tempered(expected(recipe, model, IMAGES), 2.5))
    np.testing.assert_allclose(run(session(file), IMAGES)[0], wanted, atol=2e-6)


def test_normalisations_are_folded_where_the_scale_allows():
    recipe, model = untrained(*CASES["convnet"])
    weights = weights_by_name(model)
    for name in weights:
        if name.endswith("gamma"):
            weights[name] = np.abs(weights[name])
    kinds = [node.op_type for node in graph.emit(recipe, (28, 28), 10, weights).graph.node]
    assert "BatchNormalization" not in kinds
    weights["conv_2_norm.gamma"] = -weights["conv_2_norm.gamma"]  # behind a pool
    kinds = [node.op_type for node in graph.emit(recipe, (28, 28), 10, weights).graph.node]
    assert kinds.count("BatchNormalization") == 1


@pytest.mark.parametrize("name", ["linear", "softmax", "leaky_relu", "silu", "gelu", *SINGLE])
def test_an_activation_is_kerass(name):
    keras = get_engine("keras").nn
    z = np.float32(np.random.default_rng(0).normal(0, 3, (6, 9)))
    built = GraphBuilder({})
    built.node("Identity", [activation(built, name, "z")], output="a")
    value = onnx.helper.make_tensor_value_info
    drawn = onnx.helper.make_graph(
        built.nodes,
        "g",
        [value("z", 1, ["N", 9])],
        [value("a", 1, ["N", 9])],
        built.constants,
    )
    opset = [onnx.helper.make_opsetid("", OPSET)]
    model = onnx.helper.make_model(drawn, opset_imports=opset, ir_version=graph.IR_VERSION)
    wanted = keras.ops.convert_to_numpy(keras.activations.get(name)(z))
    found = session(model.SerializeToString()).run(None, {"z": z})[0]
    np.testing.assert_allclose(found, wanted, atol=1e-6)


def test_the_same_run_gives_the_same_bytes():
    recipe, model = untrained(*CASES["convnet"])
    files = {
        graph.finished(graph.emit(recipe, (28, 28), 10, weights_by_name(model)), metadata())
        for _ in range(2)
    }
    assert len(files) == 1


def test_a_weight_too_few_or_too_many_is_said():
    recipe, model = untrained(*CASES["cnn"])
    weights = weights_by_name(model)
    with pytest.raises(ModelError, match=r"conv_1\.bias is missing"):
        graph.emit(recipe, (28, 28), 10, {k: v for k, v in weights.items() if k != "conv_1.bias"})
    with pytest.raises(ModelError, match=r"conv_9\.kernel"):
        graph.emit(recipe, (28, 28), 10, {**weights, "conv_9.kernel": weights["conv_1.kernel"]})


def test_an_activation_that_no_portable_model_has_is_said():
    recipe, model = untrained(*CASES["mlp"])
    other = replace(recipe, model={**recipe.model, "activation": "hard_sigmoid"})
    with pytest.raises(ModelError, match=r"activations are linear.*received 'hard_sigmoid'"):
        graph.emit(other, (28, 28), 10, weights_by_name(model))
