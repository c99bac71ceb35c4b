"""The browser's answer is the Predictor's, field by field."""

import json
import shutil
import subprocess

import numpy as np
import pytest
from portable_model import COLOUR_TEST, TEST, colour_model, outliers, scored_model, tiny_model

from fashionlab.images.preprocess import Prepared
from fashionlab.page import site
from fashionlab.portable import Predictor
from fashionlab.portable.prediction import VERDICTS
from fashionlab.portable.schema import PREDICTION, record

PROGRAM = """
import { readFileSync } from "node:fs";
import { prediction } from "./prediction.js";
import { setOf } from "./sets.js";
const { about, cases, chosen } = JSON.parse(readFileSync("cases.json", "utf8"));
console.log(JSON.stringify(cases.map(({ row, score, ...prepared }) => ({
  answer: prediction(about, row, score, prepared),
  sets: chosen.map(([level, byClass]) => setOf(about.sets, about.class_names, row, level, byClass)),
}))));
"""
LEVELS = (0.9, 0.95, 0.99)
CHOSEN = [(level, by_class) for level in LEVELS for by_class in (False, True)]

pytestmark = pytest.mark.skipif(shutil.which("node") is None, reason="node is not installed")


def in_javascript(folder, about, rows, scores, prepared, chosen=()):
    """The browser's answer and sets for each image, by the model's outputs."""
    cases = [
        {
            "row": row.tolist(),
            "score": score,
            "pixels": one.image.ravel().tolist(),
            "found": one.found,
            "reason": one.reason,
            "notes": one.notes,
        }
        for row, score, one in zip(rows, scores, prepared, strict=True)
    ]
    for name, content in site.browser({}).items():
        (folder / name).write_bytes(content)
    (folder / "package.json").write_text('{"type": "module"}')
    (folder / "main.js").write_text(PROGRAM)
    given = {"about": about, "cases": cases, "chosen": chosen}
    (folder / "cases.json").write_text(json.dumps(given))
    done = subprocess.run(["node", "main.js"], cwd=folder, capture_output=True, text=True)
    assert not done.returncode, done.stderr
    return json.loads(done.stdout)


def given(predictor, rows, scores):
    """Images for which the predictor's model is to give these outputs, and nothing but these."""
    rows, scores = np.float32(rows), np.float32(scores)
    predictor.probabilities_and_scores = lambda _: (rows, scores)
    prepared = [Prepared(TEST.images[0], True)] * len(rows)
    return prepared, predictor.predict_prepared(prepared), rows, scores.tolist()


@pytest.mark.parametrize(
    ("model", "test"), [(tiny_model, TEST), (colour_model, COLOUR_TEST), (scored_model, TEST)]
)
def test_the_answer_has_the_fields_and_values_of_the_schema(model, test, tmp_path):
    predictor = Predictor(model(threshold=0.97), threads=1)
    prepared = [Prepared(image, True, notes=("a note",)) for image in test.images[:20]]
    prepared += [Prepared(np.full(test.image_shape, 200, np.uint8), True)]  # too bright, to a score
    prepared += [Prepared(test.images[0], False, "nothing is there")]
    wanted = [record(one, seen=True) for one in predictor.predict_prepared(prepared)]
    verdicts = set(VERDICTS) - ({"none_of_these"} if model is not scored_model else set())
    assert {one["verdict"] for one in wanted} == verdicts
    rows, scores = predictor.probabilities_and_scores(np.stack([one.image for one in prepared]))
    each = [None] * len(rows) if scores is None else scores.tolist()
    about = predictor.metadata.description()
    found = [x["answer"] for x in in_javascript(tmp_path, about, rows, each, prepared)]
    assert found == wanted
    for one, other in zip(found, wanted, strict=True):
        assert list(one["probabilities"]) == list(other["probabilities"])
        assert set(one) == set(PREDICTION["properties"])


def test_sets_are_pythons_at_each_level_with_ties_limits_reached_and_none_inside(tmp_path):
    predictor = Predictor(scored_model(), threads=1)
    rng = np.random.default_rng(0)
    rows = [
        np.full(10, 0.1),  # ten equals
        [0.5, 0.5, *[0] * 8],  # two equals, and at the quantile 0.5 of 90 %
        [0, 0.5, 0.5, *[0] * 7],
        [0.2, 0.2, 0.2, 0.2, 0.2, *[0] * 5],  # at 0.8, that of 95 %, but for rounding
        [*[0] * 9, 1],
        *rng.dirichlet(np.full(10, 0.3), 60),
    ]
    prepared, predictions, rows, scores = given(predictor, rows, np.zeros(len(rows)))
    about = predictor.metadata.description()
    found = in_javascript(tmp_path, about, rows, scores, prepared, CHOSEN)
    sizes = set()
    for one, prediction in zip(found, predictions, strict=True):
        for answer, (level, by_class) in zip(one["sets"], CHOSEN, strict=True):
            classes = list(prediction.set(level, by_class))
            assert answer == {"level": level, "by_class": by_class, "classes": classes}
            sizes.add(len(classes))
    assert {0, 1, 2, 3} < sizes


@pytest.mark.parametrize(("threshold", "accept"), [(0.125, 0.95), (-0.375, 0.9725), (-0.0, 1.0)])
def test_verdicts_and_reasons_are_pythons_at_the_thresholds_and_where_digits_tie(
    threshold, accept, tmp_path
):
    limits = outliers(threshold=threshold, accept=accept)
    predictor = Predictor(scored_model(outliers=limits, threshold=0.625), threads=1)
    near = np.float32(threshold)
    scores = [near, np.nextafter(near, np.float32(9)), 2.125, 2.375, -0.005, 1e22, 3e38, -7.0]
    rows = [[p, *[(1 - p) / 9] * 9] for p in (0.125, 0.375, 0.625, 0.62)]
    pairs = [(row, score) for row in rows for score in scores]
    prepared, predictions, rows, scores = given(predictor, *zip(*pairs, strict=True))
    wanted = [record(one, seen=True) for one in predictions]
    assert {one["verdict"] for one in wanted} == {"known", "unsure", "none_of_these"}
    about = predictor.metadata.description()
    found = [x["answer"] for x in in_javascript(tmp_path, about, rows, scores, prepared)]
    assert found == wanted


@pytest.mark.parametrize("missing", [{"outliers", "sets"}, {"outliers"}, {"sets"}])
def test_a_models_json_without_the_new_facts_is_one_of_a_model_without_them(missing, tmp_path):
    predictor = Predictor(scored_model(threshold=0.5), threads=1)
    about = predictor.metadata.description()
    left = {name: value for name, value in about.items() if name not in missing}
    null = about | dict.fromkeys(missing)
    images = np.stack([*TEST.images[:20], np.full((28, 28), 200, np.uint8)])
    prepared = [Prepared(image, True) for image in images]
    rows, scores = predictor.probabilities_and_scores(images)
    each = [None] * len(rows) if "outliers" in missing else scores.tolist()
    found, other = (in_javascript(tmp_path, x, rows, each, prepared) for x in (left, null))
    assert found == other
    answers = [one["answer"] for one in found]
    assert all((one["score"] is None) == ("outliers" in missing) for one in answers)
    assert all((one["set"] is None) == ("sets" in missing) for one in answers)
    assert any(one["verdict"] == "none_of_these" for one in answers) == ("outliers" not in missing)
