"""The commands as a user types them: exit status, one line for what can be mended, nothing left."""

import inspect
import json
import os
import shutil
import subprocess
import sys

import numpy as np
import pytest

from fashionlab import __version__
from fashionlab.cli import app, bench_app, data_app, main
from fashionlab.errors import RunError
from fashionlab.runs import Run


def fashionlab(*arguments, cwd, **variables):
    return subprocess.run(
        [sys.executable, "-c", "from fashionlab.cli import main; main()", *arguments],
        capture_output=True,
        text=True,
        cwd=cwd,
        env=os.environ | variables,
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
        "examples.npz",
        "history.csv",
        "metrics.json",
        "model.json",
        "predictions.npz",
        "protocol.json",
        "weights.safetensors",
    ]
    assert [p.name for p in run.parent.iterdir()] == ["net"]
    assert [row["epoch"] for row in Run(run).history()] == [1, 2, 3]


def test_evaluate_recomputes_the_stored_figures(run):
    done = fashionlab("evaluate", str(run), "--json", cwd=run)
    figures = json.loads(done.stdout)
    training = figures.pop("training")
    assert figures.pop("weights_sha256") == Run(run).weights_sha256()
    protocol = figures.pop("protocol")
    assert protocol == json.loads((run / "protocol.json").read_text())
    assert (protocol["images_held_out"], protocol["test_set_read"]) == (0, 4)  # it logs it
    assert figures.pop("accuracy_without_copies") == figures["accuracy"]
    selective = figures.pop("selective")
    assert [point["at_least"] for point in selective["at_coverage"]] == [0.9, 0.95, 0.98]
    assert (figures.pop("outliers"), figures.pop("sets")) == (None, None)
    assert figures.pop("model_remark").endswith(f"; write it with: fashionlab export {run}")
    assert figures == json.loads((run / "metrics.json").read_text())
    last = Run(run).history()[-1]
    assert (training["epochs"], training["accuracy"]) == (3, last["accuracy"])
    assert json.loads(done.stdout)["accuracy"] == pytest.approx(last["test_accuracy"])
    assert json.loads(done.stdout)["log_loss"] == pytest.approx(last["test_loss"], rel=1e-4)


def copied(run, folder):
    shutil.copytree(run, folder)
    return folder


def test_figures_that_do_not_follow_from_the_predictions_are_refused(run, tmp_path):
    metrics = copied(run, tmp_path / "copy") / "metrics.json"
    record = json.loads(metrics.read_text())
    metrics.write_text(json.dumps(record | {"accuracy": 0.99}))
    refused(fashionlab("evaluate", "copy", cwd=tmp_path), "metrics.json", "accuracy")


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
        (["train", "report-net", "--optimizer", "Nadam", "--data", "synthetic"], ["'Nadam'"]),
        (["train", "report-net", "--engine", "theano", "--data", "synthetic"], ["scratch, keras"]),
        (["train", "report-net", "--data", "nowhere"], ["nowhere"]),
        (["train", "report-net", "--model", "unit=[3]"], ["did you mean 'units'"]),
        (["train", "report-net", "--model", "units"], ["OPTION=VALUE"]),
        (["train", "report-net", "--optimizer", "Adm", "--data", "synthetic"], ["'Adam'"]),
        (["train", "report-net", "--batch-size", "half"], ["batch_size", "'half'"]),
        (["train", "nowhere.toml"], ["nowhere.toml", "No such file"]),
        (["evaluate", "nowhere"], ["finished run folder"]),
        (["report", "nowhere"], ["finished run folder"]),
        (["reproduce", "--engine", "scrath", "--data", "synthetic"], ["did you mean 'scratch'"]),
    ],
)
def test_bad_input_is_one_line_and_leaves_nothing(arguments, words, tmp_path):
    refused(fashionlab(*arguments, cwd=tmp_path), *words)
    assert not [p for p in tmp_path.rglob("*") if p.is_file()]


@pytest.mark.parametrize("name", ["config.json", "metrics.json", "predictions.npz"])
def test_a_damaged_run_is_refused(name, run, tmp_path):
    path = copied(run, tmp_path / "copy") / name
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    refused(fashionlab("evaluate", "copy", cwd=tmp_path), name)


@pytest.mark.parametrize(
    ("values", "word"),
    [
        ({"recipe": {}}, "recipe"),
        ({"recipe": 3}, "recipe"),
        ({"data": {}}, "data has no test, train"),
        ({"data": {"train": {}, "test": {}}}, "data.train has no images, name, sha256"),
        ({"data": {"train": 1, "test": 2}}, "data.train must be a table"),
        ({"class_names": list(range(10))}, "class_names[0] must be text"),
        ({"class_names": ["one"]}, "not a column for each class"),
        ({"seed": "x"}, "seed"),
    ],
)
@pytest.mark.parametrize("command", ["evaluate", "report"])
def test_a_run_whose_config_was_changed_is_refused(command, values, word, run, tmp_path):
    config = copied(run, tmp_path / "copy") / "config.json"
    config.write_text(json.dumps(json.loads(config.read_text()) | values))
    refused(fashionlab(command, "copy", cwd=tmp_path), "config.json", word)


@pytest.mark.parametrize("indices", [[-1], [10**6], [0.5], [[0]]])
def test_examples_that_are_not_of_the_test_set_are_refused(indices, run, tmp_path):
    folder = copied(run, tmp_path / "copy")
    np.savez(folder / "examples.npz", images=np.zeros((1, 28, 28), np.uint8), indices=indices)
    with pytest.raises(RunError, match=r"examples\.npz"):
        Run(folder).examples()


