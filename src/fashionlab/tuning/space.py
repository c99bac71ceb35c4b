"""Space: the values that a study tries for the fields of a recipe.

A field is named as in a recipe's file: learning_rate, or model.dropout for an option of a table.
"""

import itertools
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

from fashionlab.data import Augmentation
from fashionlab.errors import InvalidValueError
from fashionlab.models import BUILDERS
from fashionlab.recipes import TABLES, Recipe, override
from fashionlab.recipes.recipe import declared, one_of

Value = bool | int | float | str | None  # as Optuna keeps it; lists are kept as their JSON text
# A study decides itself what is held out, and trials do not read the test set.
FIXED = ("validation_fraction", "test_each_epoch")
TUNED = tuple(f.name for f in fields(Recipe) if "help" in f.metadata and f.name not in FIXED)
OPTIONS = {f.name: f.default for f in fields(Augmentation)} | {"dropout": 0.0}  # not given
POINTS = 3  # values of a range in a grid
KEYS = ("low", "high", "log")
FACTOR = 10  # to both sides of a learning rate
UNITS = ((128,), (256,), (512,), (256, 128), (512, 256))  # of hidden layers


@dataclass(frozen=True)
class Axis:
    """The values of one field: a range, or choices. Raises InvalidValueError for an empty one."""

    name: str
    low: float = 0
    high: float = 0
    log: bool = False
    choices: tuple[Any, ...] = ()

    def __post_init__(self) -> None:
        if self.choices:
            return
        numbers = (self.low, self.high)
        if any(type(x) not in (int, float) for x in numbers) or type(self.log) is not bool:
            raise InvalidValueError(
                f"the range of {self.name} must be low and high, both numbers, and log, true or "
                f"false; received {self.low!r}, {self.high!r}, {self.log!r}"
            )
        if not self.low < self.high:
            raise InvalidValueError(
                f"the range of {self.name} must have low below high; received {self.low!r} and "
                f"{self.high!r}"
            )
        if self.log and self.low <= 0:
            raise InvalidValueError(
                f"the range of {self.name} must begin above 0 with log = true; received "
                f"{self.low!r}"
            )

    @property
    def is_whole(self) -> bool:
        """Whether it is a range of whole numbers."""
        return not self.choices and type(self.low) is int and type(self.high) is int

    @property
    def labels(self) -> tuple[Value, ...]:
        """The choices as Optuna keeps them."""
        return tuple(x if _is_plain(x) else json.dumps(x) for x in self.choices)

    def value(self, kept: Value) -> Any:
        """Return the value of the field that is kept so."""
        return self.choices[self.labels.index(kept)] if self.choices else kept

    def points(self) -> list[Value]:
        """Return the values of a grid: the choices, or POINTS of a range, from low to high."""
        if self.choices:
            return list(self.labels)
        shares = [i / (POINTS - 1) for i in range(POINTS)]
        low, high = float(self.low), float(self.high)
        values = [
            low * (high / low) ** share if self.log else low + (high - low) * share
            for share in shares
        ]
        return list(dict.fromkeys(round(x) for x in values)) if self.is_whole else list(values)


Space = tuple[Axis, ...]


def changes(space: Space, kept: Mapping[str, Value]) -> dict[str, Any]:
    """Return the changes of a recipe, as `override` takes them, for a point of the space."""
    values: dict[str, Any] = {}
    for axis in space:
        table, dot, option = axis.name.partition(".")
        value = axis.value(kept[axis.name])
        if dot:
            values.setdefault(table, {})[option] = value
        else:
            values[table] = value
    return values


def own(space: Space, recipe: Recipe) -> dict[str, Value] | None:
    """Return the recipe's own point of the space, as it is kept; None where it lies outside."""
    kept: dict[str, Value] = {}
    for axis in space:
        value = _fixed(own_value(axis.name, recipe))
        if axis.choices and value in axis.choices:
            kept[axis.name] = axis.labels[axis.choices.index(value)]
        elif not axis.choices and type(value) in (int, float) and axis.low <= value <= axis.high:
            kept[axis.name] = value if axis.is_whole else float(value)
        else:
            return None
    return kept


def own_value(name: str, recipe: Recipe) -> Any:
    """Return what a recipe has for a field of the space; "all" for a batch of all images."""
    table, dot, option = name.partition(".")
    value = getattr(recipe, table)
    if dot:
        return value.get(option, OPTIONS.get(option))
    return "all" if table == "batch_size" and value is None else value


def grid(space: Space) -> Iterator[dict[str, Value]]:
    """Yield every point of the grid; the last field changes fastest."""
    for point in itertools.product(*(axis.points() for axis in space)):
        yield dict(zip((axis.name for axis in space), point, strict=True))


