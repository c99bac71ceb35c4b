"""What follows from the trials of a study: best, interval, running best, sentences; by hand."""

from dataclasses import replace

import pytest
from scipy.stats import binomtest
from studies import SPACE, front_of, random_study, study, trial

from fashionlab.report.charts.trials import Shown, floor_of, limits, steps
from fashionlab.report.study import Axis
from fashionlab.report.study.dimensions import dimension
from fashionlab.report.study.results import Results
from fashionlab.report.study.study import finite, searched, shown
from fashionlab.report.study.verdict import cautions, next_steps, verdict

NAN = float("nan")
RATE = SPACE[:1]


def results(accuracies, space=RATE, **options):
    """Results of trials with these accuracies; a string before one is its state."""
    trials = []
    for number, one in enumerate(accuracies):
        state, accuracy = one if isinstance(one, tuple) else ("finished", one)
        trials.append(trial(number, accuracy, state, learning_rate=0.0002 * (number + 1)))
    return Results(finite(study(trials, space, **options)))


def plain(text):
    return text.replace("\N{NO-BREAK SPACE}", " ")


def test_the_running_best_is_that_of_finished_trials_up_to_each() -> None:
    found = results([0.5, 0.7, ("pruned", 0.9), 0.6, ("failed", None), 0.7, 0.8])
    assert found.running_best == [(0, 0.5), (1, 0.7), (3, 0.7), (5, 0.7), (6, 0.8)]


def test_trials_are_numbered_in_whatever_order_they_are_given() -> None:
    trials = [trial(n, 0.5 + n / 10, learning_rate=0.01) for n in (2, 0, 1)]
    found = Results(finite(study(trials, RATE)))
    assert found.running_best == [(0, 0.5), (1, 0.6), (2, 0.7)]
    assert [one.number for one in found.rows] == [2, 1, 0]


def test_the_interval_is_wilsons_and_those_within_it_are_not_below_it() -> None:
    found = results([0.9, 0.899, 0.85, ("pruned", 0.899), 0.8946], images_held_out=10_000)
    low, high = binomtest(9000, 10_000).proportion_ci(method="wilson")
    assert found.interval == pytest.approx((low, high), abs=1e-12)
    assert 0.8938 < low < 0.8946
    assert [one.number for one in found.within] == [1, 4]


def test_the_best_of_a_front_is_its_most_accurate_and_the_front_is_the_given_one() -> None:
    made = random_study(60, seed=9, two=True)
    found = Results(finite(made))
    assert {one.number for one in found.front} == set(made.best) and len(made.best) > 2
    accuracies = [one.accuracy for one in found.front]
    assert accuracies == sorted(accuracies, reverse=True)
    assert found.best.accuracy == max(one.accuracy for one in found.finished)


@pytest.mark.parametrize(
    ("accuracies", "said"),
    [
        ([], "No trial has been made yet."),
        ([("pruned", 0.5), ("failed", None)], "None of 2 trials has finished"),
        ([0.9], "The only finished trial has 90.00 % validation accuracy (trial 0, 95 % interval"),
        ([0.9, 0.8], "The best of 2 finished trials has 90.00 % validation accuracy (trial 0,"),
    ],
)
def test_the_sentence_at_the_top(accuracies, said) -> None:
    assert plain(verdict(results(accuracies))).startswith(said)


@pytest.mark.parametrize(
    ("own", "said"),
    [
        (0.95, "It is the recipe as it was."),
        (0.898, "The recipe as it was has 89.80 % (trial 9), within it: no gain is shown."),
        (0.5, "The recipe as it was has 50.00 % (trial 9), below this interval."),
    ],
)
def test_a_gain_over_the_recipe_is_one_above_the_interval(own, said) -> None:
    trials = [trial(0, 0.9, learning_rate=0.01), trial(9, own, learning_rate=RATE[0].given)]
    assert plain(verdict(Results(study(trials, RATE)))).endswith(said)


def test_the_cautions_name_the_trials_that_may_be_as_good() -> None:
    said = cautions(results([0.9, 0.899, 0.5]))
    assert "best of 3 trials is an optimistic figure" in said[0] and "12,000" in said[0]
    assert said[1].startswith("No trial read the test set.")
    assert "trial 1 lies within the interval" in said[2]
    assert (
        "20 trials (0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11 and 8 more)"
        in cautions(results([0.899] * 20 + [0.9]))[2]
    )
    assert cautions(results([0.9, 0.5]))[2].startswith("No other trial")
    assert len(cautions(results([0.9]))) == 1 and cautions(results([])) == []


