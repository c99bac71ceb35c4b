"""The rest of a page follows from the run's records: history, robustness, model, explanation."""

import csv
import hashlib
import json
import re

import numpy as np
import pytest

from fashionlab.portable.measured import measured

from .conftest import BEST
from .recomputed import share


@pytest.fixture(scope="module")
def page(whole):
    return whole.page


def test_outlier_score_and_prediction_sets_are_those_of_the_model(whole, page):
    found = measured(whole.run)
    assert page.table("Drawn")[1:] == [["letters", "0.9900", "2.0 %"]]
    assert f"it accepts {share(found.accepted, 1)} of the test images" in page.text
    table = page.captioned("Test images whose prediction set")
    for k, row in enumerate(table[2:-1]):
        assert row[0] == whole.run.class_names[k]
        assert row[1:] == [
            share(found.outliers.accepted[k], 1),
            *(
                f"{share(one.found.coverage_by_class[k], 1)} {one.found.size_by_class[k]:.2f}"
                for one in found.sets
            ),
        ]
    assert table[-1][2:] == [
        f"{share(one.found.coverage, 1)} {one.found.size:.2f}" for one in found.sets
    ]


def test_robustness(whole, page):
    record = json.loads((whole.run.folder / "robustness.json").read_text())
    images = record["images"]
    counts = {one["name"]: one["correct"] for one in record["corruptions"]}
    rows = page.table("Corruption")[1:]
    for name, *cells in rows:
        correct = counts[name]
        wanted = [*correct, sum(correct) / len(correct)]
        assert cells == [share(one / images, 1) for one in wanted]
    assert sorted(row[0] for row in rows) == sorted(counts)
    assert [sum(counts[row[0]]) for row in rows] == sorted(map(sum, counts.values()))
    mean = np.mean(list(counts.values())) / images
    clean = record["clean"] / images
    assert (
        f"On {images} test images the accuracy is {share(clean, 1)} without a corruption and "
        f"{share(mean, 1)} on average over 15 corruptions"
    ) in page.text
    assert f"accuracy falls from {share(clean, 1)} to {share(mean, 1)} on average" in page.text


def test_history_data_model_and_environment(whole, page):
    folder = whole.run.folder
    with (folder / "history.csv").open() as file:
        rows = [{name: float(x) for name, x in row.items()} for row in csv.DictReader(file)]
    loss, accuracy, rate = (
        one["aria-label"].replace("\N{NO-BREAK SPACE}", " ")
        for one in page.all("svg")
        if one.get("aria-label", "").startswith(("Loss", "Accuracy after", "Learning"))
    )
    best = min(rows, key=lambda row: row["validation_loss"])["epoch"]
    assert best == BEST
    assert loss == (
        f"Loss after each epoch, 1 to 5: training from {rows[0]['loss']:.4f} to "
        f"{rows[-1]['loss']:.4f} and validation from {rows[0]['validation_loss']:.4f} to "
        f"{rows[-1]['validation_loss']:.4f}. The weights are those of epoch {best:g}."
    )
    assert f"training from {share(rows[0]['accuracy'])} to {share(rows[-1]['accuracy'])}" in (
        accuracy
    )
    assert rate.endswith(f"at most {rows[0]['learning_rate']:.3g}, to "
                         f"{rows[-1]['learning_rate']:.3g}.")  # fmt: skip
    assert f"The result is the weights of epoch {best:g}." in page.text
    seconds = [row["seconds"] for row in rows]
    total = sum(seconds)
    assert f"An epoch took {np.mean(seconds):.1f} s on average, the training " in page.text
    assert f"{total // 60:.0f} min {round(total) % 60:02d} s without" in page.text

    parts = page.table("Part")[1:]
    for row, data in zip(parts, whole.parts, strict=True):
        digest = hashlib.sha256(f"{data.images.shape} {data.labels.shape}\n".encode())
        digest.update(data.images.tobytes())
        digest.update(data.labels.tobytes())
        assert row[1:] == [data.name, str(len(data)), digest.hexdigest()]

    layers = json.loads((folder / "model.json").read_text())
    table = page.table("Layer")[1:]
    for row, layer in zip(table, layers, strict=False):
        shape = " × ".join(map(str, layer["output_shape"]))
        assert row == [layer["name"], layer["type"], shape, f"{layer['parameters']:,}"]
    assert table[-1] == ["All", f"{sum(layer['parameters'] for layer in layers):,}"]
    size = (folder / "weights.safetensors").stat().st_size
    assert f"The weights take {size:,} bytes" in page.text

    config = json.loads((folder / "config.json").read_text())
    shown = page.sections["Configuration"]
    for name in ("optimizer", "learning_rate", "batch_size", "validation_fraction", "epochs"):
        assert f"{name.replace('_', ' ')}{config['recipe'][name]}" in shown
    assert f"seed{config['seed']}" in shown and "restore best weightsyes" in shown
    environment = json.loads((folder / "environment.json").read_text())
    assert f"Processor{environment['cpu']}" in page.sections["Environment"]
    assert f"numpy {environment['versions']['numpy']}" in page.sections["Environment"]


def test_map_and_neighbours(whole, page, stored, names):
    _, y, predicted, p = stored
    with np.load(whole.run.folder / "explanation.npz") as file:
        kept = {name: file[name] for name in file.files}
    points = page.data["points"]
    assert [point[5] for point in points] == kept["map_indices"].tolist()
    for point, index in zip(points, kept["map_indices"], strict=True):
        assert point[2:5] == [y[index], predicted[index], round(1000 * p[index])]
    places = np.array([point[:2] for point in points])
    for axis, sign in ((0, 1), (1, -1)):
        relation = np.corrcoef(places[:, axis], kept["map_points"][:, axis])[0, 1]
        assert relation == pytest.approx(sign, abs=1e-4)
    wrong = (predicted != y)[kept["map_indices"]].sum()
    (alt,) = [one["aria-label"] for one in page.all("svg") if one.get("class") == "map"]
    assert re.search(rf"{len(points)} test images .*; {wrong} misclassified", alt)
    shares = share(kept["map_shares"].sum(), 0)
    assert f"(principal components, {shares} of the variance)" in page.text
    rows = page.captioned("Test images with their maps")[1:]
    for row, index, labels in zip(rows, kept["indices"], kept["neighbour_labels"], strict=True):
        said = "correctly" if predicted[index] == y[index] else f"as {names[predicted[index]]}"
        assert row[1] == f"Test image {index}: {names[y[index]]}, predicted {said} with " + (
            share(p[index], 1) if p[index] < 0.9995 else "> 99.9 %"
        )
        assert row[-1] == " ".join(names[label] for label in labels)
