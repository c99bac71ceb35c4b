"""A panel for each corruption, over one axis."""

import pytest

from fashionlab.report.charts.small_multiples import Series, accuracy_by_strength

from .drawn import dots, lines, marks, straight, texts

ALL = [Series(f"corruption {k}", (0.9, *(0.8 - k / 20 - s / 10 for s in range(5)))) for k in (0, 7)]


def test_each_panel_has_its_line_and_the_mean_of_all():
    svg = accuracy_by_strength(ALL, "robust", "alt")
    own = [line for line in lines(svg, "blue") if len(line) == 6]
    mean = [line for line in lines(svg, "faint") if len(line) == 6]
    assert len(own) == len(mean) == 2
    slope = straight([*ALL[0].accuracy, *ALL[1].accuracy], [*own[0][:, 1], *own[1][:, 1]])
    assert slope < 0
    for line in mean:
        middle = (own[0][:, 1] + own[1][:, 1]) / 2
        assert line[:, 1] == pytest.approx(middle, abs=1e-2)
    assert len(dots(svg, "blue")) == 12
    assert {"corruption 0", "corruption 7", "Accuracy (%)"} <= set(texts(svg))
    words = [said.replace("\N{NO-BREAK SPACE}", " ") for _, said in marks(svg)]
    assert words[0].startswith("corruption 0: 80.0 %, 70.0 %")
    assert words[0].endswith("at strengths 1 to 5")


def test_one_panel_and_more_than_a_row_can_be_drawn():
    for count in (1, 5, 6, 15):
        series = [Series(f"c{k}", (1.0, 0.0)) for k in range(count)]
        assert len(marks(accuracy_by_strength(series, "robust", "alt"))) == count
