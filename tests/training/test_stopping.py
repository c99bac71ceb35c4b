"""A running `fashionlab train` and the outside: Ctrl-C, SIGTERM, SIGKILL, a second process."""

import json
import re
import signal
import subprocess
import sys
import time

import pytest

from fashionlab.runs import Run, checkpoints

COMMAND = (sys.executable, "-c", "from fashionlab.cli import main; main()")
# Epochs of 1,500 steps and some tenths of a second, so that signals come in the middle of one.
TRAIN = (
    *("train", "report-mlp", "--engine", "scratch", "--data", "synthetic", "--out", "run"),
    *("--epochs", "60", "--batch-size", "4", "--model", "units=[64]"),
    *("--model", "dropout=0.5", "--augment", "shift=1"),
)


@pytest.fixture
def training(tmp_path):
    """A training in its second epoch."""
    process = subprocess.Popen(
        [*COMMAND, *TRAIN], cwd=tmp_path, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert "epoch 1/" in process.stderr.readline()
    while not checkpoints.saved(tmp_path / "run.partial"):
        time.sleep(0.01)
    time.sleep(0.1)
    yield process
    process.kill()
    process.communicate()


def fashionlab(*arguments, cwd):
    return subprocess.run(
        [*COMMAND, *arguments], capture_output=True, text=True, cwd=cwd, check=False
    )


def newest(tmp_path):
    return checkpoints.load(checkpoints.saved(tmp_path / "run.partial")[-1])


def test_ctrl_c_ends_the_epoch_and_keeps_it(training, tmp_path):
    training.send_signal(signal.SIGINT)
    _, said = training.communicate(timeout=60)
    assert training.returncode == 130
    last = said.strip().splitlines()[-1]
    assert "stopping after this epoch; Ctrl-C again stops now" in said
    assert last.startswith("fashionlab: stopped after epoch ")
    assert last.endswith("go on with: fashionlab train --resume --out run")
    assert "Traceback" not in said
    kept = newest(tmp_path)
    assert kept.state["tally"]["step"] == 0
    rows = (tmp_path / "run.partial" / "history.csv").read_text().splitlines()
    assert len(rows) == 1 + len(kept.state["history"])


def test_ctrl_c_twice_stops_now_and_keeps_what_there_was(training, tmp_path):
    training.send_signal(signal.SIGINT)
    while "stopping after this epoch" not in training.stderr.readline():
        assert training.poll() is None
    training.send_signal(signal.SIGINT)
    _, said = training.communicate(timeout=60)
    assert training.returncode == 130
    assert "go on with: fashionlab train --resume --out run" in said.splitlines()[-1]
    assert "Traceback" not in said
    assert newest(tmp_path).steps


def test_sigterm_saves_the_step_it_is_at(training, tmp_path):
    training.send_signal(signal.SIGTERM)
    _, said = training.communicate(timeout=60)
    assert training.returncode == 143
    last = said.splitlines()[-1]
    assert "go on with" in last
    # Rarely the signal comes with the last step of an epoch, which is then evaluated first.
    place = re.search(r"stopped after (?:step (\d+) of )?epoch (\d+)", last)
    kept = newest(tmp_path)
    assert kept.state["tally"]["step"] == int(place[1] or 0)
    assert len(kept.state["history"]) == int(place[2]) - bool(place[1])


def test_the_command_in_the_message_goes_on_and_gives_the_same_as_no_stop_at_all(tmp_path):
    short = [*TRAIN, "--epochs", "4"]
    process = subprocess.Popen([*COMMAND, *short], cwd=tmp_path, stderr=subprocess.PIPE, text=True)
    while "epoch 1/" not in process.stderr.readline():
        assert process.poll() is None
    process.send_signal(signal.SIGTERM)
    _, said = process.communicate(timeout=60)
    command = said.strip().splitlines()[-1].partition("go on with: fashionlab ")[2].split()
    assert command == ["train", "--resume", "--out", "run"]
    done = fashionlab(*command, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "goes on after step" in done.stderr
    assert len(Run(tmp_path / "run").history()) == 4
    repeated = fashionlab("train", "--from", "run", cwd=tmp_path)
    assert repeated.returncode == 0, repeated.stdout + repeated.stderr
    assert "the weights are those of run, to the bit (SHA-256 " in repeated.stdout
    histories = [Run(tmp_path / name).history() for name in ("run", "run-repeated")]
    for rows in zip(*histories, strict=True):
        ours, theirs = ({k: v for k, v in row.items() if k != "seconds"} for row in rows)
        assert ours == theirs


def test_a_second_process_is_refused_at_once_and_told_of_the_first(training, tmp_path):
    for more in ((), ("--resume",)):
        began = time.monotonic()
        done = fashionlab(*TRAIN, *more, cwd=tmp_path)
        assert time.monotonic() - began < 10  # the start of Python included
        assert done.returncode == 2
        assert f"run is being trained by process {training.pid} on " in done.stderr
        assert len(done.stderr.splitlines()) == 1
    assert training.poll() is None


def test_a_killed_one_is_refused_without_resume_and_reported_by_others(training, tmp_path):
    training.send_signal(signal.SIGKILL)
    training.wait()
    done = fashionlab(*TRAIN, cwd=tmp_path)
    assert done.returncode == 2
    assert "--resume" in done.stderr
    done = fashionlab("evaluate", "run", cwd=tmp_path)
    assert done.returncode == 2
    assert "run is not finished" in done.stderr
    done = fashionlab(*TRAIN, "--resume", "--learning-rate", "0.5", cwd=tmp_path)
    assert done.returncode == 2
    assert "learning_rate 0.001, not 0.5" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["train"], "train needs a RECIPE"),
        (["train", "--resume"], "train needs a RECIPE"),
        (["train", "--resume", "--out", "nowhere"], "nowhere.partial/config.json cannot be read"),
        (["train", "--from", "nowhere"], "nowhere/config.json cannot be read"),
        (["train", "--from", "nowhere", "--epochs", "3"], "leave out --epochs"),
        (["train", "report-mlp", "--from", "nowhere"], "leave out a recipe"),
        (["train", "--from", "nowhere", "--seed", "1"], "leave out --seed"),
        (["train", "--resume", "--out", "x", "--epochs", "3"], "leave out --epochs"),
        (["train", "report-mlp", "--checkpoint-steps", "0", "--data", "synthetic"], "from 1"),
    ],
)
def test_what_makes_no_sense_is_one_line(arguments, words, tmp_path):
    done = fashionlab(*arguments, cwd=tmp_path)
    assert done.returncode == 2
    assert words in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_stopped_before_the_first_step_it_leaves_nothing_or_a_checkpoint(number, tmp_path):
    code = f"""
import os, signal, sys
import fashionlab.training
training = sys.modules["fashionlab.training.train"]
real = training.describe
def describe(*arguments):
    os.kill(os.getpid(), {number})
    real(*arguments)
training.describe = describe
from fashionlab.cli import main
main()
"""
    done = subprocess.run(
        [sys.executable, "-c", code, *TRAIN],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        check=False,
    )
    assert "Traceback" not in done.stderr
    assert done.returncode == 128 + number
    if number == signal.SIGINT:
        assert not list(tmp_path.iterdir())
    else:
        assert newest(tmp_path).steps == 1


