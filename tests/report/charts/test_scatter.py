"""The map: every image has a mark at its place, of its class's colour and shape."""

import re
from itertools import product

import numpy as np

from fashionlab.report.charts.scatter import (
    COLOURS,
    HEIGHT,
    RIM,
    SHAPES,
    WIDTH,
    coloured,
    placed,
    scatter,
    shape,
    swatch,
)

from .drawn import texts, tree


def points(n=50):
    return np.random.default_rng(0).normal(size=(n, 2)).astype(np.float32)


def test_places_fill_the_drawing_and_the_second_axis_points_up():
    found = points()
    places = placed(found)
    assert places.min(axis=0).tolist() == [RIM, RIM]
    assert places.max(axis=0).tolist() == [WIDTH - RIM, HEIGHT - RIM]
    assert places[:, 0].argmax() == found[:, 0].argmax()
    assert places[:, 1].argmin() == found[:, 1].argmax()


def test_points_on_a_line_and_a_single_one_have_places_too():
    for found in (np.zeros((1, 2), np.float32), points() * np.float32([1, 0])):
        places = placed(found)
        assert np.isfinite(places).all()
        assert (places >= 0).all() and (places <= [WIDTH, HEIGHT]).all()


def test_every_image_has_its_mark_and_each_error_a_ring():
    places = placed(points())
    labels = np.arange(50) % 3
    wrong = np.arange(50) % 7 == 0
    svg = scatter(places, labels, wrong, ["a", "b", "<b>"], "alt")
    paths = {path.get("class"): path.get("d") for path in tree(svg).iter("path")}
    assert set(paths) == {"c0", "c1", "c2", "ring"}
    for name, chosen in [(f"c{k}", labels == k) for k in range(3)] + [("ring", wrong)]:
        starts = re.findall(r"M([\d.]+) ([\d.]+)", paths[name])
        np.testing.assert_allclose(np.array(starts, float), places[chosen], atol=1e-9)
    assert texts(svg) == ["a", "b", "<b>"]


def test_forty_classes_have_different_marks():
    marks = {(coloured(k), shape(k)) for k in range(40)}
    assert len(marks) == 40 == COLOURS * len(SHAPES)
    for k, j in product(range(9), repeat=2):
        assert k == j or swatch(k) != swatch(j)


def test_many_classes_have_no_names_on_the_map():
    labels = np.arange(50)
    svg = scatter(placed(points()), labels, labels < 0, [f"c {k}" for k in range(50)], "alt")
    assert texts(svg) == []
