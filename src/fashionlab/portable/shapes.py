"""infer: the shapes of a portable model's values, and the memory and work that they take.

The values of one image and of two are inferred, so that it is known what grows with the number.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod

from fashionlab.portable.graph import FLOAT32, UINT8, Graph, Node
from fashionlab.portable.operators import BYTES, RULES, Value, filled
from fashionlab.portable.protobuf import refused

COLOURS = 3  # red, green, blue


@dataclass
class Cost:
    """What computing a graph takes for one number of images."""

    memory: int = 0  # bytes of all values that vary
    workspace: int = 0  # bytes that one convolution uses while it runs, at most
    constants: int = 0  # bytes of tensors, and of what onnxruntime makes of them
    operations: int = 0  # multiply-adds and comparisons


def infer(graph: Graph, images: int) -> tuple[dict[str, Value], Cost]:
    """Return the values by name, for so many images; ModelError where a rule does not hold."""
    name, (kind, shape) = graph.input[0], (graph.input[1].kind, graph.input[1].shape)
    sides = tuple(side for side in shape[1:] if side and side > 0)
    is_image = len(sides) == len(shape) - 1 and (len(sides) == 2 or sides[2:] == (COLOURS,))
    if kind != UINT8 or shape[:1] != (None,) or not is_image:
        raise refused(
            "images (N, H, W) or (N, H, W, 3) of bytes as its input", f"{shape} of type {kind}"
        )
    cost, values = Cost(), dict[str, Value]()
    for key, tensor in graph.tensors.items():
        values[key] = Value(tensor.kind, tensor.shape, varies=False, numbers=tensor.numbers)
        cost.constants += values[key].bytes
    _add(values, name, Value(UINT8, (images, *sides)))
    for node in graph.nodes:
        inputs = _inputs(node, values)
        value = _result(node, inputs)
        _add(values, node.output, value)
        _count(cost, node, inputs, value)
    return values, cost


def _add(values: dict[str, Value], name: str, value: Value) -> None:
    if not name or name in values:
        raise refused("a name of its own for each value", f"{name!r:.80}")
    values[name] = value


def _inputs(node: Node, values: dict[str, Value]) -> list[Value]:
    missing = [name for name in node.inputs if name not in values]
    if missing:
        raise refused("operators after those of their inputs", f"an unknown {missing[0]!r:.80}")
    return [values[name] for name in node.inputs]


def _result(node: Node, inputs: Sequence[Value]) -> Value:
    if node.operator not in RULES:
        raise refused("operators of image classifiers", f"{node.operator!r:.40}")
    rule, codes, names = RULES[node.operator]
    given = "".join(value.code for value in inputs)
    required = {name for name in names.split() if not name.startswith("[")}
    optional = {name.strip("[]") for name in names.split()}
    if given not in codes.split() or not required <= node.attributes.keys() <= optional:
        raise refused(
            f"{node.operator} as export writes it",
            f"inputs {given[:20]!r} and attributes {sorted(node.attributes)}",
        )
    try:
        shape = rule(node.attributes, *inputs)
    except ValueError as error:  # also of a tuple of another length
        raise refused(
            f"{node.operator} as export writes it",
            f"shapes {[value.shape for value in inputs]} and {node.attributes}",
        ) from error
    kind = UINT8 if node.operator == "QuantizeLinear" else FLOAT32
    return Value(kind, shape, varies=inputs[0].varies)


def _count(cost: Cost, node: Node, inputs: Sequence[Value], value: Value) -> None:
    """Add what a node takes. Weights that two nodes share are arranged for each of them."""
    if value.varies:
        cost.memory += value.bytes
    else:
        cost.constants += value.bytes
    if node.operator == "Conv":
        filters, depth, *window = inputs[1].shape
        cost.operations += prod(value.shape) * depth * prod(window)
        cost.constants += filled(filters) * filled(depth) * prod(window) * BYTES[FLOAT32]
        columns = depth * prod(window) * prod(value.shape[2:]) * BYTES[FLOAT32]
        cost.workspace = max(cost.workspace, columns)
    elif node.operator == "Gemm":
        depth, units = inputs[1].shape
        cost.operations += prod(value.shape) * depth
        cost.constants += filled(depth) * filled(units) * BYTES[FLOAT32]
    elif node.operator == "MaxPool":
        cost.operations += prod(inputs[0].shape)
    else:
        cost.operations += prod(value.shape)
