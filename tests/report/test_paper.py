"""The course report's results, compared with each other and with the recipes."""

import pytest

from fashionlab.data import CLASS_NAMES
from fashionlab.engines import get
from fashionlab.recipes import RECIPES, build
from fashionlab.report.formatting import percent
from fashionlab.report.paper import CONTRADICTIONS, PAPER_RESULTS

WITH_MATRIX = ("report-net", "report-mlp", "report-cnn")


def test_every_result_belongs_to_a_recipe():
    assert set(PAPER_RESULTS) <= set(RECIPES)


@pytest.mark.parametrize(
    ("name", "total"), [("report-net", 7_453), ("report-mlp", 8_780), ("report-cnn", 9_023)]
)
def test_matrix_sums_are_those_of_the_course_report(name, total):
    result = PAPER_RESULTS[name]
    assert result.correct_sum == total
    assert result.matrix_accuracy == total / 10_000
    assert len(result.correct) == len(CLASS_NAMES)


def test_only_the_first_system_prints_the_accuracy_of_its_matrix():
    assert [
        PAPER_RESULTS[name].test_accuracy == PAPER_RESULTS[name].matrix_accuracy
        for name in WITH_MATRIX
    ] == [True, False, False]


def test_the_contradiction_names_the_sums_that_the_matrices_have():
    said = [row.paper for row in CONTRADICTIONS if "matrices" in row.paper]
    for name in ("report-mlp", "report-cnn"):
        for accuracy in (PAPER_RESULTS[name].matrix_accuracy, PAPER_RESULTS[name].test_accuracy):
            assert percent(accuracy).replace("\N{NO-BREAK SPACE}", " ") in said[0]


def test_the_last_epoch_of_the_logged_curve_is_the_printed_accuracy():
    result = PAPER_RESULTS["report-cnn"]
    assert len(result.test_accuracy_by_epoch) == RECIPES["report-cnn"].epochs
    assert result.test_accuracy_by_epoch[-1] == result.test_accuracy


@pytest.mark.parametrize("name", ["report-net", "report-mlp"])
def test_parameters_are_those_of_the_recipe(name):
    model = build(RECIPES[name], get("scratch"), (28, 28), 10)
    assert model.count_params() == PAPER_RESULTS[name].parameters


@pytest.mark.parametrize("name", ["report-cnn", "report-cnn-text"])
def test_parameters_of_the_convolutional_recipes_follow_from_their_sizes(name):
    options = RECIPES[name].model
    filters, kernel, (nodes,) = options["filters"], options["kernel"], options["units"]
    pooled = (28 - kernel + 1) // 2
    convolution = kernel * kernel * filters + filters
    hidden = pooled * pooled * filters * nodes + nodes
    assert convolution + hidden + nodes * 10 + 10 == PAPER_RESULTS[name].parameters
