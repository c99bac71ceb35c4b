"""JSON values have the types declared for them, or are refused by the names of their fields."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal, NotRequired, TypedDict

import pytest

from fashionlab.typed import Between, MismatchError, parse, typed


@dataclass(frozen=True)
class Point:
    x: float
    names: tuple[str, ...] = ()


class Facts(TypedDict):
    n: Annotated[int, Between(1, 9)]
    point: NotRequired[Point | None]
    table: NotRequired[dict[str, list[int]]]
    pair: NotRequired[tuple[int, str]]
    anything: NotRequired[Any]
    way: NotRequired[Literal["fit", "garment"]]


SOUND = {
    "n": 3,
    "point": {"x": 1, "names": ["a"]},
    "table": {"a": [1]},
    "pair": [1, "b"],
    "anything": [{}],
    "way": "fit",
}


def test_sound_values_become_the_declared_types():
    assert typed(Facts, SOUND) == {
        **{"n": 3, "point": Point(1.0, ("a",)), "table": {"a": [1]}, "pair": (1, "b")},
        **{"anything": [{}], "way": "fit"},
    }
    assert type(typed(float, 1)) is int  # as it was written
    assert typed(Facts, {"n": 9, "of a later version": 1}) == {"n": 9, "of a later version": 1}
    assert typed(Mapping[str, Any], {"a": 1}) == {"a": 1}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"n": 0}, "n must be from 1 to 9; received 0"),
        ({"n": True}, "n must be a whole number; received true or false"),
        ({"n": 3.0}, "n must be a whole number; received a number"),
        ({"point": {}}, "point has no x"),
        ({"point": {"x": "1"}}, "point.x must be a number; received text"),
        ({"point": {"x": 10**400}}, "point.x is too large"),
        ({"point": {"x": 1, "y": 2}}, "point has no field 'y'"),
        ({"point": []}, "point must be a table; received a list"),
        ({"table": {"a": [1, "2"]}}, "table.a[1] must be a whole number; received text"),
        ({"table": {"a": [2**63]}}, "table.a[0] is too large"),
        ({"way": "crop"}, "way must be fit or garment; received 'crop'"),
        ({"way": ["fit"]}, "way must be fit or garment; received ['fit']"),
        ({"pair": [1]}, "pair must have 2 items; received 1"),
        ({"pair": [1, "x" * 10_001]}, "pair[1] is too large or too long"),
    ],
)
def test_anything_else_is_refused_by_the_name_of_its_field(change, said):
    with pytest.raises(MismatchError, match=re.escape(said)):
        typed(Facts, SOUND | change)


def test_a_field_that_is_missing_is_named():
    with pytest.raises(MismatchError, match=r"^no n$"):
        typed(Facts, {})


@pytest.mark.parametrize(
    "text", ["NaN", "[-Infinity]", "[" * 100_000, b"\xff", "", "{", "1" * 5000, "1" * 20, "1e999"]
)
def test_what_is_no_json_is_a_value_error(text):
    with pytest.raises(ValueError):
        parse(text)


def test_json_values_pass():
    assert parse(json.dumps(SOUND)) == SOUND
