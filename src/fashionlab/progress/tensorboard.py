"""A training's metrics as events for TensorBoard, one point per epoch."""

import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from fashionlab.dependencies import needs
from fashionlab.errors import RunError
from fashionlab.progress.progress import Pace, Progress, Step


class TensorBoard(Progress):
    """Writes each epoch's loss, accuracy, learning rate and images per second into `folder`.

    An epoch is on the disk when `epoch` returns. A resumed training writes a new file, which hides
    what a killed session wrote about the epochs that are trained again.

    Raises MissingDependencyError at once where tensorboardX is not installed, RunError where the
    folder cannot be written.
    """

    # tensorboardX's EventsWriter, not its SummaryWriter, which writes from a thread, behind a queue
    # that its flush does not wait for, and writes two sessions within a second into one file.

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        with needs("--tensorboard", "fashionlab[tensorboard]"), _torch_unimported():
            from tensorboardX.event_file_writer import EventsWriter
            from tensorboardX.proto.event_pb2 import Event, SessionLog
            from tensorboardX.proto.summary_pb2 import Summary
        self._open, self._event = EventsWriter, Event
        self._session, self._summary = SessionLog, Summary
        self._writer: Any = None

    def start(self, name: str, epochs: int, steps: int, done: int = 0) -> None:
        """Begin a file, which hides older ones from the epoch that is trained next."""
        self.stop()
        with self._writing():
            self._folder.mkdir(parents=True, exist_ok=True)
            files = len(list(self._folder.glob("events.out.tfevents.*")))
            self._writer = self._open(str(self._folder / "events"), f".{files:04d}")
        self._pace = Pace()
        begins = self._session(status=self._session.START)
        self._write(done // steps + 1, session_log=begins)

    def step(self, step: Step) -> None:
        """Count the step's images."""
        self._pace.step(step)

    def epoch(self, row: Mapping[str, float]) -> None:
        """Write the row's metrics and images per second."""
        scalars = {}
        for name in ("loss", "accuracy"):
            scalars[f"{name}/train"] = row[name]
            for split in ("validation", "test"):
                if f"{split}_{name}" in row:
                    scalars[f"{name}/{split}"] = row[f"{split}_{name}"]
        scalars["learning_rate"] = row["learning_rate"]
        if pace := self._pace.end(row):
            scalars["images_per_second"] = pace
        value = self._summary.Value
        values = [value(tag=tag, simple_value=scalar) for tag, scalar in scalars.items()]
        self._write(int(row["epoch"]), summary=self._summary(value=values))

    def stop(self) -> None:
        """Close the file."""
        if self._writer is not None:
            writer, self._writer = self._writer, None
            with self._writing():
                writer.close()

    def _write(self, epoch: int, **content: Any) -> None:
        with self._writing():
            self._writer.write_event(self._event(wall_time=time.time(), step=epoch, **content))
            self._writer.flush()

    @contextmanager
    def _writing(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise RunError(
                f"events for TensorBoard cannot be written to {self._folder}: "
                f"{error.strerror or error}; free some space or train without --tensorboard"
            ) from error


@contextmanager
def _torch_unimported() -> Iterator[None]:
    """Hide PyTorch from tensorboardX, which would import it, 1.6 seconds, for a type's name."""
    if "torch" in sys.modules:
        yield
        return
    sys.modules["torch"] = None  # type: ignore[assignment]  # an import of it raises ImportError
    try:
        yield
    finally:
        del sys.modules["torch"]
