"""read_graph: an ONNX file -> its nodes, tensors and metadata, within limits.

onnxruntime alone would open other files that a model names (external data), and take any operator.
This reads the fields of onnx.proto3 that `fashionlab export` writes, under their numbers there, and
refuses a file that has any other.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from fashionlab.portable.protobuf import (
    BYTES,
    FLOAT,
    INT,
    TEXT,
    Field,
    Message,
    Reader,
    not_onnx,
    refused,
)

FIRST_BYTE = b"\x08"  # of an ONNX file: the key of ir_version
LARGEST_BYTES = 128 * 2**20  # of a file; `large` has 41 MB
MOST_FIELDS = 100_000
MOST_NODES = 2000  # `large` has 155
MOST_TENSORS = 4000
MOST_INPUTS = 5  # of a node
MOST_OUTPUTS = 2  # of the graph: probabilities and outlier score
MOST_ATTRIBUTES = 3
MOST_DIMENSIONS = 4
LARGEST_NUMBER = 2**31  # of a dimension, attribute or index, either way
OPSET = 17  # the one version of ONNX's operators; from 18 on, ReduceMean takes its axes as a tensor

MODEL: Message = {
    1: Field("ir_version", INT),
    2: Field("producer_name", TEXT),
    3: Field("producer_version", TEXT),
    4: Field("domain", TEXT),
    5: Field("model_version", INT),
    6: Field("doc_string", TEXT),
    7: Field("graph", BYTES),
    8: Field("opset_import", BYTES),
    14: Field("metadata_props", BYTES, 16),
}
OPSET_IMPORT: Message = {1: Field("domain", TEXT), 2: Field("version", INT)}
METADATA: Message = {1: Field("key", TEXT), 2: Field("value", BYTES)}
GRAPH: Message = {
    1: Field("node", BYTES, MOST_NODES),
    2: Field("name", TEXT),
    5: Field("initializer", BYTES, MOST_TENSORS),
    10: Field("doc_string", TEXT),
    11: Field("input", BYTES),
    12: Field("output", BYTES, MOST_OUTPUTS),
    13: Field("value_info", BYTES, MOST_TENSORS),
}
NODE: Message = {
    1: Field("input", TEXT, MOST_INPUTS),
    2: Field("output", TEXT),
    3: Field("name", TEXT),
    4: Field("op_type", TEXT),
    5: Field("attribute", BYTES, MOST_ATTRIBUTES),
    6: Field("doc_string", TEXT),
    7: Field("domain", TEXT),
}
ATTRIBUTE: Message = {
    1: Field("name", TEXT),
    2: Field("f", FLOAT),
    3: Field("i", INT),
    8: Field("ints", INT, MOST_DIMENSIONS),
    20: Field("type", INT),
}
TENSOR: Message = {
    1: Field("dims", INT, MOST_DIMENSIONS),
    2: Field("data_type", INT),
    4: Field("float_data", BYTES),
    5: Field("int32_data", BYTES),
    8: Field("name", TEXT),
    9: Field("raw_data", BYTES),
    14: Field("data_location", INT),
}
VALUE_INFO: Message = {1: Field("name", TEXT), 2: Field("type", BYTES)}
TYPE: Message = {1: Field("tensor_type", BYTES)}
TENSOR_TYPE: Message = {1: Field("elem_type", INT), 2: Field("shape", BYTES)}
SHAPE: Message = {1: Field("dim", BYTES, MOST_DIMENSIONS)}
DIMENSION: Message = {1: Field("dim_value", INT), 2: Field("dim_param", TEXT)}

ATTRIBUTE_TYPES = {"f": 1, "i": 2, "ints": 7}  # the field with the value -> AttributeProto.type
ATTRIBUTES = {  # the name of an attribute -> the field with its value
    **dict.fromkeys(("alpha", "epsilon"), "f"),
    **dict.fromkeys(("axis", "keepdims", "to"), "i"),
    **dict.fromkeys(("axes", "kernel_shape", "pads", "perm", "strides"), "ints"),
}
FLOAT32, UINT8, INT8, INT32, INT64 = 1, 2, 3, 6, 7  # TensorProto.data_type
DTYPES = {FLOAT32: "<f4", UINT8: "u1", INT8: "i1", INT32: "<i4", INT64: "<i8"}


@dataclass(frozen=True)
class Node:
    """An operator with the names of its inputs and of its one output."""

    operator: str
    inputs: Sequence[str]
    output: str
    attributes: dict[str, float | int | tuple[int, ...]]


@dataclass(frozen=True)
class Tensor:
    """An initializer: its data type and shape, with the numbers of an axis, index or shape."""

    kind: int
    shape: tuple[int, ...]
    numbers: tuple[int, ...] = ()


@dataclass(frozen=True)
class Declared:
    """What the file says of a value; the dimensions that it gives no number are None."""

    kind: int
    shape: tuple[int | None, ...]


@dataclass(frozen=True)
class Graph:
    """What a file contains; its metadata by their keys, not decoded."""

    nodes: list[Node]
    tensors: dict[str, Tensor]
    input: tuple[str, Declared]
    outputs: list[tuple[str, Declared]]
    values: dict[str, Declared]  # what is said of values in between
    metadata: dict[str, memoryview]


def read_graph(content: bytes) -> Graph:
    """Return what an ONNX file contains; ModelError for one that no export writes."""
    if len(content) > LARGEST_BYTES:
        raise refused(f"at most {LARGEST_BYTES:,} bytes", "more")
    if content[:1] != FIRST_BYTE:
        raise not_onnx()
    reader = Reader(MOST_FIELDS)
    model = reader.read(MODEL, memoryview(content), "a model")
    if model["graph"] is None:
        raise refused("one graph", "none")
    opset = reader.read(OPSET_IMPORT, model["opset_import"], "an opset")
    if opset["domain"] or opset["version"] != OPSET:
        raise refused(f"ONNX's own operators, opset {OPSET}", f"{opset!r:.80}")
    entries = [reader.read(METADATA, x, "the metadata") for x in model["metadata_props"]]
    graph = reader.read(GRAPH, model["graph"], "a graph")
    return Graph(
        nodes=[_node(reader, x) for x in graph["node"]],
        tensors=_by_name([_tensor(reader, x) for x in graph["initializer"]]),
        input=_declared(reader, graph["input"]),
        outputs=[_declared(reader, x) for x in graph["output"]],
        values=_by_name([_declared(reader, x) for x in graph["value_info"]]),
        metadata=_by_name([(x["key"], x["value"] or memoryview(b"")) for x in entries]),
    )


def _by_name(pairs: Sequence[tuple[str | None, Any]]) -> dict[str, Any]:
    found = {}
    for name, value in pairs:
        if not name or name in found:
            raise refused("a name of its own for each part", f"{name!r:.80}")
        found[name] = value
    return found


def _node(reader: Reader, content: memoryview) -> Node:
    node = reader.read(NODE, content, "an operator")
    if node["domain"]:
        raise refused("ONNX's own operators", f"domain {node['domain']!r:.40}")
    attributes = _by_name([_attribute(reader, x) for x in node["attribute"]])
    return Node(node["op_type"] or "", node["input"], node["output"] or "", attributes)


def _attribute(reader: Reader, content: memoryview) -> tuple[str, Any]:
    attribute = reader.read(ATTRIBUTE, content, "an attribute")
    name = attribute["name"] or ""
    field = ATTRIBUTES.get(name, "")
    given = [field for field in ATTRIBUTE_TYPES if attribute[field] not in (None, [])]
    if given != [field] or attribute["type"] != ATTRIBUTE_TYPES[field]:
        raise refused("numbers as attributes, of the names that export writes", f"{name!r:.80}")
    value = attribute[field]
    if not all(
        abs(x) <= LARGEST_NUMBER for x in (value if field == "ints" else [value])
    ):  # nor NaN
        raise refused(f"attributes up to {LARGEST_NUMBER:,}", f"{value} as {name}")
    return name, tuple(value) if field == "ints" else value


def _tensor(reader: Reader, content: memoryview) -> tuple[str, Tensor]:
    tensor = reader.read(TENSOR, content, "a tensor")
    name, kind, shape = tensor["name"] or "", tensor["data_type"], tuple(tensor["dims"])
    which = f"{name!r:.80}"
    if tensor["data_location"]:
        raise refused("all weights in the file itself", f"{which} in another file")
    if kind not in DTYPES:
        raise refused(f"tensors of the data types {[*DTYPES]}", f"{kind} of {which}")
    if not all(1 <= side <= LARGEST_NUMBER for side in shape):
        raise refused("tensors of positive dimensions", f"{shape} of {which}")
    given = [tensor[form] for form in ("raw_data", "float_data", "int32_data")]
    if sum(form is not None for form in given) != 1:
        raise refused("the values of each tensor once", which)
    raw, floats, varints = given
    if varints is not None and kind in (UINT8, INT8):  # each ends with a byte below 128
        count, values = int((np.frombuffer(varints, np.uint8) < 0x80).sum()), None
    elif raw is not None or (floats is not None and kind == FLOAT32):
        values = _numbers(raw if floats is None else floats, kind)
        count = -1 if values is None else values.size
    else:
        raise refused("values of a tensor's data type", which)
    if count != math.prod(shape):
        raise refused("as many values in a tensor as its shape has", f"{shape} of {which}")
    if values is not None and kind == FLOAT32 and not np.isfinite(values).all():
        raise refused("finite weights", f"NaN or infinity in {which}")
    if values is None or kind != INT64:
        return name, Tensor(kind, shape)
    if len(shape) != 1 or values.size > MOST_DIMENSIONS:
        raise refused(f"lists of at most {MOST_DIMENSIONS} numbers", f"{shape} of {which}")
    return name, Tensor(kind, shape, tuple(values.tolist()))


def _numbers(content: memoryview, kind: int) -> np.ndarray[Any, Any] | None:
    """Return the values; None where the bytes are no whole number of them."""
    dtype = np.dtype(DTYPES[kind])
    return np.frombuffer(content, dtype) if len(content) % dtype.itemsize == 0 else None


def _declared(reader: Reader, content: memoryview | None) -> tuple[str, Declared]:
    info = reader.read(VALUE_INFO, content, "a value")
    kind = reader.read(TYPE, info["type"], "a value's type")
    tensor = reader.read(TENSOR_TYPE, kind["tensor_type"], "a tensor's type")
    dims = reader.read(SHAPE, tensor["shape"], "a shape")["dim"]
    sides = [reader.read(DIMENSION, x, "a dimension")["dim_value"] for x in dims]
    return info["name"] or "", Declared(tensor["elem_type"] or 0, tuple(sides))
