"""Storage: a study in a database, as Optuna keeps it, so that its own tools read it too.

A trial is written when it has ended, in one transaction, and trials in the order of their numbers.
What is under way is in no database: it follows from the trials before it.
"""

import json
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fashionlab.dependencies import needs
from fashionlab.errors import RunError
from fashionlab.training import require_equal
from fashionlab.tuning.choosing import DIRECTIONS
from fashionlab.tuning.outcome import Outcome, frozen, outcome
from fashionlab.tuning.space import Space

if TYPE_CHECKING:
    import optuna

SETTINGS = "fashionlab"  # the study's attribute with all that decides it
LOCKED = 5  # seconds to wait for a SQLite database that another process writes


class Storage:
    """One study in a database; raises RunError where that cannot be read or written.

    One process at a time may use it: it notices trials that another one has added.
    """

    def __init__(self, url: str, name: str, space: Space, objectives: tuple[str, ...]) -> None:
        self.url, self.name = url, name
        self._space, self._objectives = space, objectives
        self._study: optuna.Study
        self._written = 0

    def connect(self, resume: bool) -> dict[str, Any]:
        """Make the study, or with `resume` find it; return its settings, none where it has none.

        Raises RunError where a study of that name is there and `resume` was not given.
        """
        with needs("tune", "fashionlab[tune]"):
            import optuna
        optuna.logging.set_verbosity(optuna.logging.ERROR)
        with self._border():
            storage = optuna.storages.RDBStorage(self.url, engine_kwargs=self._options())
            known = optuna.get_all_study_names(storage)
            if self.name in known and not resume:
                raise RunError(
                    f"{self.url} has a study {self.name} already; give --resume to go on with it, "
                    "or choose another --out"
                )
            self._study = optuna.create_study(
                storage=storage,
                study_name=self.name,
                directions=DIRECTIONS[: len(self._objectives)],
                load_if_exists=True,
            )
            settings: dict[str, Any] = self._study.user_attrs.get(SETTINGS, {})
            return settings

    def begin(self, settings: Mapping[str, Any]) -> list[Outcome]:
        """Begin the study, or go on with it; return the outcomes so far.

        `settings` are JSON values of all that decides the trials. Raises RunError where the study
        has other settings.
        """
        with self._border():
            if before := self._study.user_attrs.get(SETTINGS):
                normal = json.loads(json.dumps(settings))
                require_equal(before, normal, f"the study in {self.url} was begun")
            else:
                self._study.set_user_attr(SETTINGS, dict(settings))
            told = [outcome(trial) for trial in self._study.get_trials(deepcopy=False)]
            self._written = len(told)
            return told

    def add(self, one: Outcome) -> None:
        """Write the outcome of the next trial."""
        with self._border():
            there = len(self._study.get_trials(deepcopy=False))
            if there != self._written:
                raise RunError(
                    f"one process alone may write a study; received {there} trials in {self.url}, "
                    f"of which this one wrote {self._written}; stop the other, and give --resume"
                )
            self._study.add_trial(frozen(self._space, self._objectives, one))
            self._written += 1

    def importance(self) -> dict[str, float]:
        """Return the share of each field in the accuracies' variance; none of too few trials.

        By PED-ANOVA (Watanabe et al. 2023), which compares the better trials with all.
        """
        from optuna.importance import PedAnovaImportanceEvaluator, get_param_importances

        with suppress(ValueError, RuntimeError), warnings.catch_warnings():  # of too few trials
            warnings.simplefilter("ignore")  # that low targets are sought, as they are
            return get_param_importances(
                self._study,
                evaluator=PedAnovaImportanceEvaluator(),
                target=lambda trial: -float(trial.values[0]),  # it looks for what makes it low
            )
        return {}

    def _options(self) -> dict[str, Any]:
        return {"connect_args": {"timeout": LOCKED}} if self.url.startswith("sqlite:") else {}

    @contextmanager
    def _border(self) -> Iterator[None]:
        """Turn what Optuna and its database raise into one line."""
        import optuna
        import sqlalchemy

        errors = (
            optuna.exceptions.OptunaError,
            sqlalchemy.exc.SQLAlchemyError,
            ImportError,  # of the database's driver
            OSError,
            ValueError,  # a damaged value
            KeyError,
        )
        try:
            yield
        except errors as error:
            root: BaseException = error
            while root.__cause__ or root.__context__:
                root = root.__cause__ or root.__context__ or root
            said = " ".join(str(root).split()) or type(root).__name__
            raise RunError(
                f"the study's storage {self.url} must be there and free; received: {said[:300]}; "
                "the finished runs are kept: make it available and give --resume"
            ) from error


def sqlite(file: Path) -> str:
    """Return the URL of a SQLite database."""
    return f"sqlite:///{file.resolve().as_posix()}"
