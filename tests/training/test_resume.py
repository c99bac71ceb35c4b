"""A training that was stopped goes on as if it had not been: the same bits."""

import errno
import json
import shutil
from dataclasses import replace

import numpy as np
import pytest

from benchmarks.engine import crash_test
from fashionlab import files
from fashionlab.data.synthetic import draw
from fashionlab.errors import CheckpointError, RunError, StoppedError
from fashionlab.progress import Progress
from fashionlab.recipes import get
from fashionlab.runs import Run, checkpoints
from fashionlab.training import train

from ..faults import FailingOs

ENGINES = ("scratch", "keras")
STEPS = 6  # an epoch: 160 of 200 images are trained on, in batches of 30


def recipe(engine, **changes):
    """All that has a state: dropout, augmentation, schedule, moving average, best epoch, Adam."""
    return replace(crash_test.recipe(engine), batch_size=30, **changes)


@pytest.fixture(scope="module")
def data():
    return draw(200, 60)


class StopsAt(Progress):
    """Stops the training after so many steps, as a fault in the middle of one would."""

    def __init__(self, at):
        self.at, self.said = at, []

    def start(self, name, epochs, steps, done=0):
        self.made = done

    def step(self, step):
        self.made += 1
        if self.made == self.at:
            raise KeyboardInterrupt

    def say(self, line):
        self.said.append(line)


def result(folder):
    run = Run(folder)
    history = [{k: v for k, v in row.items() if k != "seconds"} for row in run.history()]
    metrics = json.loads((folder / "metrics.json").read_text())
    return run.weights_sha256(), history, metrics, run.predictions()[0].tobytes()


@pytest.fixture(scope="module")
def whole(data, tmp_path_factory):
    place = tmp_path_factory.mktemp("whole")
    for engine in ENGINES:
        train(recipe(engine), data, place / engine)
    return {engine: result(place / engine) for engine in ENGINES}


def stopped(engine, data, folder, at, **options):
    with pytest.raises((StoppedError, KeyboardInterrupt)):
        train(recipe(engine), data, folder, progress=StopsAt(at), **options)


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("at", [1, 3, 5, 6, 7, 11, 12, 13, 18])
def test_stopped_at_any_step_it_comes_out_the_same(engine, at, data, whole, tmp_path):
    stopped(engine, data, tmp_path / "run", at, checkpoint_steps=2)
    assert not (tmp_path / "run").exists()
    train(recipe(engine), data, tmp_path / "run", resume=True, checkpoint_steps=2)
    assert result(tmp_path / "run") == whole[engine]
    assert [p.name for p in tmp_path.iterdir()] == ["run"]
    assert not [p for p in (tmp_path / "run").iterdir() if "checkpoint" in p.name]


@pytest.mark.parametrize("engine", ENGINES)
def test_stopped_again_and_again_it_comes_out_the_same(engine, data, whole, tmp_path):
    for at in (4, 7, 8, 13):
        stopped(engine, data, tmp_path / "run", at, checkpoint_steps=1, resume=True)
    train(recipe(engine), data, tmp_path / "run", resume=True)
    assert result(tmp_path / "run") == whole[engine]
    sessions = Run(tmp_path / "run").environment()["resumed"]
    assert sessions == [{"after_step": n, "changed": []} for n in (3, 6, 7, 12)]


def test_checkpoints_change_nothing(data, whole, tmp_path):
    train(recipe("scratch"), data, tmp_path / "run", checkpoint_steps=1)
    assert result(tmp_path / "run") == whole["scratch"]


@pytest.mark.parametrize("optimizer", ["SGD", "Adam", "AdamW", "RMSprop"])
@pytest.mark.parametrize("engine", ENGINES)
def test_every_optimizer_goes_on_exactly(engine, optimizer, data, tmp_path):
    chosen = recipe(engine, optimizer=optimizer)
    train(chosen, data, tmp_path / "whole")
    with pytest.raises((StoppedError, KeyboardInterrupt)):
        train(chosen, data, tmp_path / "run", progress=StopsAt(9), checkpoint_steps=4)
    train(chosen, data, tmp_path / "run", resume=True)
    assert result(tmp_path / "run") == result(tmp_path / "whole")


