"""`fashionlab tune`, as a user runs it: stopped, killed, resumed; bad input is one line."""

import re
import signal
import subprocess
import sys
import time

import optuna
import pytest
from command_line import fashionlab, refused

from fashionlab.recipes import get

from . import small

MAIN = [sys.executable, "-c", "from fashionlab.cli import main; main()", "tune"]
RECIPE = """
base = "mlp"
epochs = 50
batch_size = 10
warmup_epochs = 0

[space]
learning_rate = { low = 1e-4, high = 1e-2, log = true }
model.units = [[8], [16]]
"""
TRIALS = 4


@pytest.fixture(scope="module")
def here(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tune")
    small.write(folder / "set")
    (folder / "mine.toml").write_text(RECIPE)
    return folder


def command(here, out, *more):
    given = ["mine.toml", "--trials", str(TRIALS), "--data", "set", "--out", out, "--workers", "2"]
    return [*MAIN, *given, "--no-prune", *more]


def trials(here, out):
    url = f"sqlite:///{here / out / 'study.db'}"
    read = optuna.load_study(study_name=out, storage=url).trials
    same = ("folder", "accuracy", "curve", "error")
    return [(t.number, t.state, t.params, *(t.user_attrs[k] for k in same)) for t in read]


def stopped(here, out, how, *more):
    """Begin, and send a signal once a trial is written; return the status and what was said."""
    run = subprocess.Popen(
        command(here, out, *more),
        cwd=here,
        stderr=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    said = [next(line for line in run.stderr if line.startswith("trial "))]
    time.sleep(0.3)
    run.send_signal(how)
    _, rest = run.communicate(timeout=60)
    return run.returncode, "".join(said) + rest


def test_a_study_that_is_stopped_and_killed_goes_on_and_comes_out_the_same(here):
    undisturbed = subprocess.run(
        command(here, "a"), cwd=here, capture_output=True, text=True, check=True
    )
    assert re.search(
        r"^trial \d: .*train it with: fashionlab train a/best.toml$", undisturbed.stdout, re.M
    )
    assert (here / "a" / "study.html").is_file()
    assert get(str(here / "a" / "best.toml")).name == "mine-tuned"

    status, said = stopped(here, "b", signal.SIGINT)
    assert status == 130
    assert re.search(rf"stopped after \d of {TRIALS} trials; go on with: the same command", said)
    status, _ = stopped(here, "b", signal.SIGKILL, "--resume")
    assert status == -signal.SIGKILL
    done = subprocess.run(
        command(here, "b", "--resume"), cwd=here, capture_output=True, text=True, check=True
    )
    assert trials(here, "b") == trials(here, "a")
    assert len(trials(here, "a")) == TRIALS
    assert (
        done.stdout.replace("b/", "a/").split("the page")[0].split(" s;")[1:]
        == (undisturbed.stdout.split("the page")[0].split(" s;")[1:])
    )


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (["mlpp"], "no recipe 'mlpp'; did you mean 'mlp'"),
        (["mlp", "--trials", "2", "--over", "learning_rte"], "did you mean 'learning_rate'"),
        (
            ["mine.toml", "--trials", "2", "--over", "learning_rate"],
            "received two of learning_rate",
        ),
        (["mlp", "--trials", "2", "--sampler", "x"], "no sampler 'x'"),
        (["mlp", "--trials", "2", "--objective", "speed"], "no objective 'speed'"),
        (["mlp"], "trials must be a whole number from 1; received None"),
        (["mlp", "--trials", "2", "--on", "mars"], 'done on "local", "ray" or "ray://HOST:PORT"'),
        (["mlp", "--trials", "2", "--workers", "0"], "--workers"),
        (["mlp", "--trials", "2", "--storage", "nothing"], "storage nothing must be there"),
        (["mlp", "--trials", "2", "--hold-out", "1.5"], "fraction must be between 0 and 1"),
    ],
)
def test_bad_input_is_one_line(here, given, said):
    done = fashionlab("tune", *given, "--data", "set", "--out", "x", cwd=here)
    refused(done, said)
    assert not (here / "x" / "trials").exists()
