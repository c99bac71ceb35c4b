"""Change portable models at random: each is refused or works. Writes results/hostile_models.csv.

    python -m benchmarks.hostile.models [--changes 200]

A model is changed at random bytes anywhere and outside its weights, and cut; its operators, their
inputs, attributes and weights are exchanged, by as many changes; and each
field of its metadata is replaced by a value of each other JSON type. A changed model must raise
ModelError, or load and predict probabilities. It runs in processes of its own: one that dies, as
onnxruntime may on a graph that it does not expect, counts as a crash and another goes on.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Collection, Iterator
from itertools import islice
from pathlib import Path

import numpy as np
import onnx
from onnx import helper

from benchmarks import tables
from benchmarks.hostile.changes import peak_mb
from fashionlab.errors import ModelError
from fashionlab.portable import Predictor
from fashionlab.portable.metadata import KEY
from fashionlab.shipped import MODEL

VALUES = (  # of JSON, of each type and beyond each limit
    *(None, True, 0, -1, 1, 8, 1.5, -0.5, 1e300, float("nan"), 2**70, "", "text", "\ud800"),
    *("\n\x1b[2J", "x" * 100_000, [], [[]], [0, 0], [1.5, 2], ["a", "a"], [None] * 3, {}),
    *({"a": 1}, [10**9, 10**9], [[0, "AAAA"]], [[0, 0]] * 1000),
)
REFUSED, ACCEPTED, OTHER, CRASHED = "refused", "accepted", "other_exceptions", "crashes"


def changed_bytes(content: bytes, changes: int, seed: int = 0) -> Iterator[bytes]:
    """Yield the file with one to three bytes changed, inserted or removed, or its end cut off."""
    rng = np.random.default_rng(seed)
    places = outside_weights(content)
    for i in range(changes):
        new = bytearray(content)
        for _ in range(rng.integers(1, 4)):
            at = int(rng.choice(places) if i % 2 else rng.integers(len(content)))
            at = min(at, len(new) - 1)
            match rng.integers(8):
                case 0:
                    del new[at]
                case 1:
                    new.insert(at, int(rng.integers(256)))
                case 2:
                    new[at] = int(rng.choice([0, 1, 127, 128, 255]))
                case 3 | 4:
                    new[at] ^= 1 << int(rng.integers(8))
                case _:
                    new[at] = int(rng.integers(256))
        yield bytes(new[: int(rng.integers(len(new)))] if i % 20 == 0 else new)


def outside_weights(content: bytes) -> np.ndarray:
    """Return the places of all bytes that are not a large tensor's: the graph and the metadata."""
    is_weight = np.zeros(len(content), bool)
    for tensor in onnx.load_from_string(content).graph.initializer:
        if len(tensor.raw_data) > 64:
            at = content.find(tensor.raw_data)
            is_weight[at : at + len(tensor.raw_data)] = True
    return np.flatnonzero(~is_weight)


def changed_graphs(content: bytes, changes: int, seed: int = 0) -> Iterator[bytes]:
    """Yield the file with its graph changed, as a writer would who knows the format."""
    rng = np.random.default_rng(seed)
    model = onnx.load_from_string(content)
    names = [x.name for x in model.graph.initializer] + [x.output[0] for x in model.graph.node]
    operators = sorted({node.op_type for node in model.graph.node})
    for _ in range(changes):
        new = onnx.ModelProto()
        new.CopyFrom(model)
        node = new.graph.node[rng.integers(len(new.graph.node))]
        tensor = new.graph.initializer[rng.integers(len(new.graph.initializer))]
        lists = [x for other in new.graph.node for x in other.attribute if x.ints]
        match rng.integers(6):
            case 0:
                node.input[rng.integers(len(node.input))] = rng.choice(names)
            case 1:
                node.op_type = rng.choice(operators)
            case 2 if lists:
                ints = lists[rng.integers(len(lists))].ints
                ints[rng.integers(len(ints))] = int(rng.choice([-1, 0, 1, 2, 3, 5, 27, 2**20]))
            case 3:
                tensor.dims[:] = rng.permutation(list(tensor.dims)).tolist()
            case 4:
                del new.graph.value_info[:]
                node.input[:] = rng.permutation(list(node.input)).tolist()
            case _:
                values = np.frombuffer(tensor.raw_data or b"\0" * 4, np.uint8).copy()
                values[:] = rng.choice([0, 1, 127, 255])
                tensor.raw_data = values.tobytes() if tensor.raw_data else b""
        yield bytes(new.SerializeToString(deterministic=True))


