"""predict tells four verdicts apart, and prints prediction sets."""

import csv
import io
import json

import numpy as np
import pytest
from command_line import fashionlab, refused
from PIL import Image
from portable_model import TEST, scored_model, tiny_model

from fashionlab.portable import Predictor


@pytest.fixture
def photos(tmp_path):
    """A folder next to a model of before, with an image of the test data."""
    (tmp_path / "model.onnx").write_bytes(tiny_model())
    folder = tmp_path / "photos"
    folder.mkdir()
    Image.fromarray(TEST.images[0]).save(folder / "0.png")
    return folder


@pytest.fixture
def of_each_verdict(photos):
    """A folder with a model with score and sets, and a picture of each verdict."""
    (photos.parent / "model.onnx").write_bytes(scored_model(threshold=0.99))
    model = Predictor(scored_model(threshold=0.99), threads=1)
    predictions = [model.predict(image) for image in TEST.images]
    for verdict in ("known", "unsure"):
        i = [p.verdict for p in predictions].index(verdict)
        Image.fromarray(TEST.images[i]).save(photos / f"{verdict}.png")
    square = np.pad(np.full((22, 22), 255, np.uint8), 3)  # a dark border: it is not inverted
    Image.fromarray(square).save(photos / "none_of_these.png")
    Image.new("RGB", (300, 200), (90, 120, 150)).save(photos / "not_found.png")
    return photos.parent


def predict(folder, *arguments):
    return fashionlab("predict", "--model", "model.onnx", *arguments, cwd=folder)


WORDS = {"unsure": "unsure", "none_of_these": "none of these", "not_found": "nothing found"}


def test_each_verdict_is_told_in_words_of_its_own(of_each_verdict):
    told = {}
    for verdict in ("known", *WORDS):
        status, told[verdict], _ = predict(of_each_verdict, f"photos/{verdict}.png")
        assert status == 0
    for verdict, words in WORDS.items():
        assert told[verdict].startswith(f"photos/{verdict}.png: {words}: ")
        assert not any(words in out for other, out in told.items() if other != verdict)
    assert "outlier score is 2.17; of images" in told["none_of_these"]
    assert "most probable class has" in told["unsure"] and "outlier" not in told["unsure"]
    assert {verdict for verdict, out in told.items() if "95 % set" in out} == {"known", "unsure"}


def test_the_set_of_another_level_and_by_class(of_each_verdict):
    image = of_each_verdict / "photos" / "unsure.png"
    prediction = Predictor(scored_model(), threads=1).predict(image)
    for arguments, level, by_class in (
        ((), 0.95, False),
        (("--set", "0.99"), 0.99, False),
        (("--by-class",), 0.95, True),
        (("--set", "0.9", "--by-class"), 0.9, True),
    ):
        classes = prediction.set(level, by_class)
        status, out, _ = predict(of_each_verdict, image, *arguments)
        kind = f"{level:.0%}".replace("%", " % set") + (" by class" if by_class else "")
        assert status == 0
        assert f"  {kind}: {', '.join(classes) or 'empty, no class is likely enough'}\n" in out
        _, out, _ = predict(of_each_verdict, image, *arguments, "--json")
        wanted = {"level": level, "by_class": by_class, "classes": list(classes)}
        assert json.loads(out)["set"] == wanted


def test_json_and_csv_have_verdict_score_and_set(of_each_verdict):
    arguments = ["photos/" + f"{verdict}.png" for verdict in ("known", *WORDS)]
    _, out, _ = predict(of_each_verdict, *arguments, "--json")
    answers = [json.loads(line) for line in out.splitlines()]
    _, out, _ = predict(of_each_verdict, *arguments, "--csv")
    rows = list(csv.DictReader(io.StringIO(out)))
    assert [row["verdict"] for row in rows] == ["known", *WORDS]
    for row, answer in zip(rows, answers, strict=True):
        assert (row["verdict"], row["reason"]) == (answer["verdict"], answer["reason"])
        assert float(row["score"]) == pytest.approx(answer["score"], abs=1e-6)
        assert json.loads(row["set"]) == answer["set"]["classes"]
        assert row["known"] == str(row["verdict"] == "known").lower()


def test_a_model_of_before_has_neither_score_nor_sets_and_says_so(photos):
    _, out, _ = predict(photos.parent, "photos/0.png", "--csv")
    (row,) = csv.DictReader(io.StringIO(out))
    assert (row["verdict"], row["score"], row["set"]) == ("known", "", "")
    _, out, _ = predict(photos.parent, "photos/0.png", "--json")
    assert json.loads(out)["score"] is json.loads(out)["set"] is None
    _, out, _ = predict(photos.parent, "photos/0.png")
    assert len(out.splitlines()) == 2 and " set" not in out
    for arguments in (("--set", "0.9"), ("--by-class",)):
        refused(predict(photos.parent, "photos/0.png", *arguments), "quantiles", "export its run")


@pytest.mark.parametrize("level", ["0.8", "95", "nan", "-1"])
def test_a_level_that_there_is_not_is_one_line_before_any_picture(of_each_verdict, level):
    done = predict(of_each_verdict, "none.png", "--set", level)
    refused(done, "0.9, 0.95 or 0.99", "received")
