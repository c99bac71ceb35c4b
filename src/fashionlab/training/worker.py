"""take_part: what each of several workers does that train one model together.

The first of them, of rank 0, trains as one worker would: it evaluates, and writes the run folder
with its checkpoints. The others take their shares of its steps.
"""

import socket
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fashionlab import __version__, files
from fashionlab.data import ReadOptions, load, split
from fashionlab.engines import get
from fashionlab.errors import BusyError, RunError
from fashionlab.progress import Progress, Step
from fashionlab.recipes import Recipe, build, recorded
from fashionlab.runs import require_free
from fashionlab.training.records import Data
from fashionlab.training.train import own_validation, settings, train

if TYPE_CHECKING:
    from fashionlab.engines.keras_torch.replica import Replica

LEASE = 45.0  # seconds after which nobody holds the run folder of a worker that was killed
SHOWN = 0.2  # seconds between the steps that the driver is sent


def take_part(task: Mapping[str, Any], progress: Progress) -> None:
    """Train as one of the workers of PyTorch's default process group.

    Goes on from the newest checkpoint where there is one. `progress` is of the first worker. Raises
    RunError where this machine has another version of the package or other data and, in the first
    worker, what `train` raises. `task` has JSON values:

        version           of fashionlab, where the task was made
        settings          what `train.settings` returns
        source, options   what `data.load` takes: a name or None, and fields of ReadOptions
        out               the run folder, which the first worker and the driver see
        checkpoint_steps, tensorboard    as in `train`
    """
    if task["version"] != __version__:
        raise RunError(
            f"all workers must have fashionlab {task['version']}, which started the training; "
            f"received {__version__} on {socket.gethostname()}; install that version there"
        )
    recipe, seed = recorded(task["settings"]["recipe"]), task["settings"]["seed"]
    data = load(task["source"], ReadOptions(**task["options"]), log=progress.say)
    _require_same_data(task["settings"]["data"], settings(recipe, data, seed)["data"], data)
    get(recipe.engine)  # which chooses PyTorch
    from fashionlab.engines.keras_torch.replica import Replica

    replica = Replica()
    if replica.share.worker:
        _follow(recipe, data, seed, replica)
        return
    out = files.named(task["out"])
    _wait_for(out)
    steps, tensorboard = task["checkpoint_steps"], task["tensorboard"]
    train(
        recipe,
        data,
        out,
        seed,
        progress,
        resume=True,
        checkpoint_steps=steps,
        tensorboard=tensorboard,
        replica=replica,
    )


def _follow(recipe: Recipe, data: Data, seed: int, replica: "Replica") -> None:
    """Take the steps that the first worker takes, on another share of each batch."""
    training, _ = data
    if recipe.validation_fraction and not own_validation(data):
        training, _ = split(training, recipe.validation_fraction, seed)
    engine = get(recipe.engine)
    batches = engine.batches(training, recipe.batch_size, seed, recipe.augmentation)
    shape, classes = training.image_shape, training.classes
    model = build(recipe, engine, shape, classes, seed, batches.steps, batches.batch_size)
    batches.share = replica.join(model)
    while place := replica.next_epoch():
        epoch, first = place
        for step, (x, y) in enumerate(batches.epoch(epoch, first), first):
            replica.step(x, y, batches.size(step))


def _require_same_data(wanted: Mapping[str, Any], here: Mapping[str, Any], data: Data) -> None:
    """Raise RunError where the data of this machine have other hashes than those wanted."""
    for part in {**wanted, **here}:
        expected, found = (side.get(part, {}).get("sha256") for side in (wanted, here))
        if expected != found:
            raise RunError(
                f"all workers must have the same data, {part} with SHA-256 {expected}; received "
                f"{found} from {data[0].source} on {socket.gethostname()}; give --data a place "
                "that is the same on all machines"
            )


def _wait_for(out: Path) -> None:
    """Wait until nobody holds the run folder: a worker that was killed may for some seconds."""
    ends = time.monotonic() + LEASE
    while True:
        try:
            require_free(out, resume=True)
            return
        except BusyError:
            if time.monotonic() > ends:
                raise
            time.sleep(1)


class Sent(Progress):
    """The calls of a training, as messages (name, arguments) to wherever it is shown."""

    def __init__(self, send: Callable[[str, tuple[Any, ...]], object]) -> None:
        self._send = send
        self._images, self._sent_at = 0, 0.0

    def start(self, name: str, epochs: int, steps: int, done: int = 0) -> None:
        """Send that it begins."""
        self._send("start", (name, epochs, steps, done))

    def step(self, step: Step) -> None:
        """Send some of the steps, with the images since the one before."""
        self._images += step.images
        now = time.monotonic()
        if step.step == 1 or now - self._sent_at > SHOWN:
            self._send("step", (replace(step, images=self._images),))
            self._images, self._sent_at = 0, now

    def epoch(self, row: Mapping[str, float]) -> None:
        """Send an epoch."""
        self._send("epoch", (dict(row),))

    def say(self, line: str) -> None:
        """Send a message."""
        self._send("say", (line,))

    def stop(self) -> None:
        """Send that it ends."""
        self._send("stop", ())
