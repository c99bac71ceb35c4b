"""Audit of Fashion-MNIST: the suspects, and what two readings of their pictures say.

    fashionlab audit fashion-mnist --out runs/audit-fashion-mnist
    python -m benchmarks.training.audit_readings sheets runs/audit-fashion-mnist sheets
    python -m benchmarks.training.audit_readings results runs/audit-fashion-mnist sheets

`sheets` draws what is read: the first 200 of the list, all test images among the suspects, and as
controls 76 images that are in no list. Each reader has them in another order, with the given label
alone: neither the likely label nor whether a picture is a control. A reader writes reader_a.csv or
reader_b.csv into the folder: number, decision (sound, wrong, ambiguous, broken), class.
`results` writes results/audit_fashion_mnist.csv, all suspects and controls with both readings.
"""

import argparse
import csv
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageDraw

from benchmarks import tables
from fashionlab.data import Dataset, load

FIRST, CONTROLS = 200, 76
READERS = {"a": 1, "b": 2}  # the seeds of their orders
SEED_OF_CONTROLS = 22
COLUMNS, ROWS, SIDE, CAPTION = 5, 4, 224, 32  # of a sheet; pixels
DECISIONS = ("sound", "wrong", "ambiguous", "broken")

Key = tuple[str, int]  # part, index


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", choices=("sheets", "results"))
    parser.add_argument("audit", type=Path, help="the folder that the audit wrote")
    parser.add_argument("folder", type=Path, help="of the sheets, and of what the readers wrote")
    arguments = parser.parse_args()
    suspects = _rows(arguments.audit / "suspects.csv")
    parts = dict(zip(("train", "test"), load("fashion-mnist"), strict=True))
    read = chosen(suspects, parts)
    if arguments.what == "sheets":
        for reader in READERS:
            draw_sheets(in_order(read, reader), parts, arguments.folder / reader)
    else:
        readings = {x: readings_of(read, arguments.folder, x) for x in READERS}
        tables.write("audit_fashion_mnist", results(suspects, read, parts, readings))


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def key_of(row: dict[str, str]) -> Key:
    """Return which image a row of a list means."""
    return row["part"], int(row["index"])


def chosen(suspects: list[dict[str, str]], parts: dict[str, Dataset]) -> list[Key]:
    """Return the images to read: the first ones, suspects of the test part, and the controls."""
    of_test = [row for row in suspects if row["part"] == "test" and row["suspect"] == "yes"]
    read = list(dict.fromkeys(map(key_of, [*suspects[:FIRST], *of_test])))
    listed, rng = set(map(key_of, suspects)), np.random.default_rng(SEED_OF_CONTROLS)
    controls: list[Key] = []
    share = len(parts["train"]) / sum(map(len, parts.values()))
    while len(controls) < CONTROLS:
        part = "train" if rng.random() < share else "test"
        image = part, int(rng.integers(len(parts[part])))
        if image not in listed and image not in controls:
            controls.append(image)
    return read + controls


def in_order(read: list[Key], reader: str) -> list[Key]:
    """Return the images in a reader's order."""
    return [read[i] for i in np.random.default_rng(READERS[reader]).permutation(len(read))]


def draw_sheets(read: list[Key], parts: dict[str, Dataset], folder: Path) -> None:
    """Draw numbered pictures, with the given label under each."""
    folder.mkdir(parents=True, exist_ok=True)
    wide, high = SIDE + CAPTION, SIDE + CAPTION
    for first in range(0, len(read), COLUMNS * ROWS):
        sheet = Image.new("L", (COLUMNS * wide, ROWS * high), 255)
        pen = ImageDraw.Draw(sheet)
        for i, (part, index) in enumerate(read[first : first + COLUMNS * ROWS]):
            left, top = i % COLUMNS * wide, i // COLUMNS * high
            image = Image.fromarray(parts[part].images[index])
            sheet.paste(image.resize((SIDE, SIDE), Image.Resampling.BICUBIC), (left + 12, top + 2))
            name = parts[part].class_names[parts[part].labels[index]]
            pen.text((left + 12, top + SIDE + 6), f"{first + i + 1}: {name}", 0, font_size=17)
        sheet.save(folder / f"sheet-{first // (COLUMNS * ROWS) + 1:02}.png")


def readings_of(read: list[Key], folder: Path, reader: str) -> dict[Key, tuple[str, str]]:
    """Return a reader's (decision, class) of each image; exit where one is missing or unknown."""
    rows = {int(row["number"]): row for row in _rows(folder / f"reader_{reader}.csv")}
    numbers = range(1, len(read) + 1)
    bad = [n for n in numbers if rows.get(n, {}).get("decision") not in DECISIONS]
    if bad:
        raise SystemExit(f"reader {reader} must decide on each of {len(read)}; not on {bad[:9]}")
    decided = [(rows[n]["decision"], rows[n]["class"] or "") for n in numbers]
    return dict(zip(in_order(read, reader), decided, strict=True))


def results(
    suspects: list[dict[str, str]],
    read: list[Key],
    parts: dict[str, Dataset],
    readings: dict[str, dict[Key, tuple[str, str]]],
) -> list[dict[str, Any]]:
    """Return a row for each image of the list and each control."""
    columns = ("likely_label", "self_confidence", "likely_probability", "suspect")
    listed = {key_of(row): row for row in suspects}
    rows = []
    for image in dict.fromkeys([*listed, *read]):
        part, index = image
        row, data = listed.get(image, {}), parts[part]
        found: dict[str, Any] = {"rank": row.get("rank", ""), "part": part, "index": index}
        found["given_label"] = data.class_names[data.labels[index]]
        found |= {name: row.get(name, "") for name in columns}
        for reader, own in readings.items():
            found[f"reading_{reader}"], found[f"class_{reader}"] = own.get(image, ("", ""))
        rows.append(found)
    return rows


if __name__ == "__main__":
    main()
