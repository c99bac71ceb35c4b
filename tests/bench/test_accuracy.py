"""`bench accuracy`, `bench record`: rows, figures, what goes wrong. No timing is asserted."""

import json
import subprocess
import sys
from dataclasses import replace
from statistics import mean, stdev

import pytest

from fashionlab.bench import record as record_room
from fashionlab.bench import results
from fashionlab.bench.accuracy import Accuracies, accuracy
from fashionlab.bench.record import Time, record
from fashionlab.data import load
from fashionlab.data.synthetic import draw
from fashionlab.engines.keras import Keras
from fashionlab.errors import DataFormatError, InvalidValueError, WorkerError
from fashionlab.jobs import start
from fashionlab.recipes import RECIPES
from fashionlab.runs import Run

RECIPE = replace(RECIPES["net"], epochs=2, warmup_epochs=0, batch_size=50)
DATA = draw(300, 200)


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    return tmp_path_factory.mktemp("accuracy")


@pytest.fixture(scope="module")
def measured(place):
    (found,) = accuracy([RECIPE], DATA, 3, folder=place / "runs", out=place / "a.csv")
    return found


def test_a_row_per_run_says_what_the_run_reached(measured, place):
    rows = results.read(place / "a.csv")
    assert [row["seed"] for row in rows] == ["0", "1", "2"]
    for row, value in zip(rows, measured.values, strict=True):
        run = Run(place / "runs" / f"net-seed{row['seed']}")
        assert float(row["accuracy"]) == value == pytest.approx(run.metrics().accuracy, abs=5e-5)
        assert float(row["accuracy_without_copies"]) == value  # the drawn set has none
        assert (row["part"], row["test_set_read"]) == ("test", "1")
        assert (row["images_trained_on"], row["epochs"]) == ("300", "2")
        assert row["weights_sha256"] == run.weights_sha256()
    assert len({row["weights_sha256"] for row in rows}) == 3
    values = measured.values
    assert f"accuracy {mean(values):.2%}, standard deviation {stdev(values):.2%}" in str(measured)


def test_finished_runs_are_used_and_their_rows_not_written_twice(measured, place):
    seen = []
    runs, out = place / "runs", place / "a.csv"
    (again,) = accuracy([RECIPE], DATA, 2, folder=runs, out=out, say=seen.append)
    assert again.values == measured.values[:2]
    assert len(results.read(place / "a.csv")) == 3
    assert seen[0].startswith("net, seed 0: test accuracy")


def test_a_measurement_goes_on_after_the_seeds_before(measured, place):
    kept, out = results.read(place / "a.csv"), place / "parts.csv"
    for first, seeds in ((1, 2), (0, 1)):
        (part,) = accuracy([RECIPE], DATA, seeds, first=first, folder=place / "runs", out=out)
        assert part.values == measured.values[first : first + seeds]
    assert results.read(out) == kept


def test_with_a_part_held_out_the_test_figures_are_not_given(tmp_path):
    recipe = replace(RECIPE, validation_fraction=0.2)
    (found,) = accuracy([recipe], DATA, 1, folder=tmp_path, out=tmp_path / "v.csv")
    row = results.read(tmp_path / "v.csv")[0]
    assert found.part == row["part"] == "validation"
    run = Run(tmp_path / "net-seed0")
    assert found.values == [pytest.approx(run.protocol()["validation_accuracy"], abs=5e-5)]
    assert row["accuracy_without_copies"] == row["log_loss"] == ""
    assert str(found) == f"net: validation accuracy {found.values[0]:.2%}, 1 seed"


def test_a_grid_that_two_processes_train_has_the_rows_of_one_after_the_other(tmp_path):
    short = {"epochs": 1, "warmup_epochs": 0, "batch_size": 500}
    recipes = [replace(RECIPES[name], **short) for name in ("net", "mlp")]
    data, places = load("synthetic"), [tmp_path / name for name in ("one", "two")]
    found = [
        accuracy(
            recipes,
            data,
            2,
            folder=place / "runs",
            out=place / "a.csv",
            place="synthetic",
            executor=(lambda: start("local", 2)) if place.name == "two" else None,
        )
        for place in places
    ]
    assert found[0] == found[1]
    assert [one.recipe for one in found[0]] == ["net", "mlp"]
    alone, both = (results.read(place / "a.csv") for place in places)
    same = ("recipe", "seed", "accuracy", "weights_sha256")
    assert [[row[c] for c in same] for row in alone] == [[row[c] for c in same] for row in both]
    assert len(alone) == 4


