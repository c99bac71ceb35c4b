"""fashionlab audit, train --without and evaluate --without, as a user types them."""

import csv
import json
import shutil
import subprocess
import sys
import time

import numpy as np
import pytest
from PIL import Image
from test_cli_check import fashionlab

from fashionlab import files
from fashionlab.data import ReadOptions, load
from fashionlab.data.suspects import image_hash
from fashionlab.data.synthetic import draw
from fashionlab.errors import DataFormatError
from fashionlab.runs import Run

RECIPE = """base = "net"
epochs = 10
batch_size = 32
[model]
units = [32]
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder with a set, a recipe that is fast on it, and the audit of it."""
    folder = tmp_path_factory.mktemp("audited")
    train, test = draw(240, 80)
    train.labels[:5] = (train.labels[:5] + 5) % 10
    test.labels[:3] = (test.labels[:3] + 5) % 10
    arrays = {"x_train": train.images, "y_train": train.labels}
    np.savez(folder / "set.npz", **arrays, x_test=test.images, y_test=test.labels)
    (folder / "fast.toml").write_text(RECIPE)
    options = ("--recipe", "fast.toml", "--folds", 2, "--out", "out")
    status, said, told = fashionlab("audit", "set.npz", *options, cwd=folder)
    assert status == 0, told
    assert "fast-2-of-2 epoch 10/10" in told
    assert "of 320 labels are suspect; confident learning estimates that" in said
    assert "fashionlab train RECIPE --without out/suspects.csv" in said
    return folder


def decided(folder, name, *rows):
    """Write the audit's list with decisions: (part, index, decision)."""
    with (folder / "out/suspects.csv").open(newline="", encoding="utf-8") as file:
        cells = list(csv.DictReader(file))
    wanted = {(part, str(index)): decision for part, index, decision in rows}
    for row in cells:
        row["decision"] = wanted.pop((row["part"], row["index"]), "")
    assert not wanted
    with (folder / name).open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(cells[0]))
        writer.writeheader()
        writer.writerows(cells)
    return name


def test_json_is_the_summary(folder):
    options = ("--recipe", "fast.toml", "--quick", "--json", "--out", "quick")
    status, said, told = fashionlab("audit", "set.npz", *options, cwd=folder)
    assert status == 0, told
    stored = json.loads((folder / "quick/summary.json").read_text())
    assert json.loads(said)["suspects"] == stored["suspects"] and not stored["out_of_fold"]