@pytest.mark.parametrize("mixed", [{"cutmix": 0.5}, {"mixup": 0.5}])
@pytest.mark.parametrize("engine", ENGINES)
def test_convolutions_with_all_that_their_recipes_may_have_go_on_exactly(
    engine, mixed, data, tmp_path
):
    changes = {"rotate": 5.0, "zoom": 0.1, "shift": 1, "erase": 0.5, **mixed}
    chosen = replace(
        get("tiny"),
        engine=engine,
        epochs=2,
        batch_size=30,
        warmup_epochs=0,
        validation_fraction=0.2,
        restore_best_weights=True,
        moving_average=0.9,
        model={"stem": 3, "stages": ((4, 1),), "dropout": 0.3},
        augment={"flip": True, **changes},
    )
    if engine == "scratch":
        chosen = replace(chosen, optimizer="SGD", optimizer_options={"momentum": 0.9})
    train(chosen, data, tmp_path / "whole")
    for at in (4, 8):
        with pytest.raises((StoppedError, KeyboardInterrupt)):
            progress = StopsAt(at)
            train(chosen, data, tmp_path / "run", 0, progress, checkpoint_steps=1, resume=True)
    train(chosen, data, tmp_path / "run", resume=True)
    assert result(tmp_path / "run") == result(tmp_path / "whole")


def test_a_damaged_newest_checkpoint_is_said_and_the_one_before_it_used(data, whole, tmp_path):
    stopped("scratch", data, tmp_path / "run", 9, checkpoint_steps=4)
    newest = checkpoints.saved(tmp_path / "run.partial")[-1]
    (newest / checkpoints.STATE).write_bytes(b"{}")
    listener = StopsAt(0)
    train(recipe("scratch"), data, tmp_path / "run", resume=True, progress=listener)
    assert any(
        newest.name in line and "the one before it is used" in line for line in listener.said
    )
    assert result(tmp_path / "run") == whole["scratch"]


def test_a_checkpoint_of_another_model_is_refused_and_kept(data, tmp_path):
    stopped("scratch", data, tmp_path / "run", 7)
    saved = checkpoints.saved(tmp_path / "run.partial")[-1]
    other = checkpoints.load(saved)
    shutil.rmtree(saved)
    arrays = {**other.arrays, "weights/0000": np.zeros((1, 1), np.float32)}
    checkpoints.save(tmp_path / "run.partial", checkpoints.Checkpoint(6, arrays, other.state))
    with pytest.raises(CheckpointError, match=r"weights/0000 is float32 \(3, 3, 1, 4\)"):
        train(recipe("scratch"), data, tmp_path / "run", resume=True)
    assert saved.exists()


@pytest.mark.parametrize(
    "state",
    [
        {},
        {"history": 3, "tally": {}},
        {"history": [], "tally": {}},
        {"history": [], "tally": None},
        {
            "history": [{}, {}],
            "tally": {"step": 0, "images": 0, "loss": 0, "right": 0, "seconds": 0},
        },
        {"history": [3], "tally": {"step": 0, "images": 0, "loss": 0, "right": 0, "seconds": 0}},
    ],
)
def test_a_state_that_makes_no_sense_is_refused(state, data, tmp_path):
    stopped("scratch", data, tmp_path / "run", 7)
    saved = checkpoints.saved(tmp_path / "run.partial")[-1]
    arrays = checkpoints.load(saved).arrays
    shutil.rmtree(saved)
    checkpoints.save(tmp_path / "run.partial", checkpoints.Checkpoint(6, arrays, state))
    with pytest.raises(CheckpointError, match=r"damaged|the checkpoint"):
        train(recipe("scratch"), data, tmp_path / "run", resume=True)


def test_other_settings_are_refused_by_name_and_what_is_there_is_kept(data, tmp_path):
    stopped("scratch", data, tmp_path / "run", 7)
    before = sorted(p.name for p in (tmp_path / "run.partial").iterdir())
    with pytest.raises(RunError, match=r"batch_size 30, not 20") as refused:
        train(replace(recipe("scratch"), batch_size=20), data, tmp_path / "run", resume=True)
    assert "epochs" not in str(refused.value)
    with pytest.raises(RunError, match="seed 0, not 1"):
        train(recipe("scratch"), data, tmp_path / "run", seed=1, resume=True)
    with pytest.raises(RunError, match="train data"):
        train(recipe("scratch"), draw(202, 60), tmp_path / "run", resume=True)
    assert sorted(p.name for p in (tmp_path / "run.partial").iterdir()) == before