def test_recipes_of_one_name_are_refused(tmp_path):
    with pytest.raises(InvalidValueError, match="names of their own; received net, net"):
        accuracy([RECIPE, RECIPE], DATA, 1, folder=tmp_path, out=tmp_path / "a.csv")


def test_no_seed_is_refused(tmp_path):
    with pytest.raises(InvalidValueError, match="seeds must be a whole number from 1; received 0"):
        accuracy([RECIPE], DATA, 0, folder=tmp_path, out=tmp_path / "a.csv")
    assert not list(tmp_path.iterdir())


def test_a_first_seed_below_0_is_refused(tmp_path):
    with pytest.raises(InvalidValueError, match="first seed must be a whole number from 0"):
        accuracy([RECIPE], DATA, 1, first=-1, folder=tmp_path, out=tmp_path / "a.csv")
    assert not list(tmp_path.iterdir())


def row(recipe="net", seed=0, settings="a", accuracy=0.9):
    return {"recipe": recipe, "seed": seed, "settings": settings, "cpu": "c", "accuracy": accuracy}


def test_rows_of_a_recipe_in_other_settings_go_and_all_others_stay(tmp_path):
    out = tmp_path / "r.csv"
    for each in (row(seed=10), row(seed=2), row("mlp"), row(seed=2, accuracy=0.8)):
        results.add(out, each, ("recipe", "seed"))
    kept = [(r["recipe"], r["seed"], r["accuracy"]) for r in results.read(out)]
    assert kept == [("mlp", "0", "0.9"), ("net", "2", "0.8"), ("net", "10", "0.9")]
    results.add(out, row(settings="b"), ("recipe", "seed"))
    kept = [(r["recipe"], r["seed"], r["settings"]) for r in results.read(out)]
    assert kept == [("mlp", "0", "a"), ("net", "0", "b")]
    before = out.read_bytes()
    with pytest.raises(InvalidValueError, match="must have the columns recipe, seconds"):
        results.add(out, {"recipe": "net", "seconds": 3}, ("recipe",))
    assert out.read_bytes() == before


def test_a_table_that_a_spreadsheet_saved_is_read_and_holds_no_formula(tmp_path):
    out = tmp_path / "r.csv"
    for _ in range(2):  # the second time in place of the first
        results.add(out, row("=cmd()"), ("recipe", "seed"))
    assert [r["recipe"] for r in results.read(out)] == ["'=cmd()"]
    out.write_bytes(out.read_bytes().decode().encode("utf-8-sig"))
    results.add(out, row(seed=1), ("recipe", "seed"))
    assert [r["recipe"] for r in results.read(out)] == ["'=cmd()", "net"]
    assert results.of(results.read(out), seconds="3") == []


def test_the_record_is_run_in_a_process_of_its_own_and_written_once(tmp_path, monkeypatch):
    monkeypatch.setattr(record_room, "RECIPES", {90: "fast-90"})
    said, out = [], tmp_path / "r.csv"
    options = {"folder": tmp_path / "runs", "out": out, "say": said.append}
    (time,) = record([], "synthetic", 1, **options)
    run = Run(tmp_path / "runs" / "fast-90-seed0")
    found = results.read(out)[0]
    assert float(found["accuracy"]) == pytest.approx(run.metrics().accuracy, abs=5e-5)
    assert time.seconds == [float(found["seconds"])]
    # The clock begins before the first step and ends after the last.
    assert float(found["seconds"]) > float(found["training_seconds"]) > 0
    assert said == [str(time)]
    assert record([90], "synthetic", 1, **options) == [time]  # not run again: its folder is there
    with monkeypatch.context() as elsewhere:  # on another machine it is, were there no such folder
        elsewhere.setattr(record_room, "processor", lambda environment: "another")
        with pytest.raises(WorkerError, match="fast-90, seed 0, ended with status 1"):
            record([90], "synthetic", 1, **options)
    with pytest.raises(WorkerError, match="fast-90, seed 1, ended with status 1"):
        (tmp_path / "runs" / "fast-90-seed1").mkdir()
        record([90], "synthetic", 2, **options)
    assert len(results.read(out)) == 1


