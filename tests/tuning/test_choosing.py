"""What a study chooses follows from its settings and the trials before it alone."""

import math

import numpy as np
import optuna
import pytest

from fashionlab.errors import InvalidValueError
from fashionlab.tuning import Axis, Choosing, Outcome
from fashionlab.tuning.choosing import FIRST, best

SPACE = (
    Axis("learning_rate", 1e-4, 1e-1, log=True),
    Axis("augment.shift", 0, 3),
    Axis("model.units", choices=((32,), (64, 32))),
)


def outcome_of(kept, number):
    """A made-up trial: the nearer the learning rate is to 0.01 the better, and some end badly."""
    accuracy = 1 - abs(math.log10(kept["learning_rate"]) + 2) / 4
    state = "failed" if number == 3 else "pruned" if number % 4 == 2 else "finished"
    curve = tuple(accuracy * (1 - 1 / (i + 2)) for i in range(6))
    return Outcome(kept, state, curve[-1], 10.0 + kept["augment.shift"], curve, f"run-{number}")


def trace(choosing, trials, stop_at=()):
    """The values of all trials of a study that is begun anew at some of its trials."""
    told, under_way = [], []
    while len(told) < trials:
        while len(under_way) < choosing.window and len(told) + len(under_way) < trials:
            under_way.append(choosing.choose(told, under_way))
        if len(told) in stop_at:
            stop_at = [n for n in stop_at if n != len(told)]
            under_way = []  # the driver is killed: what was under way is forgotten
            continue
        told.append(outcome_of(under_way.pop(0), len(told)))
    return [dict(outcome.kept) for outcome in told]


@pytest.mark.parametrize("sampler", ["tpe", "random", "grid"])
@pytest.mark.parametrize("window", [1, 3])
def test_a_study_that_is_interrupted_anywhere_chooses_what_it_would_have_chosen(sampler, window):
    choosing = Choosing(SPACE, sampler, window=window, seed=4)
    undisturbed = trace(choosing, 16)
    assert trace(choosing, 16, stop_at=[0, 1, 7, 12, 15]) == undisturbed
    assert len({tuple(kept.values()) for kept in undisturbed}) == 16
    if sampler != "grid":
        assert trace(Choosing(SPACE, sampler, window=window, seed=5), 16) != undisturbed


def test_values_lie_in_the_space():
    for kept in trace(Choosing(SPACE, "tpe", window=2), 20):
        assert 1e-4 <= kept["learning_rate"] <= 1e-1
        assert type(kept["augment.shift"]) is int and 0 <= kept["augment.shift"] <= 3
        assert kept["model.units"] in ("[32]", "[64, 32]")


def test_tpe_finds_what_random_trials_seldom_do():
    def distance(sampler, seed):
        kept = trace(Choosing(SPACE, sampler, seed=seed), 30)[20:]
        return np.mean([abs(math.log10(x["learning_rate"]) + 2) for x in kept])

    assert np.mean([distance("tpe", s) for s in range(3)]) < 0.7 * np.mean(
        [distance("random", s) for s in range(3)]
    )


@pytest.mark.filterwarnings("ignore::optuna.exceptions.ExperimentalWarning")
def test_the_choice_is_that_of_optuna_for_the_same_trials_and_seed():
    told = [
        Outcome({"learning_rate": 10.0**-x}, "finished", 1 - abs(x - 2), 1.0, (0.5,))
        for x in np.linspace(1, 4, 12)
    ]
    space = SPACE[:1]
    kept = Choosing(space, "tpe", seed=2).choose(told, [])
    seed = int(np.random.SeedSequence([2, 12]).generate_state(1)[0])
    distribution = optuna.distributions.FloatDistribution(1e-4, 1e-1, log=True)
    study = optuna.create_study(
        direction="maximize", sampler=optuna.samplers.TPESampler(seed=seed, constant_liar=True)
    )
    for one in told:
        study.add_trial(
            optuna.trial.create_trial(
                params=dict(one.kept),
                distributions={"learning_rate": distribution},
                value=one.accuracy,
            )
        )
    assert kept == {
        "learning_rate": study.ask().suggest_float("learning_rate", 1e-4, 1e-1, log=True)
    }


