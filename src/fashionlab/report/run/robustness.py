"""RobustnessView: accuracy under corruptions, where it was measured."""

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
        clean = self.measured.clean_accuracy
        return [
            Series(name.capitalize().replace("Jpeg", "JPEG"), (clean, *row))
            for name, row in self.measured.accuracy.items()
        ]

    def chart(self) -> Markup:
        """A small chart for each corruption."""
        said = "; ".join(
            f"{one.name} {', '.join(percent(x, 0) for x in one.accuracy[1:])}"
            for one in self.series
        )
        alt = f"Accuracy by strength 1 to 5 of each corruption: {said}."
        return accuracy_by_strength(self.series, "robustness", alt)
