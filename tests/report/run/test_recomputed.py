"""Everything on a page follows from the run folder and its data, computed here by other programs.

The numbers are read out of the page, and computed again from predictions.npz, history.csv, the
other records and the images with NumPy, SciPy and scikit-learn; both are equal as printed.
"""

import csv
import hashlib
import json
import re

import numpy as np
import pytest
from scipy import stats
from scipy.special import log_softmax
from sklearn import metrics
from sklearn.neighbors import KNeighborsClassifier

from fashionlab.portable.measured import measured

from .conftest import BEST, TEMPERATURE

BINS = 15


def share(value, digits=2):
    return f"{100 * value:.{digits}f} %"


def between(low, high):
    return f"{100 * low:.2f} to {share(high)}"


def wilson(correct, n):
    bounds = stats.binomtest(int(correct), int(n)).proportion_ci(0.95, "wilson")
    return bounds.low, bounds.high


def signed(value):
    return f"{100 * value:+.2f}".replace("-", "\N{MINUS SIGN}")


def p_value(p):
    return "p < 0.001" if p < 0.001 else f"p = {p:.3f}"


@pytest.fixture(scope="module")
def page(whole):
    return whole.page


@pytest.fixture(scope="module")
def names(whole):
    return json.loads((whole.run.folder / "config.json").read_text())["class_names"]


@pytest.fixture(scope="module")
def stored(whole):
    """Log-probabilities (N, K), labels and predictions (N,), and the highest probability (N,)."""
    with np.load(whole.run.folder / "predictions.npz") as file:
        lp, y = file["log_probabilities"], file["labels"]
    return lp, y, lp.argmax(axis=1), np.exp(lp.max(axis=1))


def test_verdict_and_headline(page, stored):
    lp, y, predicted, _ = stored
    correct = int((predicted == y).sum())
    accuracy, bounds = share(correct / len(y)), between(*wilson(correct, len(y)))
    said = f"my-own classifies {accuracy} of the {len(y)} test images correctly (95 % interval "
    assert f"{said}{bounds})" in page.text
    precision, recall, f1, _ = metrics.precision_recall_fscore_support(
        y, predicted, average="macro", zero_division=0
    )
    headline = page.sections["Figures"]
    assert headline.startswith(f"Test accuracy{accuracy}95 % interval {bounds}")
    assert f"Log loss{metrics.log_loss(y, np.exp(lp)):.4f}nats" in headline
    for name, value in (("Precision", precision), ("Recall", recall), ("F1", f1)):
        assert f"{name}{value:.4f}mean" in headline


def paired_interval(ours, theirs):
    """Newcombe's 95 % interval of the difference of two accuracies on the same images."""
    n = len(ours)
    e, f = (ours & theirs).sum(), (ours & ~theirs).sum()
    g, h = (~ours & theirs).sum(), (~ours & ~theirs).sum()
    c = float(e * h - f * g)
    c = max(0.0, c - n / 2) if c > 0 else c
    product = float((e + f) * (g + h) * (e + g) * (f + h))
    phi = c / np.sqrt(product) if product else 0
    (p, q), ((l1, u1), (l2, u2)) = (
        ((e + f) / n, (e + g) / n),
        (wilson(e + f, n), wilson(e + g, n)),
    )
    below, above = (p - l1, u2 - q), (u1 - p, q - l2)
    d, u = (np.sqrt(a * a - 2 * phi * a * b + b * b) for a, b in (below, above))
    return p - q - d, p - q + u


def test_baselines_with_their_significance(whole, page, stored, cache):
    _, y, predicted, _ = stored
    (file,) = cache.glob("baselines-*.npz")
    with np.load(file) as kept:
        regression = kept["predicted"][1]
    train, test = whole.parts
    rows = {"logistic regression": regression}
    rows["majority class"] = np.full(len(y), np.bincount(train.labels).argmax())
    flat = [part.images.reshape(len(part), -1).astype(np.float64) for part in (train, test)]
    near = KNeighborsClassifier(5, algorithm="brute").fit(flat[0], train.labels)
    rows["nearest neighbours"] = near.predict(flat[1])
    shown = {row[0]: row[1:] for row in page.table("Method")[1:]}
    ours, best, compared = predicted == y, None, []
    for name, guess in sorted(rows.items(), key=lambda row: (row[1] == y).mean()):
        theirs = guess == y
        only, other = (ours & ~theirs).sum(), (theirs & ~ours).sum()
        p = stats.binomtest(int(only), int(only + other)).pvalue if only + other else 1
        (cells,) = (cells for start, cells in shown.items() if start.startswith(name))
        low, high = map(signed, paired_interval(ours, theirs))
        difference = ours.mean() - theirs.mean()
        assert cells == [
            f"{share(theirs.mean())} {between(*wilson(theirs.sum(), len(y)))}",
            f"{signed(difference)} points {low} to {high} points",
            p_value(p),
        ]
        compared.append(name)
        best = name, difference, theirs.mean(), p
    assert [row.split(" always")[0].split(" a ")[0].split(" the most")[0] for row in shown][
        :3
    ] == compared
    name, difference, accuracy, p = best
    if p < 0.05:
        more = "more" if difference > 0 else "less"
        said = f"{100 * abs(difference):.2f} points {more} than the best simple baseline, {name}"
    else:
        said = f"no significant difference to the best simple baseline, {name} with "
        said += share(accuracy)
    assert f"{said} ({p_value(p)})" in page.text


