"""validate: an ONNX file -> what it takes, before anything in it is run; ModelError for any other.

It holds for every file that passes: its size, parts and names are limited, its weights are in it
and finite, every operator and shape is one that export writes, the values grow with the number of
images and no faster, and the memory and multiply-adds of one image are below the limits here.
"""

from dataclasses import dataclass
from math import prod

from fashionlab.portable.graph import FLOAT32, Declared, Graph, read_graph
from fashionlab.portable.metadata import INPUT, KEY, OUTPUT, SCORE, Metadata
from fashionlab.portable.operators import Value
from fashionlab.portable.protobuf import refused
from fashionlab.portable.shapes import infer

LARGEST_MEMORY = 2**30  # bytes: of one image with all weights, and of the images computed together
LARGEST_OPERATIONS = 2**37  # multiply-adds and the like of one image; `large` has 2**30
MOST_AT_ONCE = 64  # images that go through the network together: their activations stay in cache


@dataclass(frozen=True)
class Validated:
    """The facts about a portable model that passed."""

    metadata: Metadata
    at_once: int  # images that may be computed together


def validate(content: bytes) -> Validated:
    """Return what a file says and takes; ModelError where it is no portable model."""
    graph = read_graph(content)
    if KEY not in graph.metadata:
        raise refused("its class names and preprocessing in the metadata", "none by fashionlab")
    metadata = Metadata.from_json(bytes(graph.metadata[KEY]))
    per_image = _memory_per_image(graph, metadata)
    return Validated(metadata, max(1, min(MOST_AT_ONCE, LARGEST_MEMORY // per_image)))


def _memory_per_image(graph: Graph, metadata: Metadata) -> int:
    """Return the bytes of the values of one image."""
    (one, cost), (two, _) = infer(graph, 1), infer(graph, 2)
    shapes = {INPUT: (1, *metadata.image_shape), OUTPUT: (1, len(metadata.class_names))}
    if metadata.outliers is not None:
        shapes[SCORE] = (1, 1)
    names = [graph.input[0], *(name for name, _ in graph.outputs)]
    found = {name: one[name].shape for name in names if name in one and one[name].varies}
    if names != [*shapes] or found != shapes or any(one[x].kind != FLOAT32 for x in names[1:]):
        raise refused(
            f"inputs and outputs as its metadata say, {shapes}", f"{names!r:.100}, {found!r:.100}"
        )
    for name, value in one.items():
        if value.varies and prod(two[name].shape) != 2 * prod(value.shape):
            raise refused("values that grow with the number of images", f"{name!r:.80}")
    for name, declared in {**graph.values, **dict([graph.input, *graph.outputs])}.items():
        if not all(_agrees(declared, values.get(name)) for values in (one, two)):
            raise refused("values of the shapes that it declares", f"{name!r:.80}")
    memory = cost.constants + cost.memory + cost.workspace
    if memory > LARGEST_MEMORY:
        raise refused(f"at most {LARGEST_MEMORY:,} bytes for one image", f"{memory:,}")
    if cost.operations > LARGEST_OPERATIONS:
        raise refused(
            f"at most {LARGEST_OPERATIONS:,} operations for one image", f"{cost.operations:,}"
        )
    return cost.memory


def _agrees(declared: Declared, value: Value | None) -> bool:
    if value is None or declared.kind != value.kind or len(declared.shape) != len(value.shape):
        return False
    return all(side in (None, x) for side, x in zip(declared.shape, value.shape, strict=True))
