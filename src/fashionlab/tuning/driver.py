"""tune: the driver of a study. It chooses trials, has them trained, and writes what comes of them.

It alone decides and writes the study; a trial is a job that any process does, whose run folder is
named by the hash of all that decides it. So whatever is killed, at whatever moment, is caught up
with: a trial goes on from its checkpoint, and the study from the last trial that was written.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from fashionlab.data import Parts
from fashionlab.errors import InvalidValueError, RunError
from fashionlab.jobs import Done, Executor, Job, start
from fashionlab.jobs.stopping import stoppable
from fashionlab.recipes import Recipe, override
from fashionlab.runs.lock import Lock
from fashionlab.training import job, settings
from fashionlab.tuning.choosing import Choosing, best, described
from fashionlab.tuning.outcome import Outcome
from fashionlab.tuning.space import Value, changes
from fashionlab.tuning.storage import Storage, sqlite

TRIALS = "trials"  # the folder of the run folders
STUDY = "study.db"

Say = Callable[[str], None]


@dataclass(frozen=True)
class Source:
    """The recipe of a study: a named one and changes of it, as `recipes.changes` returns them."""

    base: Recipe
    changes: Mapping[str, Any]

    @property
    def recipe(self) -> Recipe:
        """The recipe with its changes."""
        return override(self.base, self.changes)

    def changed(self, further: Mapping[str, Any]) -> dict[str, Any]:
        """Return the changes with others after them; the options of tables are added."""
        both = dict(self.changes)
        for name, value in further.items():
            own = both.get(name)
            tables = isinstance(value, Mapping) and isinstance(own, Mapping)
            both[name] = {**own, **value} if tables else value  # type: ignore[dict-item]
        return both


@dataclass(frozen=True)
class Study:
    """A study and its outcomes, in the order of their trials."""

    source: Source
    choosing: Choosing
    data: Parts  # training images, and held-out ones in place of the others
    outcomes: Sequence[Outcome]
    importance: Mapping[str, float]

    @property
    def best(self) -> list[int]:
        """The numbers of the best trials; see `choosing.best`."""
        return best(self.outcomes, self.choosing.objectives)

    def changes(self, number: int) -> dict[str, Any]:
        """Return the changes of the base that are a trial's recipe."""
        point = changes(self.choosing.space, self.outcomes[number].kept)
        return self.source.changed(point)


def tune(
    source: Source,
    data: Parts,
    choosing: Choosing,
    trials: int | None = None,
    *,
    out: Path,
    place: str | None = None,
    fraction: float = 1 / 6,
    runs: str | None = None,
    storage: str | None = None,
    resume: bool = False,
    executor: Callable[[], Executor] | None = None,
    say: Say = lambda line: None,
) -> Study:
    """Train trials of a recipe, and return what came of them.

    `data` lie at `place`, as `load` takes it, for every worker. A trial is chosen by held-out
    training images: the data's own validation part, or `fraction` of the training part. The test
    part is read by none. `trials` is their number in all; a grid has as many as it has points.

    The `executor` does the trials, by default as many processes as the study has trials at a time.
    Runs go to `out`/trials, or to the folder or URL `runs`, which all workers reach, and the study
    to `out`/study.db or the database of Optuna `storage`. What these hold of the same study is gone
    on with where `resume` is given.

    Raises InvalidValueError for values out of range, RunError where the study cannot be written, is
    another one, or another process writes it; StoppedError where a signal stopped it.
    """
    most = choosing.points
    trials = most if trials is None else trials
    if trials is None or trials < 1:
        raise InvalidValueError(f"trials must be a whole number from 1; received {trials}")
    if most is not None and trials > most:
        raise InvalidValueError(
            f"a grid of {most} points has {most} trials; received {trials}; give more choices, or "
            "another --sampler"
        )
    recipe, out = source.recipe, out.resolve()
    held_out = job.held_out(data, fraction, choosing.seed)
    if out.exists() and not resume and any(out.iterdir()):
        raise RunError(
            f"{out} has something in it already; give --resume to go on with its study, or choose "
            "another --out"
        )
    lock = Lock(out, out)
    told: list[Outcome] = []

    def said() -> str:
        return f"stopped after {len(told)} of {trials} trials"

    def usual() -> Executor:
        return start("local", choosing.window, say=say)

    with stoppable(said, "the same command with --resume"), (executor or usual)() as pool:
        lock.acquire()
        try:
            url = storage or sqlite(out / STUDY)
            kept = Storage(url, out.name, choosing.space, choosing.objectives)
            # A study keeps the number of trials at a time, so that others take nothing from it.
            window = kept.connect(resume).get("window", choosing.window)
            choosing = replace(choosing, window=window)
            told += kept.begin(_decisive(settings(recipe, held_out, choosing.seed), choosing))
            driver = _Driver(source, choosing, held_out, trials, kept, told, pool, say)
            driver.described = {"place": place, "fraction": fraction, "runs": runs or out / TRIALS}
            driver.run()
            return Study(source, choosing, held_out, told, kept.importance())
        finally:
            lock.release()


