"""A prediction as JSON has one form, which its schema describes."""

import pytest
from portable_model import TEST, tiny_model

from fashionlab.portable import Predictor
from fashionlab.portable.schema import PREDICTION, record


@pytest.fixture(scope="module")
def prediction():
    return Predictor(tiny_model(), threads=1).predict(TEST.images[0])


def test_its_fields_are_those_of_the_schema(prediction):
    assert set(record(prediction)) == set(PREDICTION["required"])
    assert set(record(prediction, seen=True)) == set(PREDICTION["properties"])


def test_its_values_are_those_of_the_prediction(prediction):
    found = record(prediction, seen=True)
    assert found["seen"] == prediction.seen.tolist() and found["notes"] == list(prediction.notes)
    assert (found["class_name"], found["probability"]) == prediction.top(1)[0]
    assert list(found["probabilities"].items()) == prediction.top()
    for name in ("index", "known", "reason"):
        assert found[name] == getattr(prediction, name)


def test_fewer_classes_and_decimals(prediction):
    found = record(prediction, 2, decimals=3)
    best = [(name, round(p, 3)) for name, p in prediction.top(2)]
    assert list(found["probabilities"].items()) == best and found["probability"] == best[0][1]
