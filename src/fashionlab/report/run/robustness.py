"""RobustnessView: accuracy under corruptions, where it was measured."""

import numpy as np
from markupsafe import Markup

from fashionlab.evaluation.robustness import Robustness
from fashionlab.report.charts.small_multiples import Series, accuracy_by_strength
from fashionlab.report.formatting import percent


class RobustnessView:
    """What a run's record of robustness says."""

    def __init__(self, measured: Robustness) -> None:
        self.measured = measured

    @property
    def series(self) -> list[Series]:
        """The accuracy under each corruption, from strength 0."""
        found = self.measured
        return [
            Series(one.name, (found.clean_accuracy, *row))
            for one, row in zip(found.corruptions, found.accuracies.tolist(), strict=True)
        ]

    @property
    def rows(self) -> list[tuple[str, list[float]]]:
        """The mean accuracy of each corruption, after those at its strengths; the worst first."""
        means = self.measured.accuracies.mean(axis=1)  # (C,)
        order = np.argsort(means, kind="stable")
        names = [one.name for one in self.measured.corruptions]
        return [(names[c], [*self.measured.accuracies[c].tolist(), float(means[c])]) for c in order]

    def chart(self) -> Markup:
        """A small chart for each corruption."""
        said = "; ".join(
            f"{one.name} {', '.join(percent(x, 0) for x in one.accuracy[1:])}"
            for one in self.series
        )
        alt = f"Accuracy by strength 1 to 5 of each corruption: {said}."
        return accuracy_by_strength(self.series, "robustness", alt)
