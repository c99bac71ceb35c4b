"""The static export: complete or absent, from one archive alone, and nothing but relative paths."""

import hashlib
import io
import json
import re
import tarfile

import pytest

pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")

from portable_model import model_with_nan, tiny_model

from fashionlab.errors import DataFormatError, InvalidValueError, ModelError
from fashionlab.export import web
from fashionlab.portable import Predictor


def packed(path, members=web.MEMBERS):
    """An archive of small files by the names of the real one's."""
    with tarfile.open(path, "w:gz") as archive:
        for name in members:
            content = f"// {name}".encode()
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return path


@pytest.fixture
def archive(tmp_path, monkeypatch):
    path = packed(tmp_path / "package.tgz")
    monkeypatch.setattr(web, "ARCHIVE_SHA512", hashlib.sha512(path.read_bytes()).hexdigest())
    return path


def models(*names):
    return [tiny_model(name=name) for name in names]


def test_the_folder_holds_all_that_the_page_loads(archive, tmp_path):
    out = web.export_web(models("a", "b"), archive, tmp_path / "out")
    names = {path.name for path in out.iterdir()}
    asked = set()
    for path in (*out.glob("*.js"), out / "index.html", out / "style.css"):
        if path.name not in web.MEMBERS.values():
            text = path.read_text()
            asked |= set(re.findall(r'(?:from|import\(|new URL\() ?"(?:\./)?([\w.-]+)"', text))
            asked |= set(re.findall(r'(?:href|src)="([\w.-]+)"', text))
    asked.discard(".")  # the folder itself, in gallery.js
    assert {
        "preprocess.js",
        "constants.js",
        "ort.wasm.min.js",
        "ort-wasm-simd-threaded.wasm",
        "style.css",
    } <= asked
    assert asked <= names


def test_every_model_has_its_file_and_what_the_service_tells_of_it(archive, tmp_path):
    given = models("a/../b", "c")
    out = web.export_web(given, archive, tmp_path / "out")
    listed = json.loads((out / "models.json").read_text())
    assert listed["default"] == "a/../b"
    for content, told in zip(given, listed["models"], strict=True):
        about = Predictor(content).metadata
        assert (out / told["file"]).read_bytes() == content
        assert told["sha256"] == hashlib.sha256(content).hexdigest()
        assert told["class_names"] == list(about.class_names)
        assert [sample["pixels"] for sample in told["samples"]] == [
            image.tolist() for _, image in about.examples
        ]
        assert (told["threshold"], told["report"]) == (about.threshold, None)


def test_the_page_s_policy_stands_first_and_allows_its_own_files_and_wasm(archive, tmp_path):
    out = web.export_web(models("a"), archive, tmp_path / "out")
    head = (out / "index.html").read_text().partition("<head>")[2]
    first = re.match(
        r'\s*<meta charset="utf-8">\s*<meta http-equiv="([^"]+)" content="([^"]+)">', head
    )
    assert first[1] == "Content-Security-Policy"
    assert "script-src 'self' 'wasm-unsafe-eval';" in first[2]
    assert not re.search(r"unsafe-inline|https?:|\*", first[2])


def test_the_service_worker_keeps_every_file_of_the_folder(archive, tmp_path):
    out = web.export_web(models("a"), archive, tmp_path / "out")
    listed = re.search(r"const FILES = (\[.*?)\];", (out / "sw.js").read_text(), re.DOTALL)[1]
    kept = json.loads(listed.rstrip().rstrip(",") + "]")
    assert set(kept) == {path.name for path in out.iterdir()} - {"index.html", "sw.js"} | {"./"}


def test_another_archive_is_refused_by_its_hash_before_it_is_unpacked(tmp_path):
    (tmp_path / "other.tgz").write_bytes(b"not even an archive")
    with pytest.raises(DataFormatError, match=r"npm pack onnxruntime-web@1\.30\.0"):
        web.export_web(models("a"), tmp_path / "other.tgz", tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_what_is_there_is_never_overwritten(archive, tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "mine").write_text("kept")
    with pytest.raises(InvalidValueError, match="choose another name"):
        web.export_web(models("a"), archive, tmp_path / "out")
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["mine"]


def test_models_must_have_names_of_their_own(archive, tmp_path):
    for given in ([], models("a", "a")):
        with pytest.raises(InvalidValueError, match="different names"):
            web.export_web(given, archive, tmp_path / "out")


def test_a_folder_that_cannot_be_finished_is_absent(archive, tmp_path, monkeypatch):
    def full(path, content):
        raise OSError(28, "No space left on device", str(path))

    monkeypatch.setattr(web.files, "write_new", full)
    with pytest.raises(OSError, match="No space"):
        web.export_web(models("a"), archive, tmp_path / "out")
    assert [path.name for path in tmp_path.iterdir()] == ["package.tgz"]


def test_what_a_kill_left_does_not_stand_in_the_way(archive, tmp_path):
    (tmp_path / ".out.partial").mkdir()
    (tmp_path / ".out.partial" / "index.html").write_text("half")
    assert web.export_web(models("a"), archive, tmp_path / "out").is_dir()


def test_the_page_gets_no_model_that_is_none(archive, tmp_path):
    with pytest.raises(ModelError, match="finite"):
        web.export_web([*models("a"), model_with_nan()], archive, tmp_path / "out")
    assert not (tmp_path / "out").exists()
