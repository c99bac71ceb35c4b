"""A study comes out the same on any executor, in any order, and after any interruption."""

from dataclasses import replace

import numpy as np
import optuna
import pytest

from fashionlab.data import load
from fashionlab.errors import DataFormatError, InvalidValueError, RunError
from fashionlab.recipes import get, override
from fashionlab.runs import Run
from fashionlab.training import job, settings
from fashionlab.training.job import held_out
from fashionlab.tuning import Axis, Source, write_best, write_page

from . import small


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    return small.write(tmp_path_factory.mktemp("data") / "set")


@pytest.fixture
def study(place):
    def run(out, last_first=False, **changes):
        executor = small.InTurn(last_first)
        found = small.study(place, out, executor, **changes)
        return found, executor

    return run


@pytest.mark.parametrize("sampler", ["tpe", "grid"])
def test_it_does_not_depend_on_which_trial_ends_first(study, tmp_path, sampler):
    space = small.SPACE if sampler == "tpe" else (*small.SPACE, Axis("label_smoothing", 0.0, 0.2))
    first, _ = study(tmp_path / "a", trials=14, sampler=sampler, space=space)
    last, _ = study(tmp_path / "b", last_first=True, trials=14, sampler=sampler, space=space)
    assert small.compared(first) == small.compared(last)
    assert [x.state for x in first.outcomes].count("pruned") > 0


def test_local_processes_give_what_one_process_gives(study, place, tmp_path):
    here, _ = study(tmp_path / "a", trials=5)
    there = small.study(place, tmp_path / "b", trials=5)
    assert small.compared(here) == small.compared(there)


def test_a_trial_sees_held_out_training_images_in_place_of_the_test_set(study, place, tmp_path):
    train, test = load(place)
    parts = held_out(load(place), 1 / 6, 0)
    np.testing.assert_array_equal(parts.test.images, parts.validation.images)
    rows = {image.tobytes() for image in train.images}
    for part, other in ((parts.train, parts.test), (parts.test, parts.train)):
        mine = {image.tobytes() for image in part.images}
        assert mine <= rows and not mine & {image.tobytes() for image in other.images}
    assert len(parts.train) + len(parts.test) == len(train) == 300
    found, _ = study(tmp_path / "a", trials=1)
    run = Run(tmp_path / "a" / "trials" / found.outcomes[0].folder)
    assert run.data["test"].sha256 == parts.test.sha256 != test.sha256
    assert run.data["test"].name.endswith(", held out")
    assert found.outcomes[0].accuracy == run.metrics().accuracy
    curve = [row["validation_accuracy"] for row in run.history()]
    assert list(found.outcomes[0].curve) == curve


def test_a_recipe_that_was_trained_before_costs_nothing(study, tmp_path):
    out = tmp_path / "a"
    first, _ = study(out, trials=2, sampler="grid", space=small.SPACE[1:])
    (out / "study.db").unlink()
    runs = sorted((out / "trials").iterdir())
    before = [(path, path.stat().st_mtime_ns) for path in runs]
    again, _ = study(out, trials=2, sampler="grid", space=small.SPACE[1:], resume=True)
    assert [(path, path.stat().st_mtime_ns) for path in runs] == before
    assert again.outcomes == first.outcomes  # with the seconds of the first time


def test_more_trials_go_on_after_those_before(study, tmp_path):
    whole, _ = study(tmp_path / "a", trials=6)
    study(tmp_path / "b", trials=4)
    further, executor = study(tmp_path / "b", trials=6, resume=True, window=1)  # it keeps its own
    assert small.compared(further) == small.compared(whole)
    assert [job.name for job in executor.done] == ["4", "5"]
    same, executor = study(tmp_path / "b", trials=6, resume=True)
    assert same.outcomes == further.outcomes and not executor.done


