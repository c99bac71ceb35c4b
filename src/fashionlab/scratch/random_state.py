"""The state of a NumPy generator as an array of words, which a checkpoint can hold."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

Words = NDArray[np.uint64]


def get(generator: np.random.Generator) -> Words:
    """Return the words (n,) of a generator's state; n depends on the kind of bit generator."""
    words: list[int] = []

    def keep(numbers: list[int]) -> list[int]:
        words.extend(numbers)
        return numbers

    _changed(generator.bit_generator.state, keep)
    return np.array(words, np.uint64)


def put(generator: np.random.Generator, words: Words) -> None:
    """Give a generator the state that `get` returned for one of the same kind."""
    rest = iter(words.tolist())
    state = _changed(generator.bit_generator.state, lambda old: [next(rest) for _ in old])
    generator.bit_generator.state = state


def _changed(value: Any, change: Callable[[list[int]], list[int]], words: int = 1) -> Any:
    """Return a state with its numbers changed, each given as a list of 64-bit words.

    A state is a dict of numbers and arrays, in which another dict may hold numbers of 128 bits.
    """
    if isinstance(value, dict):
        inner = {name: 2 if isinstance(v, dict) else words for name, v in value.items()}
        return {name: _changed(v, change, inner[name]) for name, v in value.items()}
    if isinstance(value, np.ndarray):
        return np.array(change(value.tolist()), value.dtype)
    if isinstance(value, int):
        low, *high = change([value >> 64 * i & 2**64 - 1 for i in range(words)])
        return low + (high[0] << 64 if high else 0)
    return value
