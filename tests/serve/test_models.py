"""Where served models come from, and the names they get."""

import shutil

import pytest
from portable_model import tiny_model
from served import served

from fashionlab.errors import FashionlabError, InvalidValueError, ModelError
from fashionlab.report.run import page
from fashionlab.serve.app import create_app
from fashionlab.serve.models import load, load_all
from fashionlab.serve.settings import Settings
from fashionlab.shipped import FOLDER

from .wire import ask


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "tiny.onnx"
    path.write_bytes(tiny_model())
    return path


@pytest.fixture
def run(tmp_path):
    folder = tmp_path / "run"
    shutil.copytree(FOLDER, folder)
    (folder / "model.onnx").write_bytes(tiny_model())
    return folder


def test_a_second_model_of_a_name_gets_another(file, run):
    models = load_all([file, run, file])
    first = models[0].name
    assert [model.name for model in models] == [first, f"{first}-2", f"{first}-3"]
    assert [model.run for model in models] == [None, run, None]


def test_a_run_folder_is_served_with_its_report_made_once(run, monkeypatch):
    made = []

    def render(run):
        made.append(run.folder)
        return written(run)

    written = page.render
    monkeypatch.setattr(page, "render", render)
    (model,) = load_all([run])
    with served([model]) as service:
        address = ask(service.port, "GET", "/v1/models").json["models"][0]["report"]
        for _ in range(2):
            answer = ask(service.port, "GET", address)
            assert answer.status == 200 and b"medium" in answer.body
            policy = answer.headers["content-security-policy"]
            assert policy.startswith("default-src 'none'") and "; script-src 'sha256-" in policy
    assert made == [run]


def test_a_folder_with_a_model_and_no_run_has_no_report(run, tmp_path):
    (tmp_path / "alone").mkdir()
    (run / "model.onnx").rename(tmp_path / "alone" / "model.onnx")
    assert load(tmp_path / "alone").description()["report"] is None


def test_what_is_no_model_is_one_clear_line(tmp_path, run):
    (run / "model.onnx").unlink()
    (tmp_path / "text").write_text("no model")
    with pytest.raises(ModelError, match=r"model\.onnx.*fashionlab export"):
        load(run)
    with pytest.raises(ModelError):
        load(tmp_path / "text")
    with pytest.raises((FashionlabError, OSError)):
        load(tmp_path / "none")
    with pytest.raises(InvalidValueError):
        load_all([])


def test_two_models_of_one_name_are_refused(file):
    with pytest.raises(InvalidValueError, match="own name"):
        create_app([load(file), load(file)], Settings())
