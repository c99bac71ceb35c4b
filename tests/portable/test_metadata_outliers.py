"""What a file says of its outlier score and its prediction sets is checked as all metadata are."""

import json
from dataclasses import replace

import pytest
from portable_model import metadata, outliers, sets

from fashionlab.errors import ModelError
from fashionlab.portable import Metadata
from fashionlab.portable.metadata import DrawnOutliers


def drawn(**changes):
    """An outlier test with one kind of outliers."""
    values = {"kind": "letters", "area": 0.9, "accepted": 0.1, "curve": (0.5,) * 21}
    return outliers(drawn=(DrawnOutliers(**{**values, **changes}),))


def quantiles(**changes):
    return replace(sets(), **changes)


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"outliers": outliers(threshold=float("nan"))}, "outliers.threshold must be finite"),
        ({"outliers": outliers(threshold=float("inf"))}, "outliers.threshold must be finite"),
        ({"outliers": outliers(threshold=1e10)}, "outliers.threshold must be from"),
        ({"outliers": outliers(threshold=None)}, "outliers.threshold must be a number"),
        ({"outliers": outliers(accept=1.5)}, "outliers.accept must be from 0 to 1"),
        ({"outliers": outliers(9)}, "outliers.accepted must have a share for each class"),
        ({"outliers": outliers(accepted=(2,) * 10)}, r"outliers.accepted\[0\]"),
        ({"outliers": {"threshold": 1.0}}, "outliers has no accept"),
        ({"outliers": drawn(kind="")}, "kind"),
        ({"outliers": drawn(kind="x" * 101)}, "kind"),
        ({"outliers": drawn(kind="a\x1b[2J")}, "no control characters"),
        ({"outliers": drawn(area=-1)}, "area"),
        ({"outliers": drawn(curve=(0.5,) * 20)}, "curve must have a length from 21 to 21"),
        ({"outliers": drawn(curve=(0.5,) * 20 + (0.4,))}, "curves of outliers must ascend"),
        ({"outliers": outliers(drawn=drawn().drawn * 2)}, "kinds of outliers must differ"),
        ({"outliers": outliers(drawn=drawn().drawn * 51)}, "drawn must have a length"),
        ({"sets": quantiles(levels=(0.9, 0.99, 0.95))}, "levels 0.9, 0.95, 0.99"),
        ({"sets": quantiles(levels=(0.9,))}, "levels 0.9, 0.95, 0.99"),
        ({"sets": quantiles(all=(0.5, 0.8))}, "for each level and class"),
        ({"sets": quantiles(all=(0.5, 0.8, 1.1))}, r"sets.all\[2\]"),
        ({"sets": quantiles(all=(0.5, 0.4, 0.9))}, "must ascend with the level"),
        ({"sets": quantiles(by_class=sets().by_class[::-1])}, "must ascend with the level"),
        ({"sets": quantiles(by_class=sets(9).by_class)}, "for each level and class"),
        ({"sets": quantiles(by_class=sets().by_class[:2])}, "for each level and class"),
        ({"sets": (1, 2)}, "sets must be a table"),
    ],
)
def test_outliers_and_sets_that_cannot_be_true_are_refused(change, why):
    with pytest.raises(ModelError, match=why) as raised:
        metadata(**change)
    assert "\n" not in str(raised.value)


def test_outliers_and_sets_come_back_as_they_were():
    one = metadata(outliers=outliers(), sets=sets())
    values = json.loads(one.to_json())
    assert values["format"] == 3  # which a reader without the score refuses
    again = Metadata.from_json(one.to_json())
    assert (again.outliers, again.sets) == (one.outliers, one.sets)
    assert again.to_json() == one.to_json()
    for name in ("outliers", "sets"):
        for wrong in (True, 1, "text", [], [None], {}, {**values[name], "other": 1}):
            with pytest.raises(ModelError, match=name):
                Metadata.from_json(json.dumps({**values, name: wrong}))


def test_sets_alone_leave_the_format_as_it_was_and_are_published():
    one = metadata(sets=sets())
    assert json.loads(one.to_json())["format"] == 1
    told = one.description()
    assert told["outliers"] is None and told["sets"]["levels"] == [0.9, 0.95, 0.99]
    told = metadata(outliers=outliers(), sets=None).description()
    assert told["outliers"] == {"threshold": 0.0, "accept": 0.95} and told["sets"] is None
    assert json.loads(json.dumps(told)) == {**told, "image_shape": [28, 28]} | {
        name: list(told[name]) for name in ("class_names", "accuracy_interval")
    }


def test_a_file_without_outliers_and_sets_is_written_as_it_was_before():
    values = json.loads(metadata().to_json())
    assert not {"outliers", "sets"} & values.keys()
    assert Metadata.from_json(json.dumps({**values, "outliers": None, "sets": None}))


def test_format_3_is_that_of_an_outlier_score_and_of_nothing_else():
    values = json.loads(metadata(outliers=outliers()).to_json())
    for wrong in ({**values, "format": 1}, {**values, "format": 2}, {**values, "outliers": None}):
        with pytest.raises(ModelError, match="an outlier score must be of format 3"):
            Metadata.from_json(json.dumps(wrong))
    for name in ("outliers", "preparation"):
        with pytest.raises(ModelError, match=r"format 3|must have preparation"):
            Metadata.from_json(json.dumps({k: v for k, v in values.items() if k != name}))
