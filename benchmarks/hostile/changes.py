"""Changes of files: single bytes, and JSON fields in each other JSON type; and the memory used."""

import copy
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

OTHERS: tuple[Any, ...] = (
    *(None, True, 0, -1, 2, 1.5, 1e308, 2**62, "", "text", "9" * 200_000, "\x1b[31m\ud800"),
    *([], [[1]], {}, {"a": 1}, ["a", 1]),
)


def bytes_changed(content: bytes, times: int, seed: int) -> Iterator[bytes]:
    """Yield the content with one byte changed, `times` times, at random places."""
    rng = np.random.default_rng(seed)
    for place in rng.integers(0, len(content), times):
        changed = bytearray(content)
        changed[place] ^= int(rng.integers(1, 256))
        yield bytes(changed)


def cut(content: bytes, times: int, seed: int) -> Iterator[bytes]:
    """Yield beginnings of the content, the empty one first."""
    yield b""
    for length in np.random.default_rng(seed).integers(1, len(content), times):
        yield content[:length]


def fields_swapped(content: bytes) -> Iterator[bytes]:
    """Yield the JSON text with each of its values, the whole too, replaced by each of OTHERS."""
    whole = json.loads(content)
    yield from (json.dumps(other).encode() for other in OTHERS)
    for path in _paths(whole):
        for other in OTHERS:
            changed = copy.deepcopy(whole)
            place = changed
            for step in path[:-1]:
                place = place[step]
            if type(place[path[-1]]) is not type(other) or other != place[path[-1]]:
                place[path[-1]] = other
                yield json.dumps(changed).encode()


def _paths(value: Any) -> Iterator[tuple[Any, ...]]:
    """Yield the keys that lead to each value inside a JSON value."""
    items = value.items() if isinstance(value, dict) else enumerate(value)
    for key, inner in items:
        yield (key,)
        if isinstance(inner, dict | list):
            yield from ((key, *path) for path in _paths(inner))


def peak_mb() -> float:
    """Return the largest memory that this process has had, in MB.

    Not getrusage's: that begins with the memory of the process which started this one.
    """
    status = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    return int(status["VmHWM"].split()[0]) / 1024
