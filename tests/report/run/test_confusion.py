"""The confusion matrix of a page: its cells, their letters, and the images that they open."""

import re

import numpy as np
import pytest
from report_runs import draw_parts, write_run

from fashionlab.report.run.confusion import HEAT, MOST_CORRECT, ConfusionView, _letters
from fashionlab.report.run.pictures import TestImages


@pytest.fixture(scope="module")
def many(tmp_path_factory):
    """A matrix with large cells of errors."""
    parts = draw_parts(("a", "b", "<c>"), (6, 6), test=900)
    run = write_run(tmp_path_factory.mktemp("run") / "run", parts=parts, margin=0.3)
    return run, parts


def view(run, parts):
    return ConfusionView(run.metrics(), TestImages(run, parts.test if parts else None))


def test_a_cell_opens_the_surest_errors_and_the_least_sure_hits(many):
    run, parts = many
    found = view(run, parts)
    lp, labels = run.predictions()
    predicted, p = lp.argmax(axis=1), np.exp(lp.max(axis=1))
    assert [one.anchor for one in found.images][-3:] == ["cell-0-0", "cell-1-1", "cell-2-2"]
    for one in found.images:
        i, j = map(int, one.anchor.split("-")[1:])
        inside = p[(labels == i) & (predicted == j)]
        assert one.images == len(inside)
        shown = [each.probability for each in one.shown]
        if i == j:
            assert shown == pytest.approx(sorted(inside)[:MOST_CORRECT])
        else:
            assert shown == pytest.approx(sorted(inside, reverse=True)[:40])
        words = [re.search('aria-label="([^"]*)"', each.picture)[1] for each in one.shown]
        indices = [int(re.match(r"Test image (\d+)", said)[1]) for said in words]
        assert (labels[indices] == i).all() and (predicted[indices] == j).all()


def test_every_cell_with_images_leads_to_them_and_none_where_there_are_no_data(many):
    run, parts = many
    for data, expected in ((parts, True), (None, False)):
        found = view(run, data)
        cells = [cell for row in found.rows for cell in row if cell.times]
        assert all(bool(cell.target) is expected for cell in cells)
        assert bool(found.images) is expected


def test_the_caption_names_the_largest_cells_off_the_diagonal(many):
    run, parts = many
    cells = np.array(run.metrics().confusion)
    pairs = sorted((-cells[i, j], i, j) for i in range(3) for j in range(3) if i != j)[:3]
    names = run.class_names
    said = "; ".join(f"{names[i]} predicted as {names[j]} ({-n} of 300)" for n, i, j in pairs)
    assert view(run, parts).caption == f"Most frequent errors: {said}."


def test_a_cell_is_as_deep_as_the_square_root_of_its_share_of_the_row(many):
    run, parts = many
    for row in view(run, parts).rows:
        total = sum(cell.times for cell in row)
        depths = [cell.style.partition("%")[0] for cell in row if cell.times]
        shares = [cell.times / total for cell in row if cell.times]
        assert depths == [f"--depth:{100 * round(share**0.5, 2):.0f}" for share in shares]


def luminance(colour):
    linear = [x / 12.92 if x <= 0.04045 else ((x + 0.055) / 1.055) ** 2.4 for x in colour]
    return float(np.dot((0.2126, 0.7152, 0.0722), linear))


def test_letters_on_every_shade_can_be_read_in_light_and_dark(many):
    """The contrast that WCAG 2.1 AA asks for is 4.5."""
    run, parts = many
    styles = [cell.style for row in view(run, parts).rows for cell in row if cell.times]
    styles += [f"--depth:{depth}%;{one}" for depth, one in every_depth()]
    for style in styles:
        depth, light, dark = re.search(r"--depth:(\d+)%;--l:(#\w+);--d:(#\w+)", style).groups()
        for letters, (heat, page) in ((light, HEAT[0]), (dark, HEAT[1])):
            share = int(depth) / 100
            ground = [(share * a + (1 - share) * b) / 255 for a, b in zip(heat, page, strict=True)]
            pair = sorted((luminance(ground), 1.0 if letters == "#fff" else 0.0))
            assert (pair[1] + 0.05) / (pair[0] + 0.05) >= 4.5


def every_depth():
    for depth in range(0, 101, 5):
        light, dark = (_letters(depth / 100, *heat) for heat in HEAT)
        yield depth, f"--l:{light};--d:{dark}"


def test_the_colours_of_cells_are_those_of_the_style(whole):
    style = "".join(whole.page.styles)
    heats = re.findall(r"--heat: #(\w{6})", style)
    papers = re.findall(r"--paper: #(\w{6})", style)
    assert [tuple(bytes.fromhex(one)) for one in heats] == [heat for heat, _ in HEAT]
    assert [tuple(bytes.fromhex(one)) for one in papers[:2]] == [page for _, page in HEAT]


def test_more_classes_have_smaller_cells_and_fewer_pictures(tmp_path):
    densities = []
    for classes in (2, 12, 13, 30, 31, 100):
        parts = draw_parts([f"c{k}" for k in range(classes)], (48, 48), test=20 * classes, train=9)
        run = write_run(tmp_path / f"run {classes}", parts=parts, margin=0)
        found = view(run, parts)
        densities.append(found.density)
        shown = sum(len(one.shown) for one in found.images)
        assert shown <= found._test.sheet.capacity
    assert densities == ["wide", "wide", "narrow", "narrow", "tiny", "tiny"]
