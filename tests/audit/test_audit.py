"""The audit: it finds labels that were flipped, goes on after a kill, refuses what it cannot."""

import csv
import json
from dataclasses import replace

import numpy as np
import pytest

from fashionlab.audit import audit, listed, recipe_for, summary
from fashionlab.data import Dataset
from fashionlab.data.check.near import gather
from fashionlab.data.suspects import COLUMNS, image_hash, read_suspects
from fashionlab.data.synthetic import draw
from fashionlab.errors import DataFormatError, InvalidValueError, RunError, StoppedError
from fashionlab.progress import Progress

from .conftest import FAST


def test_flipped_labels_come_first_with_the_true_label(made, flipped):
    found, rows = made[0], flipped[1]
    assert len(set(found.rows[:10]) & set(rows)) >= 9
    truth = np.concatenate([part.labels for part in draw(300, 100)])
    ours = [row for row in found.rows[:10] if row in rows]
    assert [found.found.likely[row] for row in ours] == [truth[row] for row in ours]
    assert found.is_suspect[ours].all()
    assert found.found.noise == pytest.approx(0.025, abs=0.02)
    # Nearly all neighbours of a flipped image have its true label, not the given one.
    near = found.labels[found.neighbours[:5]]
    assert (near == truth[found.rows[:5]][:, None]).mean() > 0.7


