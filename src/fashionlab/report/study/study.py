"""Study, Trial, Axis: what the page of a study is made of."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import takewhile
from typing import Literal

NAMED = 12  # things in a list
Value = float | int | str | bool


@dataclass(frozen=True)
class Axis:
    """A searched parameter: a field of the recipe, or an option of one, such as "model.units".

    `low` and `high` are the ends of a range, both included; `choices` those of a choice.
    """

    name: str
    kind: Literal["float", "int", "choice"]
    low: float | None = None
    high: float | None = None
    log: bool = False
    choices: Sequence[Value] = ()
    given: Value | None = None  # the recipe's own value; None where it has none


@dataclass(frozen=True)
class Trial:
    """One training with values of the parameters; the accuracy is on held-out images."""

    number: int  # in the order in which the trials were begun
    parameters: Mapping[str, Value]  # by the name of the axis; one that did not apply is left out
    state: Literal["finished", "pruned", "failed"]
    accuracy: float | None  # in [0, 1]; of a pruned trial that after its last epoch
    seconds: float | None  # of training
    epochs: int
    curve: Sequence[float]  # the accuracy after each epoch
    run: str  # the name of its run folder
    error: str = ""  # of a failed one


@dataclass(frozen=True)
class Study:
    """A search for the best values of some parameters of a recipe."""

    recipe: str  # its name
    data: str  # the name of the data set
    images_trained_on: int
    images_held_out: int  # on which the accuracies are measured; at least 1
    seed: int
    sampler: str  # "tpe", "random" or "grid"
    objectives: Sequence[str]  # ("accuracy",) or ("accuracy", "seconds")
    space: Sequence[Axis]
    trials: Sequence[Trial]
    importance: Mapping[str, float]  # share of the variance by parameter; may be empty
    best: Sequence[int]  # numbers of one trial or of the Pareto front; none where none has finished
    environment: Mapping[str, str]  # facts by name: processor, versions, ...
    command: str = ""  # that made the study
    recipes: Mapping[int, str] = field(default_factory=dict)  # the TOML file of a best trial


def finite(study: Study) -> Study:
    """Return the study without numbers that are not finite: an accuracy or duration becomes None.

    A curve ends before its first such number, and a parameter's value is left out.
    """
    trials = [
        replace(
            trial,
            parameters={name: x for name, x in trial.parameters.items() if _is_finite(x)},
            accuracy=_finite(trial.accuracy),
            seconds=_finite(trial.seconds),
            curve=list(takewhile(math.isfinite, trial.curve)),
        )
        for trial in sorted(study.trials, key=lambda trial: trial.number)
    ]
    importance = {name: share for name, share in study.importance.items() if math.isfinite(share)}
    return replace(study, trials=trials, importance=importance)


def _is_finite(value: Value) -> bool:
    return not isinstance(value, float) or math.isfinite(value)


def _finite(number: float | None) -> float | None:
    return number if number is not None and math.isfinite(number) else None


def shown(value: Value | None) -> str:
    """Format a parameter's value as a recipe's file has it, to four digits: 0.003162, true."""
    if value is None:
        return "–"
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def some(texts: Sequence[str]) -> str:
    """Return texts as a list, of many the first ones: a, b, c and 22 more."""
    if len(texts) <= NAMED:
        return ", ".join(texts)
    return f"{', '.join(texts[:NAMED])} and {len(texts) - NAMED} more"


def searched(axis: Axis) -> str:
    """Return in words what was searched: 0.0001 to 0.1, logarithmic; SGD, Adam."""
    if axis.kind == "choice":
        return some([shown(choice) for choice in axis.choices])
    scale = ", logarithmic" if axis.log else ""
    return f"{shown(axis.low)} to {shown(axis.high)}{scale}"
