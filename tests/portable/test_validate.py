"""A file that is no portable model is refused by one line, before anything in it is run."""

import gzip
import pickle
import tracemalloc
import zlib

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper
from portable_model import colour_model, metadata, tiny_model

from fashionlab.errors import ModelError
from fashionlab.portable import Predictor, validate
from fashionlab.portable.graph import LARGEST_BYTES

from .changes import add_tensor, both, changed


def add_node(operator, inputs=("images",), **options):
    def change(model):
        name = f"extra_{len(model.graph.node)}"
        model.graph.node.append(helper.make_node(operator, inputs, [name], name, **options))

    return change


def dimension(size):
    return lambda model: model.graph.initializer[-1].dims.append(size)


def weight(value, place=7):
    def change(model):
        tensor = next(x for x in model.graph.initializer if x.name == "output.kernel")
        weights = numpy_helper.to_array(tensor).copy()
        weights.flat[place] = value
        tensor.CopyFrom(numpy_helper.from_array(weights, tensor.name))

    return change


def again(model):
    """A Concat of the images with themselves, thirty times: 2 ** 30 views of each."""
    name = model.graph.node[0].output[0]
    for i in range(30):
        node = helper.make_node("Concat", [name, name], [name := f"view_{i}"], axis=0)
        model.graph.node.append(node)


def many_operations(model):
    """Dense layers that share one kernel of 4 MB: little memory, much to compute."""
    kernel, bias = np.zeros((1000, 1000), np.float32), np.zeros(1000, np.float32)
    both(add_tensor(kernel, "kernel"), add_tensor(bias, "bias"))(model)
    both(add_tensor(np.zeros((784, 1000), np.float32), "first"))(model)
    name = "x"
    flat = next(node.output[0] for node in model.graph.node if node.op_type == "Flatten")
    model.graph.node.append(helper.make_node("Gemm", [flat, "first", "bias"], [name]))
    for i in range(1000):
        node = helper.make_node("Gemm", [name, "kernel", "bias"], [name := f"dense_{i}"])
        model.graph.node.append(node)


def outer_sum(model):
    """The file of the issue: (n, 1) + (1, n)."""
    for shape in ((30_000, 1), (1, 30_000)):
        add_tensor(np.ones(shape, np.float32), f"ones_{shape[0]}")(model)
    add_node("Add", ("ones_30000", "ones_1"))(model)


def declared(model):
    name = model.graph.node[0].output[0]
    info = helper.make_tensor_value_info(name, TensorProto.FLOAT, ["N", 28, 29])
    model.graph.value_info.append(info)


def varint(number):
    found = b""
    while number > 127:
        found += bytes([number & 127 | 128])
        number >>= 7
    return found + bytes([number])


def nodes(count):
    """A file of empty nodes alone."""
    part = b"\x0a\x00" * count
    return b"\x08\x08\x42\x04\x0a\x00\x10\x11\x3a" + varint(len(part)) + part


def external(model):
    tensor = model.graph.initializer[0]
    tensor.ClearField("raw_data")
    tensor.data_location = TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value="../../../../etc/passwd")


def elsewhere(model):
    model.graph.initializer[0].data_location = TensorProto.EXTERNAL


def without_metadata(model):
    del model.metadata_props[:]


def of_another_format(model):
    text = model.metadata_props[0].value
    model.metadata_props[0].value = text.replace('"format": 1', '"format": 4')


def sparse(model):
    one = numpy_helper.from_array(np.ones(1, np.float32), "s")
    model.graph.sparse_initializer.add(values=one, dims=[4])


def subgraph(model):
    model.graph.node[0].attribute.append(
        helper.make_attribute("body", helper.make_graph([], "g", [], []))
    )


def another_signature(model):
    model.graph.input[0].type.tensor_type.elem_type = TensorProto.FLOAT


def input_of(*sides):
    """An input of images of these sides."""

    def change(model):
        shape = ["N", *sides]
        declared = helper.make_tensor_value_info("images", TensorProto.UINT8, shape)
        model.graph.input[0].CopyFrom(declared)

    return change


def turned_round(*order):
    """The first Transpose of a colour model with another order of axes."""
    model = onnx.load_from_string(colour_model())
    node = next(x for x in model.graph.node if x.op_type == "Transpose")
    node.attribute[0].ints[:] = order
    return model.SerializeToString()


def grey_of_colour(model):
    """A grey model whose metadata say that its images are in colour."""
    model.metadata_props[0].value = metadata(
        image_shape=(28, 28, 3), preparation="fit", examples=()
    ).to_json()


def other_classes(model):
    model.metadata_props[0].value = metadata(class_names=tuple("abcde"), examples=()).to_json()


