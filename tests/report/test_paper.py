"""The report's figures, held against each other and against the recipes."""

import pytest

from fashionlab import scratch
from fashionlab.data import CLASS_NAMES
from fashionlab.recipes import RECIPES
from fashionlab.report.formatting import percent
from fashionlab.report.paper import CONTRADICTIONS, REFERENCES

WITH_MATRIX = ("report-net", "report-mlp", "report-cnn")


def test_every_reference_belongs_to_a_recipe():
    assert set(REFERENCES) <= set(RECIPES)


@pytest.mark.parametrize(
    ("name", "total"), [("report-net", 7_453), ("report-mlp", 8_780), ("report-cnn", 9_023)]
)
def test_matrix_sums_are_those_of_the_report(name, total):
    reference = REFERENCES[name]
    assert reference.correct_sum == total
    assert reference.matrix_accuracy == total / 10_000
    assert len(reference.correct) == len(CLASS_NAMES)


def test_only_the_first_system_prints_the_accuracy_of_its_matrix():
    assert [
        REFERENCES[name].test_accuracy == REFERENCES[name].matrix_accuracy for name in WITH_MATRIX
    ] == [True, False, False]


def test_the_contradiction_names_the_sums_that_the_matrices_have():
    said = [row.report for row in CONTRADICTIONS if "matrices" in row.report]
    for name in ("report-mlp", "report-cnn"):
        for accuracy in (REFERENCES[name].matrix_accuracy, REFERENCES[name].test_accuracy):
            assert percent(accuracy).replace("\N{NO-BREAK SPACE}", " ") in said[0]


def test_the_last_epoch_of_the_logged_curve_is_the_printed_accuracy():
    reference = REFERENCES["report-cnn"]
    assert len(reference.test_accuracy_by_epoch) == RECIPES["report-cnn"].epochs
    assert reference.test_accuracy_by_epoch[-1] == reference.test_accuracy


@pytest.mark.parametrize("name", ["report-net", "report-mlp"])
def test_parameters_are_those_of_the_recipe(name):
    model = RECIPES[name].build(scratch, (28, 28), 10)
    assert model.count_params() == REFERENCES[name].parameters


@pytest.mark.parametrize("name", ["report-cnn", "report-cnn-text"])
def test_parameters_of_the_convolutional_recipes_follow_from_their_sizes(name):
    options = RECIPES[name].model
    filters, kernel, (nodes,) = options["filters"], options["kernel"], options["units"]
    pooled = (28 - kernel + 1) // 2
    convolution = kernel * kernel * filters + filters
    hidden = pooled * pooled * filters * nodes + nodes
    assert convolution + hidden + nodes * 10 + 10 == REFERENCES[name].parameters
