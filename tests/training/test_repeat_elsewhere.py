"""A run that scratch trained in C has the same weights on another machine.

The other machine is imitated: NumPy and its BLAS without the newer half of the processor's
instructions, and another number of threads.
"""

import json
import os
import subprocess
import sys

import numpy as np
import pytest

from fashionlab.data.forms.idx import write_idx
from fashionlab.data.synthetic import draw
from fashionlab.scratch.compiled import library

COMMAND = (sys.executable, "-W", "ignore", "-c", "from fashionlab.cli import main; main()")
TRAIN = (
    *("train", "report-mlp", "--engine", "scratch", "--data", "data", "--out", "run"),
    *("--epochs", "2", "--model", "units=[50]", "--model", "dropout=0.3"),
    *("--augment", "rotate=10", "--augment", "flip=true"),
)
OLDER = {
    "OPENBLAS_CORETYPE": "Nehalem",
    "NPY_DISABLE_CPU_FEATURES": " ".join(
        np.show_config(mode="dicts")["SIMD Extensions"].get("found", [])
    ),
    "OMP_NUM_THREADS": "1",
}
HERE = {"OMP_NUM_THREADS": "2"}

pytestmark = pytest.mark.skipif(library.load() is None, reason=str(library.reason()))


@pytest.fixture(autouse=True)
def data(tmp_path):
    """Data in files: drawn ones depend on the processor."""
    (tmp_path / "data").mkdir()
    for part, name in zip(draw(1000, 200), ("train", "t10k"), strict=True):
        write_idx(tmp_path / "data" / f"{name}-images-idx3-ubyte", part.images)
        write_idx(tmp_path / "data" / f"{name}-labels-idx1-ubyte", part.labels)


def fashionlab(*arguments, cwd, **variables):
    return subprocess.run(
        [*COMMAND, *arguments],
        capture_output=True,
        text=True,
        cwd=cwd,
        env=os.environ | variables,
        check=False,
        timeout=120,
    )


def scratch(run):
    return json.loads((run / "environment.json").read_text())["scratch"]


def test_the_weights_of_another_machine_come_out_here(tmp_path):
    done = fashionlab(*TRAIN, cwd=tmp_path, **OLDER)
    assert done.returncode == 0, done.stderr
    if scratch(tmp_path / "run")["form"] != "compiled":
        pytest.skip("this model is not trained in C yet")
    again = fashionlab("train", "--from", "run", "--json", cwd=tmp_path, **HERE)
    assert again.returncode == 0, again.stderr
    answer = json.loads(again.stdout)
    assert answer["same"] is True
    assert answer["differences"] == []
    assert scratch(tmp_path / "run-repeated")["threads"] == 2


def test_a_training_goes_on_on_another_machine_without_a_warning(tmp_path):
    process = subprocess.Popen(
        [*COMMAND, *TRAIN, "--epochs", "40"],
        cwd=tmp_path,
        env=os.environ | OLDER,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert "epoch 1/" in process.stderr.readline()
    process.terminate()
    process.communicate(timeout=60)
    done = fashionlab("train", "--resume", "--out", "run", cwd=tmp_path, **HERE)
    assert done.returncode == 0, done.stderr
    if scratch(tmp_path / "run")["form"] != "compiled":
        pytest.skip("this model is not trained in C yet")
    assert "goes on after step" in done.stderr
    assert "other conditions" not in done.stderr


def test_a_run_of_the_other_form_is_told_apart(tmp_path):
    assert fashionlab(*TRAIN, cwd=tmp_path, FASHIONLAB_COMPILED="0").returncode == 0
    recorded = scratch(tmp_path / "run")
    assert recorded["form"] == "numpy"
    assert "FASHIONLAB_COMPILED=0" in recorded["reason"]
    again = fashionlab("train", "--from", "run", "--json", cwd=tmp_path)
    if scratch(tmp_path / "run-repeated")["form"] != "compiled":
        pytest.skip("this model is not trained in C yet")
    answer = json.loads(again.stdout)
    assert "scratch form numpy, now compiled" in answer["differences"]
