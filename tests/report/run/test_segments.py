"""Weak segments in a sentence and in drawings."""

import pytest
from report_runs import draw_parts, write_run

from fashionlab.report.run.pictures import TestImages
from fashionlab.report.run.segments import PAIRS, SegmentsView


def view(tmp_path, data=True, **options):
    given = {name: options.pop(name) for name in ("test", "names") if name in options}
    parts = draw_parts(given.pop("names", "abcd"), (12, 12), **{"test": 400, **given})
    run = write_run(tmp_path / "run", parts=parts, **options)
    return SegmentsView(TestImages(run, parts.test if data else None))


def test_dark_images_that_are_not_told_are_the_first_weak_segment(tmp_path):
    found = view(tmp_path, margin=6, weak=True)
    assert found.weak[0].kind == "brightness" and found.weak[0].accuracy < 0.5
    accuracies = [one.accuracy for one in found.weak]
    assert accuracies == sorted(accuracies)
    assert found.sentence.startswith(f"Of {len(found.segments)} segments {len(found.weak)} ha")
    assert f"{found.weak[0].name} (" in found.sentence


def test_a_run_that_is_as_good_on_all_images_has_none(tmp_path):
    found = view(tmp_path, perfect=True)
    assert found.weak == []
    tested = len(found.segments)
    said = f"Of {tested} segments none has a significantly lower accuracy than the rest."
    assert found.sentence == said


def test_of_many_weak_segments_five_are_named(tmp_path, monkeypatch):
    found = view(tmp_path, margin=2)
    monkeypatch.setattr(SegmentsView, "weak", list(found.segments[:8]))
    assert found.sentence.endswith(", and 3 more.")
    monkeypatch.setattr(SegmentsView, "weak", list(found.segments[:1]))
    assert f"segments 1 has a significantly lower accuracy than the rest: {found.weak[0].name}" in (
        found.sentence
    )


def test_every_kind_has_a_chart_and_pairs_of_classes_the_weakest_first(tmp_path):
    found = view(tmp_path, margin=1, names=[f"c{k}" for k in range(8)], test=1600)
    assert [chart.title for chart in found.charts] == [
        "Brightness", "Contrast", "Covered area", "The two most probable classes",
    ]  # fmt: skip
    pairs = [one for one in found.segments if one.kind == "classes"]
    assert len(pairs) > PAIRS
    drawing = found.charts[3].drawing
    places = [drawing.index(f'aria-label="{one.name}: ') for one in
              sorted(pairs, key=lambda one: one.accuracy)[:PAIRS]]  # fmt: skip
    assert places == sorted(places)
    assert drawing.count('class="tip"') == PAIRS


@pytest.mark.parametrize("options", [{"data": False}, {"test": 12}])
def test_without_images_or_with_too_few_there_are_no_charts(tmp_path, options):
    found = view(tmp_path, **options)
    assert found.charts == [] and found.is_known is ("data" not in options)
