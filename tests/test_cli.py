"""The commands as a user types them: exit status, one line for what can be mended, nothing left."""

import json
import signal
import subprocess
import sys

import numpy as np
import pytest

from fashionlab.data.synthetic import draw
from fashionlab.errors import RunError
from fashionlab.recipes import get
from fashionlab.runs import Run, RunWriter
from fashionlab.training import train


def fashionlab(*arguments, cwd):
    return subprocess.run(
        [sys.executable, "-c", "from fashionlab.cli import main; main()", *arguments],
        capture_output=True,
        text=True,
        cwd=cwd,
        check=False,
    )


def refused(done, *words):
    assert done.returncode == 2
    assert len(done.stderr.strip().splitlines()) == 1, done.stderr
    assert all(word in done.stderr for word in words), done.stderr


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs") / "net"
    done = fashionlab(
        *("train", "report-net", "--data", "synthetic", "--epochs", "3", "--out", str(folder)),
        cwd=folder.parent,
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr.count("left") == 3
    return folder


def test_a_run_folder_is_whole_and_nothing_lies_beside_it(run):
    assert sorted(p.name for p in run.iterdir()) == [
        "config.json",
        "environment.json",
        "history.csv",
        "metrics.json",
        "predictions.npz",
        "weights.safetensors",
    ]
    assert [p.name for p in run.parent.iterdir()] == ["net"]
    assert [row["epoch"] for row in Run(run).history()] == [1, 2, 3]


def test_evaluate_recomputes_the_stored_figures(run):
    done = fashionlab("evaluate", str(run), "--json", cwd=run)
    assert json.loads(done.stdout) == Run(run).stored_metrics()
    last = Run(run).history()[-1]
    assert json.loads(done.stdout)["accuracy"] == pytest.approx(last["test_accuracy"])
    assert json.loads(done.stdout)["log_loss"] == pytest.approx(last["test_loss"], rel=1e-4)


def test_an_existing_run_folder_is_refused_and_kept(run):
    before = (run / "metrics.json").read_bytes()
    done = fashionlab("train", "report-net", "--data", "synthetic", "--out", str(run), cwd=run)
    refused(done, "exists already", "--out")
    assert (run / "metrics.json").read_bytes() == before


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["train", "report-nett", "--data", "synthetic"], ["did you mean 'report-net'"]),
        (["train", "report-net", "--epoch", "3"], ["--epochs"]),
        (["trian"], ["train"]),
        (["train", "report-net", "--epochs", "0"], ["epochs"]),
        (["train", "report-cnn", "--engine", "scratch", "--data", "synthetic"], ["--engine keras"]),
        (["train", "report-net", "--engine", "theano", "--data", "synthetic"], ["scratch, keras"]),
        (["train", "report-net", "--data", "nowhere"], ["nowhere"]),
        (["evaluate", "nowhere"], ["finished run folder"]),
    ],
)
def test_bad_input_is_one_line_and_leaves_nothing(arguments, words, tmp_path):
    refused(fashionlab(*arguments, cwd=tmp_path), *words)
    assert not [p for p in tmp_path.rglob("*") if p.is_file()]


def test_a_damaged_run_is_refused(run, tmp_path):
    for name in ("config.json", "predictions.npz"):
        copy = tmp_path / name.split(".")[0]
        copy.mkdir()
        for path in run.iterdir():
            content = path.read_bytes()
            (copy / path.name).write_bytes(
                content[: len(content) // 2] if path.name == name else content
            )
        refused(fashionlab("evaluate", str(copy), cwd=tmp_path), name)


def test_ctrl_c_leaves_nothing_and_exits_with_130(tmp_path):
    process = subprocess.Popen(
        [
            *(sys.executable, "-c", "from fashionlab.cli import main; main()"),
            *("train", "report-net", "--data", "synthetic", "--epochs", "100000", "--out", "run"),
        ],
        cwd=tmp_path,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert "epoch 1/" in process.stderr.readline()
    process.send_signal(signal.SIGINT)
    _, rest = process.communicate(timeout=30)
    assert process.returncode == 130
    assert "Traceback" not in rest
    assert not list(tmp_path.iterdir())


def test_a_full_disk_is_one_line_and_leaves_nothing(tmp_path):
    with pytest.raises(RunError, match="No space left"), RunWriter(tmp_path / "run") as writer:
        writer.write_json("config", {})
        raise OSError(28, "No space left on device", "weights.safetensors")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("engine", ["scratch", "keras"])
def test_both_engines_train_the_same_recipe_through_one_loop(engine, tmp_path):
    from dataclasses import replace

    recipe = replace(get("report-mlp"), engine=engine, epochs=2, batch_size=64)
    run = train(recipe, draw(600, 200), tmp_path / engine)
    assert run.metrics().accuracy > 0.5
    with np.load(run.folder / "predictions.npz", allow_pickle=False) as stored:
        assert stored["log_probabilities"].shape == (200, 10)


def test_the_parser_and_its_help_import_no_framework():
    code = (
        "import sys, fashionlab.cli; print({'numpy', 'keras', 'torch', 'sklearn', 'matplotlib'}"
        " & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
