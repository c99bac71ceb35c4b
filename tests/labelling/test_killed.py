"""Labelling by real processes: killed and resumed, with one worker or two, the same bytes."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import labelled
import numpy as np
import pytest
from labelled import IMAGES, contents, manifest, rows

from fashionlab.data.forms import npy
from fashionlab.labelling import label

N, SHARD = 2000, 100
KILLED = """
import os, sys
from fashionlab.labelling import label
source, out, model, at = sys.argv[1:]
def progress(rows, images):
    if rows >= int(at):
        os.kill(os.getpid(), 9)
label(source, out, model, shard=100, workers=2, progress=progress)
"""


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    """Return a file, a model, and the sink that one worker has filled."""
    folder = tmp_path_factory.mktemp("labelled")
    path, model = folder / "images.npy", labelled.model(folder)
    npy.write_npy(path, np.tile(IMAGES, (N // len(IMAGES), 1, 1)))
    label(path, folder / "out", model, shard=SHARD, workers=1)
    return path, model, folder / "out"


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="Windows has no SIGKILL")
def test_a_driver_killed_twice_leaves_the_same_bytes(undisturbed, tmp_path):
    path, model, expected = undisturbed
    out = tmp_path / "out"
    for at in (300, 1000):
        command = [sys.executable, "-c", KILLED, path, out, model, str(at)]
        killed = subprocess.run(command, stderr=subprocess.PIPE, text=True, check=False)
        assert killed.returncode == -signal.SIGKILL, killed.stderr
        assert manifest(out)["rows"] < N
    summary = label(path, out, model, shard=SHARD, workers=2)
    assert 0 < summary.done < N
    assert contents(out) == contents(expected)
    assert rows(out)["row"] == list(range(N))
    # A worker that outlived its driver for a moment may have died as it wrote.
    assert label(path, out, model, shard=SHARD, workers=2).done == 0
    assert not [path for path in out.iterdir() if path.name.endswith(".partial")]


def test_a_worker_that_is_killed_costs_nothing_but_time(undisturbed, tmp_path):
    path, model, expected = undisturbed
    killed = []

    def kill(rows, images):
        if not killed and rows:
            killed.append(_children()[0])
            os.kill(killed[0], signal.SIGTERM)

    summary = label(path, tmp_path / "out", model, shard=SHARD, workers=2, progress=kill)
    assert killed
    assert (summary.rows, summary.failures) == (N, [])
    assert contents(tmp_path / "out") == contents(expected)


def _children():
    if not Path("/proc/self/task").is_dir():
        pytest.skip("needs /proc, where the workers of this process are listed")
    tasks = Path("/proc/self/task").glob("*/children")
    return [int(pid) for task in tasks for pid in task.read_text().split()]


def test_ray_gives_the_same_bytes(undisturbed, tmp_path):
    pytest.importorskip("ray")
    path, model, expected = undisturbed
    label(path, tmp_path / "out", model, shard=SHARD, on="ray", workers=2)
    assert contents(tmp_path / "out") == contents(expected)
