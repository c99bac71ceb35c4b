"""The page of a study: its numbers are the given ones, also of the drawings; sound in any case."""

import re
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from studies import SPACE, random_study, study, trial

from fashionlab.errors import RunError
from fashionlab.report.html import GENERATOR
from fashionlab.report.study import Axis, write_study_page
from fashionlab.report.study.drawings import Drawings
from fashionlab.report.study.page import render
from fashionlab.report.study.results import Results
from fashionlab.report.study.study import finite, shown

from ..charts.drawn import dots, lines, marks, straight, texts
from ..reading import Page, read_page, require_closed, require_sound

NAN = float("nan")
RATE = SPACE[:1]
HOSTILE = ("<script>alert(1)</script>", '" onerror="x', "{{ 7 * 7 }}", "&amp;$x_1$")
LONG = "a_very_long_name_that_never_ends.with_an_option_of_many_letters"
CASES = {
    "no trial": study([]),
    "one trial": study([trial(0, 0.85, learning_rate=0.01)], RATE),
    "equal": study([trial(n, 0.85, learning_rate=0.01) for n in range(5)], RATE),
    "none finished": study([trial(0, 0.5, "pruned", learning_rate=0.01)], RATE),
    "all failed": study([trial(0, None, "failed", None, error="lost")], RATE),
    "no space": study([trial(0, 0.5), trial(1, 0.6)], []),
    "no curve, no seconds": study([trial(0, 0.5, seconds=None, curve=[])], RATE),
    "nan": study(
        [trial(n, NAN, seconds=NAN, curve=[NAN], x=0.5) for n in range(2)]
        + [trial(2, 0.5, x=NAN), trial(3, 0.6, x=0.7)],
        [Axis("x", "float", 0.0, 1.0)],
        best=[3],
        importance={"x": NAN},
    ),
    "at 0 and 1": study([trial(0, 0.0, "pruned"), trial(1, 1.0), trial(2, 0.0)], RATE),
    "some values are missing": study([trial(0, 0.5, optimizer="SGD"), trial(1, 0.6)], SPACE),
    "many choices": study(
        [trial(n, 0.5 + n / 100, **{LONG: f"choice {n} {LONG}"}) for n in range(30)],
        [Axis(LONG, "choice", choices=[f"choice {n} {LONG}" for n in range(30)]), *RATE],
    ),
    "no seconds of a front": study(
        [trial(0, 0.5, seconds=None), trial(1, 0.6, seconds=0.0)],
        RATE,
        best=[0, 1],
        objectives=("accuracy", "seconds"),
    ),
}


@pytest.fixture(scope="module")
def made():
    return random_study(40)


@pytest.fixture(scope="module")
def page(made):
    return read_page(render(made))


def row(one, names):
    """The cells of a trial, but its state, as texts."""
    seconds = "–" if one.seconds is None else f"{one.seconds:.1f} s"
    accuracy = "–" if one.accuracy is None else f"{100 * one.accuracy:.2f} %"
    values = [shown(one.parameters[name]) for name in names]
    return [str(one.number), accuracy, seconds, str(one.epochs), *values, one.run]


def test_the_table_has_every_trial_as_it_is_given_the_most_accurate_first(made, page) -> None:
    names = [axis.name for axis in SPACE]
    table = page.captioned("All trials")
    assert [head.removesuffix(" ↕") for head in table[0][5:-1]] == names
    rows = {cells[0]: [cells[0], *cells[2:]] for cells in table[1:]}
    short = [one for one in made.trials if one.seconds is None or one.seconds < 60]
    assert len(table) == 41 and len(short) > 30
    for one in short:
        assert rows[str(one.number)] == row(one, names)
    order = {state: n for n, state in enumerate(["finished", "pruned", "failed"])}
    keys = [(order[one.state], -(one.accuracy or 0)) for one in made.trials]
    by_number = {str(one.number): key for one, key in zip(made.trials, keys, strict=True)}
    assert [by_number[cells[0]] for cells in table[1:]] == sorted(keys)