@pytest.mark.parametrize(
    ("levels", "seeds", "message"),
    [
        ([91], 1, "level must be one of 90, 92, 93, 94, 95; received 91"),
        ([90], 0, "seeds must be a whole number from 1; received 0"),
    ],
)
def test_the_record_refuses_what_it_does_not_have(levels, seeds, message, tmp_path):
    with pytest.raises(InvalidValueError, match=message):
        record(levels, "synthetic", seeds, folder=tmp_path, out=tmp_path / "r.csv")


def test_every_level_has_its_recipe():
    assert all(name in RECIPES for name in record_room.RECIPES.values())


def test_a_level_is_reached_by_the_mean_alone():
    assert Time(90, "net", [1.0, 2.0], [0.89, 0.91]).reached
    below = Time(90, "net", [1.0, 2.0], [0.8899, 0.91])
    assert not below.reached
    assert str(below) == "90 %: 1.5 s, net, mean test accuracy 90.00% of 2 seeds: not reached"


def test_the_command_prints_mean_deviation_and_interval(tmp_path):
    recipe = tmp_path / "quick.toml"
    recipe.write_text('base = "net"\nepochs = 2\nbatch_size = 1000\n')
    command = [sys.executable, "-c", "from fashionlab.cli import main; main()"]
    command += ["bench", "accuracy", str(recipe), "--json"]
    done = subprocess.run(
        [*command, "--seeds", "2", "--data", "synthetic", "--out", str(tmp_path / "a.csv")],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        check=True,
    )
    answer = json.loads(done.stdout)
    values = [float(r["accuracy"]) for r in results.read(tmp_path / "a.csv")]
    assert answer == {"recipe": "quick", "part": "test", "values": values}
    assert "95 % interval of the mean" in str(Accuracies(**answer))


def test_on_a_gpu_the_record_has_levels_of_its_own(tmp_path, monkeypatch):
    monkeypatch.setattr(Keras, "on_gpu", True)
    with pytest.raises(InvalidValueError, match="one of 94, 95, 96; received 90"):
        record([90], "synthetic", 1, folder=tmp_path, out=tmp_path / "record.csv")
    assert set(record_room.GPU_RECIPES.values()) <= set(RECIPES)


@pytest.mark.parametrize(
    "content",
    [
        b"\xff\xfe\0",
        b"recipe,seed\nnet\n",
        b"recipe,seed\nnet,0,1\n",
        b"recipe,seed\nnet," + b"1" * 200_000 + b"\n",
        b'recipe,seed\n"net,0\n',
    ],
)
def test_a_file_that_is_no_table_is_refused_by_name_before_anything_is_trained(content, tmp_path):
    (tmp_path / "a.csv").write_bytes(content)
    with pytest.raises(DataFormatError, match=r"a.csv cannot be read"):
        accuracy([RECIPE], DATA, 1, folder=tmp_path / "runs", out=tmp_path / "a.csv")
    assert not (tmp_path / "runs").exists()
    assert (tmp_path / "a.csv").read_bytes() == content


def test_a_table_without_a_whole_seed_is_refused_and_kept(tmp_path):
    rows = "recipe,settings,cpu,seed\nnet,a,x,one\n"
    (tmp_path / "a.csv").write_text(rows)
    row = {"recipe": "net", "settings": "a", "cpu": "y", "seed": 0}
    with pytest.raises(DataFormatError, match=r"a.csv cannot be read"):
        results.add(tmp_path / "a.csv", row, ("recipe", "seed"))
    assert (tmp_path / "a.csv").read_text() == rows