def test_without_resume_what_was_begun_is_refused_and_kept(data, tmp_path):
    stopped("scratch", data, tmp_path / "run", 7)
    with pytest.raises(RunError, match=r"checkpoint-00000006.*--resume"):
        train(recipe("scratch"), data, tmp_path / "run")
    assert checkpoints.saved(tmp_path / "run.partial")


def test_resume_where_nothing_was_begun_begins(data, whole, tmp_path):
    train(recipe("scratch"), data, tmp_path / "run", resume=True)
    assert result(tmp_path / "run") == whole["scratch"]
    assert "resumed" not in Run(tmp_path / "run").environment()


def test_resume_of_a_finished_run_is_the_run_unless_it_is_another_one(data, tmp_path):
    train(recipe("scratch"), data, tmp_path / "run")
    before = {p: p.stat().st_mtime_ns for p in (tmp_path / "run").iterdir()}
    listener = StopsAt(0)
    assert train(recipe("scratch"), data, tmp_path / "run", resume=True, progress=listener)
    assert "is finished" in listener.said[0]
    assert {p: p.stat().st_mtime_ns for p in (tmp_path / "run").iterdir()} == before
    with pytest.raises(RunError, match="epochs 3, not 4"):
        train(replace(recipe("scratch"), epochs=4), data, tmp_path / "run", resume=True)


def test_what_is_left_of_a_process_killed_at_the_very_end_is_removed(data, tmp_path):
    train(recipe("scratch"), data, tmp_path / "run")
    (tmp_path / "run.partial.lock").write_text("{}")
    (tmp_path / "run" / "lock").write_text("{}")  # of version 0.1.0.dev0
    (tmp_path / "run" / "checkpoint-00000018").mkdir()
    (tmp_path / "run" / ".checkpoint-00000012.partial").mkdir()
    train(recipe("scratch"), data, tmp_path / "run", resume=True)
    assert [p.name for p in tmp_path.iterdir()] == ["run"]
    left = {p.name for p in (tmp_path / "run").iterdir()}
    assert not left & {"lock", "checkpoint-00000018", ".checkpoint-00000012.partial"}


def test_orphans_of_a_killed_process_go_when_it_is_resumed(data, whole, tmp_path):
    stopped("scratch", data, tmp_path / "run", 7)
    work = tmp_path / "run.partial"
    (work / ".checkpoint-00000012.partial").mkdir()
    (work / ".checkpoint-00000012.partial" / "state.json").write_text("{")
    (work / ".history.csv.partial").write_text("epo")
    stopped("scratch", data, tmp_path / "run", 8, resume=True)
    assert not [p for p in work.iterdir() if p.name.startswith(".")]


def test_a_training_killed_before_its_first_checkpoint_leaves_nothing_in_the_way(data, tmp_path):
    work = tmp_path / "run.partial"
    work.mkdir()
    for name in ("config.json", "history.csv", ".config.json.partial"):
        (work / name).write_text("{")
    (work / "tensorboard").mkdir()
    train(recipe("scratch"), data, tmp_path / "run")
    assert not (tmp_path / "run" / "tensorboard").exists()
    assert not work.exists()


def calls_of_a_training(chosen, data, folder):
    counting = FailingOs(fails=0, number=0)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(files, "os", counting)
        train(chosen, data, folder)
    return len(counting.calls)


def test_whichever_write_fails_the_message_names_it_and_nothing_is_lost(data, tmp_path):
    """Every call of a whole training in turn, each once; then it goes on to the same end."""
    chosen = replace(recipe("scratch"), epochs=2)
    total = calls_of_a_training(chosen, data, tmp_path / "whole")
    expected = result(tmp_path / "whole")
    assert total > 60
    for n in range(1, total + 1):
        folder = tmp_path / f"run-{n}"
        number = (errno.ENOSPC, errno.EIO, errno.EACCES)[n % 3]
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(files, "os", FailingOs(n, number))
            with pytest.raises(RunError) as failed:
                train(chosen, data, folder)
        message = str(failed.value)
        assert f"cannot write {tmp_path}" in message, message
        assert {5: "Input/output", 13: "Permission", 28: "No space"}[number] in message
        said = []
        if checkpoints.saved(tmp_path / f"run-{n}.partial"):
            assert checkpoints.newest(tmp_path / f"run-{n}.partial", said.append)
            assert "--resume" in message
        assert said == []
        train(chosen, data, folder, resume=True)
        assert result(folder) == expected
        shutil.rmtree(folder)
    assert [p.name for p in tmp_path.iterdir()] == ["whole"]
