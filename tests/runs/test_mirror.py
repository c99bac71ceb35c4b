"""A run in an object store: whole or absent, gone on with on another machine."""

import io
import json
import zipfile

import fsspec
import pytest

from fashionlab.data import load, write_idx
from fashionlab.data.synthetic import draw
from fashionlab.errors import DataFormatError
from fashionlab.recipes import get, override
from fashionlab.runs import Mirror, Run
from fashionlab.training import job

RECIPE = override(get("net"), {"epochs": 6, "batch_size": 50})


@pytest.fixture
def machine(tmp_path, monkeypatch):
    """A function that turns this process into another machine: one with a cache of its own."""

    def become(name):
        monkeypatch.setenv("FASHIONLAB_CACHE", str(tmp_path / name))

    become("one")
    monkeypatch.setattr("fashionlab.runs.mirror.PAUSE", 0.0)
    fsspec.filesystem("memory").store.clear()
    return become


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    folder = tmp_path_factory.mktemp("set")
    for prefix, part in zip(("train", "t10k"), draw(200, 40), strict=True):
        write_idx(folder / f"{prefix}-images-idx3-ubyte", part.images)
        write_idx(folder / f"{prefix}-labels-idx1-ubyte", part.labels)
    return str(folder)


def described(place, **changes):
    data = job.held_out(load(place), 0.2, 0)
    given = {"place": place, "fraction": 0.2, **changes}
    return job.described(RECIPE, data, 0, None, "memory://bucket/runs", **given)


def objects():
    return sorted(fsspec.filesystem("memory").store)


def test_a_finished_run_is_one_object_which_another_machine_uses(machine, place, tmp_path):
    arguments = described(place)
    first = job.run(arguments)
    name = arguments["folder"].rpartition("/")[2]
    assert objects() == [f"/bucket/runs/{name}.zip"]
    assert not list((tmp_path / "one" / "runs").iterdir())
    machine("two")
    assert job.run(arguments) == first
    machine("three")
    mirror = Mirror(arguments["folder"])
    mirror.fetch()
    assert Run(mirror.folder).metrics().accuracy == first["accuracy"]


def test_a_run_whose_machine_was_lost_goes_on_elsewhere(machine, place, monkeypatch):
    undisturbed = job.run(described(place))
    fsspec.filesystem("memory").store.clear()
    machine("lost")

    class LostError(Exception):
        pass

    class Losing(job.Pruning):
        def epoch(self, row):
            super().epoch(row)
            if row["epoch"] == 4:
                raise LostError

    monkeypatch.setattr(job, "Pruning", Losing)
    with pytest.raises(LostError):
        job.run(described(place))
    monkeypatch.undo()
    machine("another")
    (partial,) = objects()
    assert partial.endswith(".partial.zip")
    again = job.run(described(place))
    assert again | {"seconds": 0} == undisturbed | {"seconds": 0}
    (whole,) = objects()
    content = fsspec.filesystem("memory").cat_file(whole)
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        resumed = json.loads(archive.read("environment.json"))["resumed"]
    assert len(resumed) == 1 and resumed[0]["after_step"] >= 8


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"no archive", "must be a run that fashionlab put there; received File is not a zip"),
        ({"../escaped": b"x"}, "must be a run; received a file '../escaped'"),
    ],
)
def test_another_object_in_its_place_is_refused(machine, tmp_path, content, said):
    if isinstance(content, dict):
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w") as archive:
            for name, data in content.items():
                archive.writestr(name, data)
        content = packed.getvalue()
    fsspec.filesystem("memory").pipe_file("/bucket/run.zip", content)
    mirror = Mirror("memory://bucket/run")
    with pytest.raises(DataFormatError, match=said.replace("(", r"\(")):
        mirror.fetch()
    assert not mirror.folder.exists() and not list(tmp_path.rglob("escaped"))