def test_the_headline_has_the_counts_and_the_trials_within_the_interval_are_marked(
    made, page
) -> None:
    results = Results(finite(made))
    low, _ = results.interval
    counts = [sum(one.state == state for one in made.trials) for state in ("finished", "pruned")]
    seconds = sum(one.seconds or 0 for one in made.trials)
    said = page.sections["Results"]
    assert f"{100 * results.best.accuracy:.2f} %95 % interval {100 * low:.2f} to" in said
    assert f"Finished trials{counts[0]}of 40" in said and f"Pruned trials{counts[1]}" in said
    minutes, rest = divmod(round(seconds), 60)
    assert said.endswith(f"{minutes} min {rest:02d} s")
    marked = {int(one[0]) for one in page.captioned("All trials")[1:] if one[1].endswith("within")}
    expected = {
        one.number
        for one in made.trials
        if one.state == "finished" and one.accuracy >= low and one is not results.best
    }
    assert marked == {n for n in expected if n != results.best.number} and marked


def test_the_best_recipe_is_shown_with_what_changed_and_its_command(made, page) -> None:
    best = next(one for one in made.trials if one.number == made.best[0])
    rows = {cells[0]: cells for cells in page.table("Parameter")[1:]}
    for axis in SPACE:
        assert rows[axis.name][1:3] == [shown(axis.given), shown(best.parameters[axis.name])]
    changed = [one for one in page.all("td") if "changed" in one.get("class", "").split()]
    assert len(changed) == sum(best.parameters[axis.name] != axis.given for axis in SPACE) > 0
    assert "fashionlab train best.toml" in page.text
    assert made.command in page.text and "AMD EPYC 7B13" in page.text


def test_the_history_has_a_dot_for_each_trial_and_the_best_so_far_as_steps() -> None:
    accuracies = [0.80, 0.84, 0.82, 0.86, 0.85]
    trials = [trial(n, y, learning_rate=0.01) for n, y in enumerate(accuracies)]
    trials += [
        trial(5, 0.81, "pruned", learning_rate=0.01),
        trial(6, 0.1, learning_rate=0.01),
        trial(7, None, "failed", error="lost"),
    ]
    drawings = Drawings(Results(finite(study(trials, RATE))))
    svg = drawings.history()
    (steps,) = [line for line in lines(svg, "ink") if len(line) > 2]
    best = [0.80, 0.84, 0.84, 0.86, 0.86, 0.86, 0.86]
    # A step line has two vertices for each further point, at the height before and after it.
    numbers, heights = [0, 1, 2, 3, 4, 6, 7], np.array(best)
    straight(np.repeat(numbers, 2)[1:], steps[:, 0])
    straight(np.repeat(heights, 2)[:-1], steps[:, 1])
    assert len(dots(svg, "blue")) == 4 + 1 and len(dots(svg, "red")) == 1
    assert len(dots(svg, "orange")) == 1
    assert drawings.cut == 1  # the one of 10 %, at the lower end
    assert dots(svg, "blue")[:, 1].max() == pytest.approx(dots(svg, "orange")[0, 1])
    words = [said for _, said in marks(svg)]
    assert len(words) == 8 and words[7] == "Trial 7 failed: lost"
    assert words[3].startswith("Trial 3: 86.00\N{NO-BREAK SPACE}%")


def test_learning_curves_are_the_given_ones_and_those_of_pruned_trials_end_early() -> None:
    curves = [[0.7, 0.8, 0.85], [0.72, 0.82, 0.9], [0.71, 0.75]]
    states = ["finished", "finished", "pruned"]
    trials = [
        trial(n, curve[-1], state, curve=curve)
        for n, (curve, state) in enumerate(zip(curves, states, strict=True))
    ]
    svg = Drawings(Results(finite(study(trials, RATE)))).curves()
    (best,), (pruned,) = lines(svg, "red"), lines(svg, "faint")
    straight([*curves[1], *curves[2]], [*best[:, 1], *pruned[:, 1]])
    assert len(pruned) == 2 and pruned[-1, 0] == pytest.approx(best[1, 0])
    said = "Epoch 3: 2 trials, the best 90.00 % (trial 1), median 87.50 %"
    assert said in [words.replace("\N{NO-BREAK SPACE}", " ") for _, words in marks(svg)]


def test_the_front_is_the_given_one_in_the_drawing_and_in_the_table() -> None:
    made = random_study(40, seed=9, two=True)
    drawing = Drawings(Results(finite(made))).front()
    front = sorted(
        (one for one in made.trials if one.number in made.best), key=lambda one: one.seconds
    )
    assert len(front) > 2
    red = dots(drawing, "red")
    red = red[np.argsort(red[:, 0])]
    straight([one.seconds for one in front], red[:, 0])
    straight([one.accuracy for one in front], red[:, 1])
    finished = [one for one in made.trials if one.state == "finished"]
    assert len(red) + len(dots(drawing, "blue")) == len(finished)
    (steps,) = lines(drawing, "red")
    # From each of the front as far right as the next one, and then up to it.
    corners = [point for a, b in pairwise(red) for point in (a, (b[0], a[1]))]
    np.testing.assert_allclose(steps[:-2], [*corners, red[-1]], atol=1e-2)
    table = read_page(render(made)).captioned("The trials of the front")
    assert [cells[0] for cells in table[1:]] == [str(one.number) for one in reversed(front)]
    assert table[1][-1] == f"fashionlab train best-{front[-1].number}.toml"


