"""The browser's answer is the Predictor's, field by field."""

import json
import shutil
import subprocess

import numpy as np
import pytest
from portable_model import COLOUR_TEST, TEST, colour_model, tiny_model

from fashionlab.images.preprocess import Prepared
from fashionlab.page import site
from fashionlab.portable import Predictor
from fashionlab.portable.schema import PREDICTION, record

PROGRAM = """
import { readFileSync } from "node:fs";
import { prediction } from "./prediction.js";
const { about, cases } = JSON.parse(readFileSync("cases.json", "utf8"));
console.log(JSON.stringify(cases.map(({ row, ...prepared }) => prediction(about, row, prepared))));
"""


@pytest.mark.skipif(shutil.which("node") is None, reason="node is not installed")
@pytest.mark.parametrize(("model", "test"), [(tiny_model, TEST), (colour_model, COLOUR_TEST)])
def test_the_answer_has_the_fields_and_values_of_the_schema(model, test, tmp_path):
    predictor = Predictor(model(threshold=0.97), threads=1)
    prepared = [Prepared(image, True, notes=("a note",)) for image in test.images[:20]]
    prepared += [Prepared(test.images[0], False, "nothing is there")]
    wanted = [record(one, seen=True) for one in predictor.predict_prepared(prepared)]
    assert {one["known"] for one in wanted} == {True, False}
    rows = predictor.probabilities(np.stack([one.image for one in prepared])).tolist()
    cases = [
        {
            "row": row,
            "pixels": one.image.ravel().tolist(),
            "found": one.found,
            "reason": one.reason,
            "notes": one.notes,
        }
        for row, one in zip(rows, prepared, strict=True)
    ]
    for name, content in site.browser({}).items():
        (tmp_path / name).write_bytes(content)
    (tmp_path / "package.json").write_text('{"type": "module"}')
    (tmp_path / "main.js").write_text(PROGRAM)
    given = {"about": predictor.metadata.description(), "cases": cases}
    (tmp_path / "cases.json").write_text(json.dumps(given))
    done = subprocess.run(["node", "main.js"], cwd=tmp_path, capture_output=True, text=True)
    assert not done.returncode, done.stderr
    found = json.loads(done.stdout)
    assert found == wanted
    for one, other in zip(found, wanted, strict=True):
        assert list(one["probabilities"]) == list(other["probabilities"])
        assert set(one) == set(PREDICTION["properties"])
