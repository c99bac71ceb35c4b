"""Requests made from /openapi.json, right and wrong ones: no failure, and answers as it says."""

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from portable_model import colour_model, scored_model, tiny_model
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


def operations(content):
    """The operations of a service with a model, by their labels."""
    served = ServedModel("tiny", Predictor(content, threads=1))
    app = create_app([served], Settings(names=("testserver",)))
    schema = schemathesis.openapi.from_asgi("/openapi.json", app)
    return {one.ok().label: one.ok() for one in schema.get_all_operations()}


OPERATIONS = {
    "grey": operations(tiny_model()),
    "colour": operations(colour_model()),
    "scored": operations(scored_model()),
}


@pytest.mark.parametrize("kind", OPERATIONS)
def test_every_operation_is_asked(kind):
    assert set(OPERATIONS[kind]) == {
        "GET /healthz",
        "GET /v1/models",
        "GET /v1/models/{name}/card",
        "GET /v1/samples",
        "POST /v1/explain",
        "POST /v1/predict",
    }


@pytest.mark.parametrize(
    ("kind", "label"), [(kind, label) for kind, found in OPERATIONS.items() for label in found]
)
def test_the_service_answers_as_its_schema_says(kind, label):
    operation = OPERATIONS[kind][label]
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
