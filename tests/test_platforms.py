"""All commands on systems that lack what Linux has: see hidden.py.

They are the systems as far as Linux can be brought to look like them: nothing here has run on
Windows or macOS.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from fashionlab.data.idx import write_idx
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
RESERVED = set('<>:"|?*\\')  # in names of files on Windows


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """Data with names that are not ASCII, and a photo."""
    folder = tmp_path_factory.mktemp("platforms")
    (folder / DATA).mkdir()
    for part, name in zip(draw(400, 50), ("train", "t10k"), strict=True):
        write_idx(folder / DATA / f"{name}-images-idx3-ubyte", part.images)
        write_idx(folder / DATA / f"{name}-labels-idx1-ubyte", part.labels)
    names = ["Écharpe", "Übergröße", *"abcdefgh"]
    (folder / DATA / "class_names.txt").write_text("\n".join(names), encoding="utf-8")
    Image.fromarray(np.full((40, 40, 3), 200, np.uint8)).save(folder / "photo.png")
    return folder


def started(profile, folder, result, commands):
    process = subprocess.Popen(
        [sys.executable, "-X", "warn_default_encoding", DRIVER, profile, result],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=folder,
        env=os.environ | PROFILES[profile],
    )
    process.stdin.write(json.dumps(commands).encode())
    process.stdin.close()
    process.stdin = None
    return process


@pytest.mark.parametrize("profile", PROFILES)
def test_everything_works_where_something_is_missing(profile, place, tmp_path):
    for path in place.iterdir():
        (tmp_path / path.name).symlink_to(path)
    killed = started(profile, tmp_path, "killed.json", [TRAIN])
    line = killed.stderr.readline()
    while b"epoch 2/" not in line:
        assert line, "it ended before its second epoch"
        line = killed.stderr.readline()
    killed.kill()
    killed.communicate()
    process = started(profile, tmp_path, "statuses.json", COMMANDS)
    out, said = process.communicate(timeout=120)
    said = said.decode(errors="replace")
    assert process.returncode == 0, said
    statuses = json.loads((tmp_path / "statuses.json").read_text())
    assert statuses == [0] * len(COMMANDS), f"{statuses}\n{said}"
    assert "goes on after step" in said
    run = Run(tmp_path / "run")
    assert len(run.history()) == 12
    assert run.data["train"].name == DATA
    assert run.class_names[:2] == ("Écharpe", "Übergröße")
    assert json.loads((tmp_path / "served.json").read_bytes())["predictions"]
    written = {p.relative_to(tmp_path) for p in tmp_path.rglob("*")} - {Path(DATA)}
    names = {path.name for path in written}
    assert not [name for name in names if RESERVED & set(name) or name.endswith((".", " "))]
    assert not [name for name in names if name.startswith(".") or "partial" in name]


def test_a_run_of_another_locale_is_resumed_and_repeated(place, tmp_path):
    """What is recorded of the data's name and place does not depend on the encoding of names."""
