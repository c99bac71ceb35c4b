"""Requests made from /openapi.json, right and wrong ones: no failure, and answers as it says."""

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from portable_model import tiny_model
from schemathesis.checks import (
    content_type_conformance,
    not_a_server_error,
    response_schema_conformance,
    status_code_conformance,
)

from fashionlab.portable import Predictor
from fashionlab.serve.app import create_app
from fashionlab.serve.models import ServedModel
from fashionlab.serve.settings import Settings

app = create_app(
    [ServedModel("tiny", Predictor(tiny_model(), threads=1))], Settings(names=("testserver",))
)
schema = schemathesis.openapi.from_asgi("/openapi.json", app)
OPERATIONS = [found.ok() for found in schema.get_all_operations()]


def test_every_operation_is_asked():
    assert {operation.label for operation in OPERATIONS} == {
        "GET /healthz",
        "GET /v1/models",
        "GET /v1/samples",
        "POST /v1/explain",
        "POST /v1/predict",
    }


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.label)
def test_the_service_answers_as_its_schema_says(operation):
    statuses = set()

    @given(operation.as_strategy())
    @settings(
        max_examples=12,
        derandomize=True,
        database=None,
        deadline=None,
        phases=(Phase.explicit, Phase.generate),
        suppress_health_check=list(HealthCheck),
    )
    def ask(case):
        response = case.call()
        statuses.add(response.status_code)
        case.validate_response(
            response,
            checks=[
                not_a_server_error,
                status_code_conformance,
                content_type_conformance,
                response_schema_conformance,
            ],
        )

    ask()
    assert 200 in statuses, "wrong requests alone would prove little"