def test_the_table_of_classes(page, stored, names):
    _, y, predicted, _ = stored
    precision, recall, f1, support = metrics.precision_recall_fscore_support(
        y, predicted, labels=range(len(names)), zero_division=0
    )
    jaccard = metrics.jaccard_score(y, predicted, average=None, labels=range(len(names)))
    rows = page.table("Class")[1:]
    for k, name in enumerate(names):
        hits = int(((y == k) & (predicted == k)).sum())
        decided = int((predicted == k).sum())
        union = support[k] + decided - hits
        assert hits / union == jaccard[k]
        bounds = [2 * x / (1 + x) for x in wilson(hits, union)]
        assert rows[k] == [
            name,
            f"{share(precision[k])} {between(*wilson(hits, decided))}",
            f"{share(recall[k])} {between(*wilson(hits, support[k]))}",
            f"{share(f1[k])} {between(*bounds)}",
            str(hits),
            str(support[k]),
        ]
    means = [share(values.mean()) for values in (precision, recall, f1)]
    assert rows[-1] == ["Mean or sum", *means, str((y == predicted).sum()), str(len(y))]
    worst, best = recall.argmin(), recall.argmax()
    assert (
        f"it recognises {names[worst]} least ({share(recall[worst], 1)} of its images) and "
        f"{names[best]} best ({share(recall[best], 1)})"
    ) in page.text


def test_the_confusion_matrix(page, stored, names):
    _, y, predicted, _ = stored
    cells = metrics.confusion_matrix(y, predicted, labels=range(len(names)))
    shown = page.captioned("Test images by true class")
    assert shown[0] == ["", *names]
    assert [row[0] for row in shown[1:]] == names
    assert [[int(cell or 0) for cell in row[1:]] for row in shown[1:]] == cells.tolist()
    words = {link["title"] for link in page.all("a") if "title" in link}
    support = cells.sum(axis=1)
    said = {
        f"{names[i]} {'predicted correctly' if i == j else f'predicted as {names[j]}'}: "
        f"{cells[i, j]} of {support[i]}, {share(cells[i, j] / support[i], 1)}"
        for i, j in np.argwhere(cells)
    }
    assert {word.replace("\N{NO-BREAK SPACE}", " ") for word in words} == said


def calibration(p, correct):
    """Expected and maximum calibration error over BINS bins, (low, high]."""
    place = np.digitize(p, np.arange(1, BINS) / BINS, right=True)
    gaps = {b: abs(correct[place == b].mean() - p[place == b].mean()) for b in set(place)}
    return sum((place == b).mean() * gap for b, gap in gaps.items()), max(gaps.values())


def test_the_table_of_calibration(page, stored):
    lp, y, predicted, _ = stored
    table = page.table("Measure")
    assert table[0][1:] == ["The run's probabilities", f"Temperature {TEMPERATURE:.3f}"]
    for column, temperature in ((1, 1), (2, TEMPERATURE)):
        own = log_softmax(lp / temperature, axis=1)
        p = np.exp(own)
        expected, maximum = calibration(p.max(axis=1), predicted == y)
        brier = ((p - np.eye(p.shape[1])[y]) ** 2).sum(axis=1).mean()
        assert [row[column] for row in table[1:]] == [
            share(expected),
            share(maximum),
            f"{brier:.4f}",
            f"{metrics.log_loss(y, p):.4f}",
        ]
    correct = share((predicted == y).mean(), 1)
    assert f"probabilities are {share(p.max(axis=1).mean(), 1)} on average, and {correct}" in (
        page.text
    )
    assert f"(expected calibration error {share(expected, 1)})" in page.text


