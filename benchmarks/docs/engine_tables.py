"""The tables about the engines: speed next to peers, and what checkpoints cost and save."""

from collections import defaultdict
from statistics import median

from benchmarks import tables
from benchmarks.speed import busy
from benchmarks.speed.table import OTHER_FORMS, Spread, Summary, ratio, summaries
from benchmarks.tables import where
from fashionlab.evaluation.intervals import mean_std


def speed() -> str:
    """Return the tables of scratch next to its fastest peer, and of all rates, from speed.csv."""
    rows = tables.read("speed")
    found = {(s.model, s.optimizer, s.contestant): s for s in summaries(rows)}
    columns = list(dict.fromkeys((model, optimizer) for model, optimizer, _ in found))
    lines = [
        "| scratch | images/s in training | times the fastest peer | share of the peak "
        "| prediction, times the fastest peer | peak memory, and the least of a peer |",
        "|---|---|---|---|---|---|",
    ]
    for model, optimizer in columns:
        own = found[model, optimizer, "scratch"]
        memory = [
            s.peak_memory_mb
            for key, s in found.items()
            if key[:2] == (model, optimizer) and s is not own and key[2] not in OTHER_FORMS
        ]
        lines.append(
            f"| {model}, {optimizer} | {own.images_a_second[0]:,.0f} "
            f"| {_times(own.ratio, own.fastest_peer)} | {_percent(own.peak_share)} "
            f"| {_times(own.prediction_ratio, own.fastest_predictor)} "
            f"| {own.peak_memory_mb:,.0f} MB, {_least(memory)} |"
        )
    lines += [
        "",
        f"| images/s in training | {' | '.join(', '.join(column) for column in columns)} | form |",
        "|---" * (len(columns) + 2) + "|",
    ]
    for name in dict.fromkeys(contestant for *_, contestant in found):
        cells = (_rate(found.get((*column, name))) for column in columns)
        lines.append(f"| {name} | {' | '.join(cells)} | {_forms(name, rows)} |")
    turns = sorted({s.turns for s in found.values()})
    steps = dict.fromkeys(f"{row['steps']} ({row['model']})" for row in rows)
    versions = {tuple(pair) for row in rows for pair in _pairs(row["versions"])}
    lines += [
        "",
        f"Medians of {' or '.join(map(str, turns))} turns; ratios are taken turn by "
        f"turn, with their lowest and highest. Steps a turn: {', '.join(steps)}; "
        f"batch {rows[0]['batch']} (full-batch: all), "
        f"float32, {rows[0]['threads']} threads; {tables.machines(rows)}; Python "
        f"{', '.join(sorted({row['python'] for row in rows}))}, "
        f"{', '.join(f'{name} {number}' for name, number in sorted(versions))}. "
        "Written by `make bench-speed`. The peak is the float32 multiply-adds that all threads can "
        "do, measured in each turn; the share of it is what the matrix products of the training "
        "need. The form says how a contestant had its images, and which of its forms was the "
        "fastest. † reached another loss, and is not ranked.",
    ]
    return "\n".join(lines)


def _percent(spread: Spread | None) -> str:
    return f"{100 * spread[0]:.0f} %" if spread else "–"


def _forms(name: str, rows: list[dict[str, str]]) -> str:
    """Return the forms of a contestant in training, each with its models where it had several."""
    models = defaultdict(list)
    for row in rows:
        if row["contestant"] == name:
            form, _, _ = row["form"].rpartition("predicts ")
            models[form.rstrip(", ")].append(row["model"])
    if len(models) == 1:
        return next(iter(models))
    return "; ".join(
        f"{form} ({', '.join(dict.fromkeys(of_form))})" for form, of_form in models.items()
    )


def _times(spread: Spread | None, peer: str | None) -> str:
    return f"{ratio(spread)}, {peer}" if spread else "–"


def _least(memory: list[float]) -> str:
    return f"{min(memory):,.0f} MB" if memory else "–"


def _rate(summary: Summary | None) -> str:
    if summary is None:
        return "–"
    return f"{summary.images_a_second[0]:,.0f}{'' if summary.agrees else '†'}"


def _pairs(text: str) -> list[tuple[str, str]]:
    words = text.split()
    return list(zip(words[::2], words[1::2], strict=True))


def speed_busy() -> str:
    """Return the table of training next to a busy process, from speed_busy.csv."""
    rows = tables.read("speed_busy")
    lines = [
        "| images/s in training | alone | next to a busy process | share |",
        "|---|---|---|---|",
    ]
    lines += [
        f"| {name} | {alone:,.0f} | {beside:,.0f} | {100 * share:.0f} % |"
        for name, (alone, beside, share) in busy.shares(rows).items()
    ]
    turns = len({row["turn"] for row in rows})
    lines += [
        "",
        f"Medians of {turns} turns of {rows[0]['steps']} steps of {rows[0]['model']} with "
        f"{rows[0]['optimizer']}, batch {rows[0]['batch']}, {rows[0]['threads']} threads; "
        f"{where(rows[:1])}. Written by `python -m benchmarks.speed --busy`.",
    ]
    return "\n".join(lines)


