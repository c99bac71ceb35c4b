"""A small data set on disk, a short recipe, and an executor that does jobs in this process."""

import importlib
import json

from fashionlab.data import load, write_idx
from fashionlab.data.synthetic import draw
from fashionlab.jobs import Done, Executor
from fashionlab.recipes import get
from fashionlab.tuning import Axis, Choosing, Source, tune

SPACE = (
    Axis("learning_rate", 1e-4, 1e-1, log=True),
    Axis("model.units", choices=((8,), (16, 8))),
)
SHORT = {"epochs": 3, "batch_size": 50, "warmup_epochs": 0}
SOURCE = Source(get("mlp"), SHORT)


def write(folder):
    """Write a data set of 300 training and 40 test images; return its place."""
    folder.mkdir()
    for prefix, part in zip(("train", "t10k"), draw(300, 40), strict=True):
        write_idx(folder / f"{prefix}-images-idx3-ubyte", part.images)
        write_idx(folder / f"{prefix}-labels-idx1-ubyte", part.labels)
    return str(folder)


class InTurn(Executor):
    """Does a job when it is waited for: the one that was submitted first, or last."""

    def __init__(self, last_first=False):
        self.workers, self._waiting, self._place = 1, [], -1 if last_first else 0
        self.done = []

    def submit(self, job):
        self._waiting.append(job)

    def wait(self):
        job = self._waiting.pop(self._place)
        self.done.append(job)
        module, _, name = job.work.partition(":")
        arguments = json.loads(json.dumps(job.arguments))
        return Done(job, getattr(importlib.import_module(module), name)(arguments))

    def close(self):
        pass


def study(place, out, executor=None, trials=6, source=SOURCE, **changes):
    """Run a study of `SPACE`, by the executor where one is given, else by local processes."""
    own = {k: changes.pop(k) for k in tuple(changes) if k in Choosing.__dataclass_fields__}
    choosing = Choosing(**{"space": SPACE, "window": 3} | own)
    changes["executor"] = (lambda: executor) if executor else None
    return tune(source, load(place), choosing, trials, out=out, place=place, **changes)


def compared(found):
    """What must be the same of two studies: all but seconds."""
    return [(dict(x.kept), x.state, x.accuracy, x.curve, x.folder, x.error) for x in found.outcomes]
