"""A training as a job: what decides it in JSON values, done by any process that finds the data."""

import hashlib
import json
import socket
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from fashionlab.data import Parts, ReadOptions, load, split
from fashionlab.errors import BusyError, DataFormatError, InvalidValueError, RunError
from fashionlab.progress import Progress, ProgressList
from fashionlab.recipes import Recipe, recorded
from fashionlab.remote import is_remote
from fashionlab.runs import Mirror, Run, recorded_history
from fashionlab.training.train import settings, train

WORK = f"{__name__}:run"
DIGITS = 12  # of the hash that names a run
PATIENCE, LOOK = 120.0, 0.25  # seconds to wait for a process that is about to stop; between looks


class PrunedError(Exception):
    """A training was given up: others did better after as many epochs."""


class Pruning(Progress):
    """Gives a training up after the first epoch in which its best accuracy is below a bound.

    `bounds` are validation accuracies in [0, 1], one for each epoch; None bounds nothing.
    """

    def __init__(self, bounds: Sequence[float | None]) -> None:
        self.bounds = bounds
        self.curve: list[float] = []  # validation accuracy after each epoch
        self.seconds = 0.0  # of training

    def epoch(self, row: Mapping[str, float]) -> None:
        """Note the epoch; raise PrunedError where the training is behind."""
        done = int(row["epoch"])
        if done <= len(self.curve):  # seen in the history already
            return
        self.curve.append(row["validation_accuracy"])
        self.seconds += row["seconds"]
        bound = self.bounds[done - 1] if done <= len(self.bounds) else None
        if bound is not None and max(self.curve) < bound:
            raise PrunedError


def held_out(data: Parts, fraction: float, seed: int) -> Parts:
    """Return data to choose by, in which held-out training images stand in for the test part too.

    They are the data's own validation part, or `fraction` of the training images of each class,
    drawn by `seed`. The true test part is left out: nothing that is done with them reads it.
    """
    training, chosen = data.train, data.validation
    if chosen is None:
        training, chosen = split(training, fraction, seed)
    named = chosen.renamed(f"{chosen.name}, held out", chosen.class_names)
    return Parts(training, replace(named, part="test"), named, data.options, data.left_out)


def described(
    recipe: Recipe,
    data: Parts,
    seed: int,
    folder: Path | None,
    runs: Path | str,
    *,
    place: str | None,
    fraction: float | None = None,
    bounds: Sequence[float | None] = (),
) -> dict[str, Any]:
    """Return the arguments of `run`, for a training on `data` in `folder`.

    Where `folder` is None, it is one in `runs`, a folder or the URL of one, that is named by the
    hash of all that decides it. The data lie at `place`, as `load` takes it; with a `fraction` they
    are `held_out` of those. `bounds` are those of `Pruning`.
    """
    decisive = settings(recipe, data, seed)
    text = json.dumps(decisive, sort_keys=True)
    named = f"{runs}/{recipe.name}-{hashlib.sha256(text.encode()).hexdigest()[:DIGITS]}"
    return {
        "recipe": decisive["recipe"],
        "seed": seed,
        "folder": str(folder or named),
        "place": place,
        "options": data.options.given(),
        "fraction": fraction,
        "data": {name: facts["sha256"] for name, facts in decisive["data"].items()},
        "bounds": list(bounds),
    }


def run(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Train as `described`, from the newest checkpoint on; return accuracies and seconds.

    The result has the state, "finished" or "pruned", `curve`, the validation accuracy after each
    epoch, `accuracy`, the last one or that of the weights kept, and `seconds` of training; of held
    out data it may be "failed", with the `error` of a recipe that cannot be trained. It follows
    from the arguments alone, however often the training was stopped or done before. Raises
    DataFormatError where other data lie at the place, and what `train` raises.
    """
    recipe = recorded(arguments["recipe"])
    asked = ("place", "options", "fraction", "seed")
    data = _data(json.dumps({name: arguments[name] for name in asked}))
    _require_same(arguments, data)
    if not is_remote(arguments["folder"]):
        return _result(arguments, recipe, data, Path(arguments["folder"]), Progress())
    mirror = Mirror(arguments["folder"])
    mirror.fetch()
    result = _result(arguments, recipe, data, mirror.folder, _Copying(mirror))
    if result["state"] == "finished":
        mirror.finish()
        mirror.forget()
    return result


class _Copying(Progress):
    """Puts an unfinished run into an object store, now and then."""

    def __init__(self, mirror: Mirror) -> None:
        self._mirror = mirror

    def epoch(self, row: Mapping[str, float]) -> None:
        """Copy it, with the checkpoints of the epochs before."""
        self._mirror.copy()


def _result(
    arguments: Mapping[str, Any], recipe: Recipe, data: Parts, folder: Path, progress: Progress
) -> dict[str, Any]:
    """Train in a folder of this machine, and return the result of `run`."""
    seed, watched = arguments["seed"], arguments["fraction"] is not None
    pruning = Pruning(arguments["bounds"])
    try:
        for row in _history(folder) if watched else ():
            pruning.epoch(row)
        both = ProgressList([progress, pruning]) if watched else progress
        trained = _alone(recipe, data, folder, seed, both)
    except InvalidValueError as error:
        if not watched:
            raise
        return {"state": "failed", "error": str(error)}
    except PrunedError:
        return {
            "state": "pruned",
            "folder": arguments["folder"],
            "accuracy": pruning.curve[-1],
            "curve": pruning.curve,
            "seconds": pruning.seconds,
        }
    history = trained.history()
    return {
        "state": "finished",
        "folder": arguments["folder"],
        "accuracy": trained.metrics().accuracy,
        "curve": [row["validation_accuracy"] for row in history if "validation_accuracy" in row],
        "seconds": sum(row["seconds"] for row in history),
    }


@lru_cache(maxsize=1)  # a process does many jobs with the same data, and its hashes take long
def _data(text: str) -> Parts:
    asked = json.loads(text)
    data = load(asked["place"], ReadOptions(**asked["options"]), fetch=False)
    fraction = asked["fraction"]
    return data if fraction is None else held_out(data, fraction, asked["seed"])


def _require_same(arguments: Mapping[str, Any], data: Parts) -> None:
    """Raise DataFormatError where the data here are not those of the job."""
    for part in data.all:
        if part.sha256 != (wanted := arguments["data"].get(part.part)):
            raise DataFormatError(
                f"all workers must have the same data; received other {part.part} images in "
                f"{part.source} on {socket.gethostname()} (SHA-256 {part.sha256[:DIGITS]}, not "
                f"{str(wanted)[:DIGITS]}); copy the data there, or give a --data that all share"
            )


def _history(folder: Path) -> list[dict[str, float]]:
    """Return the epochs so far; another process may finish the run between two looks at it."""
    try:
        return recorded_history(folder)
    except RunError:
        if not folder.exists():
            raise
        return recorded_history(folder)


def _alone(recipe: Recipe, data: Parts, folder: Path, seed: int, progress: Progress) -> Run:
    """Train, once a process that was told to stop, or that lost its driver, has let go of it."""
    began, was_there = time.monotonic(), folder.exists()
    while True:
        try:
            return train(recipe, data, folder, seed, progress, resume=True)
        except BusyError:
            if time.monotonic() - began > PATIENCE:
                raise
            time.sleep(LOOK)
        except RunError:
            if was_there or not folder.exists():
                raise
            was_there = True  # that process has finished it just now