@pytest.mark.parametrize(
    ("axis", "value", "end"),
    [
        (Axis("x", "float", 0.01, 1.0, log=True), 0.011, "lower end of what was searched (0.01)"),
        (Axis("x", "float", 0.01, 1.0, log=True), 0.05, None),
        (Axis("x", "float", 0.0, 0.5), 0.49, "upper end of what was searched (0.5)"),
        (Axis("x", "float", 0.0, 0.5), 0.0, None),
        (Axis("x", "int", 1, 9), 9, "upper end of what was searched (9)"),
        (Axis("x", "int", 1, 9), 8, None),
        (Axis("x", "int", 3, 3), 3, None),
        (Axis("x", "choice", choices=(1, 2)), 2, None),
    ],
)  # fmt: skip
def test_a_best_value_at_the_end_of_its_range_is_one_to_search_beyond(axis, value, end) -> None:
    made = study([trial(0, 0.9, x=value), trial(1, 0.8, x=value)], [axis])
    said = next_steps(Results(made))
    assert len(said) == (end is not None)
    assert end is None or end in said[0]


def test_numbers_that_are_not_finite_are_none() -> None:
    trials = [trial(0, NAN, seconds=NAN, curve=[0.5, NAN, 0.6]), trial(1, 0.5)]
    made = finite(study(trials, RATE, best=[1], importance={"a": NAN, "b": 0.5}))
    assert (made.trials[0].accuracy, made.trials[0].seconds) == (None, None)
    assert made.trials[0].curve == [0.5] and made.importance == {"b": 0.5}


def test_a_value_lies_at_its_share_of_the_axis() -> None:
    axis = Axis("x", "float", 1e-4, 1e-2, log=True)
    found = dimension(axis, [trial(n, 0.5, x=x) for n, x in enumerate((1e-4, 1e-3, 1e-2))])
    assert found.places == pytest.approx([0, 0.5, 1])
    assert found.ticks == [(0, "0.0001"), (pytest.approx(0.5), "0.001"), (1, "0.01")]
    straight = dimension(replace(axis, log=False), [trial(0, 0.5, x=0.00505), trial(1, 0.5)])
    assert straight.places == [pytest.approx(0.5), None]


def test_trials_of_a_choice_lie_next_to_each_other_in_its_room() -> None:
    axis = Axis("x", "choice", choices=("a", "b"))
    found = dimension(axis, [trial(n, 0.5, x=x) for n, x in enumerate("abaa")])
    assert found.places == pytest.approx([0.15, 0.75, 0.25, 0.35])
    assert found.ticks == [(0.25, "a"), (0.75, "b")]


def test_a_value_outside_what_was_searched_widens_the_axis() -> None:
    wide = dimension(Axis("x", "float", 0, 1), [trial(0, 0.5, x=-1.0), trial(1, 0.5, x=1.0)])
    assert wide.places == [0, 1]
    assert [label for _, label in wide.ticks][:1] == ["-1"]
    other = dimension(Axis("x", "choice", choices=("a",)), [trial(0, 0.5, x="new")])
    assert [label for _, label in other.ticks] == ["a", "new"]


def drawn(accuracies):
    return [Shown(n, accuracy, True, False, "") for n, accuracy in enumerate(accuracies)]


def test_the_colour_is_the_fifth_among_the_finished_trials() -> None:
    assert steps(drawn([n / 10 for n in range(10)])) == {n: n // 2 for n in range(10)}
    assert set(steps(drawn([0.5] * 4)).values()) == {4}
    assert steps(drawn([0.5])) == {0: 4}


def test_an_axis_of_accuracies_is_not_ruled_by_trials_that_went_wrong() -> None:
    assert floor_of([0.1, 0.88, 0.89, 0.9]) == 0.88
    assert floor_of([0.5, 0.5]) == 0.5
    low, high = limits(drawn([0.1, 0.88, 0.89, 0.9]))
    assert 0.1 < low < 0.88 and 0.9 < high < 0.92
    low, high = limits(drawn([0.9, 0.8999]), (0.894, 0.906))
    assert low < 0.894 and high > 0.906


def test_values_are_as_in_a_recipe_and_long_lists_short() -> None:
    assert [shown(x) for x in (True, 0.0031622776, 1e-5, 3, "Adam", None)] == [
        *("true", "0.003162", "1e-05", "3", "Adam", "–")
    ]  # fmt: skip
    assert searched(Axis("x", "choice", choices=range(30))).endswith("10, 11 and 18 more")
    assert front_of([trial(0, 0.9, seconds=5), trial(1, 0.8, seconds=6)]) == [0]
