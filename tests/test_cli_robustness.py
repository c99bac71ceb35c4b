"""`evaluate --robustness` as a user types it."""

import json
import shutil
from pathlib import Path

import pytest
from command_line import fashionlab, refused

from fashionlab.data.synthetic import draw
from fashionlab.errors import DataNotFoundError
from fashionlab.recipes import get, override
from fashionlab.runs import Run
from fashionlab.shipped import FOLDER
from fashionlab.training import train


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A run of the data that --data synthetic names."""
    recipe = override(get("report-mlp"), {"engine": "scratch", "epochs": 1, "batch_size": 200})
    folder = tmp_path_factory.mktemp("robust") / "run"
    train(recipe, draw(), folder)
    return folder


@pytest.fixture
def folder(trained, tmp_path):
    shutil.copytree(trained, tmp_path / "run")
    return tmp_path


def test_it_measures_once_keeps_the_record_and_prints_a_table(folder):
    status, out, said = fashionlab("evaluate", "run", "--robustness", cwd=folder)
    assert status in (0, None), said
    found = Run(folder / "run").robustness()
    lines = out.splitlines()
    assert lines[-18].startswith(f"accuracy under corruptions, on {found.images:,} test images")
    assert f"{found.clean_accuracy:.2%} (95 % interval " in lines[-18]
    assert lines[-17].split() == ["corruption,", "strength", "1", "2", "3", "4", "5", "mean"]
    for line, one, row in zip(lines[-16:], found.corruptions, found.accuracies, strict=False):
        assert line.startswith(f"{one.name} ")
        assert line.split()[-6:] == [f"{x:.1%}" for x in (*row, row.mean())]
    assert lines[-1].split()[0] == "mean" and lines[-1].split()[-1] == f"{found.mean:.1%}"
    assert "robustness: fog (12 of 15): " in said
    assert f"robustness: kept in {Path('run', 'robustness.json')}" in said
    again, second, said = fashionlab("evaluate", "run", "--robustness", cwd=folder)
    assert (again, second) == (status, out)
    assert said == "robustness: as measured before, in run\n"


def test_json_has_the_same_numbers(folder):
    shutil.copytree(FOLDER, folder / "copy")
    status, out, said = fashionlab("evaluate", "copy", "--robustness", "--json", cwd=folder)
    assert status in (0, None), said
    answer, found = json.loads(out)["robustness"], Run(FOLDER).robustness()
    assert answer["clean_accuracy"] == found.clean_accuracy
    assert (answer["images"], answer["seed"], answer["mean"]) == (1000, 0, found.mean)
    assert answer["clean_interval"] == list(found.clean_interval)
    for one, theirs, row in zip(
        found.corruptions, answer["corruptions"], found.accuracies, strict=True
    ):
        assert (one.name, one.unit) == (theirs["name"], theirs["unit"])
        assert theirs["strengths"] == list(one.strengths)
        assert theirs["correct"] == list(one.correct) and theirs["accuracy"] == row.tolist()


def test_without_the_option_there_is_no_robustness(folder):
    _, out, _ = fashionlab("evaluate", "shipped", "--json", cwd=folder)
    assert "robustness" not in json.loads(out)


def test_the_shipped_run_is_read_from_its_record(folder):
    status, out, said = fashionlab("evaluate", "shipped", "--robustness", cwd=folder)
    assert status in (0, None) and said.startswith("robustness: as measured before, in ")
    assert f"{Run(FOLDER).robustness().mean:.1%}" in out.splitlines()[-1]


def test_what_cannot_be_is_one_line(folder):
    refused(fashionlab("evaluate", "run", "--data", "synthetic", cwd=folder), "for --robustness")
    refused(fashionlab("evaluate", "run", "--split", "0.1", cwd=folder), "for --robustness")
    refused(fashionlab("evaluate", "nothing", "--robustness", cwd=folder), "cannot be read")
    (folder / "run" / "robustness.json").write_text("{}")
    refused(fashionlab("evaluate", "run", "--robustness", cwd=folder), "no clean", "remove it")
    (folder / "run" / "robustness.json").unlink()
    other = folder / "other.csv"
    rows = [f"{i % 10}," + ",".join(["7"] * 784) for i in range(100)]
    other.write_text("label," + ",".join(f"p{i}" for i in range(784)) + "\n" + "\n".join(rows))
    done = fashionlab(
        "evaluate", "run", "--robustness", "--data", other, "--split", 0.2, cwd=folder
    )
    refused((done[0], done[1], done[2].strip().splitlines()[-1]), "its own test data", "--data")


def test_data_that_are_gone_are_one_line(folder):
    environment = json.loads((folder / "run" / "environment.json").read_text())
    environment["data"] = str(folder / "gone")
    (folder / "run" / "environment.json").write_text(json.dumps(environment))
    refused(fashionlab("evaluate", "run", "--robustness", cwd=folder), "gone", "--data")


def test_nothing_is_downloaded(folder, monkeypatch):
    def load(place, options, *, fetch, **others):
        raise DataNotFoundError(f"fetch is {fetch}")

    monkeypatch.setattr("fashionlab.data.load", load)
    refused(fashionlab("evaluate", "run", "--robustness", cwd=folder), "fetch is False")
