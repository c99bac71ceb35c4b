"""All commands on systems that lack what Linux has: see hidden.py.

They are the systems as far as Linux can be brought to look like them: nothing here has run on
Windows or macOS.
"""

import contextlib
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from fashionlab.data.forms.idx import write_idx
from fashionlab.data.synthetic import draw
from fashionlab.runs import Run

DRIVER = Path(__file__).with_name("hidden.py")
ASCII = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
PROFILES = {  # the encoding of the terminal, and of file names and texts
    "windows": {"PYTHONIOENCODING": "cp1252"},
    "macos": {"PYTHONIOENCODING": "cp850"},
    "container": ASCII,
    "no_fcntl": {},
}
DATA = "données"
TRAIN = (
    *("train", "report-mlp", "--engine", "scratch", "--data", DATA, "--out", "run"),
    *("--epochs", "12", "--batch-size", "8", "--model", "units=[8]", "--resume"),
)
COMMANDS = [
    ["recipes"],
    [*TRAIN],
    ["evaluate", "run"],
    ["train", "--from", "run"],
    ["report", "run"],
    ["export", "run", "--uncalibrated"],
    ["export", "run", "--to", "safetensors", "--out", "run.safetensors"],
    ["predict", "photo.png", "--json", "--model", "run"],
    ["data", "info", "--data", DATA],
    ["serve"],
]
KERAS = [
    ["train", "report-mlp", "--engine", "keras", "--data", DATA, "--out", "k", "--epochs", "1"],
    ["export", "k", "--to", "keras"],
    ["export", "k", "--uncalibrated", "--bits", "8"],
]
RESERVED = set('<>:"|?*\\')  # in names of files on Windows


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """Data with names that are not ASCII, and a photo."""
    folder = tmp_path_factory.mktemp("platforms")
    (folder / DATA).mkdir()
    for part, name in zip(draw(400, 50), ("train", "t10k"), strict=True):
        write_idx(folder / DATA / f"{name}-images-idx3-ubyte", part.images)
        write_idx(folder / DATA / f"{name}-labels-idx1-ubyte", part.labels)
    names = ["Écharpe", "手袋", *"abcdefgh"]
    (folder / DATA / "class_names.txt").write_text("\n".join(names), encoding="utf-8")
    Image.fromarray(np.full((40, 40, 3), 200, np.uint8)).save(folder / "photo.png")
    return folder


def started(profile, place, folder, commands, variables=None):
    """The process of a system that runs commands in a folder, which has the data and the photo."""
    for path in place.iterdir():
        with contextlib.suppress(FileExistsError):
            (folder / path.name).symlink_to(path)
    process = subprocess.Popen(
        [sys.executable, "-X", "warn_default_encoding", DRIVER, profile, "statuses.json"],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        cwd=folder,
        env=os.environ | (PROFILES[profile] if variables is None else variables),
    )
    process.stdin.write(json.dumps(commands).encode())
    process.stdin.close()
    process.stdin = None
    return process


def said(profile, place, folder, commands, variables=None):
    """What commands say that all succeed."""
    process = started(profile, place, folder, commands, variables)
    errors = process.communicate(timeout=120)[1].decode(errors="replace")
    assert process.returncode == 0, errors
    statuses = json.loads((folder / "statuses.json").read_text())
    assert statuses == [0] * len(commands), f"{statuses}\n{errors}"
    return errors


@pytest.mark.parametrize("profile", PROFILES)
def test_everything_works_where_something_is_missing(profile, place, tmp_path):
    killed = started(profile, place, tmp_path, [TRAIN])
    line = killed.stderr.readline()
    while b"epoch 2/" not in line:
        assert line, "it ended before its second epoch"
        line = killed.stderr.readline()
    killed.kill()
    killed.communicate()
    assert "goes on after step" in said(profile, place, tmp_path, COMMANDS)
    run = Run(tmp_path / "run")
    assert len(run.history()) == 12
    assert run.data["train"].name == DATA
    assert run.class_names[:2] == ("Écharpe", "手袋")
    assert json.loads((tmp_path / "served.json").read_bytes())["predictions"]
    # The report's baselines are in the cache, which is here where there is no home.
    names = {path.name for path in tmp_path.rglob("*")} - {".cache"}
    assert not [name for name in names if RESERVED & set(name) or name.endswith((".", " "))]
    assert not [name for name in names if name.startswith(".") or "partial" in name]


def test_keras_works_there_too(place, tmp_path):
    pytest.importorskip("keras")
    pytest.importorskip("onnx")
    said("container", place, tmp_path, KERAS)


def test_what_is_recorded_of_files_does_not_depend_on_the_encoding_of_names(place, tmp_path):
    for name, other, variables in (("a", "b", {}), ("b", "a", ASCII), ("a", "b", {})):
        commands = [[*TRAIN, "--out", name, "--epochs", "1"]]
        if (tmp_path / other).exists():  # of the other encoding
            commands += [[*TRAIN, "--out", other, "--epochs", "1"], ["train", "--from", other]]
            assert f"{other} is finished" in said("nothing", place, tmp_path, commands, variables)
        else:
            said("nothing", place, tmp_path, commands, variables)
        assert Run(tmp_path / name).data["train"].name == DATA


def test_the_rules_of_windows_are_kept_by_its_imitation(tmp_path):
    code = """
import hidden, os, pathlib
hidden.rename_as_windows_does()
folder = pathlib.Path("folder")
folder.mkdir()
with open("folder/file", "w", encoding="utf-8") as file:
    for call in (folder.rename, pathlib.Path("folder/file").replace):
        try:
            call("other")
        except PermissionError as error:
            print("refused")
folder.rename("other")
"""
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(DRIVER.parent)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.split() == ["refused", "refused"]
    assert (tmp_path / "other" / "file").exists()
