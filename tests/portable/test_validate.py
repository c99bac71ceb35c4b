"""A file that is no portable model is refused by one line, before anything in it is run."""

import pickle
import zlib

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper
from portable_model import metadata, tiny_model

from fashionlab.errors import ModelError
from fashionlab.portable import Predictor
from fashionlab.portable.metadata import KEY, Metadata
from fashionlab.portable.validate import metadata_text


def changed(change):
    model = onnx.load_from_string(tiny_model())
    change(model)
    return model.SerializeToString()


def add_node(operator, **options):
    def change(model):
        node = helper.make_node(operator, ["images"], ["extra"], name="extra", **options)
        model.graph.node.append(node)

    return change


def external(model):
    tensor = model.graph.initializer[0]
    tensor.ClearField("raw_data")
    tensor.data_location = TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value="../../../../etc/passwd")


def without_metadata(model):
    del model.metadata_props[:]


def of_another_format(model):
    text = model.metadata_props[0].value
    model.metadata_props[0].value = text.replace('"format": 1', '"format": 2')


def sparse(model):
    one = numpy_helper.from_array(np.ones(1, np.float32), "s")
    model.graph.sparse_initializer.add(values=one, dims=[4])


def subgraph(model):
    model.graph.node[0].attribute.append(
        helper.make_attribute("body", helper.make_graph([], "g", [], []))
    )


def another_signature(model):
    model.graph.input[0].type.tensor_type.elem_type = TensorProto.FLOAT


def other_classes(model):
    model.metadata_props[0].value = metadata(class_names=tuple("abcde"), examples=()).to_json()


HOSTILE = {
    "nothing": (b"", "one graph"),
    "random bytes": (np.random.default_rng(0).bytes(5000), "ONNX file, this is not"),
    "a pickle": (pickle.dumps({"weights": [1.0] * 50}), "ONNX file, this is not"),
    "a compressed file": (zlib.compress(tiny_model()), "ONNX file, this is not"),
    "half a file": (tiny_model()[: len(tiny_model()) // 2], "ONNX file, this is not"),
    "external data": (changed(external), "all weights in the file itself"),
    "no metadata": (changed(without_metadata), "class names and preprocessing"),
    "another format": (changed(of_another_format), "of format 1"),
    "a foreign operator": (changed(add_node("Loop")), "received 'Loop'"),
    "a foreign domain": (changed(add_node("Add", domain="com.microsoft")), "domain"),
    "a second Concat": (
        changed(lambda m: [add_node("Concat", axis=0)(m) for _ in range(2)]),
        "one Concat",
    ),
    "a huge pad": (changed(add_node("MaxPool", pads=[2**40] * 4)), "attributes up to"),
    "a subgraph": (changed(subgraph), "numbers as attributes"),
    "a sparse tensor": (changed(sparse), "dense tensors"),
    "too many operators": (
        changed(lambda m: [add_node("Relu")(m) for _ in range(5001)]),
        "at most 5000 operators",
    ),
    "another input": (changed(another_signature), "onnxruntime cannot load|must take images"),
    "another number of classes": (changed(other_classes), "must take images"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_file_that_is_no_portable_model_is_refused(name):
    content, why = HOSTILE[name]
    with pytest.raises(ModelError, match=why) as raised:
        Predictor(content)
    assert "\n" not in str(raised.value)
    assert "fashionlab export" in str(raised.value)


def test_every_cut_and_many_flips_are_refused_or_harmless():
    whole = tiny_model()
    rng = np.random.default_rng(1)
    for place in rng.integers(0, len(whole), 60):
        with pytest.raises(ModelError):
            Predictor(whole[:place])
    for place in rng.integers(0, len(whole), 200):
        content = bytearray(whole)
        content[place] ^= 1 << int(rng.integers(8))
        try:
            Metadata.from_json(metadata_text(bytes(content)))
        except ModelError as error:
            assert "\n" not in str(error)


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"class_names": ()}, "class_names"),
        ({"class_names": ("a", "a")}, "class_names"),
        ({"image_shape": (28, 0)}, "image_shape"),
        ({"image_shape": (28, 5000)}, "image_shape"),
        ({"temperature": 0.0}, "temperature"),
        ({"threshold": 1.5}, "threshold"),
        ({"accuracy": 0.2}, "accuracy"),
        ({"name": ""}, "texts"),
        ({"examples": ((0, np.zeros((5, 5), np.uint8)),)}, "examples"),
        ({"examples": ((12, np.zeros((28, 28), np.uint8)),)}, "examples"),
    ],
)
def test_metadata_that_cannot_be_true_are_refused(change, why):
    with pytest.raises(ModelError, match=f"sensible .*{why}"):
        metadata(**change)


def test_metadata_come_back_as_they_were():
    one = metadata(name='quotes " and ünïcode')
    again = Metadata.from_json(one.to_json())
    assert again.to_json() == one.to_json()
    for (label, image), (other, pixels) in zip(one.examples, again.examples, strict=True):
        assert label == other
        np.testing.assert_array_equal(image, pixels)


@pytest.mark.parametrize("text", ["", "[]", "{}", "[" * 100_000, '{"format": 1}', "null"])
def test_metadata_of_another_kind_are_refused(text):
    with pytest.raises(ModelError, match="metadata"):
        Metadata.from_json(text)


def test_the_metadata_are_found_under_their_key():
    model = onnx.load_from_string(tiny_model())
    assert {p.key: p.value for p in model.metadata_props} == {KEY: metadata_text(tiny_model())}