def read(table: Mapping[str, Any], recipe: Recipe) -> Space:
    """Return the space that a table `space` of a recipe's file describes.

        [space]
        learning_rate = { low = 1e-4, high = 1e-2, log = true }
        batch_size = [64, 128, 256]
        model.dropout = { low = 0.0, high = 0.5 }
        augment.shift = "default"

    Raises InvalidValueError for an unknown field, an empty range, or a value that is none of it.
    """
    named: dict[str, Any] = {}
    for field, entry in table.items():
        options = isinstance(entry, Mapping) and field in TABLES
        named |= {f"{field}.{key}": x for key, x in entry.items()} if options else {field: entry}
    if not named:
        raise InvalidValueError(
            "a space must have a field at least; received none; add learning_rate = "
            "{ low = 1e-4, high = 1e-2, log = true }"
        )
    space = tuple(_axis(name, entry, recipe) for name, entry in named.items())
    for axis in space:
        _require_fits(axis, recipe)
    return space


def _axis(name: str, entry: Any, recipe: Recipe) -> Axis:
    one_of("field to tune", name.partition(".")[0], TUNED)
    if entry == "default":
        return default(name, recipe)
    if isinstance(entry, Sequence) and not isinstance(entry, str):
        if not entry:
            raise InvalidValueError(f"the choices of {name} must be one at least; received []")
        return Axis(name, choices=tuple(dict.fromkeys(map(_fixed, entry))))
    if not isinstance(entry, Mapping):
        raise InvalidValueError(
            f'the space of {name} must be a list of choices, low and high, or "default"; received '
            f"{entry!r:.80}"
        )
    for key in entry:
        one_of(f"part of the range of {name}", key, KEYS)
    return Axis(name, entry.get("low"), entry.get("high"), entry.get("log", False))  # type: ignore[arg-type]


def _fixed(value: Any) -> Any:
    """Return lists as tuples, which can be compared and kept."""
    return tuple(map(_fixed, value)) if isinstance(value, list | tuple) else value


def _require_fits(axis: Axis, recipe: Recipe) -> None:
    """Raise InvalidValueError where the recipe cannot have a value of the axis."""
    for value in axis.points() if axis.choices else (axis.low, axis.high):
        try:
            override(recipe, changes((axis,), {axis.name: value}))
        except InvalidValueError as error:
            raise InvalidValueError(f"the space of {axis.name}: {error}") from error


def default(name: str, recipe: Recipe) -> Axis:
    """Return a sensible range of a field, or InvalidValueError where it has none."""
    known = defaults(recipe)
    if name in known:
        return known[name]
    table, dot, option = name.partition(".")
    if dot and table == "model":
        one_of(f"option of {recipe.builder}", option, declared(BUILDERS[recipe.builder]))
    elif dot and table == "optimizer_options":
        pass
    else:
        one_of("field with a space of its own", name, known)
    raise InvalidValueError(
        f"{name} has no space of its own for {recipe.name}; give low and high, or choices, in a "
        f"table [space] of a recipe's file; there are {', '.join(known)}"
    )


def defaults(recipe: Recipe) -> dict[str, Axis]:
    """Return a sensible range of each field that has one, about the recipe's own values."""
    rate, batch = recipe.learning_rate, recipe.batch_size
    axes = [Axis("learning_rate", rate / FACTOR, rate * FACTOR, log=True)]
    if batch:
        axes.append(
            Axis("batch_size", choices=tuple(sorted({max(1, batch // 2), batch, 2 * batch})))
        )
    axes.append(Axis("label_smoothing", 0.0, 0.2))
    options = declared(BUILDERS[recipe.builder])
    if "dropout" in options:
        axes.append(Axis("model.dropout", 0.0, 0.5))
    if "units" in options:
        own = tuple(recipe.model.get("units", UNITS[0]))
        axes.append(Axis("model.units", choices=tuple(dict.fromkeys([own, *UNITS]))))
    if "weight_decay" in recipe.optimizer_options:
        axes.append(Axis("optimizer_options.weight_decay", 1e-4, 1e-1, log=True))
    if "momentum" in recipe.optimizer_options or recipe.optimizer == "SGD":
        axes.append(Axis("optimizer_options.momentum", 0.8, 0.99))
    axes += [
        Axis("augment.shift", 0, 3),
        Axis("augment.erase", 0.0, 0.5),
        Axis("augment.cutmix", 0.0, 1.0),
        Axis("augment.fmix", 0.0, 1.0),
        Axis("augment.mixup", 0.0, 1.0),
        Axis("augment.rotate", 0.0, 20.0),
        Axis("augment.zoom", 0.0, 0.2),
        Axis("augment.flip", choices=(False, True)),
        Axis("epochs", max(1, recipe.epochs // 2), 2 * recipe.epochs, log=True),
        Axis("optimizer", choices=("Adam", "AdamW", "Nadam", "RMSprop", "SGD")),
        Axis("schedule", choices=("constant", "cosine")),
    ]
    return {axis.name: axis for axis in axes}


def usual(recipe: Recipe) -> Space:
    """Return what is tried where nobody says: the fields that most recipes gain from."""
    own = ["learning_rate", "batch_size", "label_smoothing", "model.dropout", "model.units"]
    own += ["optimizer_options.weight_decay"]
    own += ["augment.shift"] if recipe.augment else []
    if recipe.output_activation == "sigmoid":
        own.remove("label_smoothing")
    known = defaults(recipe)
    return tuple(known[name] for name in own if name in known)


def _is_plain(value: Any) -> bool:
    return value is None or isinstance(value, bool | int | float | str)