def test_the_folder_has_the_list_the_summary_the_predictions_and_the_page(made, flipped):
    found, out = made
    assert sorted(path.name for path in out.parent.iterdir()) == ["out"]
    names = ["audit.html", "predictions.npz", "suspects.csv", "summary.json"]
    assert sorted(path.name for path in out.iterdir()) == sorted(names)
    with (out / "suspects.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0]) == list(COLUMNS)
    assert len(rows) >= 300 and [int(row["rank"]) for row in rows] == list(range(1, len(rows) + 1))
    confidence = [float(row["self_confidence"]) for row in rows]
    assert confidence == sorted(confidence)
    for row in rows[:3]:
        part = next(part for part in flipped[0] if part.part == row["part"])
        image = part.images[int(row["index"])]
        assert (row["part_sha256"], row["image_sha256"]) == (part.sha256, image_hash(image))
        assert row["given_label"] == part.class_names[part.labels[int(row["index"])]]
    said = json.loads((out / "summary.json").read_text())
    assert said["suspects"] == sum(row["suspect"] == "yes" for row in rows)
    assert said["suspects"] == sum(said["suspects_by_part"].values()) == found.is_suspect.sum()
    assert np.sum(said["confident_joint"]) <= 400 and said["estimated_noise"] == found.found.noise
    with np.load(out / "predictions.npz") as stored:
        assert stored["log_probabilities"].shape == (400, 10)
        assert np.bincount(stored["folds"]).tolist() == [134, 133, 133]
    assert summary(found)["recipe"]["name"] == "fast"
    assert len(read_suspects(out / "suspects.csv").images) == said["suspects"]


class Killed(Progress):
    """Stops the audit in its second fold."""

    def __init__(self):
        self.folds = 0

    def start(self, *_, **__):
        self.folds += 1
        if self.folds == 2:
            raise KeyboardInterrupt


class Counted(Progress):
    """Counts the trainings."""

    def __init__(self):
        self.folds = 0

    def start(self, *_, **__):
        self.folds += 1


def test_an_audit_that_was_stopped_goes_on_and_comes_out_the_same(made, flipped, tmp_path):
    parts, out = flipped[0], tmp_path / "out"
    with pytest.raises(StoppedError, match=r"what was trained is kept in .*out\.partial"):
        audit(parts, out, FAST, 3, progress=Killed())
    assert not out.exists()
    rest = Counted()
    audit(parts, out, FAST, 3, progress=rest)
    assert rest.folds == 2  # the first one was finished
    for name in ("suspects.csv", "predictions.npz"):
        assert (out / name).read_bytes() == (made[1] / name).read_bytes()


def test_what_was_begun_otherwise_is_refused_in_a_line(flipped, tmp_path):
    parts, out = flipped[0], tmp_path / "out"
    with pytest.raises(StoppedError):
        audit(parts, out, FAST, 3, progress=Killed())
    other = tuple(part.take(range(len(part) - 1)) for part in parts)
    for changed in ((parts, 4, 0), (parts, 3, 1), (other, 3, 0)):
        data, count, seed = changed
        with pytest.raises(RunError, match="was begun with another recipe, seed") as refused:
            audit(data, out, FAST, count, seed)
        assert "\n" not in str(refused.value)
    with pytest.raises(RunError, match="exists already"):
        audit(parts, tmp_path, FAST)


def test_quick_is_one_network_that_has_seen_all(flipped, tmp_path):
    counted = Counted()
    found = audit(flipped[0], tmp_path / "out", FAST, progress=counted, quick=True)
    assert counted.folds == 1 and found.fold_of is None
    assert len(set(found.rows[:10]) & set(flipped[1])) >= 6
    # No image is its own neighbour, though the network was trained on it.
    assert not (found.neighbours == found.rows[:, None]).any()


def test_copies_with_different_labels_are_suspects_wherever_they_rank(tmp_path):
    train, test = draw(200, 60)
    train.images[3], test.images[5] = train.images[0], train.images[1]
    train.labels[3] = (train.labels[0] + 1) % 10
    test.labels[5] = train.labels[1]
    found = audit((train, test), tmp_path / "out", replace(FAST, epochs=2, warmup_epochs=0), 2)
    assert found.duplicates == {0: 3, 3: 0}
    assert found.is_suspect[[0, 3]].all()
    named = {row["index"]: row["duplicate_of"] for row in listed(found) if row["part"] == "train"}
    assert (named[0], named[3]) == ("train 3", "train 0")


def few(counts, names=None):
    labels = np.repeat(np.arange(len(counts)), counts)
    images = np.random.default_rng(0).integers(0, 256, (len(labels), 8, 8), np.uint8)
    return (Dataset.from_arrays(images, labels, names or list(map(str, range(len(counts))))),)


@pytest.mark.parametrize(
    "counts, said",
    [
        ([9], "two classes or more"),
        ([9, 4], "4 of '1'"),
        ([3, 2], "2 of '1'"),
    ],
)
def test_data_that_cannot_be_audited_are_refused_in_a_line(counts, said, tmp_path):
    with pytest.raises(DataFormatError, match=said) as refused:
        audit(few(counts), tmp_path / "out")
    assert "\n" not in str(refused.value) and not list(tmp_path.iterdir())


def test_options_out_of_range_are_refused(tmp_path):
    for options, said in (({"count": 1}, "folds must be"), ({"seed": -1}, "seed must be")):
        with pytest.raises(InvalidValueError, match=said):
            audit(few([9, 9]), tmp_path / "out", **options)


def test_five_images_can_be_audited_in_two_folds(tmp_path):
    found = audit(few([3, 2]), tmp_path / "out", replace(FAST, epochs=1, warmup_epochs=0), 2)
    assert len(found.rows) == 5 and found.neighbours.shape[1] <= 4


def test_a_small_set_has_more_epochs_of_smaller_batches():
    large, small, tiny = recipe_for(70_000), recipe_for(5_000), recipe_for(400)
    assert (large.epochs, large.batch_size) == (20, 256)
    assert recipe_for(70_000, quick=True).epochs == 10
    assert (small.epochs, small.batch_size) == (20, 64)
    assert (tiny.epochs, tiny.batch_size) == (40, 64)


def test_gathered_rows_are_those_of_all_parts(flipped):
    parts = flipped[0]
    assert (gather(parts, np.array([301]))[0] == parts[1].images[1]).all()
