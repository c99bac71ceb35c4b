"""The tables about trainings: accuracy, seconds to an accuracy, what was tried."""

from collections import defaultdict
from statistics import fmean

from benchmarks import tables
from benchmarks.tables import where
from fashionlab.bench.record import GPU_RECIPES
from fashionlab.bench.record import RECIPES as LEVELS
from fashionlab.evaluation.intervals import mean_interval, mean_std, wilson_interval
from fashionlab.recipes import RECIPES
from fashionlab.report import formatting
from fashionlab.report.paper import PAPER_RESULTS

TEST_IMAGES = 10_000


def report_systems() -> str:
    """Return the table of the course report's systems, from report_systems.csv."""
    rows = tables.read("report_systems")
    runs = defaultdict(list)
    for row in rows:
        runs[row["recipe"]].append(row)
    halves = []
    lines = [
        "| recipe | parameters | test accuracy, % (mean ± standard deviation; lowest to highest) "
        "| course report | time an epoch | course report |",
        "|---|---|---|---|---|---|",
    ]
    for recipe, of_recipe in runs.items():
        reference = PAPER_RESULTS[recipe]
        accuracies = [100 * float(row["test_accuracy"]) for row in of_recipe]
        mean, deviation = mean_std(accuracies)
        seconds, _ = mean_std(float(row["seconds_an_epoch"]) for row in of_recipe)
        low, high = wilson_interval(round(100 * mean), TEST_IMAGES)
        halves.append(f"±{50 * (high - low):.1f} at {mean:.0f} %")
        lines.append(
            f"| `{recipe}`, {of_recipe[0]['epochs']} epochs | {int(of_recipe[0]['parameters']):,} "
            f"| {mean:.2f} ± {deviation:.2f}; {min(accuracies):.2f} to {max(accuracies):.2f} "
            f"| {100 * reference.test_accuracy:.2f} | {formatting.seconds(seconds)} "
            f"| {formatting.seconds(reference.seconds_an_epoch)} |"
        )
    seeds = sorted({len(of_recipe) for of_recipe in runs.values()})
    lines += [
        "",
        f"n = {' or '.join(map(str, seeds))} seeds; {where(rows)}. "
        "Written by `python -m benchmarks.training.report_systems`. The 95 % interval of one "
        f"run's {TEST_IMAGES:,} test images is {', '.join(halves)}.",
    ]
    return "\n".join(lines)


