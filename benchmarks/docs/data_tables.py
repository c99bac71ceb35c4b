"""The tables about data: what the check finds, reading, and training from the disk."""

from statistics import mean, stdev

from benchmarks import tables


def data_check() -> str:
    """Return what `fashionlab data check` finds in Fashion-MNIST."""
    rows = tables.read("data_check")
    lines = [
        f"> {rows[0]['verdict']} {rows[0]['known_set']}",
        "",
        "| images | distance | labels |",
        "|---|---|---|",
    ]
    for row in rows:
        names = dict.fromkeys([row["first_label"], row["second_label"]])
        lines.append(
            f"| {row['first']}, {row['second']} | {row['distance']} | {' and '.join(names)} |"
        )
    across = sum(row["first"].split()[0] != row["second"].split()[0] for row in rows)
    lines += [
        "",
        f"No two images are equal. These {len(rows)} pairs are at most 4 grey levels apart (root "
        f"mean square over the pixels), {across} of them across training and test part; rows count "
        f"from 0. {tables.where(rows[:1])}. Written by `python -m benchmarks.data.near_copies`; "
        "`fashionlab data check fashion-mnist` prints the same.",
    ]
    return "\n".join(lines)


def loading() -> str:
    """Return how long Fashion-MNIST takes from its files into a Dataset."""
    rows = tables.read("loading")
    lines = [
        "| Fashion-MNIST from | seconds (mean ± standard deviation) | slowest |",
        "|---|---|---|",
    ]
    lines += [
        f"| {row['files']} | {row['seconds']} ± {row['seconds_std']} | {row['slowest']} |"
        for row in rows
    ]
    lines += [
        "",
        f"70,000 images, from the files to two Datasets with their SHA-256, after the imports; n = "
        f"{rows[0]['n']}; {tables.where(rows)}. Written by `python -m benchmarks.data.loading`.",
    ]
    return "\n".join(lines)


def digits() -> str:
    """Return the accuracy of the recipe `digits` on two small sets."""
    rows = tables.read("digits")
    lines = [
        "| set | trained on | test images | test accuracy, % (mean ± standard deviation) | n |",
        "|---|---|---|---|---|",
    ]
    for name in dict.fromkeys(row["data"] for row in rows):
        own = [row for row in rows if row["data"] == name]
        accuracies = [100 * float(row["accuracy"]) for row in own]
        lines.append(
            f"| {name} | {int(own[0]['images_trained_on']):,} | {int(own[0]['images']):,} | "
            f"{mean(accuracies):.2f} ± {stdev(accuracies):.2f} | {len(own)} |"
        )
    lines += [
        "",
        f"`digits` with no other option than `--data`; {rows[0]['parameters']} parameters, seeds 0 "
        f"to {len(own) - 1}; {tables.where(rows)}. Written by `python -m "
        "benchmarks.training.digits`.",
    ]
    return "\n".join(lines)


def csv_reading() -> str:
    """Return how fast Kaggle's form of Fashion-MNIST is read."""
    rows = tables.read("csv_reading")
    lines = [
        "| read by | file | seconds (mean ± standard deviation) | memory above the imports, MB |",
        "|---|---|---|---|",
    ]
    for row in rows:
        deviation = f" ± {row['seconds_std']}" if row["seconds_std"] else ""
        lines.append(
            f"| {row['reader']} | {row['file']} | {row['seconds']}{deviation} | "
            f"{int(row['reading_mb']):,} |"
        )
    lines += [
        "",
        f"60,000 rows of 785 columns ({rows[0]['megabytes']} MB plain), n = {rows[0]['n']}, in "
        f"turn; pandas {rows[0]['pandas']}; {tables.where(rows)}. Written by `python -m "
        "benchmarks.data.csv_reading`.",
    ]
    return "\n".join(lines)


def larger_than_memory() -> str:
    """Return how fast, and in how much memory, a large file is trained on and checked."""
    rows = tables.read("larger_than_memory")
    memory, file, check = rows
    lines = ["| | images | images a second | peak memory, MB |", "|---|---|---|---|"]
    for row in (memory, file, check):
        deviation = f" ± {row['images_a_second_std']}" if row["images_a_second_std"] else ""
        what = {"check": "`data check`"}.get(row["what"], row["what"])
        lines.append(
            f"| {what} | {int(row['images']):,} | {int(row['images_a_second']):,}{deviation} | "
            f"{int(row['peak_mb']):,} |"
        )
    share = int(file["images_a_second"]) / int(memory["images_a_second"])
    lines += [
        "",
        f"From the file {share:.0%} of the images a second from memory. {file['recipe']}; n = "
        f"{file['n']}, in turn, `data check` once; the file was read from the disk, not from the "
        f"system's cache; {tables.where(rows)}. Written by `python -m "
        "benchmarks.data.larger_than_memory FOLDER`.",
    ]
    return "\n".join(lines)
