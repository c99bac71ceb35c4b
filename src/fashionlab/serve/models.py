"""ServedModel: a portable model under the name that it is served by, and its report."""

import re
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from fashionlab.errors import InvalidValueError, RunError
from fashionlab.images.preprocess import Prepared
from fashionlab.portable import Prediction, Predictor
from fashionlab.portable.locate import locate
from fashionlab.runs import Run


@dataclass(frozen=True, eq=False)
class ServedModel:
    """`run` is the folder that the model came from, None for a file."""

    name: str
    predictor: Predictor
    run: Path | None = None
    _report: list[str] = field(default_factory=list, repr=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def predict(self, images: Sequence[Prepared]) -> list[Prediction]:
        """N images of the model's size -> N predictions."""
        return self.predictor.predict_prepared(images)

    def report(self) -> str | None:
        """The HTML page about the run, made when it is first asked for: that takes seconds."""
        if self.run is None:
            return None
        with self._lock:
            if not self._report:
                from fashionlab.report.page import render

                self._report.append(render([Run(self.run)]))
            return self._report[0]

    def description(self) -> dict[str, Any]:
        """What /v1/models tells of it."""
        return {
            **self.predictor.metadata.description(),
            "name": self.name,
            "sha256": self.predictor.sha256,
            "report": None if self.run is None else f"/reports/{self.name}",
        }


def load(source: Path | str | None, threads: int | None = None) -> ServedModel:
    """The model that `portable.locate` finds, with its run's report where it lies in a run folder.

    `threads` are those of one computation. Raises ModelError.
    """
    located = locate(source)
    predictor = Predictor(located.file, threads=threads)
    name = _in_address(predictor.metadata.name)
    return ServedModel(name, predictor, located.run if _is_run(located.run) else None)


def _is_run(folder: Path | None) -> bool:
    try:
        return folder is not None and bool(Run(folder))
    except RunError:  # a folder that holds a model and nothing of its run
        return False


def load_all(sources: Sequence[Path | str | None], threads: int | None = None) -> list[ServedModel]:
    """Each of `sources`, in order, the first as the default; (None,) for the shipped one alone.

    Raises ModelError, or InvalidValueError for no sources.
    """
    return with_own_names([load(source, threads) for source in sources])


def with_own_names(models: Sequence[ServedModel]) -> list[ServedModel]:
    """The models, with -2, -3 ... behind the names of those that come after a namesake."""
    if not models:
        raise InvalidValueError("a service has at least one model, got none; name one")
    taken: set[str] = set()
    named = []
    for model in models:
        name, number = model.name, 1
        while name in taken:
            number += 1
            name = f"{model.name}-{number}"
        taken.add(name)
        named.append(replace(model, name=name))
    return named


def _in_address(name: str) -> str:
    """A name that can be a part of an address, as in /reports/NAME."""
    return re.sub(r"[^A-Za-z0-9._-]+", "-", name).strip(".-") or "model"