def keras_torch(rows: list[dict[str, str]] | None = None) -> str:
    """Return a table for each network of Keras next to plain PyTorch, from keras_torch.csv."""
    rows = tables.read("keras_torch") if rows is None else rows
    lines: list[str] = []
    for name in dict.fromkeys(row["recipe"] for row in rows):
        own = [row for row in rows if row["recipe"] == name]
        shares, turns = _shares(own)
        lines += [
            *shares,
            "",
            f"Medians of {turns} turns of {own[0]['steps']} steps of the network of `{name}`, "
            f"batch {own[0]['batch']}; {where(own)}. "
            "Written by `python -m benchmarks.engine.keras_torch`.",
            "",
        ]
    return "\n".join(lines[:-1])


def gpu_throughput() -> str:
    """Return a table for each network on a GPU next to a plain loop, from gpu_throughput.csv."""
    rows = tables.read("gpu_throughput")
    lines: list[str] = []
    for name in dict.fromkeys(row["recipe"] for row in rows):
        own = [row for row in rows if row["recipe"] == name]
        shares, turns = _shares(own)
        lines += [
            *shares,
            "",
            f"Medians of {turns} turns of {own[0]['steps']} steps of `{name}` as of commit "
            f"{own[0]['commit'][:7]} in bfloat16, batch {own[0]['batch']}; {where(own)}. "
            "Written by `python -m benchmarks.gpu.throughput`.",
            "",
        ]
    return "\n".join(lines[:-1])


def _shares(rows: list[dict[str, str]]) -> tuple[list[str], int]:
    """Return the lines of a table of rates, as shares of plain PyTorch's, and the turns."""
    rates = defaultdict(list)
    for row in rows:
        rates[row["way"]].append(float(row["images_a_second"]))
    lines = ["| | images/s in training | of plain PyTorch, % |", "|---|---|---|"]
    for way, own in rates.items():
        plain = next(  # in the same precision
            found
            for other, found in rates.items()
            if other.startswith("plain") and ("bfloat16" in other) == ("bfloat16" in way)
        )
        shares = [100 * a / b for a, b in zip(own, plain, strict=True)]
        lines.append(
            f"| {way} | {median(own):,.0f} "
            f"| {median(shares):.0f} ({min(shares):.0f} to {max(shares):.0f}) |"
        )
    return lines, len(plain)


def crash_test() -> str:
    """Return the table of the killed trainings, from crash_test.csv."""
    rows = tables.read("crash_test")
    lines = [
        "| engine | killed at | trainings | unreadable | most steps lost (interval) "
        "| other results | something left behind |",
        "|---|---|---|---|---|---|---|",
    ]
    lines += [
        f"| {row['engine']} | {row['killed_at']} | {row['killed']} | {row['unreadable']} "
        f"| {row['most_steps_lost']} ({row['interval_steps']}) | {row['other_results']} "
        f"| {row['left_behind']} |"
        for row in rows
    ]
    total = sum(int(row["killed"]) for row in rows)
    lines += ["", f"{total} trainings; {where(rows)}. Written by `make crash-test`."]
    return "\n".join(lines)


def checkpoint_cost() -> str:
    """Return the table of the share of the time that checkpoints take, from checkpoint_cost.csv."""
    rows = tables.read("checkpoint_cost")
    lines = [
        "| engine | of the time, % (mean ± standard deviation; highest) | seconds a checkpoint "
        "| megabytes |",
        "|---|---|---|---|",
    ]
    for engine in dict.fromkeys(row["engine"] for row in rows):
        of_engine = [row for row in rows if row["engine"] == engine]
        shares = [100 * float(row["share"]) for row in of_engine]
        each, _ = mean_std(
            float(row["checkpoint_seconds"]) / int(row["epochs"]) for row in of_engine
        )
        mean, deviation = mean_std(shares)
        lines.append(
            f"| {engine} | {mean:.2f} ± {deviation:.2f}; {max(shares):.2f} | {each:.3f} "
            f"| {int(of_engine[0]['checkpoint_bytes']) / 1e6:.1f} |"
        )
    turns = len({row["turn"] for row in rows})
    lines += [
        "",
        f"n = {turns} turns of {rows[0]['epochs']} epochs; {where(rows)}. Written by "
        "`python -m benchmarks.engine.checkpoint_cost`.",
    ]
    return "\n".join(lines)
