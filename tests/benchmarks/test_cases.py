"""The models that contestants train, their matrix products, and who is not ranked."""

import pytest

from benchmarks.speed.cases import CASES, weights
from benchmarks.speed.products import Product, products
from benchmarks.speed.turns import differences


@pytest.mark.parametrize(
    ("losses", "named"),
    [
        ({"a": 1.0, "b": 1.0005, "c": 0.9995}, set()),
        ({"a": 1.0, "b": 1.002, "c": 1.0}, {"b"}),
        ({"a": 1.0, "b": float("nan"), "c": 1.0}, {"b"}),
        ({"a": 1.0, "b": 1.1}, {"a", "b"}),  # either may be wrong
        ({}, set()),
    ],
)
def test_who_differs_from_the_others(losses, named):
    assert differences(losses, 1e-3).keys() == named


def test_the_products_are_those_of_the_model():
    assert products(CASES["784-512-10"]) == [
        Product(128, 784, 512),
        Product(784, 128, 512),
        Product(128, 512, 10),
        Product(512, 128, 10),
        Product(128, 10, 512),
    ]
    assert len(products(CASES["784-512-256-10"])) == 8
    cnn = products(CASES["cnn"])
    assert cnn[:2] == [Product(16 * 26 * 26, 4, 32, 8), Product(4, 16 * 26 * 26, 32, 8)]
    assert cnn[2:5] == [Product(128, 5408, 256), Product(5408, 128, 256), Product(128, 256, 5408)]
    full = CASES["full-batch"]
    work = [sum(p.m * p.k * p.n * p.times for p in products(full, piece)) for piece in (1000, None)]
    assert work[0] == work[1] == 60_000 * (2 * 784 * 512 + 3 * 512 * 10)


@pytest.mark.parametrize("name", ["784-512-10", "784-512-256-10", "cnn"])
def test_the_weights_fit_the_report_s_models(name):
    parameters = {"784-512-10": 407_050, "784-512-256-10": 535_818, "cnn": 1_387_434}
    assert sum(array.size for array in weights(CASES[name])) == parameters[name]