def test_each_session_writes_its_events_for_tensorboard_into_the_folder(tmp_path):
    events = (*TRAIN, "--tensorboard", "--epochs", "4")
    process = subprocess.Popen([*COMMAND, *events], cwd=tmp_path, stderr=subprocess.PIPE, text=True)
    assert "epoch 1/" in process.stderr.readline()
    assert "epoch 2/" in process.stderr.readline()  # the first one has its checkpoint now
    process.kill()
    process.communicate()
    done = fashionlab(*events, "--resume", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert len(list((tmp_path / "run" / "tensorboard").iterdir())) == 2


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    place = tmp_path_factory.mktemp("finished")
    done = fashionlab(*TRAIN, "--epochs", "2", cwd=place)
    assert done.returncode == 0, done.stderr
    return place


def test_a_repetition_that_differs_says_which_condition_does(finished):
    path = finished / "run" / "environment.json"
    before = path.read_text()
    record = json.loads(before)
    record["versions"]["numpy"] = "1.0.0"
    weights = (finished / "run" / "weights.safetensors").read_bytes()
    path.write_text(json.dumps(record))
    changed = bytearray(weights)
    changed[-1] ^= 1
    (finished / "run" / "weights.safetensors").write_bytes(changed)
    try:
        done = fashionlab("train", "--from", "run", "--out", "again", cwd=finished)
    finally:
        path.write_text(before)
        (finished / "run" / "weights.safetensors").write_bytes(weights)
    assert done.returncode == 1
    assert "the weights are not those of run" in done.stdout
    assert "these recorded conditions differ: numpy 1.0.0, now " in done.stdout


def test_a_repetition_can_be_read_by_a_program_and_be_resumed(finished):
    for more in ((), ("--resume",)):
        done = fashionlab("train", "--from", "run", "--out", "same", "--json", *more, cwd=finished)
        assert done.returncode == 0, done.stderr
        answer = json.loads(done.stdout)
        assert answer["same"] is True
        assert answer["differences"] == []
        assert answer["weights_sha256"] == answer["original_sha256"]
    assert "is finished" in done.stderr


def test_a_repetition_needs_the_same_data(finished):
    path = finished / "run" / "config.json"
    before = path.read_text()
    record = json.loads(before)
    record["data"]["train"]["sha256"] = "0" * 64
    path.write_text(json.dumps(record))
    try:
        done = fashionlab("train", "--from", "run", "--out", "other", cwd=finished)
    finally:
        path.write_text(before)
    assert done.returncode == 2
    assert "must be repeated on its own data" in done.stderr
    assert not (finished / "other").exists()
