"""Data of one's own from the command line to a prediction: what is recorded finds it again."""

import json
import signal
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from fashionlab.data import ReadOptions, load, load_images
from fashionlab.data.synthetic import draw
from fashionlab.errors import DataFormatError, InvalidValueError
from fashionlab.export.portable_model import export_onnx
from fashionlab.portable import Predictor
from fashionlab.recipes import RECIPES
from fashionlab.runs import Run
from fashionlab.training import plan
from fashionlab.training import train as trained
from fashionlab.training.loop import Trainer

pytest.importorskip("onnx")

TRAIN = ("train", "report-mlp", "--engine", "scratch", "--epochs", "2", "--batch-size", "16")
PARTS = {"train": 60, "val": 30, "test": 20}


@pytest.fixture
def medmnist(tmp_path):
    """A set of three parts and three classes in colour, as MedMNIST's npz."""
    rng, arrays = np.random.default_rng(0), {}
    for part, n in PARTS.items():
        labels = rng.permutation(np.arange(n) % 3)
        images = rng.integers(0, 60, (n, 8, 8, 3))
        images[np.arange(n), :, :, labels] += 120
        arrays[f"{part}_images"] = images.astype(np.uint8)
        arrays[f"{part}_labels"] = labels[:, None].astype(np.uint8)
    np.savez_compressed(tmp_path / "blots.npz", **arrays)
    return arrays


@pytest.mark.usefixtures("medmnist")
def test_the_sets_own_validation_part_is_used_and_recorded(fashionlab) -> None:
    fashionlab(*TRAIN, "--data", "blots.npz", "--validation-fraction", "0.2", "--out", "run")
    run = Run("run")
    assert {part: facts["images"] for part, facts in run.config["data"].items()} == {
        **{"train": 60, "test": 20, "validation": 30}
    }
    validation = load("blots.npz").validation
    assert run.config["data"]["validation"]["sha256"] == validation.sha256
    protocol = run.protocol()
    assert (protocol["images_trained_on"], protocol["images_held_out"]) == (60, 0)
    assert protocol["validation_accuracy"] > 0.5
    history = run.history()
    assert all("validation_accuracy" in row for row in history)
    assert history[-1]["validation_accuracy"] == pytest.approx(protocol["validation_accuracy"])
    assert "own validation part" in fashionlab("export", "run")
    model = Predictor("run/model.onnx")
    assert model.metadata.calibrated_on == "30 images of the data's own validation part"
    assert (model.image_shape, model.metadata.preparation) == ((8, 8, 3), "fit")


@pytest.mark.usefixtures("medmnist")
def test_a_recipe_that_would_hold_images_out_is_not_calibrated_on_what_it_was_trained_on(
    fashionlab,
) -> None:
    fashionlab(*TRAIN, "--data", "blots.npz", "--validation-fraction", "0.2", "--out", "run")
    two_parts = tuple(load("blots.npz"))
    with pytest.raises(InvalidValueError, match="trained next to a validation part"):
        export_onnx(Run("run"), two_parts, "model.onnx")
    assert not export_onnx(Run("run"), two_parts, "m.onnx", calibrate=False).metadata.calibrated_on


def test_a_run_is_repeated_only_on_the_same_validation_part(fashionlab, medmnist) -> None:
    fashionlab(*TRAIN, "--data", "blots.npz", "--out", "run")
    assert "to the bit" in fashionlab("train", "--from", "run")
    np.savez("blots.npz", **medmnist | {"val_labels": medmnist["val_labels"][::-1]})
    said = fashionlab("train", "--from", "run", "--out", "other", status=2)
    assert "own data, as validation" in said
    assert "validation" in fashionlab("export", "run", status=2)


def photos(folder):
    """Write pictures of several sizes, ten of each of two classes."""
    drawn, _ = draw(train=100, test=1)
    rng = np.random.default_rng(0)
    for label in (1, 8):
        place = folder / "photos" / drawn.class_names[label]
        place.mkdir(parents=True)
        for i, image in enumerate(drawn.images[drawn.labels == label]):
            size = tuple(rng.integers(40, 80, 2).tolist())
            Image.fromarray(255 - image).resize(size).save(place / f"{i}.png")


READING = {  # name: options of the command, and what of them is recorded
    "pictures": (
        ("--data", "photos", "--size", "20", "--preparation", "garment", "--split", "0.2"),
        {"size": 20, "preparation": "garment", "split": 0.2},
    ),
    "pictures in colour": (
        ("--data", "photos", "--size", "16", "--colour", "--split", "0.3"),
        {"size": 16, "colour": True, "split": 0.3},
    ),
    "a table": (
        *(("--data", "table.csv", "--split", "0.25", "--labels", "last", "--first-label", "1"),),
        {"split": 0.25, "labels": "last", "first_label": 1},
    ),
    "turned images": (
        ("--data", "turned", "--transposed", "--split", "0.4"),
        {"transposed": True, "split": 0.4},
    ),
}


def write(folder):
    photos(folder)
    drawn, _ = draw(train=60, test=1)
    rows = np.column_stack([drawn.images.reshape(60, -1), drawn.labels + 1])
    np.savetxt(folder / "table.csv", rows, "%d", ",")
    (folder / "turned").mkdir()
    np.save(folder / "turned/images.npy", drawn.images.swapaxes(1, 2))
    np.save(folder / "turned/labels.npy", drawn.labels)


