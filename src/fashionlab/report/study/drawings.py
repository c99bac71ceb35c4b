"""The drawings of a study, with their words."""

from functools import cached_property

from markupsafe import Markup

from fashionlab.report.charts.space import (
    Dimension,
    accuracy_by_value,
    described,
    importance,
    parallel_coordinates,
)
from fashionlab.report.charts.trials import (
    Shown,
    curve_limits,
    history,
    learning_curves,
    limits,
    pareto,
)
from fashionlab.report.formatting import duration, listing, percent, shortened
from fashionlab.report.study.dimensions import dimension
from fashionlab.report.study.results import Results, accuracy
from fashionlab.report.study.study import Trial, shown
from fashionlab.report.study.verdict import trials

LEAST = 0.005  # of the variance: what is worth a word


class Drawings:
    """The drawings of a page."""

    def __init__(self, results: Results) -> None:
        self.results = results
        best = {trial.number for trial in results.front}
        self.shown = [
            Shown(
                trial.number,
                accuracy(trial),
                trial.state == "finished",
                trial.number in best,
                _words(trial),
                trial.curve,
                trial.seconds,
            )
            for trial in sorted(
                [*results.finished, *results.pruned], key=lambda trial: trial.number
            )
        ]

    @property
    def cut(self) -> int:
        """The number of trials below the axes of accuracies."""
        low, _ = limits(self.shown, self.results.interval)
        return sum(trial.accuracy < low for trial in self.shown)

    @cached_property
    def dimensions(self) -> list[Dimension]:
        """Each parameter of the space, with the places of the trials that are drawn."""
        by_number = {trial.number: trial for trial in self.results.trials}
        drawn = [by_number[one.number] for one in self.shown]
        return [dimension(axis, drawn) for axis in self.results.study.space]

    @property
    def are_curves_cut(self) -> bool:
        """Whether a part of the learning curves lies below their axis."""
        points = [y for trial in self.shown for y in trial.curve]
        return bool(points) and min(points) < curve_limits(self.shown)[0]

    def history(self) -> Markup:
        """The accuracy of each trial, and the best so far."""
        results = self.results
        steps: list[tuple[int, float]] = []
        for number, best in results.running_best:
            if not steps or best > steps[-1][1]:
                steps.append((number, best))
        said = "; ".join(f"trial {number} {percent(best)}" for number, best in steps)
        failed = [(trial.number, _words(trial)) for trial in results.failed]
        alt = (
            f"Validation accuracy of {trials(len(self.shown))} by number."
            + (f" The best so far: {said}." if said else "")
            + (f" {trials(len(failed))} failed." if failed else "")
        )
        return history(self.shown, results.running_best, failed, results.interval, "history", alt)

    def curves(self) -> Markup | None:
        """The accuracy of each trial by epoch; None where no trial has a curve."""
        best = self.results.best
        said = ""
        if best and best.curve:
            said = (
                f" The best, trial {best.number}, from {percent(best.curve[0])} to "
                f"{percent(best.curve[-1])} in {len(best.curve)} epochs."
            )
        alt = f"Validation accuracy of {trials(len(self.shown))} after each epoch.{said}"
        return learning_curves(self.shown, "curves", alt)

    def front(self) -> Markup | None:
        """The accuracy against seconds; None where no trial has both, or one objective is all."""
        timed = [trial for trial in self.shown if trial.is_finished and trial.seconds is not None]
        if not timed or not self.results.is_front:
            return None
        said = "; ".join(
            f"trial {one.number} {percent(one.accuracy)}, {duration(one.seconds or 0)}"
            for one in sorted(timed, key=lambda one: one.seconds or 0)
            if one.is_best
        )
        alt = f"Validation accuracy of {trials(len(timed))} by seconds of training. Front: {said}."
        return pareto(timed, self.results.interval, _number, "front", alt)

    def importance(self) -> Markup | None:
        """The share of the variance of each parameter; None where it is not known."""
        shares = self.results.study.importance
        if not any(share > 0 for share in shares.values()):
            return None
        ordered = sorted(shares.items(), key=lambda item: -item[1])
        said = listing([f"{name} {percent(share, 0)}" for name, share in ordered if share >= LEAST])
        return importance(shares, "importance", f"Share of the variance by parameter: {said}.")

    def parallel(self) -> Markup:
        """A line for each trial over all parameters to its accuracy."""
        best = self.results.best
        said = ""
        if best:
            values = listing([f"{name} {shown(x)}" for name, x in best.parameters.items()])
            said = f" The best, trial {best.number} with {percent(best.accuracy)}, has {values}."
        names = listing([one.name for one in self.dimensions])
        alt = f"{trials(len(self.shown))} over {names} and their validation accuracy.{said}"
        return parallel_coordinates(
            self.dimensions, self.shown, self.results.interval, "parallel", alt
        )

    def slices(self) -> list[Markup]:
        """The accuracy by the value of each parameter, a drawing for each."""
        drawings = []
        for number, one in enumerate(self.dimensions):
            said = "; ".join(words for _, _, words in described(one, self.shown))
            alt = f"Validation accuracy by {one.name}: {said or 'no finished trial'}."
            drawings.append(
                accuracy_by_value(one, self.shown, self.results.interval, f"slice-{number}", alt)
            )
        return drawings


def _words(trial: Trial) -> str:
    """Return what a mark of a drawing says of a trial."""
    values = ", ".join(f"{name} {shown(value)}" for name, value in trial.parameters.items())
    if trial.state == "failed":
        return f"Trial {trial.number} failed: {shortened(trial.error or 'no reason given', 120)}"
    where = "" if trial.state == "finished" else f", pruned after {trial.epochs} epochs"
    time = "" if trial.seconds is None else f", {duration(trial.seconds)}"
    return f"Trial {trial.number}: {percent(trial.accuracy)}{time}{where}; {values}"


def _number(seconds: float) -> str:
    return f"{seconds:g}"
