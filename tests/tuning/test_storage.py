"""A study's database: what is wrong with it is one line, and nothing is lost."""

import sqlite3

import optuna
import pytest

from fashionlab.errors import RunError
from fashionlab.tuning import Axis, Outcome
from fashionlab.tuning.storage import Storage, sqlite

SPACE = (Axis("learning_rate", 1e-4, 1e-1, log=True), Axis("model.units", choices=((8,), (4, 4))))
OUTCOMES = [
    Outcome({"learning_rate": 0.01, "model.units": "[8]"}, "finished", 0.8, 2.5, (0.5, 0.8), "a"),
    Outcome({"learning_rate": 0.02, "model.units": "[4, 4]"}, "pruned", 0.4, 1.5, (0.4,), "b"),
    Outcome({"learning_rate": 0.1, "model.units": "[8]"}, "failed", None, None, error="no <b>"),
]


@pytest.fixture
def begun(tmp_path):
    storage = Storage(sqlite(tmp_path / "s.db"), "s", SPACE, ("accuracy",))
    assert storage.connect(resume=False) == {}
    assert storage.begin({"epochs": 3}) == []
    for outcome in OUTCOMES:
        storage.add(outcome)
    return storage


def again(tmp_path, name="s", settings=None, resume=True):
    storage = Storage(sqlite(tmp_path / "s.db"), name, SPACE, ("accuracy",))
    storage.connect(resume)
    return storage, storage.begin(settings or {"epochs": 3})


def test_outcomes_are_read_as_they_were_written(begun, tmp_path):
    assert again(tmp_path)[1] == OUTCOMES
    assert again(tmp_path, name="another")[1] == []


def test_both_objectives_are_kept(tmp_path):
    storage = Storage(sqlite(tmp_path / "s.db"), "s", SPACE, ("accuracy", "seconds"))
    storage.connect(resume=False)
    storage.begin({})
    for outcome in OUTCOMES:
        storage.add(outcome)
    read = optuna.load_study(study_name="s", storage=sqlite(tmp_path / "s.db"))
    assert [trial.values for trial in read.trials] == [[0.8, 2.5], None, None]
    assert [direction.name for direction in read.directions] == ["MAXIMIZE", "MINIMIZE"]


def test_a_study_that_is_there_needs_resume_and_its_settings(begun, tmp_path):
    with pytest.raises(RunError, match="has a study s already; give --resume"):
        again(tmp_path, resume=False)
    with pytest.raises(RunError, match=r"begun with other settings \(epochs 3, not 4\)"):
        again(tmp_path, settings={"epochs": 4})


def test_a_second_writer_is_noticed(begun, tmp_path):
    other, _ = again(tmp_path)
    other.add(OUTCOMES[0])
    with pytest.raises(RunError, match="one process alone may write a study; received 4 trials"):
        begun.add(OUTCOMES[1])
    assert len(again(tmp_path)[1]) == 4


def test_a_locked_database_is_one_line(begun, tmp_path, monkeypatch):
    monkeypatch.setattr("fashionlab.tuning.storage.LOCKED", 0)
    storage, told = again(tmp_path)
    other = sqlite3.connect(tmp_path / "s.db")
    other.execute("BEGIN EXCLUSIVE")
    with pytest.raises(RunError, match="must be there and free; received: database is locked"):
        storage.add(OUTCOMES[0])
    with pytest.raises(RunError, match="database is locked"):
        again(tmp_path)
    other.rollback()
    other.close()
    assert again(tmp_path)[1] == told


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("sqlite:////nowhere/at/all.db", "unable to open database file"),
        ("postgresql://127.0.0.1:1/x", "received: "),  # no driver for it, or nobody answers
        ("nothing", "received: "),
        ("sqlite:///{}", "received: file is not a database"),
    ],
)
def test_a_storage_that_is_none_is_one_line(tmp_path, url, said):
    text = tmp_path / "text.db"
    text.write_text("no database " * 200)
    with pytest.raises(RunError) as refused:
        Storage(url.format(text), "s", SPACE, ("accuracy",)).connect(resume=False)
    assert said in str(refused.value) and "\n" not in str(refused.value)


def test_the_importance_is_of_what_makes_trials_accurate():
    storage = Storage("sqlite:///:memory:", "s", SPACE, ("accuracy",))
    storage.connect(resume=False)
    storage.begin({})
    assert storage.importance() == {}
    for i in range(16):
        rate, units = 10 ** -(1 + 3 * (i * 7 % 16) / 16), "[8]" if i % 2 else "[4, 4]"
        accuracy = 0.9 if 1e-3 < rate < 1e-2 else 0.5 + i / 1000
        kept = {"learning_rate": rate, "model.units": units}
        storage.add(Outcome(kept, "finished", accuracy, 1.0, (accuracy,), str(i)))
    found = storage.importance()
    assert found["learning_rate"] > 0.8 and sum(found.values()) == pytest.approx(1)
