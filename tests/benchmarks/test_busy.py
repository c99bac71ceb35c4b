"""Training next to a busy process: rows, shares, options. No timing is asserted."""

import pytest

from benchmarks import tables
from benchmarks.docs import engine_tables
from benchmarks.speed import busy
from benchmarks.speed.contestants import Contestant
from fashionlab.data import synthetic


def test_each_contestant_has_a_row_a_turn_alone_and_next_to_a_busy_process(tmp_path, monkeypatch):
    absent = Contestant("absent", "x", ("no_such_library",))
    monkeypatch.setattr(busy, "CHOSEN", [busy.SCRATCH, absent])
    out = tmp_path / "speed_busy.csv"
    rows = busy.measure_busy(synthetic.draw(train=512, test=20), turns=2, steps=4, out=out)
    assert [(row["contestant"], row["turn"]) for row in rows] == [("scratch", 0), ("scratch", 1)]
    assert all(row["images_a_second"] > 0 < row["busy_images_a_second"] for row in rows)
    assert busy.text(rows).count("scratch") == 1

    monkeypatch.setattr(tables, "RESULTS", tmp_path)
    assert "| scratch |" in engine_tables.speed_busy()


def test_the_share_is_the_median_of_the_turns():
    rows = [
        {"contestant": "torch", "images_a_second": a, "busy_images_a_second": b}
        for a, b in (("100", "50"), ("200", "40"), ("100", "90"))
    ]
    assert busy.shares(rows) == {"torch": (100, 50, 0.5)}


def test_the_busy_process_ends_with_its_block():
    with pytest.raises(KeyError), busy.busy_process() as process:
        assert process.poll() is None
        raise KeyError
    assert process.poll() is not None
