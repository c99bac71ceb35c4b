"""A file has the outputs that its metadata say, and they are computed of the images."""

import numpy as np
import pytest
from onnx import TensorProto, helper
from portable_model import metadata, outliers, scored_model

from fashionlab.errors import ModelError
from fashionlab.portable import Predictor, validate

from .changes import add_tensor, both, changed


def scored(change):
    """The model with a score, changed."""
    return changed(change, scored_model())


def with_outliers(model):
    """A file whose metadata alone have an outlier score."""
    model.metadata_props[0].value = metadata(outliers=outliers()).to_json()


def without_outliers(model):
    """A file whose graph alone has an outlier score."""
    model.metadata_props[0].value = metadata().to_json()


def outputs_turned(model):
    first, second = [type(x).FromString(x.SerializeToString()) for x in model.graph.output]
    model.graph.output[0].CopyFrom(second)
    model.graph.output[1].CopyFrom(first)


def renamed_score(model):
    model.graph.output[1].name = model.graph.node[-1].output[0] = "novelty"


def wide_score(model):
    """A score (N, 10): the probabilities once more."""
    model.graph.node[-1].CopyFrom(helper.make_node("Relu", ["probabilities"], ["outlier_score"]))
    model.graph.output[1].type.CopyFrom(model.graph.output[0].type)


def score_of_bytes(model):
    model.graph.output[1].type.tensor_type.elem_type = TensorProto.UINT8


def score_that_is_constant(model):
    """A tensor as an output: it is no image's."""
    del model.graph.node[-1]
    add_tensor(np.ones((1, 1), np.float32), "outlier_score")(model)


def probabilities_that_are_constant(model):
    model.graph.node[-1].output[0] = "not_used"
    add_tensor(np.full((1, 10), 0.1, np.float32), "probabilities")(model)


def second_output(name):
    def change(model):
        info = helper.make_tensor_value_info(name, TensorProto.FLOAT, ["N", 1])
        model.graph.output.append(info)

    return change


HOSTILE = {
    "a score in the metadata alone": (changed(with_outliers), "as its metadata say"),
    "a score in the graph alone": (scored(without_outliers), "as its metadata say"),
    "the score first": (scored(outputs_turned), "as its metadata say"),
    "a score of another name": (scored(renamed_score), "as its metadata say"),
    "a score for each class": (scored(wide_score), "as its metadata say"),
    "a score of bytes": (scored(score_of_bytes), "the shapes that it declares"),
    "a score that is a constant": (scored(score_that_is_constant), "as its metadata say"),
    "probabilities that are constants": (
        changed(probabilities_that_are_constant),
        "as its metadata say",
    ),
    "a score that nothing computes": (
        changed(both(with_outliers, second_output("outlier_score"))),
        "as its metadata say",
    ),
    "the probabilities twice": (
        changed(both(with_outliers, second_output("probabilities"))),
        "as its metadata say",
    ),
    "the images as an output": (
        changed(both(with_outliers, second_output("images"))),
        "as its metadata say",
    ),
    "a third output": (scored(second_output("more")), "at most 2 'output' in a graph"),
    "no output": (changed(lambda m: m.graph.ClearField("output")), "as its metadata say"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_file_of_other_outputs_is_refused(name):
    content, why = HOSTILE[name]
    with pytest.raises(ModelError, match=why) as raised:
        Predictor(content)
    assert "\n" not in str(raised.value) and len(str(raised.value)) < 500
    assert "export" in str(raised.value)


def test_every_cut_of_a_model_with_a_score_is_refused():
    whole = scored_model()
    assert validate.validate(whole).metadata.outliers.threshold == 0
    for end in (*range(0, 2000), *range(2000, len(whole), 97)):
        with pytest.raises(ModelError):
            validate.validate(whole[:end])
