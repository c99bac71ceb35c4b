"""The state of a NumPy generator as an array of words, which a checkpoint can hold."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

Words = NDArray[np.uint64]


def get(generator: np.random.Generator) -> Words:
    """Return the words (n,) of a generator's state; n depends on the kind of bit generator."""
    words: list[int] = []
    for place, name, size in _numbers(generator.bit_generator.state):
        value, parts = place[name], range(0, 64 * size, 64)
        words.extend(value if np.ndim(value) else (value >> i & 2**64 - 1 for i in parts))
    return np.array(words, np.uint64)


def put(generator: np.random.Generator, words: Words) -> None:
    """Give a generator the state that `get` returned for one of the same kind."""
    state: Any = generator.bit_generator.state
    rest = words.tolist()
    for place, name, size in _numbers(state):
        taken, rest = rest[:size], rest[size:]
        value = sum(word << 64 * i for i, word in enumerate(taken))
        place[name] = np.array(taken, place[name].dtype) if np.ndim(place[name]) else value
    generator.bit_generator.state = state


def _numbers(state: Any) -> list[tuple[dict[str, Any], str, int]]:
    """Return the dict, name and size in words of each array and number of a state.

    Numbers of the inner dict have up to 128 bits.
    """
    names = [(state["state"], name, 2) for name in state["state"]]
    names += [(state, name, 1) for name in state if name not in ("bit_generator", "state")]
    return [(d, n, np.size(d[n]) if np.ndim(d[n]) else size) for d, n, size in names]
