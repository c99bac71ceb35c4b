"""ReadOptions: what a file does not say about itself, and its reader has to be told."""

from dataclasses import dataclass, fields
from typing import Any, Literal

from fashionlab.errors import InvalidValueError
from fashionlab.images import LARGEST_SIDE, PREPARATIONS, Preparation

__all__ = ["LARGEST_SIDE", "PREPARATIONS", "Preparation", "ReadOptions"]


@dataclass(frozen=True)
class ReadOptions:
    """How to read a data set; None leaves it to the files. Raises InvalidValueError for others."""

    split: float | None = None  # share of a set of one part that becomes its test part
    size: int | None = None  # height and width to which pictures are scaled, in pixels
    colour: bool | None = None  # colour images, three numbers a pixel; False makes them grey
    preparation: Preparation | None = None  # how pictures become images: `images.prepare`
    labels: Literal["first", "last"] | None = None  # the column of the labels in a table
    first_label: int | None = None  # the lowest label, where it is not 0
    transposed: bool | None = None  # images stored column by column, as EMNIST's are
    without: str | None = None  # a list of suspects, which are left out of the training part

    def __post_init__(self) -> None:
        rules = {
            "split": (
                "a share between 0 and 1, such as 0.15",
                self.split is None or (_is_number(self.split) and 0 < self.split < 1),
            ),
            "size": (
                f"a whole number of pixels from 1 to {LARGEST_SIDE}",
                self.size is None or (type(self.size) is int and 1 <= self.size <= LARGEST_SIDE),
            ),
            "colour": ("true or false", self.colour in (None, True, False)),
            "preparation": ("fit or garment", self.preparation in (None, *PREPARATIONS)),
            "labels": ("first or last", self.labels in (None, "first", "last")),
            "first_label": (
                "a whole number",
                self.first_label is None or type(self.first_label) is int,
            ),
            "transposed": ("true or false", self.transposed in (None, True, False)),
            "without": (
                "the path of a list of suspects",
                self.without is None or (type(self.without) is str and self.without != ""),
            ),
        }
        for name, (rule, holds) in rules.items():
            if not holds:
                raise InvalidValueError(f"{name} must be {rule}; received {getattr(self, name)!r}")

    def given(self) -> dict[str, Any]:
        """Return the options that are not None, as JSON values."""
        values = {f.name: getattr(self, f.name) for f in fields(self)}
        return {name: value for name, value in values.items() if value is not None}


def _is_number(value: object) -> bool:
    return type(value) in (int, float)
