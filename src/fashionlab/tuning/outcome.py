"""Outcome: what came of a trial; it and its parameters as Optuna keeps them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from fashionlab.tuning.space import Space, Value

if TYPE_CHECKING:
    import optuna

State = Literal["finished", "pruned", "failed"]
OBJECTIVES = ("accuracy", "seconds")  # which a study maximizes, and minimizes


@dataclass(frozen=True)
class Outcome:
    """What came of a trial. It follows from the study's settings and the trials before it alone.

    Accuracies are of held-out training images, in [0, 1], the curve's after each epoch.
    """

    kept: Mapping[str, Value]  # the values of the fields, as Optuna keeps them
    state: State
    accuracy: float | None  # of a trial that was pruned, after its last epoch
    seconds: float | None  # of training
    curve: tuple[float, ...] = ()
    folder: str = ""  # the run's
    error: str = ""

    def values(self, objectives: tuple[str, ...]) -> list[float]:
        """Return what the study optimizes, of a trial that is finished."""
        return [float(getattr(self, name)) for name in objectives]


def distributions(space: Space) -> "dict[str, optuna.distributions.BaseDistribution]":
    """Return the space as Optuna has it."""
    from optuna import distributions as known

    return {
        axis.name: known.CategoricalDistribution(axis.labels)
        if axis.choices
        else known.IntDistribution(int(axis.low), int(axis.high), log=axis.log)
        if axis.is_whole
        else known.FloatDistribution(axis.low, axis.high, log=axis.log)
        for axis in space
    }


def frozen(
    space: Space, objectives: tuple[str, ...], outcome: Outcome
) -> "optuna.trial.FrozenTrial":
    """Return a trial that has ended."""
    from optuna.trial import TrialState, create_trial

    states = {"finished": TrialState.COMPLETE, "pruned": TrialState.PRUNED}
    attributes = {"folder": outcome.folder, "seconds": outcome.seconds, "error": outcome.error}
    return create_trial(
        state=states.get(outcome.state, TrialState.FAIL),
        values=outcome.values(objectives) if outcome.state == "finished" else None,
        params=dict(outcome.kept),
        distributions=distributions(space),
        intermediate_values={i + 1: value for i, value in enumerate(outcome.curve)}
        if len(objectives) == 1
        else None,
        user_attrs={**attributes, "accuracy": outcome.accuracy, "curve": list(outcome.curve)},
    )


def running(space: Space, kept: Mapping[str, Value]) -> "optuna.trial.FrozenTrial":
    """Return a trial that has not ended."""
    from optuna.trial import TrialState, create_trial

    return create_trial(
        state=TrialState.RUNNING, params=dict(kept), distributions=distributions(space)
    )


def outcome(trial: "optuna.trial.FrozenTrial") -> Outcome:
    """Return what came of a trial, from what `frozen` kept."""
    from optuna.trial import TrialState

    kept: dict[str, Any] = trial.user_attrs
    states: dict[Any, State] = {TrialState.COMPLETE: "finished", TrialState.PRUNED: "pruned"}
    return Outcome(
        kept=trial.params,
        state=states.get(trial.state, "failed"),
        accuracy=kept["accuracy"],
        seconds=kept["seconds"],
        curve=tuple(kept["curve"]),
        folder=kept["folder"],
        error=kept["error"],
    )