class _Driver:
    """The trials of a study under way.

    `told` are the outcomes that the study has; each is written, and added, in the trials' order.
    """

    described: Mapping[str, Any]  # what else `job.described` takes

    def __init__(
        self,
        source: Source,
        choosing: Choosing,
        data: Parts,
        trials: int,
        storage: Storage,
        told: list[Outcome],
        pool: Executor,
        say: Say,
    ) -> None:
        self._source, self._choosing, self._data, self._trials = source, choosing, data, trials
        self._storage, self._told, self._pool, self._say = storage, told, pool, say
        self._under_way: dict[int, dict[str, Value]] = {}  # chosen and not told, by number
        self._ended: dict[int, Outcome] = {}
        self._queues: dict[str, list[Job]] = {}  # by run folder: one process at a time trains it

    def run(self) -> None:
        """Have all trials trained."""
        while len(self._told) < self._trials:
            chosen = len(self._told) + len(self._under_way)
            if chosen < min(self._trials, len(self._told) + self._choosing.window):
                self._begin(chosen)
            elif len(self._told) not in self._ended:
                self._end(self._pool.wait())
            while (number := len(self._told)) in self._ended:
                self._tell(number)

    def _begin(self, number: int) -> None:
        kept = self._choosing.choose(self._told, list(self._under_way.values()))
        self._under_way[number] = kept
        try:
            point = changes(self._choosing.space, kept)
            recipe = override(self._source.base, self._source.changed(point))
        except InvalidValueError as error:
            self._ended[number] = Outcome(kept, "failed", None, None, error=str(error))
            return
        bounds = self._choosing.bounds(self._told, number, recipe.epochs)
        arguments = job.described(
            recipe, self._data, self._choosing.seed, None, bounds=bounds, **self.described
        )
        queue = self._queues.setdefault(arguments["folder"], [])
        queue.append(Job(str(number), job.WORK, arguments))
        if len(queue) == 1:
            self._pool.submit(queue[0])

    def _end(self, done: Done) -> None:
        number, folder = int(done.job.name), done.job.arguments["folder"]
        if done.result is None and not done.lost:
            raise RunError(f"trial {number}: {done.error}")
        result = done.result or {"state": "failed", "error": done.error}
        self._ended[number] = Outcome(
            self._under_way[number],
            result["state"],
            result.get("accuracy"),
            result.get("seconds"),
            tuple(result.get("curve", ())),
            Path(folder).name,
            result.get("error", ""),
        )
        queue = self._queues[folder]
        queue.pop(0)
        if queue:
            self._pool.submit(queue[0])

    def _tell(self, number: int) -> None:
        outcome = self._ended.pop(number)
        self._storage.add(outcome)
        self._told.append(outcome)
        del self._under_way[number]
        self._say(f"trial {number + 1} of {self._trials}: {self._line(outcome)}")

    def _line(self, outcome: Outcome) -> str:
        values = described(self._choosing.space, outcome.kept)
        if outcome.state == "failed":
            return f"failed ({outcome.error}); {values}"
        leading = best(self._told, self._choosing.objectives)[:1]
        accuracy, seconds = outcome.accuracy or 0, outcome.seconds or 0
        said = f"{accuracy:.2%} in {seconds:.3g} s"
        said = (
            f"pruned after {len(outcome.curve)} epochs, {said}"
            if outcome.state == "pruned"
            else said
        )
        lead = (
            f"; best {self._told[leading[0]].accuracy:.2%}, trial {leading[0] + 1}"
            if leading
            else ""
        )
        return f"{said}; {values}{lead}"


def _decisive(run: Mapping[str, Any], choosing: Choosing) -> dict[str, Any]:
    """Return what decides a study, each field of the recipe and the choosing by its name."""
    flat = {**run["recipe"], **asdict(choosing)}
    flat |= {f"{part} data": facts["sha256"] for part, facts in run["data"].items()}
    normal: dict[str, Any] = json.loads(json.dumps(flat))
    return normal