HOSTILE = {
    "nothing": (b"", "ONNX file, this is not"),
    "random bytes": (
        np.random.default_rng(0).bytes(5000),
        "ONNX file, this is not",
    ),
    "a pickle": (pickle.dumps({"weights": [1.0] * 50}), "ONNX file, this is not"),
    "a compressed file": (zlib.compress(tiny_model()), "ONNX file, this is not"),
    "a gzip file": (gzip.compress(tiny_model()), "ONNX file, this is not"),
    "a page": (b"<!doctype html><title>404</title>", "ONNX file, this is not"),
    "a pointer of Git LFS": (
        b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n",
        "ONNX file, this is not",
    ),
    "half a file": (tiny_model()[: len(tiny_model()) // 2], "ONNX file, this is not"),
    "a file too large": (bytes(LARGEST_BYTES + 1), "at most 134,217,728 bytes"),
    "external data": (changed(external), "only the fields of a tensor"),
    "weights that are elsewhere": (changed(elsewhere), "all weights in the file itself"),
    "no metadata": (changed(without_metadata), "class names and preprocessing"),
    "another format": (changed(of_another_format), "of format 1 or 2 or 3"),
    "a foreign operator": (changed(add_node("Loop")), "received 'Loop'"),
    "a foreign domain": (changed(add_node("Add", domain="com.microsoft")), "domain"),
    "another opset": (changed(lambda m: setattr(m.opset_import[0], "version", 18)), "opset 17"),
    "two opsets": (
        changed(lambda m: m.opset_import.add(domain="x", version=1)),
        "one 'opset_import'",
    ),
    "a second graph": (tiny_model() + b"\x3a\x00", "one 'graph' in a model"),
    "a function": (changed(lambda m: m.functions.add(name="f")), "only the fields of a model"),
    "a subgraph": (changed(subgraph), "only the fields of an attribute"),
    "a sparse tensor": (changed(sparse), "only the fields of a graph"),
    "a huge pad": (
        changed(add_node("MaxPool", pads=[2**40] * 4)),
        "attributes up to",
    ),
    "an unknown attribute": (changed(add_node("Relu", alpha_=1.0)), "names that export writes"),
    "too many operators": (
        changed(lambda m: [add_node("Relu")(m) for _ in range(2001)]),
        "at most 2,000 'node'",
    ),
    "millions of operators": (nodes(4_000_000), "at most 2,000 'node'"),
    "a name without end": (
        changed(lambda m: setattr(m.graph, "name", "x" * 1001)),
        "names of at most 1,000 bytes",
    ),
    "a sum of a column and a row": (changed(outer_sum), "Add as export writes it"),
    "views of views": (changed(again), "at most 1,073,741,824 bytes for one image"),
    "much to compute": (changed(many_operations), "for one image"),
    "another input": (changed(another_signature), "images .N, H, W. or .N, H, W, 3. of bytes"),
    "an input of four colours": (changed(input_of(28, 28, 4)), "images .N, H, W. or"),
    "an input without a size": (changed(input_of(28, "W")), "images .N, H, W. or"),
    "a colour input alone": (changed(input_of(28, 28, 3)), "as its metadata say|export writes"),
    "colour in the metadata alone": (changed(grey_of_colour), "as its metadata say"),
    "axes in another order": (turned_round(0, 2, 1, 3), "Transpose as export writes it"),
    "an axis twice": (turned_round(0, 3, 3, 3), "Transpose as export writes it"),
    "images as channels": (turned_round(3, 0, 1, 2), "Transpose as export writes it"),
    "another number of classes": (changed(other_classes), "as its metadata say"),
    "a declared shape that is none": (changed(declared), "the shapes that it declares"),
    "a weight that is NaN": (changed(weight(np.nan)), "finite weights"),
    "an infinite weight": (changed(weight(np.inf)), "finite weights"),
    "weights beyond all numbers": (changed(weight(3e38, slice(None))), "add up to 1"),
    "weights of another type": (changed(add_tensor(np.ones(2))), "data types"),
    "fewer weights than stated": (
        changed(
            both(
                add_tensor(np.ones(4, np.float32)), lambda m: m.graph.initializer[-1].dims.append(2)
            )
        ),
        "as many values",
    ),
    "a negative dimension": (
        changed(
            both(
                add_tensor(np.ones(4, np.float32)),
                lambda m: m.graph.initializer[-1].dims.append(-2),
            )
        ),
        "positive dimensions",
    ),
    "a tensor named as the input": (
        changed(add_tensor(np.ones(1, np.float32), "images")),
        "a name of its own",
    ),
    "two tensors of a name": (
        changed(both(*[add_tensor(np.ones(1, np.float32))] * 2)),
        "a name of its own",
    ),
    "an operator before its input": (
        changed(lambda m: m.graph.node.insert(0, m.graph.node[-1])),
        "after those of their inputs",
    ),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_file_that_is_no_portable_model_is_refused(name):
    content, why = HOSTILE[name]
    with pytest.raises(ModelError, match=why) as raised:
        Predictor(content)
    assert "\n" not in str(raised.value) and len(str(raised.value)) < 500
    assert "export" in str(raised.value)


def test_every_cut_is_refused():
    whole = changed(lambda model: None)
    ends = {*range(0, 2000), *range(len(whole) - 2000, len(whole)), *range(0, len(whole), 97)}
    for end in ends:
        with pytest.raises(ModelError):
            validate.validate(whole[:end])


def test_every_cut_of_a_colour_model_is_refused():
    whole = colour_model()
    assert validate.validate(whole).metadata.image_shape == (12, 14, 3)
    for end in (*range(0, 2000), *range(2000, len(whole), 97)):
        with pytest.raises(ModelError):
            validate.validate(whole[:end])


def test_the_values_of_a_file_that_is_read_are_not_copied():
    tracemalloc.start()
    validate.validate(tiny_model())
    content = nodes(4_000_000)
    tracemalloc.reset_peak()
    with pytest.raises(ModelError):
        validate.validate(content)
    assert tracemalloc.get_traced_memory()[1] < len(content) + 2**20
    tracemalloc.stop()


def test_fewer_images_go_through_together_where_each_takes_more_memory(monkeypatch):
    assert validate.validate(tiny_model()).at_once == validate.MOST_AT_ONCE
    one = 784 * (4 + 4 + 4) * 2  # bytes of the first values
    monkeypatch.setattr(validate, "LARGEST_MEMORY", 2**20)
    assert 1 <= validate.validate(tiny_model()).at_once <= 2**20 / one
