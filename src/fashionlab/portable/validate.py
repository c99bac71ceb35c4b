"""metadata_text: validates an ONNX file without running it, and without opening other files.

onnxruntime alone would open other files that a model names (external data), and take any operator.
This reads the file's protocol buffers, as onnx.proto3 defines them, and refuses what no portable
model has. The numbers of fields are from onnx.proto3.
"""

from collections.abc import Iterator

from fashionlab.errors import ModelError
from fashionlab.portable.metadata import KEY

LARGEST_BYTES = 512 * 2**20
LARGEST_NODES = 5000
LARGEST_NUMBER = 4096  # of an attribute: a pad, stride, axis or type
REMEDY = "give a file that `fashionlab export` wrote"

OPERATORS = frozenset(
    [
        *("Add", "BatchNormalization", "Cast", "Clip", "Concat", "Conv", "DequantizeLinear", "Div"),
        *("Elu", "Erf", "Exp", "Flatten", "Gemm", "Identity", "LeakyRelu", "Log", "Max"),
        *("MaxPool", "Mul", "Neg", "QuantizeLinear", "ReduceMean", "ReduceSum", "Relu", "Reshape"),
        *("Selu", "Sigmoid", "Slice", "Softmax", "Softplus", "Softsign", "Tanh"),
        *("Transpose", "Unsqueeze"),
    ]
)

Field = tuple[int, int | bytes]  # number, value


def metadata_text(content: bytes) -> str:
    """Return the metadata of a portable model; ModelError for any other file."""
    if len(content) > LARGEST_BYTES:
        raise ModelError(f"a model must have at most {LARGEST_BYTES:,} bytes; {REMEDY}")
    texts: dict[str, str] = {}
    nodes = graphs = 0
    for number, value in _fields(content):
        if number == 7:  # graph
            graphs += 1
            nodes += _check_graph(_message(value))
        elif number == 8:  # opset_import: 1 domain
            _require_onnx(_text(dict(_fields(_message(value))).get(1, b"")))
        elif number == 14:  # metadata_props: 1 key, 2 value
            entry = dict(_fields(_message(value)))
            texts[_text(entry.get(1, b""))] = _text(entry.get(2, b""))
        elif number in (20, 25):  # training_info, functions
            raise _refused("only a graph", f"field {number}")
    if graphs != 1 or not nodes:
        raise _refused("one graph", f"{graphs} with {nodes} nodes")
    if KEY not in texts:
        raise _refused("its class names and preprocessing in the metadata", "none by fashionlab")
    return texts[KEY]


def _check_graph(graph: bytes) -> int:
    """Return the number of nodes; more than one Concat could double a batch again and again."""
    nodes = joins = 0
    for number, value in _fields(graph):
        if number == 1:  # node
            nodes += 1
            joins += _check_node(_message(value)) == "Concat"
        elif number == 5:  # initializer
            _check_tensor(_message(value))
        elif number == 15:  # sparse_initializer
            raise _refused("dense tensors", "a sparse one")
    if nodes > LARGEST_NODES or joins > 1:
        raise _refused(
            f"at most {LARGEST_NODES} operators and one Concat", f"{nodes} with {joins} of it"
        )
    return nodes


def _check_node(node: bytes) -> str:
    """Return the operator of a node."""
    operator = ""
    for number, value in _fields(node):
        if number == 4:  # op_type
            operator = _text(value)
        elif number == 5:  # attribute
            _check_attribute(_message(value))
        elif number == 7:  # domain
            _require_onnx(_text(value))
    if operator not in OPERATORS:
        raise _refused("operators of image classifiers", repr(operator))
    return operator


def _check_attribute(attribute: bytes) -> None:
    for number, value in _fields(attribute):
        if number in (5, 6, 10, 11, 15, 22, 23):  # tensors, graphs, types, sparse tensors
            raise _refused("numbers as attributes", f"field {number}")
        if number in (3, 8):  # i, ints
            for whole in [value] if isinstance(value, int) else _varints(value):
                signed = whole - 2**64 if whole >= 2**63 else whole
                if abs(signed) > LARGEST_NUMBER:
                    raise _refused(f"attributes up to {LARGEST_NUMBER}", f"{signed}")


def _check_tensor(tensor: bytes) -> None:
    for number, _ in _fields(tensor):
        if number in (13, 14):  # external_data, data_location
            raise _refused("all weights in the file itself", "a tensor in another file")


def _require_onnx(domain: str) -> None:
    if domain not in ("", "ai.onnx"):
        raise _refused("ONNX's own operators", f"domain {domain!r:.40}")


def _fields(message: bytes) -> Iterator[Field]:
    """Yield the fields of a protocol buffer message; ModelError where it is none."""
    view, place, end = memoryview(message), 0, len(message)
    while place < end:
        key, place = _varint(view, place)
        number, kind = key >> 3, key & 7
        if kind == 0:
            whole, place = _varint(view, place)
            yield number, whole
            continue
        if kind == 2:
            size, place = _varint(view, place)
        elif kind in (1, 5):
            size = 8 if kind == 1 else 4
        else:
            raise _not_onnx()
        if not number or size > end - place:
            raise _not_onnx()
        yield number, bytes(view[place : place + size])
        place += size


def _varint(view: memoryview, place: int) -> tuple[int, int]:
    """Return (value, place after it) of a number in groups of seven bits, the lowest first."""
    value = 0
    for shift in range(0, 70, 7):
        if place >= len(view):
            raise _not_onnx()
        byte = view[place]
        place += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, place
    raise _not_onnx()


def _varints(packed: bytes) -> Iterator[int]:
    view, place = memoryview(packed), 0
    while place < len(view):
        value, place = _varint(view, place)
        yield value


def _message(value: int | bytes) -> bytes:
    if isinstance(value, int):
        raise _not_onnx()
    return value


def _text(value: int | bytes) -> str:
    try:
        return _message(value).decode()
    except UnicodeDecodeError as error:
        raise _not_onnx() from error


def _not_onnx() -> ModelError:
    return ModelError(f"a model must be an ONNX file, this is not; {REMEDY}")


def _refused(rule: str, received: str) -> ModelError:
    return ModelError(f"a portable model must have {rule}; received {received}; {REMEDY}")
