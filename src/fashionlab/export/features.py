"""features: what the outlier head sees of a network, a few numbers from each of its last layers."""

from collections.abc import Sequence
from math import prod

from fashionlab.export.emit import GraphBuilder, Tensor

LAST = 2  # layers, or resolutions
MOST = 2048  # features
FINEST = 3  # parts of a side, at least, that the maxima of a channel are taken in


def features(graph: GraphBuilder, activations: Sequence[Tensor]) -> list[Tensor]:
    """Emit the features of the last activations: dense ones whole, maxima of a channel's parts.

    The parts are as fine as FINEST where MOST allows, and coarser where it does not; where the
    coarsest are too many still, the last activations alone count.
    """
    choices = [(count, parts) for count in range(LAST, 0, -1) for parts in range(FINEST, 0, -1)]
    fitting = (choice for choice in choices if _total(activations, *choice) <= MOST)
    count, parts = next(fitting, choices[-1])
    return [_flat(graph, one, _window(one, parts)) for one in activations[-count:]]


def _total(activations: Sequence[Tensor], count: int, parts: int) -> int:
    return sum(_width(one, _window(one, parts)) for one in activations[-count:])


def _window(activations: Tensor, parts: int) -> tuple[int, ...]:
    """Return the height and width of a part; () for dense ones."""
    return tuple(max(1, side // parts) for side in activations.shape[:-1])


def _width(activations: Tensor, window: tuple[int, ...]) -> int:
    sides = zip(activations.shape[:-1], window, strict=True)
    return activations.shape[-1] * prod(side // part for side, part in sides)


def _flat(graph: GraphBuilder, activations: Tensor, window: tuple[int, ...]) -> Tensor:
    name = activations.name
    if not window:
        return activations
    if max(window) > 1:
        name = graph.node("MaxPool", [name], kernel_shape=window, strides=window)
    flat = graph.node("Flatten", [name], axis=1)
    return Tensor(flat, (_width(activations, window),))