def accuracy() -> str:
    """Return the table of accuracies over seeds, from accuracy.csv."""
    rows = [row for row in tables.read("accuracy") if row["part"] == "test"]
    lines = [
        "| recipe | parameters | epochs, on | test accuracy, % (mean ± standard deviation) | n "
        "| 95 % interval of the mean over seeds | of one run's test images "
        "| minutes of training | course report, % |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for recipe in sorted({row["recipe"] for row in rows}, key=list(RECIPES).index):
        own = [row for row in rows if row["recipe"] == recipe]
        if (seeds := sorted(int(row["seed"]) for row in own)) != list(range(len(own))):
            raise SystemExit(
                f"accuracy.csv must have all seeds from 0 of {recipe}; received {seeds}"
            )
        accuracies = [100 * float(row["accuracy"]) for row in own]
        n, mean = len(own), fmean(accuracies)
        interval = "{:.2f} to {:.2f}".format(*mean_interval(accuracies)) if n > 1 else "–"
        low, high = wilson_interval(round(100 * mean), TEST_IMAGES)
        minutes = sorted(float(row["training_seconds"]) / 60 for row in own)
        reference = PAPER_RESULTS.get(f"report-{recipe}")
        reported = f"{100 * reference.test_accuracy:.2f}" if reference else "–"
        lines.append(
            f"| `{recipe}` | {int(own[0]['parameters']):,} "
            f"| {own[0]['epochs']}, {own[0]['engine']} "
            f"| {_mean(accuracies, 2)} | {n} | {interval} | {100 * low:.2f} to {100 * high:.2f} "
            f"| {minutes[0]:.1f}{f' to {minutes[-1]:.1f}' if n > 1 else ''} | {reported} |"
        )
    once = "once a run, at its end"
    if times := sorted({row["test_set_read"] for row in rows} - {"1"}):
        once += f" (in some runs {' or '.join(times)} times)"
    lines += [
        "",
        f"Trained on all {int(rows[0]['images_trained_on']):,} images; the test set was read "
        f"{once}{_copies(rows)}. {where(rows)}. Written by `fashionlab bench accuracy RECIPE`.",
    ]
    return "\n".join(lines)


def _copies(rows: list[dict[str, str]]) -> str:
    if any(row["accuracy"] != row["accuracy_without_copies"] for row in rows):
        return ""
    return (
        "; none of its images is in the training set, so that the figures without such duplicates "
        "are the same"
    )


def record() -> str:
    """Return the table of seconds to an accuracy, with a column for each machine."""
    rows = tables.read("record")
    machines = sorted({(row["cpu"], row["cpus"]) for row in rows})
    lines = [
        "| test accuracy | recipe | parameters | epochs | "
        + " | ".join(f"{cpu}, {cpus} cores" for cpu, cpus in machines)
        + " |",
        "|---" * (4 + len(machines)) + "|",
    ]
    for level, recipe in sorted([*LEVELS.items(), *GPU_RECIPES.items()]):
        own = [row for row in rows if row["recipe"] == recipe]
        if own:
            cells = (
                _times_to([row for row in own if (row["cpu"], row["cpus"]) == machine], level)
                for machine in machines
            )
            lines.append(
                f"| {level} % | `{recipe}` | {int(own[0]['parameters']):,} | {own[0]['epochs']} "
                f"| {' | '.join(cells)} |"
            )
    lines += [
        "",
        "Seconds, and % of the test images reached: mean ± standard deviation of n runs. "
        f"{tables.versions(rows)}. Written by `fashionlab bench record`.",
    ]
    return "\n".join(lines)


def _times_to(rows: list[dict[str, str]], level: int) -> str:
    if not rows:
        return "–"
    accuracies = [100 * float(row["accuracy"]) for row in rows]
    short = "" if fmean(accuracies) >= level else ", short of it"
    return (
        f"**{_mean([float(row['seconds']) for row in rows], 1)} s**; {_mean(accuracies, 2)} %"
        f"{short}; n = {len(rows)}"
    )


def _mean(values: list[float], digits: int) -> str:
    spread = f" ± {mean_std(values)[1]:.{digits}f}" if len(values) > 1 else ""
    return f"{fmean(values):.{digits}f}{spread}"


def choices() -> str:
    """Return the table of trials on held-out images, from choices.csv."""
    rows = tables.read("choices")
    order = list(RECIPES)
    rows.sort(key=lambda row: (order.index(row["recipe"]), -float(row["validation_accuracy"])))
    lines = [
        "| for | validation accuracy, % | epochs, batch | optimizer, rate | its options "
        "| augmentation | model | parameters |",
        "|---|---|---|---|---|---|---|---|",
    ]
    lines += [
        f"| `{row['recipe']}` | {100 * float(row['validation_accuracy']):.2f} "
        f"| {row['epochs']}, {row['batch_size']} | {row['optimizer']}, {row['learning_rate']} "
        f"| {row['optimizer_options']} | {row['augment']} | {row['model']} "
        f"| {int(row['parameters']):,} |"
        for row in rows
    ]
    held_out = " or ".join(sorted({f"{int(row['images_held_out']):,}" for row in rows}))
    lines += [
        "",
        f"One run each, on {held_out} held-out training images. {where(rows)}. "
        "Written by `python -m benchmarks.training.choices`.",
    ]
    return "\n".join(lines)
