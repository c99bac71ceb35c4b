"""The main job on a small synthetic set: three runs and a page, and once more."""

import sys
from dataclasses import replace

import pytest

from fashionlab.data.synthetic import draw
from fashionlab.errors import MissingDependencyError, RunError, StoppedError
from fashionlab.progress import Progress
from fashionlab.recipes import get
from fashionlab.reproduce import SYSTEMS, reproduce
from fashionlab.runs import Run
from fashionlab.training import train


@pytest.fixture(scope="module")
def data():
    return draw(300, 100)


@pytest.fixture(scope="module", autouse=True)
def cache(tmp_path_factory):
    """A cache of the tests' own, in which simple baselines are kept."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FASHIONLAB_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture(scope="module")
def folder(data, tmp_path_factory):
    out = tmp_path_factory.mktemp("out") / "reproduce"
    said = []
    assert reproduce(out, data, engine="scratch", quick=True, say=said.append) == (
        out / "report.html"
    )
    assert said == ["measuring simple baselines on the same data, once"]
    return out


def test_one_run_per_system_and_a_page(folder):
    assert sorted(path.name for path in folder.iterdir()) == [
        "report-cnn-seed0",
        "report-mlp-seed0",
        "report-net-seed0",
        "report.html",
    ]
    engines = [Run(folder / f"{name}-seed0").config["recipe"]["engine"] for name in SYSTEMS]
    assert engines == ["scratch", "scratch", "scratch"]


def test_the_page_says_that_it_was_quick_and_not_the_real_data(folder):
    page = (folder / "report.html").read_text(encoding="utf-8")
    assert "report-net 20 of 150 epochs" in page
    assert "not Fashion-MNIST" in page


def written(folder):
    """The files of the runs but their pages, which are written again."""
    return [path for path in folder.glob("*/*") if path.name != "report.html"]


def test_each_run_has_a_page_to_which_the_comparison_links(folder):
    page = (folder / "report.html").read_text(encoding="utf-8")
    for name in SYSTEMS:
        assert f'href="{name}-seed0/report.html"' in page
        own = (folder / f"{name}-seed0" / "report.html").read_text(encoding="utf-8")
        assert "Quick run" in own and "Next to simple methods" in own
    assert "Next to the course report" in page and "Where the course report contradicts" in page


def test_a_foreign_page_in_a_runs_folder_is_refused_before_any_training(data, tmp_path):
    (tmp_path / "report-cnn-seed0").mkdir()
    (tmp_path / "report-cnn-seed0" / "report.html").write_text("mine")
    with pytest.raises(RunError, match=r"report-cnn-seed0.*report\.html"):
        reproduce(tmp_path, data, engine="scratch", quick=True)
    assert [path.name for path in tmp_path.iterdir()] == ["report-cnn-seed0"]


def test_finished_runs_are_used_as_they_are(folder, data):
    before = {path: path.stat().st_mtime_ns for path in written(folder)}
    said = []
    reproduce(folder, data, engine="scratch", quick=True, say=said.append)
    assert sum("is finished" in line for line in said) == 3
    assert {path: path.stat().st_mtime_ns for path in written(folder)} == before


def test_a_run_of_other_settings_in_the_way_is_refused_before_any_training(data, tmp_path):
    train(
        replace(get("report-mlp"), engine="scratch", epochs=1), data, tmp_path / "report-mlp-seed0"
    )
    with pytest.raises(RunError, match="epochs 1, not 4"):
        reproduce(tmp_path, data, engine="scratch", quick=True)
    assert [path.name for path in tmp_path.iterdir()] == ["report-mlp-seed0"]


def test_a_begun_run_of_other_settings_is_refused_before_any_training(data, tmp_path):
    class Stops(Progress):
        def epoch(self, row):
            if row["epoch"] == 2:
                raise KeyboardInterrupt

    begun = replace(get("report-cnn"), engine="scratch", epochs=3)
    with pytest.raises(StoppedError):
        train(begun, data, tmp_path / "report-cnn-seed0", progress=Stops())
    with pytest.raises(RunError, match=r"report-cnn-seed0 was begun .*epochs 3, not 1"):
        reproduce(tmp_path, data, engine="scratch", quick=True)
    assert [path.name for path in tmp_path.iterdir()] == ["report-cnn-seed0.partial"]


def test_a_system_that_was_stopped_goes_on(data, folder, tmp_path):
    class Stops(Progress):
        def start(self, name, epochs, steps, done=0):
            self.name, self.begins = name, done

        def epoch(self, row):
            if self.name == "report-mlp" and row["epoch"] == 2 and not self.begins:
                raise KeyboardInterrupt

    with pytest.raises(StoppedError, match=r"report-mlp-seed0.*go on with: fashionlab reproduce"):
        reproduce(tmp_path / "r", data, engine="scratch", quick=True, progress=Stops())
    names = [path.name for path in (tmp_path / "r").iterdir()]
    assert sorted(names) == ["report-mlp-seed0.partial", "report-net-seed0"]
    reproduce(tmp_path / "r", data, engine="scratch", quick=True)
    for name in SYSTEMS:
        ours, whole = (Run(place / f"{name}-seed0") for place in (tmp_path / "r", folder))
        assert ours.weights_sha256() == whole.weights_sha256()


def test_a_foreign_file_in_the_pages_place_is_refused_before_any_training(data, tmp_path):
    (tmp_path / "report.html").write_text("mine")
    with pytest.raises(RunError, match=r"report\.html"):
        reproduce(tmp_path, data, engine="scratch", quick=True)
    assert (tmp_path / "report.html").read_text() == "mine"
    assert [path.name for path in tmp_path.iterdir()] == ["report.html"]


def test_without_keras_it_stops_before_any_training(data, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "keras", None)
    with pytest.raises(MissingDependencyError, match="pip install"):
        reproduce(tmp_path / "out", data, quick=True)
    assert not (tmp_path / "out").exists()
