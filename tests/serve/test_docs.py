"""docs/serve.md tells every limit, and the programs in it work."""

import json
import re
from dataclasses import fields
from pathlib import Path

from fashionlab.portable.schema import PREDICTION
from fashionlab.serve import app
from fashionlab.serve.settings import Settings

from .conftest import encoded, image

TEXT = Path(__file__).parents[2].joinpath("docs", "serve.md").read_text(encoding="utf-8")


def test_every_limit_is_in_the_table():
    limits = {field.name for field in fields(Settings)} - {"host", "port", "token", "names"}
    rows = [line for line in TEXT.splitlines() if line.startswith("|")]
    assert limits <= {name for row in rows for name in re.findall(r"`(\w+)`", row)}


def test_every_status_is_in_the_table():
    rows = [line.partition("|")[2] for line in TEXT.splitlines() if re.match(r"\| \d", line)]
    told = {int(number) for row in rows for number in re.findall(r"\d{3}", row.partition("|")[0])}
    assert set(app.BODY_ERRORS) <= told


def test_the_program_for_the_standard_library(service, tmp_path, monkeypatch, capsys):
    (tmp_path / "photo.jpg").write_bytes(encoded(image(), "JPEG"))
    monkeypatch.chdir(tmp_path)
    program = re.search(r"```python\n(import json.*?)```", TEXT, re.S)[1]
    exec(program.replace("http://127.0.0.1:8000/", service.url), {})
    assert capsys.readouterr().out.strip()


def test_the_example_of_a_prediction_has_the_fields_of_one():
    example = re.search(r"```json\n(.*?)```", TEXT, re.S)[1]
    assert set(json.loads(example)) == set(PREDICTION["properties"])
