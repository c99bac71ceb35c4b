"""Medians, ratios and spreads of a measurement's rows, and their table."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median

Row = Mapping[str, object]  # of speed.csv, as measured or as read
Spread = tuple[float, float, float]  # median, lowest, highest

SCRATCH = "scratch"
OTHER_FORMS = ("scratch-numpy",)  # of scratch itself: no peers


@dataclass(frozen=True)
class Summary:
    """One contestant on one model and optimizer, over the turns."""

    model: str
    optimizer: str
    contestant: str
    turns: int
    images_a_second: Spread
    prediction_images_a_second: Spread
    peak_memory_mb: float
    products_share: Spread  # of the time of training, what bare products take
    peak_share: Spread | None  # of the processor's multiply-adds, those of the products
    agrees: bool  # reached the same loss as the others
    ratio: Spread | None = None  # of scratch alone: to the fastest peer, turn by turn
    prediction_ratio: Spread | None = None
    fastest_peer: str | None = None
    fastest_predictor: str | None = None


def _spread(values: Iterable[float]) -> Spread:
    known = list(values)
    return median(known), min(known), max(known)


def _numbers(rows: Sequence[Row], column: str) -> dict[int, float]:
    return {int(str(row["turn"])): float(str(row[column])) for row in rows}


def _ratio(own: Sequence[Row], other: Sequence[Row], column: str) -> Spread | None:
    mine, theirs = _numbers(own, column), _numbers(other, column)
    shared = mine.keys() & theirs.keys()
    return _spread(mine[turn] / theirs[turn] for turn in shared) if shared else None


def summaries(rows: Iterable[Row]) -> list[Summary]:
    """Return one summary per model, optimizer and contestant, in the order of the rows.

    The fastest peer is the one with the highest median among those that reached the same loss.
    """
    groups: dict[tuple[str, str], dict[str, list[Row]]] = defaultdict(lambda: defaultdict(list))
    for row in rows:
        groups[str(row["model"]), str(row["optimizer"])][str(row["contestant"])].append(row)
    return [
        _summary(model, optimizer, name, of_all)
        for (model, optimizer), of_all in groups.items()
        for name in of_all
    ]


def _summary(model: str, optimizer: str, name: str, of_all: Mapping[str, Sequence[Row]]) -> Summary:
    own = of_all[name]
    peers = {k: v for k, v in of_all.items() if k not in (SCRATCH, *OTHER_FORMS) and _agrees(v)}
    fastest: dict[str, str | None] = {}
    for column in ("images_a_second", "prediction_images_a_second"):
        medians = {k: median(_numbers(v, column).values()) for k, v in peers.items()}
        found = max(medians, key=lambda k: medians[k], default=None)
        fastest[column] = found if name == SCRATCH and _agrees(own) else None
    trainer, predictor = fastest.values()
    return Summary(
        model,
        optimizer,
        name,
        len(own),
        _spread(_numbers(own, "images_a_second").values()),
        _spread(_numbers(own, "prediction_images_a_second").values()),
        max(_numbers(own, "peak_memory_mb").values()),
        _spread(
            float(str(row["products_seconds_a_step"])) / float(str(row["seconds_a_step"]))
            for row in own
        ),
        _peak_share(own),
        _agrees(own),
        _ratio(own, peers[trainer], "images_a_second") if trainer else None,
        _ratio(own, peers[predictor], "prediction_images_a_second") if predictor else None,
        trainer,
        predictor,
    )


def _peak_share(rows: Sequence[Row]) -> Spread | None:
    """Return the products' multiply-adds a second as a share of the peak; None without a peak."""
    peak, work = "peak_multiply_adds_a_second", "multiply_adds_a_step"
    if not all(row.get(peak) for row in rows):
        return None
    return _spread(
        float(str(row[work])) / float(str(row["seconds_a_step"])) / float(str(row[peak]))
        for row in rows
    )


def _agrees(rows: Sequence[Row]) -> bool:
    return all(row["agrees"] == "yes" for row in rows)


def text(found: Sequence[Summary]) -> str:
    """Return the table for a terminal: a block per model and optimizer."""
    lines: list[str] = []
    for i, s in enumerate(found):
        before = found[i - 1] if i else None
        if before is None or (s.model, s.optimizer) != (before.model, before.optimizer):
            lines += ["", f"{s.model}, {s.optimizer}, {s.turns} turns: median (lowest to highest)"]
            lines.append(
                f"  {'':<17}{'training, images/s':>27}{'products':>10}{'of peak':>9}"
                f"{'prediction, images/s':>31}{'peak MB':>9}"
            )
        lines.append(
            f"  {s.contestant:<17}{_range(s.images_a_second):>27}{s.products_share[0]:>10.0%}"
            f"{f'{s.peak_share[0]:.0%}' if s.peak_share else '–':>9}"
            f"{_range(s.prediction_images_a_second):>31}{s.peak_memory_mb:>9,.0f}"
            + ("" if s.agrees else "  another loss: not ranked")
        )
        if s.ratio and s.prediction_ratio:
            lines.append(
                f"  {'':<17}training {ratio(s.ratio)} x {s.fastest_peer}, "
                f"prediction {ratio(s.prediction_ratio)} x {s.fastest_predictor}"
            )
    return "\n".join(lines)


def _range(spread: Spread) -> str:
    return "{:,.0f} ({:,.0f} to {:,.0f})".format(*spread)


def ratio(spread: Spread) -> str:
    """Return a ratio with its spread as text."""
    return "{:.2f} ({:.2f} to {:.2f})".format(*spread)
