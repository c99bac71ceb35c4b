"""The page of a run, as the service sends it: its own script may run, and nothing else."""

import base64
import hashlib
import re
import urllib.request

import pytest
from report_runs import give_portable, write_run
from served import served

from fashionlab.portable import Predictor
from fashionlab.serve import page_files
from fashionlab.serve.models import ServedModel

BOUNDS = "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"


@pytest.fixture(scope="module")
def answer(tmp_path_factory):
    run = give_portable(write_run(tmp_path_factory.mktemp("report") / "run"))
    predictor = Predictor(run.folder / "model.onnx", threads=1)
    with (
        served([ServedModel("tiny", predictor, run.folder)]) as service,
        urllib.request.urlopen(f"{service.url}reports/tiny", timeout=60) as answer,
    ):
        yield answer.headers["content-security-policy"], answer.read().decode()


def test_the_policy_allows_the_script_of_the_page_by_its_hash_alone(answer):
    policy, html = answer
    script = re.findall(r"<script>(.*?)</script>", html, re.DOTALL)[-1]
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert policy == (
        "default-src 'none'; img-src data:; style-src 'unsafe-inline'; "
        f"script-src 'sha256-{digest}'; {BOUNDS}"
    )


def test_a_page_without_a_policy_of_its_own_may_run_nothing():
    assert page_files.report_policy("<p>") == f"{page_files.REPORT_POLICY}; {BOUNDS}"