def test_a_line_of_the_parallel_coordinates_goes_through_the_values_to_the_accuracy() -> None:
    space = [Axis("x", "float", 0.0, 1.0), Axis("y", "float", 0.0, 10.0)]
    trials = [trial(0, 0.8, x=0.2, y=9.0), trial(1, 0.9, x=0.6, y=1.0)]
    svg = Drawings(Results(finite(study(trials, space)))).parallel()
    (best,) = lines(svg, "red")
    (other,) = lines(svg, "scale-2")  # of two finished trials half are better
    straight([0.6, 0.1, 0.2, 0.9], [*best[:2, 1], *other[:2, 1]])
    assert best[2, 1] < other[2, 1] and len(best) == len(other) == 3
    assert {"x", "y", "0.5", "5"} <= set(texts(svg))


def test_the_accuracy_by_value_and_the_importance_are_the_given_ones() -> None:
    trials = [trial(n, 0.8 + n / 100, x=n / 10) for n in range(1, 6)]
    made = study(trials, [Axis("x", "float", 0.0, 1.0)], importance={"x": 0.75, "y": 0.25})
    drawings = Drawings(Results(finite(made)))
    (svg,) = drawings.slices()
    points = np.concatenate([dots(svg, "blue"), dots(svg, "red")])
    straight([one.parameters["x"] for one in trials], points[:, 0])
    straight([one.accuracy for one in trials], points[:, 1])
    words = [said.replace("\N{NO-BREAK SPACE}", " ") for _, said in marks(svg)]
    assert words[1] == "x 0.2 to 0.4: 2 finished trials, the best 83.00 % (trial 3), median 82.50 %"
    assert [said for _, said in marks(drawings.importance())] == [
        "x: 75.0\N{NO-BREAK SPACE}%",
        "y: 25.0\N{NO-BREAK SPACE}%",
    ]


@pytest.mark.parametrize("case", CASES)
def test_it_is_sound_in_any_case_and_no_number_is_nan(case) -> None:
    made, html = CASES[case], render(CASES[case])
    page = Page(html)
    require_sound(page)
    require_closed(page)
    assert all(one["aria-label"] for one in page.all("svg"))
    assert not made.trials or len(page.captioned("All trials")) == 1 + len(made.trials)
    main = html.partition("<main")[2].partition("</main>")[0].replace(": none", "")
    assert not re.findall(r"(?i)\b(?:nan|inf|none)\b", main)


def test_names_cannot_break_out_of_their_place() -> None:
    space = [
        Axis(HOSTILE[0], "choice", choices=HOSTILE, given=HOSTILE[1]),
        Axis(HOSTILE[1], "float", 0.0, 1.0),
    ]
    trials = [
        replace(trial(n, 0.5 + n / 10, **{HOSTILE[0]: HOSTILE[n], HOSTILE[1]: 0.5}), run=HOSTILE[n])
        for n in range(3)
    ] + [trial(3, None, "failed", error=HOSTILE[0])]
    made = study(
        trials,
        space,
        recipe=HOSTILE[0],
        data=HOSTILE[3],
        command=HOSTILE[0],
        importance={HOSTILE[0]: 0.6, HOSTILE[1]: 0.4},
        environment={HOSTILE[0]: HOSTILE[1]},
        recipes={2: HOSTILE[1]},
    )
    page = read_page(render(made))
    assert not [1 for _, attributes in page.elements if "onerror" in attributes]
    for text in HOSTILE:
        assert text in page.text


def test_it_replaces_a_page_and_nothing_else(tmp_path) -> None:
    place = tmp_path / "new" / "study.html"
    assert write_study_page(CASES["one trial"], place) == place
    first = place.read_bytes()
    assert GENERATOR.encode() in first
    write_study_page(CASES["one trial"], place)
    assert place.read_bytes() == first
    (tmp_path / "mine.html").write_text("mine")
    with pytest.raises(RunError, match="something else"):
        write_study_page(CASES["one trial"], tmp_path / "mine.html")
