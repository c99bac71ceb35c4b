"""The speed next to peers: rows, agreement, and what goes wrong. No timing is asserted."""

import csv
import json
import os
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks.speed import contestants, process
from benchmarks.speed import measure as measure_module
from benchmarks.speed import turns as turns_module
from benchmarks.speed.contestants import Contestant
from benchmarks.speed.measure import measure
from benchmarks.speed.table import summaries, text
from fashionlab.data import synthetic
from fashionlab.errors import InvalidValueError, WorkerError

ROOT = Path(__file__).parents[2]
# Contestants of the tests, as modules on PYTHONPATH
WRONG = """
from benchmarks.speed.peers.scratch import Peer as Scratch


class Peer(Scratch):
    form = "another rate"

    def reset(self):
        super().reset()
        self.model.optimizer.learning_rate = 0.5
"""
CRASHES = """
from benchmarks.speed.peers.scratch import Peer as Scratch


class Peer(Scratch):
    def train(self, first, steps):
        if first:
            raise MemoryError("no room for the second turn")
        return super().train(first, steps)
"""


@pytest.fixture(scope="module")
def data():
    return synthetic.draw(train=1280, test=100)


@pytest.fixture
def add(monkeypatch, tmp_path):
    """Return a function that registers a contestant with a module of this text."""

    def add(name, text, **options):
        (tmp_path / f"{name}.py").write_text(text)
        monkeypatch.setenv("PYTHONPATH", str(tmp_path))
        monkeypatch.setitem(
            contestants.CONTESTANTS, name, Contestant(name, name, ("numpy",), **options)
        )

    return add


def command(*options, cwd):
    return subprocess.run(
        [sys.executable, "-m", "benchmarks.speed", "--data", "synthetic", *options],
        env={**os.environ, "PYTHONPATH": f"{ROOT / 'src'}{os.pathsep}{ROOT}"},
        capture_output=True,
        text=True,
        cwd=cwd,
        check=False,
    )


def read(path):
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_every_contestant_has_a_row_a_turn_and_all_reach_the_same_loss(data, tmp_path):
    out = tmp_path / "new" / "speed.csv"
    measured = measure(
        data,
        models=["784-512-10"],
        optimizers=["adam"],
        peers=["torch", "scikit-learn"],
        turns=2,
        steps=4,
        out=out,
    )
    assert measured.remarks == []
    rows = read(out)
    assert [(row["contestant"], row["turn"]) for row in rows] == [
        (name, turn) for turn in "01" for name in ("scratch", "scikit-learn", "torch")
    ]
    for row, measured_row in zip(rows, measured.rows, strict=True):
        assert {k: "" if v is None else str(v) for k, v in measured_row.items()} == row
        assert all(value for column, value in row.items() if column != "commit"), row
        assert (row["agrees"], row["steps"], row["batch"]) == ("yes", "4", "128")
        for column in ("images_a_second", "prediction_images_a_second", "peak_memory_mb"):
            assert float(row[column]) > 0
        assert float(row["loss"]) == pytest.approx(float(rows[3 * int(row["turn"])]["loss"]), 1e-3)
    assert float(rows[3]["loss"]) < float(rows[0]["loss"]) < 2.6
    found = summaries(rows)
    assert found == summaries(measured.rows)  # the README's table is made from the file
    own = found[0]
    assert own.contestant == "scratch" and own.turns == 2
    medians = {s.contestant: s.images_a_second[0] for s in found[1:]}
    assert own.fastest_peer == max(medians, key=medians.get)
    low, middle, high = own.ratio[1], own.ratio[0], own.ratio[2]
    assert 0 < low <= middle <= high
    assert f"{medians['torch']:,.0f}" in text(found)


def test_the_cnn_is_measured_on_those_that_have_convolutions(data, tmp_path):
    measured = measure(
        data,
        models=["cnn"],
        optimizers=["adam"],
        peers=["torch", "scikit-learn"],
        turns=1,
        steps=3,
        out=tmp_path / "speed.csv",
    )
    assert measured.remarks == []
    assert [row["contestant"] for row in measured.rows] == ["scratch", "torch"]


def test_another_loss_is_named_and_not_ranked(data, tmp_path, add):
    add("wrong", WRONG)
    add("same", "from benchmarks.speed.peers.scratch import Peer")
    lines = []
    measured = measure(
        data,
        models=["784-512-10"],
        optimizers=["sgd"],
        peers=["wrong", "same"],
        turns=1,
        steps=4,
        out=tmp_path / "speed.csv",
        say=lines.append,
    )
    assert {row["contestant"]: row["agrees"] for row in measured.rows} == {
        "scratch": "yes",
        "wrong": "no",
        "same": "yes",
    }
    assert measured.remarks[0].startswith("784-512-10, sgd: wrong, first steps: loss ")
    assert set(measured.remarks) <= set(lines)
    assert summaries(measured.rows)[0].fastest_peer == "same"
    assert "another loss: not ranked" in measured.text()