def test_a_disk_that_takes_no_more_is_one_line_and_leaves_nothing(tmp_path):
    """The kernel refuses bytes beyond a file's limit, in the middle of the 1.6 MB of weights."""
    code = (
        "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (500_000, 500_000));"
        "from fashionlab.cli import main; main()"
    )
    done = subprocess.run(
        [
            *(sys.executable, "-c", code),
            *("train", "report-net", "--data", "synthetic", "--epochs", "1", "--out", "run"),
        ],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        check=False,
    )
    assert done.returncode == 2
    assert (
        "cannot write run.partial/checkpoint-00000001/arrays.safetensors: File too large"
        in done.stderr.splitlines()[-1]
    )
    assert "Traceback" not in done.stderr
    assert not list(tmp_path.iterdir())


def test_every_field_of_a_recipe_is_an_option(tmp_path):
    done = fashionlab(
        *("train", "report-net", "--data", "synthetic", "--out", "run", "--epochs", "2"),
        *("--batch-size", "200", "--optimizer", "Adam", "--learning-rate", "0.002"),
        *("--output-activation", "softmax", "--validation-fraction", "0.2", "--engine", "scratch"),
        *("--model", "units=[20, 10]", "--model", "activation=relu", "--json"),
        *("--augment", "flip=true", "--augment", "shift=1", "--schedule", "cosine"),
        *("--final-learning-rate", "0.001", "--warmup-epochs", "0.5", "--moving-average", "0.9"),
        *("--early-stopping-patience", "2", "--restore-best-weights"),
        *("--monitor", "validation_accuracy", "--label-smoothing", "0.1"),
        *("--optimizer-option", "weight_decay=0.01", "--optimizer-option", "beta_1=0.8"),
        *("--no-test-each-epoch", "--flip-at-prediction", "--precision", "float32"),
        cwd=tmp_path,
    )
    assert done.returncode == 0, done.stderr
    run = Run(tmp_path / "run")
    assert json.loads(done.stdout)["accuracy"] == run.metrics().accuracy
    expected = {
        "epochs": 2,
        "batch_size": 200,
        "optimizer": "Adam",
        "learning_rate": 0.002,
        "output_activation": "softmax",
        "validation_fraction": 0.2,
        "model": {"units": [20, 10], "activation": "relu", "initializer": "standard_normal"},
        "augment": {"flip": True, "shift": 1},
        "schedule": "cosine",
        "final_learning_rate": 0.001,
        "warmup_epochs": 0.5,
        "moving_average": 0.9,
        "early_stopping_patience": 2,
        "restore_best_weights": True,
        "monitor": "validation_accuracy",
        "label_smoothing": 0.1,
        "optimizer_options": {"weight_decay": 0.01, "beta_1": 0.8},
        "test_each_epoch": False,
        "flip_at_prediction": True,
        "precision": "float32",
    }
    assert set(expected) | {"name", "builder", "engine"} == set(run.config["recipe"])
    assert {key: run.config["recipe"][key] for key in expected} == expected
    assert set(run.history()[0]) == {
        *("epoch", "loss", "accuracy", "validation_loss", "validation_accuracy"),
        *("learning_rate", "seconds"),
    }
    assert [layer["parameters"] for layer in run.layers()] == [0, 0, 15_700, 210, 110]


def test_version_and_help(tmp_path):
    done = fashionlab("--version", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (0, f"fashionlab {__version__}\n")
    done = fashionlab(cwd=tmp_path)
    assert "Usage" in done.stdout
    assert done.stderr == ""


def test_every_argument_of_a_command_is_one_that_typer_can_read():
    commands = [
        each.callback for part in (app, data_app, bench_app) for each in part.registered_commands
    ]
    assert "train" in {command.__name__ for command in commands}
    for command in commands:
        kinds = {each.kind for each in inspect.signature(command).parameters.values()}
        assert not kinds & {inspect.Parameter.VAR_KEYWORD, inspect.Parameter.VAR_POSITIONAL}


def test_a_training_that_diverges_is_one_line_and_leaves_nothing(tmp_path):
    done = fashionlab(
        *("train", "report-mlp", "--engine", "scratch", "--data", "synthetic", "--out", "run"),
        *("--optimizer", "SGD", "--learning-rate", "1e30", "--output-activation", "linear"),
        cwd=tmp_path,
    )
    refused(done, "lower the learning rate")
    assert not list(tmp_path.iterdir())


def test_debug_shows_the_traceback(tmp_path):
    done = fashionlab("evaluate", "nowhere", "--debug", cwd=tmp_path)
    assert done.returncode != 0
    assert "Traceback" in done.stderr


def test_the_parser_and_its_help_import_no_framework():
    code = (
        "import sys, fashionlab.cli; print({'numpy', 'keras', 'torch', 'sklearn', 'matplotlib'}"
        " & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


def test_a_name_that_the_systems_encoding_does_not_have_is_one_line(tmp_path):
    (tmp_path / "mine.toml").write_text('base = "report-net"\nname = "é"\n', encoding="utf-8")
    names = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    arguments = ("train", "mine.toml", "--data", "synthetic", "--epochs", "1")
    done = fashionlab(*arguments, cwd=tmp_path, **names)
    refused(done, r"must fit the system's encoding, ascii; received 'runs/\xe9")
    assert [path.name for path in tmp_path.iterdir()] == ["mine.toml"]


def test_ctrl_c_is_one_line(monkeypatch, capsys):
    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr("fashionlab.cli.inputs.show", interrupted)
    monkeypatch.setattr(sys, "argv", ["fashionlab", "recipes"])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 130
    assert capsys.readouterr().err == "fashionlab: stopped; unfinished work was not kept\n"
