"""The tables about using a model, from inference.csv, pictures.csv and service.csv."""

from collections import defaultdict
from statistics import median

from benchmarks import tables
from benchmarks.service.clients import PROBES
from benchmarks.tables import where

WAYS = {
    "prepared": "as `predict` prepares it",
    "squeezed": "squeezed to 28 x 28 grey pixels",
    "squeezed and negated": "the same, negated",
}
LOADS = {
    "png": "64 connections, a PNG each",
    "json": "64 connections, 28 x 28 numbers each",
    "ten times": "ten times the requests that it can answer",
    "640": "640 connections, a PNG each",
    "slow": "64 connections, next to 200 slow ones",
}


def inference() -> str:
    """Return the table of milliseconds an image and images a second of a portable model."""
    rows = tables.read("inference")
    groups = defaultdict(list)
    for row in rows:
        groups[row["model"], row["threads"]].append(row)
    lines = [
        "| model | threads | file, kB | test accuracy, % | one image, ms | a PNG's bytes, ms "
        "| images/s, 10,000 at once |",
        "|---|---|---|---|---|---|---|",
    ]
    for (model, threads), own in groups.items():
        times = [_spread(own, column, "{:.2f}") for column in ("one_image_ms", "a_png_ms")]
        rates = _spread(own, "images_a_second", "{:,.0f}")
        size, stated = int(own[0]["bytes"]) / 1000, own[0]["test_accuracy"]
        accuracy = f"{100 * float(stated):.2f}" if stated else "–"
        lines.append(
            f"| {model} | {threads} | {size:,.0f} | {accuracy} | {' | '.join(times)} | {rates} |"
        )
    command = _spread([row for row in rows if row["command_s"]], "command_s", "{:.2f}")
    lines += [
        "",
        f"Medians of {len(own)} turns, with lowest and highest. `fashionlab predict photo.jpg`, "
        f"from the shell to the answer: {command} s. `small` has weights that were never trained, "
        f"which take as long. {where(rows)}, onnxruntime {rows[0]['onnxruntime']}. Written by "
        "`python -m benchmarks.photos.inference`.",
    ]
    return "\n".join(lines)


def _spread(rows: list[dict[str, str]], column: str, form: str) -> str:
    values = [float(row[column]) for row in rows]
    middle, low, high = (form.format(x) for x in (median(values), min(values), max(values)))
    return f"{middle} ({low} to {high})"


def pictures() -> str:
    """Return the table of accuracy on drawn photos, with and without preparation."""
    rows = [row for row in tables.read("pictures") if row["scene"] == "all"]
    lines = [
        f"| of {rows[0]['pictures']} pictures, what the model sees | correct | not known | wrong |",
        "|---|---|---|---|",
    ]
    lines += [
        f"| {WAYS[row['way']]} | {row['right']} | {row['not_known']} | {row['wrong']} |"
        for row in rows
    ]
    lines += [
        "",
        "Drawn garments with shading and texture, ten of each class: dark on light and light on "
        "dark, on a coloured background, under uneven light, off centre, rotated, cut out. Model: "
        f"{rows[0]['model']}, the shipped one. {where(rows)}. Written by "
        "`python -m benchmarks.photos.pictures`.",
    ]
    return "\n".join(lines)


def service() -> str:
    """Return the table of the service under load."""
    rows = tables.read("service")
    lines = [
        "| load | predictions/s | of them, ms: median, p99 | refused/s | of them, ms: median, p99 "
        "| errors | memory, MB: before, after |",
        "|---|---|---|---|---|---|---|",
    ]
    for row in rows:
        refused = "– | –"
        if row["refused_p99_ms"]:
            waits = f"{float(row['refused_p50_ms']):.1f}, {float(row['refused_p99_ms']):.1f}"
            refused = f"{int(row['refused_per_second']):,} | {waits}"
        lines.append(
            f"| {LOADS[row['load']]} | {int(row['answered_per_second']):,} "
            f"| {float(row['p50_ms']):.1f}, {float(row['p99_ms']):.1f} | {refused} "
            f"| {row['errors']} | {row['rss_before_mb']}, {row['rss_after_mb']} |"
        )
    lines += [
        "",
        f"{rows[0]['seconds']} seconds each, one after the other, the client on the same cores; "
        "the network of `small`, with weights that were never trained. In the two overloads the "
        f"times are those of a second client, which sends {PROBES} requests a second next to the "
        f"one that makes the load. {where(rows)}. "
        "Written by `python -m benchmarks.service.load`.",
    ]
    return "\n".join(lines)
