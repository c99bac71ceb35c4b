"""ServedModel: a portable model with the name it is served under, and its report."""

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
    """A model with its name; `run` is the folder that it came from, None for a file."""

    name: str
    predictor: Predictor
    run: Path | None = None
    _report: list[str] = field(default_factory=list, repr=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def __reduce__(self) -> tuple[Any, ...]:
        """Leave out the report and the lock, of which a copy has its own."""
        return ServedModel, (self.name, self.predictor, self.run)

    def predict(self, images: Sequence[Prepared]) -> list[Prediction]:
        """Return the predictions of N images of the model's size."""
        return self.predictor.predict_prepared(images)

    def report(self) -> str | None:
        """Return the HTML page about the run, rendered at the first call: that takes seconds."""
        if self.run is None:
            return None
        with self._lock:
            if not self._report:
                from fashionlab.report.run.page import render

                self._report.append(render(Run(self.run)))
            return self._report[0]

    def description(self) -> dict[str, Any]:
        """Return the model's entry in /v1/models."""
        return {
            **self.predictor.metadata.description(),
            "name": self.name,
            "sha256": self.predictor.sha256,
            "card": f"/v1/models/{self.name}/card",
            "report": None if self.run is None else f"/reports/{self.name}",
        }


def load(source: Path | str | None, threads: int | None = None) -> ServedModel:
    """Load the model that `portable.locate` finds, with its report if it is in a run folder.

    One computation uses `threads`. Raises ModelError.
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
    """Load each of `sources`, in order; (None,) is the shipped model.

    Raises ModelError, or InvalidValueError for no sources.
    """
    return with_own_names([load(source, threads) for source in sources])


def with_own_names(models: Sequence[ServedModel]) -> list[ServedModel]:
    """Return the models, with -2, -3 ... appended to names that occurred before."""
    if not models:
        raise InvalidValueError("a service has at least one model, received none; name one")
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
    """Return a name that can be part of an address, as in /reports/NAME."""
    return re.sub(r"[^A-Za-z0-9._-]+", "-", name).strip(".-") or "model"
