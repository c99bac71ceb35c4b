"""The values of the next trial, and the bounds that it is pruned by.

Both follow from the study's settings and a number of trials before it alone: a study that was
interrupted at any moment chooses what it would have chosen.
"""

import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from typing import Any

import numpy as np

from fashionlab.errors import InvalidValueError
from fashionlab.recipes.recipe import one_of
from fashionlab.tuning.outcome import OBJECTIVES, Outcome, distributions, frozen, running
from fashionlab.tuning.space import Space, Value, grid

DIRECTIONS: list[Any] = ["maximize", "minimize"]  # of OBJECTIVES
SAMPLERS = ("tpe", "random", "grid")
FIRST = 5  # finished trials before the first is pruned, as in Optuna's MedianPruner
SPARED = 0.25  # share of a training's epochs in which it is not pruned


@dataclass(frozen=True)
class Choosing:
    """How a study chooses: all that decides its trials but recipe and data.

    `window` trials may run at a time: trial k is chosen when the trials up to k - window have
    ended, and from those alone, whichever others have ended already. Raises InvalidValueError.
    """

    space: Space
    sampler: str = "tpe"
    objectives: tuple[str, ...] = ("accuracy",)
    window: int = 1
    seed: int = 0
    prune: bool = True
    first: Mapping[str, Value] | None = None  # the values of the first trial; not of a grid

    def __post_init__(self) -> None:
        one_of("sampler", self.sampler, SAMPLERS)
        for name in self.objectives:
            one_of("objective", name, OBJECTIVES)
        if self.objectives not in (("accuracy",), OBJECTIVES):
            raise InvalidValueError(
                f"objectives must be accuracy, or accuracy and seconds; received "
                f"{' and '.join(self.objectives) or 'none'}"
            )
        if self.window < 1:
            raise InvalidValueError(f"workers must be 1 at least; received {self.window}")

    @property
    def points(self) -> int | None:
        """The number of points of a grid; None where there are as many trials as one likes."""
        if self.sampler != "grid":
            return None
        return int(np.prod([len(axis.points()) for axis in self.space], dtype=np.int64))

    def seen(self, told: Sequence[Outcome], number: int) -> Sequence[Outcome]:
        """Return the outcomes that trial `number`, from 0, is chosen by."""
        return told[: max(0, number - self.window + 1)]

    def choose(self, told: Sequence[Outcome], under_way: Sequence[Any]) -> dict[str, Value]:
        """Return the values of the trial after those told and those under way, as they are kept."""
        number = len(told) + len(under_way)
        if self.sampler == "grid":
            return next(islice(grid(self.space), number, None))
        if number == 0 and self.first is not None:
            return dict(self.first)
        import optuna

        seen = self.seen(told, number)
        if self.sampler == "random":  # which looks at no other
            seen, told, under_way = [], [], []
        both = [*(outcome.kept for outcome in told), *under_way]
        with _quiet():
            study = optuna.create_study(
                sampler=self._sampler(number),
                directions=DIRECTIONS[: len(self.objectives)],
            )
            for outcome in seen:
                study.add_trial(frozen(self.space, self.objectives, outcome))
            for kept in both[len(seen) :]:
                study.add_trial(running(self.space, kept))
            return dict(study.ask(distributions(self.space)).params)

    def _sampler(self, number: int) -> Any:
        from optuna import samplers

        seed = int(np.random.SeedSequence([self.seed, number]).generate_state(1)[0])
        if self.sampler == "random":
            return samplers.RandomSampler(seed=seed)
        # Trials under way count as bad ones, so that those after them are chosen elsewhere.
        return samplers.TPESampler(seed=seed, constant_liar=True)

    def bounds(self, told: Sequence[Outcome], number: int, epochs: int) -> list[float | None]:
        """Return, for each epoch, the accuracy in [0, 1] below which trial `number` is pruned.

        It is the median of the finished trials seen, after as many epochs (Optuna's MedianPruner);
        None where nothing is pruned: in a first share of the epochs, and while few have finished.
        """
        curves = [x.curve for x in self.seen(told, number) if x.state == "finished"]
        if not self.prune or len(self.objectives) > 1 or len(curves) < FIRST:
            return []
        spared = int(np.ceil(SPARED * epochs))
        at = [[curve[i] for curve in curves if i < len(curve)] for i in range(epochs)]
        return [
            float(np.median(x)) if x and i >= spared else None  # x: (finished,)
            for i, x in enumerate(at)
        ]


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep Optuna from reporting each study and each experimental option."""
    import optuna

    before = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
            yield
    finally:
        optuna.logging.set_verbosity(before)


def best(outcomes: Sequence[Outcome], objectives: tuple[str, ...]) -> list[int]:
    """Return the numbers of the best finished trials, the most accurate first.

    With one objective it is one trial, the first of equals; with two the Pareto front: those that
    no other trial is at least as accurate and as quick as, and better in one of them.
    """
    finished = [(i, x) for i, x in enumerate(outcomes) if x.state == "finished"]
    ranked = sorted(finished, key=lambda item: (-_accuracy(item[1]), item[0]))
    if len(objectives) == 1:
        return [i for i, _ in ranked[:1]]
    front: list[int] = []
    quickest = np.inf
    for i, outcome in sorted(finished, key=lambda item: (-_accuracy(item[1]), item[1].seconds)):
        if outcome.seconds is not None and outcome.seconds < quickest:
            front.append(i)
            quickest = outcome.seconds
    return front


def _accuracy(outcome: Outcome) -> float:
    return outcome.accuracy or 0.0


def described(space: Space, kept: Mapping[str, Value]) -> str:
    """Return a trial's values in words: learning_rate 0.0031, model.units [300, 100]."""
    return ", ".join(
        f"{axis.name} {kept[axis.name]:.3g}"
        if isinstance(kept[axis.name], float)
        else f"{axis.name} {kept[axis.name]}"
        for axis in space
    )