def test_the_table_of_coverage(page, stored):
    _, y, predicted, p = stored
    order = (-p).argsort(kind="stable")
    correct, n = (predicted == y)[order], len(y)
    rows = {row[0]: row[1:] for row in page.table("Chosen by")[1:]}

    def cells(kept):
        hits = correct[:kept].sum()
        accuracy = f"{share(hits / kept)} {between(*wilson(hits, kept))}"
        return [share(kept / n, 1), accuracy, share(p[order][kept - 1], 1)]

    assert rows.pop("All images") == cells(n)
    for percent in (98, 95, 90):
        kept = -(-percent * n // 100)
        assert rows.pop(f"Coverage {percent} %") == cells(kept)
    means = correct.cumsum() / np.arange(1, n + 1)
    assert rows.pop("Accuracy 99 %") == cells(np.flatnonzero(means >= 0.99)[-1] + 1)
    assert not rows
    assert f"the surest 90 % of the images, {share(correct[:kept].mean(), 1)} of" in page.text
    area, random = (1 - means).mean(), 1 - correct.mean()
    assert f"risk-coverage curve is {area:.4f}; in a random order it would be {random:.4f}" in (
        page.text
    )


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


def fifths(values):
    edges = np.quantile(values, [0.2, 0.4, 0.6, 0.8], method="inverted_cdf")
    group = np.searchsorted(edges, values)
    return [group == g for g in np.unique(group)]


def named(kind, values, scale=1, unit=""):
    for inside in fifths(values):
        low, high = (f"{scale * x(values[inside]):.3g}{unit}" for x in (np.min, np.max))
        yield f"{kind} {low if low == high else f'{low} to {high}'}", inside


def all_segments(images, lp, names):
    """(name, which images) of every segment that has 10 images or more, and not all."""
    pixels = images.reshape(len(images), -1).astype(np.float64)
    border = np.ones(images.shape[1:3], bool)
    border[1:-1, 1:-1] = False
    ring = np.sort(images[:, border], axis=1)
    background = ring[:, (ring.shape[1] - 1) // 2].astype(np.int64)
    if (background <= 16).mean() >= 0.5:
        background[:] = 0
    covered = (np.abs(pixels - background[:, None]) > 16).mean(axis=1)
    found = [*named("brightness", pixels.mean(axis=1)), *named("contrast", pixels.std(axis=1))]
    found += named("covered area", covered, 100, " %")
    two = np.sort((-lp).argsort(axis=1)[:, :2], axis=1)
    for a, b in np.unique(two, axis=0):
        found.append((f"{names[a]} or {names[b]}", (two == (a, b)).all(axis=1)))
    return [(name, inside) for name, inside in found if 10 <= inside.sum() < len(images)]


def test_weak_segments(whole, page, stored, names):
    lp, y, predicted, _ = stored
    right = predicted == y
    found = all_segments(whole.parts.test.images, lp, names)
    p = np.array(
        [
            stats.fisher_exact(
                [
                    [right[inside].sum(), (~right[inside]).sum()],
                    [right[~inside].sum(), (~right[~inside]).sum()],
                ],
                alternative="less",
            ).pvalue
            for _, inside in found
        ]
    )
    order = p.argsort(kind="stable")
    adjusted = np.empty_like(p)
    steps = p[order] * np.arange(len(p), 0, -1)
    adjusted[order] = np.minimum(1, np.maximum.accumulate(steps))
    weak = [
        (right[inside].mean(), name)
        for (name, inside), value in zip(found, adjusted, strict=True)
        if value < 0.05
    ]
    assert len(weak) >= 2
    said = [f"{name} ({share(accuracy, 1)})" for accuracy, name in sorted(weak)]
    assert (
        f"Of {len(found)} segments {len(weak)} have a significantly lower accuracy than the rest: "
        f"{', '.join(said[:-1])} and {said[-1]}."
    ) in page.text
    tips = [one["aria-label"].replace("\N{NO-BREAK SPACE}", " ") for one in page.all("rect")
            if one.get("class") == "tip"]  # fmt: skip
    for (name, inside), value in zip(found, adjusted, strict=True):
        hits, n = right[inside].sum(), inside.sum()
        words = f"{name}: {share(hits / n)} of {n} images ({between(*wilson(hits, n))}); all "
        words += f"others {share(right[~inside].mean())}; {p_value(value)}"
        shown = [tip for tip in tips if tip.startswith(words)]
        assert [tip.endswith(", weak") for tip in shown] == [value < 0.05]


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
    assert f"accuracy is {share(mean, 1)} on average, of {share(clean, 1)} on" in page.text


def test_surest_errors_and_least_sure_hits(page, stored, names):
    lp, y, predicted, p = stored
    for heading, some, sign in (
        ("Most confident errors", np.flatnonzero(predicted != y), -1),
        ("Least confident hits", np.flatnonzero(predicted == y), 1),
    ):
        order = some[(sign * p[some]).argsort(kind="stable")][:24]
        text = page.sections[heading].replace(" ", "")
        place = 0
        for index in order:
            guesses = (-lp[index]).argsort(kind="stable")[:2].tolist()
            guesses += [y[index]] if y[index] not in guesses else []
            said = [f"{names[k]}{100 * np.exp(lp[index, k]):.1f}%" for k in guesses]
            wanted = "".join(said).replace(" ", "")
            place = text.index(wanted, place) + len(wanted)
        assert place == len(text)


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
    lp, y, predicted, p = stored
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
