"""The drawings of a comparison: accuracies, accuracy by epoch, accuracy against its cost."""

from markupsafe import Markup

from fashionlab.report.charts.comparison import (
    MOST_LINES,
    Accuracies,
    Cost,
    Course,
    accuracies,
    accuracy_against,
    accuracy_by_epoch,
)
from fashionlab.report.comparison.compare import Comparison
from fashionlab.report.comparison.groups import Group
from fashionlab.report.formatting import count, duration, interval, percent


class Drawings:
    """The drawings of a page; of many recipes the most accurate ones."""

    def __init__(self, comparison: Comparison) -> None:
        self.groups = comparison.groups[:MOST_LINES]
        self.is_all = len(self.groups) == len(comparison.groups)
        views = [member.view for member in comparison.members]
        validated = all("validation" in view.monitored for view in views)
        self.split = "validation" if validated else "training"
        self.environments = len({str(view.environment.get("cpu")) for view in views})

    def accuracies(self) -> Markup:
        """The accuracy of each recipe and of its runs."""
        rows = [
            Accuracies(
                group.name, group.number, group.accuracy, group.interval, group.accuracies,
                _words(group),
            )
            for group in self.groups
        ]  # fmt: skip
        alt = f"Test accuracy by recipe: {'; '.join(row.words for row in rows)}."
        return accuracies(rows, "accuracies", alt)

    def courses(self) -> Markup:
        """The validation accuracy by epoch, or that on training images where not all have one."""
        column = "validation_accuracy" if self.split == "validation" else "accuracy"
        courses = [
            Course(
                group.name,
                group.number,
                [
                    [(row["epoch"], row[column]) for row in member.view.history]
                    for member in group.members
                ],
            )
            for group in self.groups
        ]
        return accuracy_by_epoch(courses, self.split, "courses")

    def against_seconds(self) -> Markup:
        """The accuracy against the seconds of training."""
        costs = [_cost(group, group.seconds, f"{duration(group.seconds)}") for group in self.groups]
        alt = f"Test accuracy against seconds of training: {_said(costs)}."
        return accuracy_against(costs, "Seconds of training", _number, "against-seconds", alt)

    def against_parameters(self) -> Markup | None:
        """The accuracy against the number of parameters; None where all have as many."""
        if len({group.view.parameters for group in self.groups}) == 1:
            return None
        costs = [
            _cost(group, group.view.parameters, f"{count(group.view.parameters)} parameters")
            for group in self.groups
        ]
        alt = f"Test accuracy against the number of parameters: {_said(costs)}."
        return accuracy_against(costs, "Parameters", _number, "against-parameters", alt)


def _words(group: Group) -> str:
    seeds = f", mean of {len(group.members)} seeds" if len(group.members) > 1 else ""
    return f"{group.name}: {percent(group.accuracy)} ({interval(group.interval)}){seeds}"


def _cost(group: Group, cost: float, said: str) -> Cost:
    words = f"{_words(group)}, {said}"
    return Cost(group.name, group.number, cost, group.accuracy, group.interval, words)


def _said(costs: list[Cost]) -> str:
    return "; ".join(one.words for one in costs)


def _number(value: float) -> str:
    """Format 250 as 250, 3000 as 3 k, 1387434 as 1.39 M."""
    for unit, scale in (("M", 1e6), ("k", 1e3)):
        if value >= scale:
            return f"{value / scale:.3g}\N{NO-BREAK SPACE}{unit}"
    return f"{value:.3g}"
