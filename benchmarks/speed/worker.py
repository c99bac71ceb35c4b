"""A contestant's process: `python -m benchmarks.speed.worker`.

Reads one request a line from stdin, as JSON, and writes one answer a line to stdout; what libraries
print goes to stderr. Imports NumPy and the contestant's library, nothing else. A failure ends the
process with its traceback on stderr.
"""

import json
import os
import platform
import resource
import sys
import time
from contextlib import suppress
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from benchmarks.speed.cases import CASES
from benchmarks.speed.peers import Peer, Task

WARM_UP = 20  # steps, at most, before the weights are set back: compilation, first allocations
PACKAGES = {
    "sklearn": ("scikit-learn",),
    "keras": ("keras", os.environ.get("KERAS_BACKEND", "")),
}


class Session:
    """A contestant with its task; each method is a request."""

    peer: Peer
    task: Task
    batch: int  # of predictions

    def load(
        self, module: str, case: str, optimizer: str, folder: str, threads: int, steps: int
    ) -> dict[str, Any]:
        """Build the model, take the first steps for their loss and to warm up, and set it back."""
        self.task = Task(CASES[case], optimizer, Path(folder), threads)
        self.peer = import_module(module).Peer(self.task)
        loss = self.peer.train(0, min(steps, WARM_UP))
        seconds = {}
        for batch in self.task.case.prediction_batches:
            self.peer.predict(batch)
            seconds[batch] = self._timed(self.peer.predict, batch)[0]
        self.batch = min(seconds, key=lambda batch: seconds[batch])
        self.peer.reset()
        name = module.rpartition(".")[2]
        versions = []
        for package in ("numpy", *PACKAGES.get(name, (name,))):
            with suppress(PackageNotFoundError, ValueError):
                versions.append(f"{package} {version(package)}")
        form = f"{self.peer.form}, " if self.peer.form else ""
        return {
            "loss": loss,
            "form": f"{form}predicts {self.batch}",
            "python": platform.python_version(),
            "versions": " ".join(versions),
        }

    def train(self, first: int, steps: int) -> dict[str, Any]:
        """Return the seconds and the mean loss of the steps."""
        seconds, loss = self._timed(self.peer.train, first, steps)
        return {"seconds": seconds, "loss": loss}

    def predict(self, times: int) -> dict[str, Any]:
        """Return the seconds of predicting the test images `times` times, and their accuracy."""
        began = time.perf_counter()
        for _ in range(times):
            scores = self.peer.predict(self.batch)
        seconds = time.perf_counter() - began
        correct = scores.argmax(axis=1) == self.task.read("test_labels")
        images = times * len(scores)
        return {"seconds": seconds, "images": images, "accuracy": float(correct.mean())}

    def memory(self) -> dict[str, Any]:
        """Return the peak memory of this process, in MB (10^6 bytes)."""
        # ru_maxrss would do, but on Linux it starts at what the parent had when it forked
        with suppress(OSError):
            for line in Path("/proc/self/status").read_text(encoding="utf-8").splitlines():
                if line.startswith("VmHWM"):
                    return {"peak_memory_mb": int(line.split()[1]) * 1024 / 1e6}
        unit = 1 if sys.platform == "darwin" else 1024
        return {"peak_memory_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e6}

    @staticmethod
    def _timed(function: Any, *arguments: Any) -> tuple[float, Any]:
        began = time.perf_counter()
        answer = function(*arguments)
        return time.perf_counter() - began, answer


def main() -> None:
    """Answer until stdin ends."""
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    session = Session()
    for line in sys.stdin:
        request = json.loads(line)
        answer = getattr(session, request.pop("do"))(**request)
        answers.write(json.dumps(answer) + "\n")
        answers.flush()


if __name__ == "__main__":
    main()