def test_a_recipe_that_cannot_be_trained_is_a_failed_trial(study, tmp_path):
    space = (Axis("learning_rate", choices=(0.1, 1e300)),)
    source = Source(get("report-net"), {"epochs": 2, "batch_size": 50})
    found, _ = study(tmp_path / "a", trials=2, sampler="grid", space=space, source=source)
    assert [x.state for x in found.outcomes] == ["finished", "failed"]
    assert "the loss must stay finite" in found.outcomes[1].error
    assert found.best == [0]
    space = (Axis("augment.cutmix", choices=(0.0, 1.0)), Axis("augment.mixup", choices=(0.5,)))
    found, executor = study(tmp_path / "b", trials=2, sampler="grid", space=space)
    assert [x.state for x in found.outcomes] == ["finished", "failed"]
    assert "cannot be combined" in found.outcomes[1].error
    assert len(executor.done) == 1


def test_equal_trials_in_flight_are_trained_by_one_process(study, tmp_path):
    space = (Axis("augment.shift", choices=(1, 2)),)
    found, executor = study(tmp_path / "a", trials=4, sampler="random", space=space, window=4)
    assert len({x.folder for x in found.outcomes}) == 2
    assert len(executor.done) == 4
    assert len(list((tmp_path / "a" / "trials").iterdir())) == 2


def test_the_best_recipe_is_that_of_the_trial(study, place, tmp_path):
    out = tmp_path / "a"
    found, _ = study(out, trials=4, objectives=("accuracy", "seconds"))
    written = write_best(found, out)
    assert list(written) == found.best and written[found.best[0]] == out / "best.toml"
    for number, path in written.items():
        expected = override(small.SOURCE.base, found.changes(number))
        trained = Run(out / "trials" / found.outcomes[number].folder).recipe
        recipe = get(str(path))
        for other in (trained, expected):
            same = settings(replace(recipe, name="mlp"), load(place), 0)
            assert settings(other, load(place), 0) == same
    page = write_page(found, out, written).read_text()
    assert f"{found.outcomes[found.best[0]].accuracy:.2%}".replace("%", "") in page


def test_optunas_own_tools_read_the_study(study, tmp_path):
    found, _ = study(tmp_path / "a", trials=7)
    read = optuna.load_study(study_name="a", storage=f"sqlite:///{tmp_path}/a/study.db")
    assert [t.params for t in read.trials] == [dict(x.kept) for x in found.outcomes]
    assert read.best_trial.number == found.best[0]
    for trial, outcome in zip(read.trials, found.outcomes, strict=True):
        assert list(trial.intermediate_values.values()) == list(outcome.curve)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"trials": 0}, "trials must be a whole number from 1; received 0"),
        ({"trials": None}, "trials must be a whole number from 1; received None"),
        ({"trials": 7, "sampler": "grid"}, "a grid of 6 points has 6 trials; received 7"),
    ],
)
def test_another_number_of_trials_is_refused(study, tmp_path, changes, said):
    with pytest.raises(InvalidValueError, match=said):
        study(tmp_path / "a", **changes)
    assert not (tmp_path / "a").exists()


def test_another_study_in_the_folder_is_not_touched(study, tmp_path):
    out = tmp_path / "a"
    study(out, trials=2)
    with pytest.raises(RunError, match="has something in it already; give --resume"):
        study(out, trials=2)
    for changes, said in (
        ({"seed": 1}, "seed 0, not 1"),
        ({"sampler": "random"}, "sampler 'tpe', not 'random'"),
        ({"source": Source(get("mlp"), small.SHORT | {"epochs": 4})}, "epochs 3, not 4"),
        ({"fraction": 0.5}, "train data "),
    ):
        with pytest.raises(RunError, match="begun with other settings") as refused:
            study(out, trials=3, resume=True, **changes)
        assert said in str(refused.value)
    found, _ = study(out, trials=2, resume=True)
    assert len(found.outcomes) == 2


def test_a_worker_with_other_data_ends_the_study_in_one_line(study, tmp_path, monkeypatch):
    monkeypatch.setattr("fashionlab.training.job.load", lambda *_, **__: load("synthetic"))
    job._data.cache_clear()
    with pytest.raises(
        DataFormatError, match="all workers must have the same data; received other"
    ):
        study(tmp_path / "a", trials=1)
