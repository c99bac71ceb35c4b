"""Two readings of suspects: which images are read, in whose order, and how they are counted."""

import csv

import numpy as np
import pytest

from benchmarks.docs import audit_tables
from benchmarks.training import audit_readings
from fashionlab.data.synthetic import draw

PARTS = dict(zip(("train", "test"), draw(train=900, test=300), strict=True))


def listed(part, index, suspect="yes"):
    return {"rank": "1", "part": part, "index": str(index), "suspect": suspect}


SUSPECTS = [
    *[listed("train", i) for i in range(205)],
    *[listed("test", 7), listed("test", 8, "no")],
]


def test_the_first_ones_all_suspects_of_the_test_part_and_controls_are_read():
    read = audit_readings.chosen(SUSPECTS, PARTS)
    assert read[:201] == [*[("train", i) for i in range(200)], ("test", 7)]
    controls = read[201:]
    assert len(controls) == len({*controls}) == audit_readings.CONTROLS
    assert not {*controls} & {audit_readings.key_of(row) for row in SUSPECTS}


def test_each_reader_has_another_order_of_the_same_images():
    read = audit_readings.chosen(SUSPECTS, PARTS)
    a, b = (audit_readings.in_order(read, reader) for reader in "ab")
    assert a != b and sorted(a) == sorted(b) == sorted(read)


def test_a_reading_belongs_to_its_image_and_must_be_whole(tmp_path):
    read = audit_readings.chosen(SUSPECTS, PARTS)
    order = audit_readings.in_order(read, "a")
    rows = [
        [n, "wrong" if image == ("test", 7) else "sound", ""] for n, image in enumerate(order, 1)
    ]
    with (tmp_path / "reader_a.csv").open("w", newline="") as file:
        csv.writer(file).writerows([["number", "decision", "class"], *rows])
    found = audit_readings.readings_of(read, tmp_path, "a")
    assert [image for image, (decision, _) in found.items() if decision == "wrong"] == [("test", 7)]
    with (tmp_path / "reader_a.csv").open("w", newline="") as file:
        csv.writer(file).writerows([["number", "decision", "class"], *rows[1:]])
    with pytest.raises(SystemExit, match=r"not on \[1\]"):
        audit_readings.readings_of(read, tmp_path, "a")


def test_kappa_is_the_agreement_beyond_chance():
    pairs = [("sound", "sound")] * 20 + [("sound", "wrong")] * 5 + [("wrong", "sound")] * 10
    pairs += [("wrong", "wrong")] * 15
    assert audit_tables._kappa(pairs) == pytest.approx(0.4)  # the example of the text-books
    rng = np.random.default_rng(0)
    chance = list(zip(*rng.choice(audit_readings.DECISIONS, (2, 20_000)), strict=True))
    assert abs(audit_tables._kappa(chance)) < 0.02