@pytest.mark.parametrize("kind", READING)
def test_export_and_repetition_need_neither_the_place_nor_the_options(
    kind, fashionlab, tmp_path
) -> None:
    write(tmp_path)
    given, recorded = READING[kind]
    fashionlab(*TRAIN, *given, "--validation-fraction", "0.2", "--out", "run")
    assert plan(tmp_path / "run").options == ReadOptions(**recorded)
    assert json.loads((tmp_path / "run/environment.json").read_text())["data_options"] == recorded
    fashionlab("export", "run")
    assert "to the bit" in fashionlab("train", "--from", "run")
    other = fashionlab("export", "run", "--split", "0.5", status=2)  # what is given wins
    assert "needs its own train data" in other and "options by which they were read" in other
    assert Predictor("run/model.onnx").metadata.preparation == Run("run").preparation


def test_a_training_that_was_stopped_goes_on_with_the_same_data(
    fashionlab, tmp_path, monkeypatch
) -> None:
    write(tmp_path)
    given, _ = READING["pictures"]
    fashionlab(*TRAIN, *given, "--out", "whole")
    step = Trainer._step

    def stopped(self, x, y):
        signal.raise_signal(signal.SIGTERM)
        return step(self, x, y)

    monkeypatch.setattr(Trainer, "_step", stopped)
    said = fashionlab(*TRAIN, *given, "--out", "run", status=128 + signal.SIGTERM)
    assert "--resume" in said and not (tmp_path / "run").exists()
    monkeypatch.setattr(Trainer, "_step", step)
    fashionlab("train", "--resume", "--out", "run")
    assert Run("run").weights_sha256() == Run("whole").weights_sha256()


def test_pictures_are_predicted_as_they_were_prepared_for_training(fashionlab, tmp_path) -> None:
    write(tmp_path)
    given, _ = READING["pictures"]
    fashionlab(*TRAIN, *given, "--validation-fraction", "0.2", "--out", "run")
    fashionlab("export", "run")
    model = Predictor("run/model.onnx")
    train, test = load("photos", ReadOptions(**READING["pictures"][1]))
    trained_on = {image.tobytes() for part in (train, test) for image in part.images}
    pictures = sorted((tmp_path / "photos").glob("*/*.png"))
    assert {model.prepare(picture).image.tobytes() for picture in pictures} == trained_on
    line = fashionlab("predict", pictures[0], "--model", "run", "--csv").splitlines()[1]
    assert line.split(",")[1] == model.predict(pictures[0]).class_name


def test_rows_are_predicted_as_they_are(fashionlab, tmp_path) -> None:
    write(tmp_path)
    fashionlab(*TRAIN, *READING["a table"][0], "--out", "run")
    fashionlab("export", "run", "--uncalibrated")
    images = load_images("table.csv", ReadOptions(labels="last"))
    expected = Predictor("run/model.onnx").probabilities(images)
    np.savetxt("new.csv", images.reshape(len(images), -1), "%d", ",")
    np.save("turned.npy", images.swapaxes(1, 2))
    for given in (("new.csv",), ("table.csv", "--labels", "last"), ("turned.npy", "--transposed")):
        lines = fashionlab("predict", *given, "--model", "run", "--csv").splitlines()[1:]
        assert [line.split(",")[0] for line in lines] == [f"{given[0]}[{i}]" for i in range(60)]
        classes = expected.shape[1]
        found = [[float(cell) for cell in line.split(",")[-classes:]] for line in lines]
        np.testing.assert_allclose(found, expected, atol=1e-6)


def test_pictures_in_parquet_are_scaled_to_the_model_to_be_predicted(fashionlab, tmp_path) -> None:
    pa = pytest.importorskip("pyarrow")
    from pyarrow import parquet

    write(tmp_path)
    fashionlab(*TRAIN, *READING["pictures"][0], "--out", "run")
    fashionlab("export", "run", "--uncalibrated")
    pictures = sorted((tmp_path / "photos").glob("*/*.png"))[:3]
    rows = [{"bytes": picture.read_bytes(), "path": None} for picture in pictures]
    parquet.write_table(pa.table({"image": rows, "label": [0, 1, 0]}), "new.parquet")
    found = fashionlab("predict", "new.parquet", "--model", "run", "--csv").splitlines()[1:]
    expected = fashionlab("predict", *pictures, "--model", "run", "--csv").splitlines()[1:]
    assert [line.split(",")[1:] for line in found] == [line.split(",")[1:] for line in expected]


def test_parts_that_do_not_belong_together_are_refused_before_anything_is_written(tmp_path) -> None:
    """Such a run failed at its end, or was written and could not be read."""
    train, test = draw(train=20, test=20)
    for parts in (
        (train, train),
        (train, replace(test, images=test.images[:, 1:])),
        (train, test.renamed(test.name, tuple("abcdefghij"))),
    ):
        with pytest.raises(DataFormatError, match="parts must"):
            trained(RECIPES["report-mlp"], parts, tmp_path / "run")
    assert list(tmp_path.iterdir()) == []


def test_a_run_finds_files_that_share_a_beginning_again_from_another_folder(
    fashionlab, tmp_path, monkeypatch
) -> None:
    (tmp_path / "sets").mkdir()
    for name, part in zip(("train", "test"), draw(train=40, test=20), strict=True):
        for what, array in (("images", part.images), ("labels", part.labels)):
            np.save(tmp_path / f"sets/first-{name}-{what}.npy", array)
    fashionlab(*TRAIN, "--data", "sets/first", "--out", "run")
    assert plan(tmp_path / "run").source == str(tmp_path / "sets/first")
    monkeypatch.chdir(tmp_path / "sets")
    fashionlab("export", tmp_path / "run", "--uncalibrated")
