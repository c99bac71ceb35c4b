"""export and predict as a user types them."""

import csv
import io
import json
import re
from dataclasses import replace

import numpy as np
import pytest
from command_line import fashionlab, refused
from PIL import Image
from portable_model import (
    COLOUR_TEST,
    TEST,
    colour_model,
    model_with_nan,
    overflowing_model,
    tiny_model,
)

from fashionlab.cli import answers
from fashionlab.data.synthetic import draw
from fashionlab.errors import InvalidValueError
from fashionlab.portable import Predictor
from fashionlab.recipes import get
from fashionlab.training import train


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    recipe = replace(
        get("report-mlp"),
        engine="scratch",
        epochs=2,
        model={"units": (8,)},
        validation_fraction=0.2,
        test_each_epoch=False,
    )
    folder = tmp_path_factory.mktemp("runs") / "mlp"
    train(recipe, draw(), folder)  # what --data synthetic is
    return folder


@pytest.fixture
def photos(tmp_path):
    (tmp_path / "model.onnx").write_bytes(tiny_model())
    folder = tmp_path / "photos"
    folder.mkdir()
    for i in range(3):
        Image.fromarray(TEST.images[i]).save(folder / f"{i}.png")
    (folder / "notes.txt").write_text("not a picture")
    return folder


def predict(folder, *arguments, **options):
    return fashionlab("predict", "--model", "model.onnx", *arguments, cwd=folder, **options)


def test_export_writes_the_model_beside_the_run_and_predict_uses_it(run):
    status, out, said = fashionlab("export", run, cwd=run)
    assert status == 0, said
    assert out.startswith(f"{run / 'model.onnx'}: ") and "no decisions do" in out
    assert "temperature" in out and "1,200 held-out training images, its own" in out
    Image.fromarray(TEST.images[0]).save(run.parent / "one.png")
    status, out, said = fashionlab("predict", "--model", run, "one.png", cwd=run.parent)
    name = Predictor(run / "model.onnx").predict(TEST.images[0]).class_name
    assert status == 0 and f"{name} " in out, said


def test_export_in_other_forms(run, tmp_path):
    status, out, said = fashionlab("export", run, "--bits", 8, "--uncalibrated", cwd=tmp_path)
    assert status == 0 and f"{run / 'model-8bit.onnx'}" in out and "not calibrated" in out, said
    out = tmp_path / "w.safetensors"
    status, _, said = fashionlab("export", run, "--to", "safetensors", "--out", out, cwd=tmp_path)
    assert status == 0 and out.stat().st_size > 1000, said


def test_an_export_that_cannot_be_is_one_line(run, tmp_path):
    refused(fashionlab("export", run, "--to", "pickle", cwd=tmp_path), "one of onnx, keras")
    refused(fashionlab("export", run, "--bits", 4, cwd=tmp_path), "bits must be 32 or 8")
    refused(fashionlab("export", run, run, cwd=tmp_path), "takes one run; received 2")
    refused(fashionlab("export", run, "--to", "safetensors", cwd=tmp_path), "give --out")
    refused(fashionlab("export", run, "--to", "web", cwd=tmp_path), "--runtime", "npm pack")
    refused(fashionlab("export", "nothing", cwd=tmp_path), "cannot be read")
    refused(fashionlab("predict", "--model", tmp_path, "x.png", cwd=tmp_path), "fashionlab export")


def test_the_answer_in_words_json_and_csv(photos):
    model = Predictor(tiny_model())
    wanted = [model.predict(image) for image in TEST.images[:3]]
    status, out, said = predict(photos.parent, "photos")
    assert status == 0 and not said
    lines = [f"photos/{i}.png: {p.class_name} {p.probability:.1%}, " for i, p in enumerate(wanted)]
    assert all(line in out for line in lines), out

    status, out, _ = predict(photos.parent, "photos", "--json", "--top", "2")
    answers = [json.loads(line) for line in out.splitlines()]
    assert [a["picture"] for a in answers] == [f"photos/{i}.png" for i in range(3)]
    for answer, p in zip(answers, wanted, strict=True):
        assert answer["class_name"] == p.class_name and answer["known"] is True
        assert answer["probability"] == pytest.approx(p.probability, abs=1e-6)
        assert list(answer["probabilities"]) == [name for name, _ in p.top(2)]

    status, out, _ = predict(photos.parent, "photos", "--csv")
    rows = list(csv.DictReader(io.StringIO(out)))
    assert [row["class_name"] for row in rows] == [p.class_name for p in wanted]
    total = sum(float(rows[0][name]) for name in TEST.class_names)
    assert total == pytest.approx(1, abs=1e-4)


def test_show_draws_what_the_model_sees(photos):
    status, out, _ = predict(photos.parent, "photos/0.png", "--show")
    drawn = out.splitlines()[-28:]
    assert status == 0 and {len(line) for line in drawn} == {56}
    dark = np.array([[character == " " for character in line[::2]] for line in drawn])
    assert (TEST.images[0][dark] < 20).all() and (TEST.images[0][~dark] > 10).all()