def test_a_peer_that_stops_is_remarked_upon_and_the_others_go_on(data, tmp_path, add):
    add("crashes", CRASHES)
    measured = measure(
        data,
        models=["784-512-10"],
        optimizers=["sgd"],
        peers=["crashes"],
        turns=2,
        steps=4,
        out=tmp_path / "speed.csv",
    )
    assert measured.remarks == [
        "784-512-10, sgd: crashes stopped in train: "
        "MemoryError: no room for the second turn (exit status 1)"
    ]
    assert [row["contestant"] for row in measured.rows] == ["scratch", "crashes", "scratch"]


def test_scratch_itself_may_not_stop(data, tmp_path, monkeypatch, add):
    add("absent", "raise RuntimeError('broken')")
    for module in (measure_module, turns_module):
        monkeypatch.setattr(module, "SCRATCH", contestants.CONTESTANTS["absent"])
    with pytest.raises(WorkerError, match=r"absent stopped in load: .*broken"):
        measure(data, models=["784-512-10"], steps=1, turns=1, peers=[], out=tmp_path / "s.csv")


def test_a_worker_that_takes_too_long_is_ended(tmp_path, monkeypatch, add):
    add("sleeps", "import time\ntime.sleep(60)")
    monkeypatch.setattr(process, "LIMIT", 0.5)
    sleeper = contestants.CONTESTANTS["sleeps"]
    worker = process.Worker(sleeper, sys.executable, tmp_path, threads=1)
    with pytest.raises(WorkerError, match=r"sleeps stopped in load: .*exit status -9"):
        worker.request(
            "load", module="sleeps", case="cnn", optimizer="sgd", folder="", threads=1, steps=1
        )
    worker.close()


def test_a_peer_that_is_not_installed_is_named_with_the_remedy(data, tmp_path, monkeypatch):
    absent = Contestant("absent", "x", ("no_such_library",), contestants.SCRIPT, "absent")
    monkeypatch.setitem(contestants.CONTESTANTS, "absent", absent)
    measured = measure(
        data,
        models=["784-512-10"],
        optimizers=["sgd"],
        peers=["absent"],
        turns=1,
        steps=1,
        out=tmp_path / "speed.csv",
        environments=tmp_path,
    )
    assert measured.remarks == ["absent: not installed (sh benchmarks/speed/peers.sh)"]
    assert [row["contestant"] for row in measured.rows] == ["scratch"]
    assert summaries(measured.rows)[0].ratio is None


def test_a_small_set_is_repeated_for_the_full_batch(data, tmp_path, add):
    add("absent", "raise ImportError('no such library')")
    measured = measure(
        data, models=["full-batch"], peers=["absent"], turns=1, out=tmp_path / "speed.csv"
    )
    assert [row["batch"] for row in measured.rows] == [60_000]
    assert measured.remarks == [
        "full-batch, sgd: absent stopped in load: ImportError: no such library (exit status 1)"
    ]


def test_the_worker_imports_no_library_of_another():
    code = (
        "import sys, benchmarks.speed.worker, benchmarks.speed.peers.scratch; "
        "print([m for m in ('keras', 'torch', 'sklearn', 'scipy', 'matplotlib', 'typer', 'jax') "
        "if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--model", "vgg"], "model must be one of 784-512-10, .*; received 'vgg'"),
        (["--optimizer", "lion"], "optimizer must be one of sgd, adam; received 'lion'"),
        (
            ["--peer", "scratch"],
            "peer must be one of scratch-numpy, scikit-learn, .*; received 'scratch'",
        ),
        (["--turns", "0"], "turns must be at least 1; received 0"),
        (["--steps", "-3"], "steps must be at least 1; received -3"),
        (["--model", "full-batch", "--optimizer", "adam"], "full-batch has sgd alone"),
        (["--busy", "--model", "cnn"], "--busy chooses model, optimizer and peers itself; .*"),
    ],
)
def test_hostile_options_are_refused_in_one_line(options, message, tmp_path):
    done = command(*options, cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert re.fullmatch(f"benchmarks.speed: .*{message}\n", done.stderr)
    assert list(tmp_path.iterdir()) == []


def test_images_of_another_size_are_refused(data, tmp_path):
    small = tuple(replace(part, images=part.images[:, ::2, ::2]) for part in data)
    with pytest.raises(InvalidValueError, match=r"28 x 28; received \(14, 14\)"):
        measure(small, out=tmp_path / "speed.csv")


def test_the_command_prints_rows_as_json(tmp_path):
    options = "--model 784-512-10 --optimizer sgd --peer scikit-learn --turns 1 --steps 2 --json"
    done = command(*options.split(), cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)
    assert [row["contestant"] for row in answer["rows"]] == ["scratch", "scikit-learn"]
    assert answer["rows"][0]["data"] == "synthetic"
    assert done.stderr.endswith("written: runs/speed.csv\n")
    assert len(read(tmp_path / "runs" / "speed.csv")) == 2
