"""Results: what follows from the trials of a study."""

from collections import Counter
from collections.abc import Sequence
from functools import cached_property
from itertools import accumulate
from typing import NamedTuple

from fashionlab.evaluation.intervals import wilson_interval
from fashionlab.report.study.study import Axis, Study, Trial, searched, shown, some


class Change(NamedTuple):
    """A parameter of the best trial, as texts."""

    name: str
    given: str  # in the recipe
    searched: str
    best: str
    is_changed: bool
    within: str  # its values in the trials within the interval of the best one


class Results:
    """What follows from the trials of a study, whose numbers are finite."""

    def __init__(self, study: Study) -> None:
        self.study = study
        self.trials = study.trials
        self.counts = Counter(trial.state for trial in study.trials)
        self.seconds = sum(trial.seconds or 0 for trial in study.trials)
        measured = [trial for trial in self.trials if trial.accuracy is not None]
        self.finished = [trial for trial in measured if trial.state == "finished"]
        self.pruned = [trial for trial in measured if trial.state == "pruned"]
        self.failed = [trial for trial in self.trials if trial.state == "failed"]

    @property
    def is_front(self) -> bool:
        """Whether the study has two objectives, so that the best trials are a Pareto front."""
        return len(self.study.objectives) > 1

    @cached_property
    def front(self) -> list[Trial]:
        """The best trials, the most accurate first: one, or the Pareto front."""
        best = set(self.study.best)
        return [trial for trial in ranked(self.finished) if trial.number in best]

    @property
    def best(self) -> Trial | None:
        """The most accurate of the best trials; None where none has finished."""
        return self.front[0] if self.front else None

    @cached_property
    def interval(self) -> tuple[float, float] | None:
        """The 95 % interval of the best trial's accuracy, Wilson's; None where there is none."""
        if self.best is None:
            return None
        n = self.study.images_held_out
        return wilson_interval(round(accuracy(self.best) * n), n)

    @cached_property
    def within(self) -> list[Trial]:
        """The other finished trials whose accuracy is not below the best one's interval."""
        if self.interval is None:
            return []
        low, best = self.interval[0], self.best
        return [
            trial for trial in ranked(self.finished) if trial is not best and accuracy(trial) >= low
        ]

    @cached_property
    def unchanged(self) -> Trial | None:
        """The finished trial of the recipe's own values; None where there is none."""
        own = {axis.name: axis.given for axis in self.study.space}
        return next((trial for trial in self.finished if dict(trial.parameters) == own), None)

    @property
    def running_best(self) -> list[tuple[int, float]]:
        """The best accuracy up to each finished trial, by its number."""
        so_far = accumulate(map(accuracy, self.finished), max)
        return [(trial.number, y) for trial, y in zip(self.finished, so_far, strict=True)]

    @property
    def rows(self) -> list[Trial]:
        """All trials: finished ones, the most accurate first, then pruned and then failed ones."""
        ordered = [*ranked(self.finished), *ranked(self.pruned)]
        numbers = {trial.number for trial in ordered}
        return [*ordered, *(trial for trial in self.trials if trial.number not in numbers)]

    @property
    def names(self) -> list[str]:
        """The names of all parameters: those of the space, and what trials have besides."""
        names = [axis.name for axis in self.study.space]
        return list(dict.fromkeys([*names, *(x for t in self.trials for x in t.parameters)]))

    @property
    def changes(self) -> list[Change]:
        """The parameters of the best trial next to the recipe's own values."""
        if self.best is None:
            return []
        changes = []
        for axis in self.study.space:
            value = self.best.parameters.get(axis.name)
            changes.append(
                Change(
                    axis.name, shown(axis.given), searched(axis), shown(value),
                    value != axis.given, _values(axis, [self.best, *self.within]),
                )
            )  # fmt: skip
        return changes


def accuracy(trial: Trial) -> float:
    """Return the accuracy of a trial that has one."""
    return trial.accuracy or 0.0


def ranked(trials: Sequence[Trial]) -> list[Trial]:
    """Return trials with the most accurate first; of equal ones the faster, then the earlier."""
    return sorted(trials, key=lambda one: (-accuracy(one), one.seconds or 0, one.number))


def _values(axis: Axis, trials: Sequence[Trial]) -> str:
    """Return the values of a parameter in some trials: 0.001 to 0.01; Adam (3 trials), SGD (1)."""
    values = [trial.parameters[axis.name] for trial in trials if axis.name in trial.parameters]
    if axis.kind == "choice":
        counted = Counter(map(shown, values)).most_common()
        return some([f"{value} ({count})" for value, count in counted])
    numbers = [value for value in values if not isinstance(value, str)]
    if not numbers:
        return shown(None)
    low, high = shown(min(numbers)), shown(max(numbers))
    return low if low == high else f"{low} to {high}"
