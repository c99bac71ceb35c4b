"""A run is measured on its own test images, by its own predictions, and the record is kept."""

import shutil

import numpy as np
import pytest
import small_runs

from fashionlab.data import load
from fashionlab.data.synthetic import draw
from fashionlab.errors import DataNotFoundError, InvalidValueError
from fashionlab.evaluation import robustness as module
from fashionlab.evaluation.corruptions import CORRUPTIONS
from fashionlab.portable import Predictor
from fashionlab.report.measure.robustness import measure_robustness
from fashionlab.runs import Run
from fashionlab.shipped import FOLDER

TEST = small_runs.DATA[1]


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    return small_runs.trained("scratch", tmp_path_factory.mktemp("measured") / "run")


@pytest.fixture
def run(trained, tmp_path):
    return Run(shutil.copytree(trained.folder, tmp_path / "run"))


def test_the_record_is_what_was_measured_and_its_clean_accuracy_the_runs(run):
    found = measure_robustness(run, TEST, seed=2)
    assert Run(run.folder).robustness() == found
    assert (found.images, found.seed) == (120, 2)
    assert found.clean_accuracy == run.metrics().accuracy
    assert len(set(found.accuracies.ravel())) > 10


def test_other_test_images_are_refused_and_nothing_is_written(run):
    for other in (draw(300, 119)[1], small_runs.DATA[0]):
        with pytest.raises(InvalidValueError, match="needs its own test data"):
            measure_robustness(run, other)
    assert not (run.folder / "robustness.json").exists()


def test_a_record_that_cannot_be_written_is_a_line_and_the_answer_is_there(run):
    (run.folder / "robustness.json").mkdir()
    lines = []
    assert measure_robustness(run, TEST, log=lines.append).images == 120
    assert lines[-1].startswith(f"not kept: cannot write {run.folder / 'robustness.json'}: ")


@pytest.fixture
def fashion_mnist():
    try:
        return load("/usr/share/datasets/fashion-mnist").test
    except DataNotFoundError:
        pytest.skip("Fashion-MNIST is not here")


def test_nothing_is_written_into_the_package(fashion_mnist, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(module, "CORRUPTIONS", CORRUPTIONS[9:10])
    monkeypatch.setattr(module.robustness, "__kwdefaults__", {"most": 20, "log": print})
    before = {path: path.stat().st_mtime_ns for path in FOLDER.iterdir()}
    measure_robustness(Run(FOLDER), fashion_mnist)
    assert (tmp_path / "robustness.json").is_file()
    assert {path: path.stat().st_mtime_ns for path in FOLDER.iterdir()} == before


def test_the_shipped_record_has_the_numbers_of_this_version(fashion_mnist):
    record = Run(FOLDER).robustness()
    taken = module.sample(fashion_mnist.labels, record.images, record.seed)
    images, labels = fashion_mnist.images[taken], fashion_mnist.labels[taken]
    predictor = Predictor()
    assert record.clean == (predictor.probabilities(images).argmax(axis=1) == labels).sum()
    for name, strength in (("fog", 2), ("rotation", 3)):
        place = [one.name for one in CORRUPTIONS].index(name)
        one = CORRUPTIONS[place]
        generator = np.random.default_rng([record.seed, place])
        changed = one.apply(images, one.strengths[strength], generator)
        correct = (predictor.probabilities(changed).argmax(axis=1) == labels).sum()
        # Another processor rounds a level, and with it a decision, differently now and then.
        assert abs(record.corruptions[place].correct[strength] - correct) <= 3