def test_the_bounds_prune_the_trials_that_optunas_median_pruner_prunes():
    rng, epochs = np.random.default_rng(0), 8
    curves = np.sort(rng.random((12, epochs)), axis=1)  # (trials, epochs)
    told = [
        Outcome({}, "finished" if i % 3 else "pruned", row[-1], 1.0, tuple(row))
        for i, row in enumerate(curves)
    ]
    bounds = Choosing(SPACE).bounds(told, 12, epochs)
    spared = next(i for i, bound in enumerate(bounds) if bound is not None)
    assert spared == 2  # a quarter of eight
    pruner = optuna.pruners.MedianPruner(n_startup_trials=FIRST, n_warmup_steps=spared)
    study = optuna.create_study(direction="maximize", pruner=pruner)
    for i, row in enumerate(curves):
        state = optuna.trial.TrialState.COMPLETE if i % 3 else optuna.trial.TrialState.PRUNED
        value = row[-1] if i % 3 else None
        steps = dict(enumerate(row))
        study.add_trial(
            optuna.trial.create_trial(state=state, value=value, intermediate_values=steps)
        )
    for _ in range(30):
        trial, best_yet = study.ask(), 0.0
        for step, value in enumerate(np.sort(rng.random(epochs))):
            trial.report(value, step)
            best_yet = max(best_yet, value)
            assert trial.should_prune() == (bounds[step] is not None and best_yet < bounds[step])
        study.tell(trial, state=optuna.trial.TrialState.FAIL)


def test_nothing_is_pruned_before_enough_trials_have_finished_or_where_seconds_count_too():
    told = [Outcome({}, "finished", 0.9, 1.0, (0.8, 0.9))] * FIRST
    assert Choosing(SPACE).bounds(told, FIRST, 2) == [None, 0.9]
    assert not Choosing(SPACE).bounds(told[1:], FIRST, 2)
    assert not Choosing(SPACE, window=2).bounds(told, FIRST, 2)  # the last is not seen
    assert not Choosing(SPACE, prune=False).bounds(told, FIRST, 2)
    assert not Choosing(SPACE, objectives=("accuracy", "seconds")).bounds(told, FIRST, 2)
    assert Choosing(SPACE).bounds(told, FIRST, 4) == [None, 0.9, None, None]


def test_the_front_holds_the_trials_that_no_other_beats():
    rng = np.random.default_rng(1)
    outcomes = [
        Outcome({}, "finished", float(a), float(s), (float(a),))
        for a, s in np.round(rng.random((60, 2)), 1)
    ]
    outcomes[5] = Outcome({}, "failed", None, None)
    outcomes[6] = Outcome({}, "pruned", 2.0, 0.0)
    front = best(outcomes, ("accuracy", "seconds"))
    finished = [i for i, x in enumerate(outcomes) if x.state == "finished"]

    def beaten(i):
        a, s = outcomes[i].accuracy, outcomes[i].seconds
        return any(
            (outcomes[j].accuracy >= a and outcomes[j].seconds <= s)
            and (outcomes[j].accuracy, outcomes[j].seconds) != (a, s)
            for j in finished
        )

    pairs = {(outcomes[i].accuracy, outcomes[i].seconds) for i in finished if not beaten(i)}
    assert {(outcomes[i].accuracy, outcomes[i].seconds) for i in front} == pairs
    assert len(front) == len(pairs)
    assert [outcomes[i].accuracy for i in front] == sorted((a for a, _ in pairs), reverse=True)
    assert best(outcomes, ("accuracy",)) == [
        max(finished, key=lambda i: (outcomes[i].accuracy, -i))
    ]
    assert best([], ("accuracy",)) == []


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"sampler": "tpa"}, "no sampler 'tpa'; did you mean 'tpe'"),
        ({"objectives": ("speed",)}, "no objective 'speed'"),
        ({"objectives": ("seconds",)}, "must be accuracy, or accuracy and seconds"),
        ({"objectives": ()}, "received none"),
        ({"window": 0}, "workers must be 1 at least; received 0"),
    ],
)
def test_another_way_to_choose_is_refused(given, said):
    with pytest.raises(InvalidValueError, match=said):
        Choosing(SPACE, **given)
