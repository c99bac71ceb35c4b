"""The record of accuracy under corruptions is the run's own, or refused in one line."""

import json
import shutil
from dataclasses import replace

import numpy as np
import pytest
import small_runs

from benchmarks.hostile.changes import bytes_changed, cut, fields_swapped
from fashionlab.errors import RunError
from fashionlab.evaluation.robustness import robustness
from fashionlab.runs import Run, write_robustness
from fashionlab.shipped import FOLDER

TEST = small_runs.DATA[1]
MEASURED = robustness(lambda images: np.zeros(len(images), int), TEST.images, TEST.labels, 3)


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    return small_runs.trained("scratch", tmp_path_factory.mktemp("robust") / "run").folder


@pytest.fixture
def run(trained, tmp_path):
    return Run(shutil.copytree(trained, tmp_path / "run"))


def refused(run, *words):
    with pytest.raises(RunError) as error:
        run.robustness()
    said = str(error.value)
    assert said.startswith(f"{run.folder / 'robustness.json'} cannot be read (")
    assert said.endswith("remove it, and measure again with `fashionlab evaluate RUN --robustness`")
    assert "\n" not in said and all(word in said for word in words), said


def test_a_run_that_was_not_measured_has_none(run):
    assert run.robustness() is None


def test_what_is_written_is_read(run):
    path = write_robustness(run, MEASURED, run.folder)
    assert path == run.folder / "robustness.json" and run.robustness() == MEASURED
    assert Run(run.folder).robustness().mean == MEASURED.mean


def test_an_earlier_record_is_replaced(run):
    write_robustness(run, MEASURED, run.folder)
    write_robustness(run, replace(MEASURED, seed=4), run.folder)
    assert run.robustness().seed == 4


def test_the_record_of_other_weights_or_other_test_images_is_refused(run, tmp_path):
    write_robustness(run, MEASURED, run.folder)
    (run.folder / "weights.safetensors").write_bytes(b"others")
    refused(run, f"weights_sha256 is {json.loads(record(run))['weights_sha256'][:12]}...")
    write_robustness(run, MEASURED, run.folder)
    config = json.loads((run.folder / "config.json").read_text())
    config["data"]["test"]["sha256"] = "ab" * 32
    (run.folder / "config.json").write_text(json.dumps(config))
    refused(Run(run.folder), "test_sha256", "the run's abababababab")


def record(run):
    return (run.folder / "robustness.json").read_text()


def change(**changes):
    return lambda found: found.update(changes)


def row(**changes):
    return lambda found: found["corruptions"][4].update(changes)


@pytest.mark.parametrize(
    ("edit", "said"),
    [
        (change(format=2), "format 2, where this version reads 1"),
        (change(images=0), "images must be from 1"),
        (change(images=121), "121 images, and the run has 120"),
        (change(images=10), "not a count of the images"),
        (change(clean=121), "not a count of the images"),
        (change(clean=-1), "clean must be from 0"),
        (change(seed=None), "seed must be a whole number"),
        (change(weights_sha256="ab"), "weights_sha256 must have a length"),
        (change(corruptions=[]), "corruptions must have a length"),
        (row(name="rain"), "other corruptions or strengths"),
        (row(unit="pixels"), "other corruptions or strengths"),
        (row(strengths=[0.07, 0.13, 0.2, 0.28, 0.4]), "other corruptions or strengths"),
        (row(correct=[1, 2, 3, 4]), "not a count of the images for each strength"),
        (row(correct=[1, 2, 3, 4, 121]), "not a count of the images for each strength"),
        (row(correct=[1, 2, 3, 4, 5.5]), "correct[4] must be a whole number"),
        (row(more=1), "more"),
        (lambda found: found["corruptions"].pop(), "other corruptions or strengths"),
        (lambda found: found["corruptions"].reverse(), "other corruptions or strengths"),
        (lambda found: found.pop("clean"), "no clean"),
    ],
)
def test_a_record_that_cannot_be_true_is_refused(run, edit, said):
    write_robustness(run, MEASURED, run.folder)
    found = json.loads(record(run))
    edit(found)
    (run.folder / "robustness.json").write_text(json.dumps(found))
    refused(run, said)


@pytest.mark.parametrize("content", [b"", b"[]", b"\xff", b"{", b"[" * 100_000, b'{"format": NaN}'])
def test_what_is_no_record_is_refused(run, content):
    (run.folder / "robustness.json").write_bytes(content)
    refused(run)


def test_whatever_is_changed_in_the_file_is_read_as_a_record_or_refused(run):
    path = write_robustness(run, MEASURED, run.folder)
    content = path.read_bytes()
    swaps = list(fields_swapped(content))[::40]
    read = 0
    for new in [*bytes_changed(content, 60, seed=0), *cut(content, 10, seed=0), *swaps]:
        path.write_bytes(new)
        try:
            found = run.robustness()
        except RunError:
            continue
        read += 1
        assert ((found.accuracies >= 0) & (found.accuracies <= 1)).all()
        assert 0 <= found.clean_accuracy <= 1
    assert read < 60


def test_a_folder_in_its_place_is_refused(run):
    (run.folder / "robustness.json").mkdir()
    refused(run, "not a regular file")


def test_the_shipped_run_has_a_record_of_its_own_weights():
    found = Run(FOLDER).robustness()
    assert (found.images, found.seed) == (1000, 0)
    low, high = found.clean_interval
    assert low < Run(FOLDER).metrics().accuracy < high
    assert (found.accuracies.max(axis=1) == found.accuracies[:, 0]).all()
