"""SegmentsView: kinds of images on which accuracy is significantly lower."""

from functools import cached_property
from typing import NamedTuple

import numpy as np
from markupsafe import Markup

from fashionlab.evaluation.segments import Segment, segments
from fashionlab.report.charts.intervals import Dot, dot_chart
from fashionlab.report.formatting import count, interval, listing, p_value, percent
from fashionlab.report.run.pictures import TestImages

PAIRS = 12  # pairs of classes in the chart, the weakest first
TITLES = {
    "brightness": "Brightness",
    "contrast": "Contrast",
    "covered area": "Covered area",
    "classes": "The two most probable classes",
}


class Chart(NamedTuple):
    """The segments of a kind."""

    title: str
    drawing: Markup


class SegmentsView:
    """The segments of the test images; there are none without the images."""

    def __init__(self, test: TestImages) -> None:
        self.is_known = test.images is not None
        self._accuracy = float((test.predicted == test.labels).mean())
        self.segments: tuple[Segment, ...] = ()
        if test.images is not None:
            self.segments = segments(
                test.images, test.log_probabilities, test.labels, test.class_names
            )

    @cached_property
    def weak(self) -> list[Segment]:
        """The weak ones, by falling share of errors."""
        return sorted((one for one in self.segments if one.is_weak), key=lambda one: one.accuracy)

    @property
    def sentence(self) -> str:
        """What the charts show, in words."""
        tested = count(len(self.segments))
        if not self.weak:
            return f"Of {tested} segments none has a significantly lower accuracy than the rest."
        named = [f"{one.name} ({percent(one.accuracy, 1)})" for one in self.weak[:5]]
        more = f", and {len(self.weak) - 5} more" if len(self.weak) > 5 else ""
        return (
            f"Of {tested} segments {len(self.weak)} "
            f"{'has' if len(self.weak) == 1 else 'have'} a significantly lower accuracy than the "
            f"rest: {listing(named) if not more else ', '.join(named) + more}."
        )

    @cached_property
    def charts(self) -> list[Chart]:
        """A chart for each kind of segment."""
        found = []
        for number, (kind, title) in enumerate(TITLES.items()):
            some = [one for one in self.segments if one.kind == kind]
            if kind == "classes":
                order = np.argsort([one.accuracy for one in some], kind="stable")
                some = [some[i] for i in order[:PAIRS]]
            if some:
                found.append(Chart(title, self._chart(some, title, f"segments-{number}")))
        return found

    def _chart(self, some: list[Segment], title: str, name: str) -> Markup:
        dots = [
            Dot(
                one.name.removeprefix(f"{one.kind} "),
                one.accuracy,
                one.interval,
                f"{one.name}: {percent(one.accuracy)} of {count(one.images)} images "
                f"({interval(one.interval)}); all others {percent(one.rest_accuracy)}; "
                f"{p_value(one.adjusted_p)}{', weak' if one.is_weak else ''}",
                one.is_weak,
            )
            for one in some
        ]
        alt = f"Accuracy by {title.lower()}: {'; '.join(dot.words for dot in dots)}."
        return dot_chart(
            dots,
            name,
            alt,
            label="Accuracy",
            reference=self._accuracy,
            reference_name=f"all images {percent(self._accuracy, 1)}",
        )