def test_show_draws_colours_by_their_luma_where_there_are_none(tmp_path):
    (tmp_path / "colour.onnx").write_bytes(colour_model())
    image = COLOUR_TEST.images[0]
    Image.fromarray(image).save(tmp_path / "a.png")
    arguments = ("predict", "--model", "colour.onnx", "a.png", "--show")
    status, out, _ = fashionlab(*arguments, cwd=tmp_path)
    drawn = out.splitlines()[-12:]
    assert status == 0 and {len(line) for line in drawn} == {28}
    luma = image @ (0.299, 0.587, 0.114)
    shades = np.array([[answers.SHADES.index(x) for x in line[::2]] for line in drawn])
    np.testing.assert_array_equal(shades, np.round(luma / 255 * 9))


def test_show_draws_colours_on_a_terminal_that_has_them(monkeypatch, capsys):
    model = Predictor(colour_model(), threads=1)
    image = COLOUR_TEST.images[0][:11, :5]  # of an odd number of rows
    prediction = replace(model.predict(COLOUR_TEST.images[0]), seen=image)
    monkeypatch.setattr("fashionlab.cli.output.has_colours", lambda character: True)
    answers.writer(model.class_names, 3, True, False, False)("a.png", prediction)
    lines = capsys.readouterr().out.splitlines()[-6:]
    code = r"\x1b\[38;2;(\d+);(\d+);(\d+)m\x1b\[48;2;(\d+);(\d+);(\d+)m▀"
    found = np.array([[[int(x) for x in pair] for pair in re.findall(code, y)] for y in lines])
    np.testing.assert_array_equal(found[..., :3], image[::2])
    np.testing.assert_array_equal(found[:-1, :, 3:], image[1::2])
    assert not found[-1, :, 3:].any()


def test_standard_input_is_a_picture(photos):
    status, out, _ = predict(photos.parent, "-", "--json", stdin=(photos / "1.png").read_bytes())
    _, same, _ = predict(photos.parent, "photos/1.png", "--json")
    assert status == 0
    assert {**json.loads(out), "picture": ""} == {**json.loads(same), "picture": ""}


def test_a_bad_file_stops_none_of_the_rest(photos):
    (photos / "1.png").write_bytes(b"<svg></svg>")
    (photos / "15.png").write_bytes(b"")
    status, out, said = predict(photos.parent, "photos", "none.png", "--json")
    assert status == 2
    assert [json.loads(x)["picture"] for x in out.splitlines()] == ["photos/0.png", "photos/2.png"]
    said = said.splitlines()
    assert len(said) == 4 and "SVG" in said[0]
    assert "photos/1.png: " in said[0] and "photos/15.png: " in said[1] and "none.png" in said[2]
    assert "3 of 5 could not be read" in said[3]


def test_hidden_files_and_folders_in_a_folder_are_passed_over(tmp_path):
    for name in ("B.PNG", "a.jpeg", "._a.jpeg", ".hidden.png", ".DS_Store", "Thumbs.db", "x.txt"):
        (tmp_path / name).write_bytes(b"\0\5\x16\7\0\2\0\0Mac OS X")
    for folder in ("__MACOSX", "photo.png"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "._a.jpeg").write_bytes(b"")
    assert answers.pictures([str(tmp_path)]) == [str(tmp_path / n) for n in ("B.PNG", "a.jpeg")]
    named = str(tmp_path / "._a.jpeg")
    assert answers.pictures([named]) == [named]
    with pytest.raises(InvalidValueError, match="must have PNG, JPEG or WebP files"):
        answers.pictures([str(tmp_path / "__MACOSX")])


def test_what_predict_cannot_do_is_one_line(photos, tmp_path):
    (tmp_path / "empty").mkdir()
    refused(predict(tmp_path, "empty"), "must have PNG, JPEG or WebP files")
    refused(predict(tmp_path, "photos", "--json", "--csv"), "give one of them")
    refused(predict(tmp_path, "photos", "--csv", "--show"), "--show is for people")
    refused(predict(tmp_path, "-", "-"), "standard input can be read once")
    (tmp_path / "model.onnx").write_bytes(b"\x80\x04\x95")
    refused(predict(tmp_path, "photos"), "must be an ONNX file", "fashionlab export")


def test_a_model_that_is_none_is_one_line_that_names_it(photos):
    content, image = overflowing_model()
    (photos.parent / "overflow.onnx").write_bytes(content)
    (photos.parent / "nan.onnx").write_bytes(model_with_nan())
    (photos.parent / "page.onnx").write_text("<!doctype html>")
    Image.fromarray(image).save(photos.parent / "hostile.png")
    for name, why in (
        ("nan.onnx", "nan.onnx: a portable model must have finite weights"),
        ("page.onnx", "page.onnx: a model must be an ONNX file, this is not"),
        ("overflow.onnx", "must give probabilities that add up to 1"),
        ("/dev/zero", "/dev/zero is neither"),
    ):
        done = fashionlab("predict", "--model", name, "hostile.png", cwd=photos.parent)
        refused(done, why)


def test_the_shipped_model_is_the_default(photos):
    status, out, said = fashionlab("predict", "photos/0.png", "--json", cwd=photos.parent)
    assert status == 0 and json.loads(out)["probabilities"], said