def changed_fields(content: bytes) -> Iterator[bytes]:
    """Yield the file with each field of its metadata replaced, removed or added."""
    model = onnx.load_from_string(content)
    metadata = json.loads({entry.key: entry.value for entry in model.metadata_props}[KEY])
    for field in [*metadata, "another"]:
        for value in VALUES:
            yield _with(model, json.dumps({**metadata, field: value}))
        yield _with(model, json.dumps({k: v for k, v in metadata.items() if k != field}))
    for text in ("", "[]", "null", "[" * 100_000, '{"format": 1}', "9" * 5000, "\ufeff{}"):
        yield _with(model, text)


def _with(model: onnx.ModelProto, text: str) -> bytes:
    helper.set_model_props(model, {KEY: text})
    return bytes(model.SerializeToString(deterministic=True))


def changed(content: bytes, changes: int) -> Iterator[bytes]:
    """Yield all changed files, the same for the same arguments."""
    yield from changed_bytes(content, changes)
    yield from changed_graphs(content, changes)
    yield from changed_fields(content)


def outcome(content: bytes) -> str:
    """Return what becomes of a changed file."""
    try:
        predictor = Predictor(content, threads=1)
        images = np.random.default_rng(1).integers(0, 256, (70, *predictor.image_shape), np.uint8)
        found, scores = predictor.probabilities_and_scores(images)
        json.dumps(predictor.metadata.description() | {"s": predictor.metadata.samples()})
        predictor.metadata.to_json().encode()
    except ModelError as error:
        return REFUSED if "\n" not in str(error) else f"{OTHER}: two lines, {error}"
    except Exception as error:
        return f"{OTHER}: {error!r:.200}"
    is_finite = np.isfinite(found).all() and (scores is None or np.isfinite(scores).all())
    return ACCEPTED if is_finite else f"{OTHER}: not finite"


def worker(file: Path, changes: int, first: int) -> None:
    """Print what becomes of each changed file from the `first` on, a line each, and the memory."""
    for content in islice(changed(file.read_bytes(), changes), first, None):
        print(outcome(content), flush=True)
    print(f"peak {peak_mb():.0f}")


def measure(name: str, content: bytes, changes: int) -> dict[str, object]:
    """Return the row of one file."""
    total, began = sum(1 for _ in changed(content, changes)), time.perf_counter()
    counts, lines, peak = Counter[str](), list[str](), 0.0
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "model.onnx")
        file.write_bytes(content)
        while len(lines) < total:
            command = [sys.executable, "-m", __spec__.name, "--worker", file, str(len(lines))]
            done = subprocess.run(
                [*command, "--changes", str(changes)], capture_output=True, text=True, check=False
            )
            found = done.stdout.splitlines()
            if found and found[-1].startswith("peak"):
                peak = max(peak, float(found.pop().split()[1]))
            elif len(lines) + len(found) < total:
                found.append(f"{CRASHED}: status {done.returncode}")
            lines += found
    for at, line in enumerate(lines):
        counts[line.partition(":")[0]] += 1
        if ":" in line:
            print(f"{name}, change {at}: {line}", file=sys.stderr)
    return {
        "file": name,
        "changes": total,
        "refused": counts[REFUSED],
        "unchanged_or_accepted": counts[ACCEPTED],
        "other_exceptions": counts[OTHER],
        "crashes": counts[CRASHED],
        "peak_mb": round(peak),
        "seconds": round(time.perf_counter() - began, 1),
    }


def others(names: Collection[str]) -> list[dict[str, str]]:
    """Return the rows of the files that are measured elsewhere."""
    written = (tables.RESULTS / "hostile_models.csv").exists()
    rows = tables.read("hostile_models") if written else []
    return [row for row in rows if row["file"] not in names]


def main() -> None:
    """Measure the shipped model, and small ones of 32 and 8 bits."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--changes", type=int, default=200, help="of bytes, in each file")
    parser.add_argument("--worker", nargs=2, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.worker:
        file, first = arguments.worker
        worker(Path(file), arguments.changes, int(first))
        return
    from benchmarks.small_model import small

    files = {"shipped": MODEL.read_bytes(), "small": small(), "small, 8 bits": small(8)}
    rows = []
    for name, content in files.items():
        rows.append(measure(name, content, arguments.changes) | tables.machine())
        print(rows[-1], flush=True)
    tables.write("hostile_models", [*others(files), *rows])


if __name__ == "__main__":
    main()