def test_a_kill_loses_one_fold_at_most_and_the_list_comes_out_the_same(folder):
    options = ["audit", "set.npz", "--recipe", "fast.toml", "--folds", "2", "--out", "killed"]
    main = "from fashionlab.cli import main; main()"
    process = subprocess.Popen(
        [sys.executable, "-c", main, *options],
        cwd=folder,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    began = time.monotonic()
    while not (folder / "killed.partial/fold-1").exists() and process.poll() is None:
        assert time.monotonic() < began + 60
        time.sleep(0.005)
    process.kill()
    process.wait()
    assert (folder / "killed.partial").exists()
    status, _, told = fashionlab(*options, cwd=folder)
    assert status == 0 and "fold-1 is finished; it is used as it is" in told
    for name in ("suspects.csv", "predictions.npz"):
        assert (folder / "killed" / name).read_bytes() == (folder / "out" / name).read_bytes()
    assert not list(folder.glob("killed.partial*"))


def test_training_without_a_list_is_recorded_resumed_and_repeated(folder):
    listed = decided(folder, "a.csv", ("train", 0, "wrong"), ("train", 1, "broken"))
    run = ("train", "fast.toml", "--data", "set.npz", "--without", listed, "--out", "run")
    status, said, told = fashionlab(*run, cwd=folder)
    assert status == 0, told
    assert "trained on 238 images, 2 left out by a list of suspects, 0 held out" in said
    config = json.loads((folder / "run/config.json").read_text())
    assert config["without"]["images"] == 2 and len(config["without"]["sha256"]) == 64
    assert config["data"]["train"]["images"] == 238
    assert config["data"]["train"]["name"] == "set without 2 images"
    status, said, told = fashionlab("train", "--from", "run", cwd=folder)
    assert status == 0 and "are those of run, to the bit" in said, told
    status, _, told = fashionlab(*run, "--resume", cwd=folder)
    assert status == 0 and "is finished" in told
    # Another list is another run, and so is none; the list that is gone is named.
    other = decided(folder, "b.csv", ("train", 0, "wrong"))
    for changed in (("--without", other), ()):
        again = (*run[:4], *changed, *run[6:], "--resume")
        status, _, told = fashionlab(*again, cwd=folder)
        assert status == 2 and "images left out" in told and told.count("\n") == 1
    (folder / "a.csv").unlink()
    status, _, told = fashionlab("train", "--from", "run", "--out", "third", cwd=folder)
    assert status == 2 and "a.csv: No such file" in told


def test_a_list_cannot_be_given_where_the_folder_has_it(folder):
    for options in (("--from", "run"), ("--resume", "--out", "run")):
        status, _, told = fashionlab("train", *options, "--without", "a.csv", cwd=folder)
        assert status == 2 and "--without is for a new training" in told


def test_evaluation_without_a_list_stands_next_to_the_score(folder):
    run = ("train", "fast.toml", "--data", "set.npz", "--out", "whole")
    assert fashionlab(*run, cwd=folder)[0] == 0
    listed = decided(folder, "c.csv", *(("test", i, "wrong") for i in range(3)))
    _, before, _ = fashionlab("evaluate", "whole", "--json", cwd=folder)
    status, said, told = fashionlab("evaluate", "whole", "--without", listed, "--json", cwd=folder)
    assert status == 0, told
    answer, score = json.loads(said), json.loads(before)
    rest = answer.pop("without")
    assert answer == score and (rest["images"], rest["left_out"]) == (77, 3)
    with np.load(folder / "whole/predictions.npz") as stored:
        correct = stored["log_probabilities"].argmax(axis=1) == stored["labels"]
    assert rest["accuracy"] == pytest.approx(correct[3:].mean())
    low, high = rest["accuracy_interval"]
    assert low < rest["accuracy"] < high or rest["accuracy"] == 1
    _, said, _ = fashionlab("evaluate", "whole", "--without", listed, cwd=folder)
    assert "without the 3 test images that c.csv leaves out: accuracy" in said
    assert "the score is that on all test images" in said


def test_lists_that_do_not_fit_a_run_are_refused_in_a_line(folder):
    run = ("train", "fast.toml", "--data", "synthetic", "--epochs", 1, "--out", "other")
    assert fashionlab(*run, cwd=folder)[0] == 0
    listed = decided(folder, "d.csv", ("test", 0, "wrong"))
    status, _, told = fashionlab("evaluate", "other", "--without", listed, cwd=folder)
    assert status == 2 and "must be of these data" in told and told.count("\n") == 1
    listed = decided(folder, "e.csv", ("train", 0, "wrong"))
    status, _, told = fashionlab("evaluate", "quick/../whole", "--without", listed, cwd=folder)
    assert status == 2 and "which leaves out 0" in told and told.count("\n") == 1
    status, _, told = fashionlab("evaluate", "whole", "--without", "fast.toml", cwd=folder)
    assert status == 2 and told.count("\n") == 1


def test_what_cannot_be_audited_ends_with_a_line(folder):
    train, _ = draw(5)
    one = {"x_train": train.images[:4], "y_train": np.zeros(4, np.uint8)}
    np.savez(folder / "one.npz", **one)
    few = {"x_train": train.images, "y_train": np.array([0, 0, 0, 1, 1], np.uint8)}
    np.savez(folder / "few.npz", **few)
    for arguments, reason in (
        (("one.npz",), "class"),
        (("few.npz",), "every class must have an image for each of 5 folds; received 2"),
        (("set.npz", "--recipe", "none"), "there is no recipe"),
        (("set.npz", "--folds", 1), "folds"),
        (("nowhere.npz",), "nowhere.npz"),
        (("set.npz", "--out", "out"), "exists already"),
    ):
        status, said, told = fashionlab("audit", *arguments, cwd=folder)
        assert (status, said) == (2, "") and reason in told, told
        assert told.count("\n") == 1


@pytest.fixture(scope="module")
def photos(folder):
    """A folder with pictures in folders, of one part, and its audit."""
    train, _ = draw(120, 10)
    for row, (image, label) in enumerate(zip(train.images, train.labels, strict=True)):
        path = folder / "photos" / "abcdefghij"[label] / f"IMG_{row}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(image).save(path)
    options = ("--recipe", "fast.toml", "--folds", 2, "--out", "looked-at")
    status, said, told = fashionlab("audit", "photos", *options, cwd=folder)
    assert status == 0, told
    with (folder / "looked-at/suspects.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert f"   1  {rows[0]['file']}: {rows[0]['given_label']}, likely" in said
    return folder, rows


def test_pictures_are_named_by_their_files(photos):
    folder, rows = photos
    assert len({row["file"] for row in rows}) == len(rows) == 120
    for row in rows:
        path = folder / "photos" / row["file"]
        assert path.parent.name == row["given_label"]
        assert image_hash(np.asarray(Image.open(path))) == row["image_sha256"]
    page = (folder / "looked-at/audit.html").read_text(encoding="utf-8")
    suspect = next(row for row in rows if row["suspect"] == "yes")
    assert f'alt="Image {suspect["file"]}, labelled' in page


def test_a_list_of_a_set_of_one_part_is_for_its_training_images(photos, monkeypatch):
    folder, rows = photos
    monkeypatch.chdir(folder)
    whole = load("photos", ReadOptions(split=0.25))
    named = [next(file for file in part.files if file[0] == "c") for part in whole]
    for row in rows:
        row["decision"] = "broken" if row["file"] in named else ""
    (folder / "list.csv").write_text(files.csv_text(rows), encoding="utf-8", newline="")
    parts = load("photos", ReadOptions(split=0.25, without="list.csv"))
    assert parts.test.files == whole.test.files and parts.test.sha256 == whole.test.sha256
    assert parts.train.files == tuple(file for file in whole.train.files if file != named[0])
    assert parts.left_out.images == 1
    for part in parts:
        images = [np.asarray(Image.open(folder / "photos" / file)) for file in part.files]
        assert np.array_equal(part.images, images)

    options = ("--data", "photos", "--split", 0.25, "--without", "list.csv", "--out", "kept")
    status, _, told = fashionlab("train", "fast.toml", "--epochs", 1, *options, cwd=folder)
    assert status == 0, told
    assert Run(folder / "kept").config["without"]["images"] == 1
    assert Run(folder / "kept").data["test"].sha256 == whole.test.sha256


def test_a_split_divides_the_training_part_alone(photos, monkeypatch):
    folder, rows = photos
    monkeypatch.chdir(folder)
    for part in ("train", "val"):  # a split divides the training part alone
        shutil.copytree("photos", f"parts/{part}")
    monkeypatch.setenv("FASHIONLAB_DATA", "parts")
    whole = load(options=ReadOptions(split=0.25))
    first, second = (file.removeprefix("train/") for file in whole.train.files[:2])
    chosen = [row for row in rows if row["file"] in (first, second)]
    chosen = [
        row | {"decision": "wrong", "part": "validation" if row["file"] == second else "train"}
        for row in chosen
    ]
    (folder / "list.csv").write_text(files.csv_text(chosen), encoding="utf-8", newline="")
    parts = load(options=ReadOptions(split=0.25, without="list.csv"))
    assert parts.left_out.images == 1 and len(parts.validation) == 120
    assert parts.train.files == whole.train.files[1:]


def test_a_row_that_the_undivided_set_does_not_have_is_refused(photos, monkeypatch):
    folder, rows = photos
    monkeypatch.chdir(folder)
    row = rows[0] | {"decision": "broken", "index": "120"}
    (folder / "list.csv").write_text(files.csv_text([row]), encoding="utf-8", newline="")
    with pytest.raises(DataFormatError, match="an index of train must be below 120"):
        load("photos", ReadOptions(split=0.25, without="list.csv"))
