"""Dimension: an axis of the searched space as a drawing has it, from 0 to 1."""

import math
from collections.abc import Callable, Sequence

from matplotlib.ticker import LogLocator, MaxNLocator

from fashionlab.report.charts.space import Dimension
from fashionlab.report.study.study import Axis, Trial, Value, shown

APART = 0.16  # of an axis: the least distance between two ticks
BINS = 5  # equal parts of a range, whose trials are described together
SPREAD = 0.6  # of the room of a choice, over which its trials lie


def dimension(axis: Axis, trials: Sequence[Trial]) -> Dimension:
    """Return an axis with the place of each trial on it."""
    values = [trial.parameters.get(axis.name) for trial in trials]
    return _choice(axis, values) if axis.kind == "choice" else _range(axis, values)


def _choice(axis: Axis, values: Sequence[Value | None]) -> Dimension:
    """Give each choice as much room, and lay its trials next to each other in it, in order."""
    texts = [None if value is None else shown(value) for value in values]
    names = list(dict.fromkeys([*map(shown, axis.choices), *(text for text in texts if text)]))
    room = 1 / max(len(names), 1)
    totals = {name: texts.count(name) for name in names}
    seen = dict.fromkeys(names, 0)
    places: list[float | None] = []
    for text in texts:
        if text is None:
            places.append(None)
            continue
        offset = SPREAD * ((seen[text] + 0.5) / totals[text] - 0.5)
        seen[text] += 1
        places.append(room * (names.index(text) + 0.5 + offset))
    return Dimension(
        axis.name,
        places,
        [(room * (n + 0.5), name) for n, name in enumerate(names)],
        [(room * n, room * (n + 1), name) for n, name in enumerate(names)],
        is_choice=True,
    )


def _range(axis: Axis, values: Sequence[Value | None]) -> Dimension:
    numbers = [float(x) for x in values if isinstance(x, int | float) and math.isfinite(x)]
    ends = [float(end) for end in (axis.low, axis.high) if end is not None]
    low, high = min([*ends, *numbers], default=0.0), max([*ends, *numbers], default=0.0)
    if low == high:
        places = [0.5 if isinstance(x, int | float) else None for x in values]
        label = _label(axis, low)
        return Dimension(axis.name, places, [(0.5, label)], [(0, 1, label)], is_choice=False)
    is_log = axis.log and low > 0
    of: Callable[[float], float] = math.log if is_log else float
    back: Callable[[float], float] = math.exp if is_log else float
    first, span = of(low), of(high) - of(low)

    def place(value: float) -> float:
        return (of(value) - first) / span

    edges = [n / BINS for n in range(BINS + 1)]
    marks = [_label(axis, back(first + span * edge)) for edge in edges]
    return Dimension(
        axis.name,
        [
            place(x) if isinstance(x, int | float) and math.isfinite(x) else None for x in values
        ],
        [
            (0.0, _label(axis, low)),
            *((place(x), _label(axis, x)) for x in _ticks(axis, low, high, is_log, place)),
            (1.0, _label(axis, high)),
        ],
        [
            (edges[n], edges[n + 1], f"{marks[n]} to {marks[n + 1]}") for n in range(BINS)
        ],
        is_choice=False,
    )  # fmt: skip


def _ticks(
    axis: Axis, low: float, high: float, is_log: bool, place: Callable[[float], float]
) -> list[float]:
    """Return round numbers between the ends, not too near to them or to each other."""
    if is_log:
        subs = (1.0, 2.0, 5.0) if high / low <= 40 else (1.0,)
        ticks = LogLocator(subs=subs, numticks=6).tick_values(low, high)
    else:
        ticks = MaxNLocator(4, integer=axis.kind == "int").tick_values(low, high)
    kept: list[float] = []
    for x in map(float, ticks):
        last = place(kept[-1]) if kept else 0.0
        if low < x < high and last + APART <= place(x) <= 1 - APART:
            kept.append(x)
    return kept


def _label(axis: Axis, value: float) -> str:
    return f"{round(value)}" if axis.kind == "int" else f"{value:.3g}"
