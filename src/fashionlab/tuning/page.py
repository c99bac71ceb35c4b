"""The page of a study, filled in from its outcomes."""

import shlex
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from fashionlab.environment import environment, machine
from fashionlab.report import study as page
from fashionlab.tuning.driver import Study
from fashionlab.tuning.space import Axis, Value, own_value

PAGE = "study.html"


def write_page(study: Study, out: Path, recipes: Mapping[int, Path]) -> Path:
    """Write study.html into the folder `out`; `recipes` are the files of the best trials."""
    here, choosing, recipe = machine(environment()), study.choosing, study.source.recipe
    trials = [
        page.Trial(
            number=number + 1,
            parameters={name: _shown(value) for name, value in outcome.kept.items()},
            state=outcome.state,
            accuracy=outcome.accuracy,
            seconds=outcome.seconds,
            epochs=len(outcome.curve),
            curve=outcome.curve,
            run=outcome.folder,
            error=outcome.error,
        )
        for number, outcome in enumerate(study.outcomes)
    ]
    return page.write_study_page(
        page.Study(
            recipe=recipe.name,
            data=study.data.train.name,
            images_trained_on=len(study.data.train),
            images_held_out=len(study.data.test),
            seed=choosing.seed,
            sampler=choosing.sampler,
            objectives=choosing.objectives,
            space=[_axis(axis, _own(recipe, axis)) for axis in choosing.space],
            trials=trials,
            importance=study.importance,
            best=[number + 1 for number in study.best],
            environment={
                "processor": f"{here['cpu']}, {here['cpus']} cores",
                "Python": here["python"],
                "versions": here["versions"],
                "trials at a time": str(choosing.window),
            },
            command=shlex.join([Path(sys.argv[0]).name, *sys.argv[1:]]),
            recipes={number + 1: str(path) for number, path in recipes.items()},
        ),
        out / PAGE,
    )


def _axis(axis: Axis, own: Any) -> page.Axis:
    if axis.choices:
        choices = [_shown(label) for label in axis.labels]
        return page.Axis(axis.name, "choice", choices=choices, given=own)
    kind: Literal["int", "float"] = "int" if axis.is_whole else "float"
    return page.Axis(axis.name, kind, axis.low, axis.high, axis.log, given=own)


def _own(recipe: Any, axis: Axis) -> Any:
    """Return the recipe's own value of a field, as the page shows it."""
    value = own_value(axis.name, recipe)
    if value is None or isinstance(value, bool | int | float | str):
        return value
    return Axis(axis.name, choices=(value,)).labels[0]


def _shown(value: Value) -> bool | int | float | str:
    """Return a value as the page has it, which knows no None."""
    return "none" if value is None else value
