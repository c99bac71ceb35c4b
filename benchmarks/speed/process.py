"""The parent's side of a contestant's process."""

import json
import os
import subprocess
from pathlib import Path
from threading import Timer
from typing import Any

import fashionlab
from fashionlab.bench.contestants import Contestant
from fashionlab.errors import WorkerError

LIMIT = 600  # seconds for an answer; compiling a convolution's step takes about 60
THREAD_VARIABLES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
QUIET = {"TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": "", "JAX_PLATFORMS": "cpu"}


def package_link(folder: Path) -> Path:
    """A folder that holds this package alone, to be found by another environment's interpreter."""
    link = folder / "package" / "fashionlab"
    if not link.exists():
        link.parent.mkdir()
        link.symlink_to(Path(fashionlab.__file__).parent, target_is_directory=True)
    return link.parent


class Worker:
    """Starts the process; `ask` waits for its answer."""

    def __init__(self, contestant: Contestant, python: str, folder: Path, threads: int) -> None:
        self.name = contestant.name
        self.log = folder / f"{contestant.name}.log"
        paths = [str(package_link(folder)), os.environ.get("PYTHONPATH", "")]
        environment = {
            **os.environ,
            **dict.fromkeys(THREAD_VARIABLES, str(threads)),
            **QUIET,
            **dict(contestant.variables),
            "PYTHONPATH": os.pathsep.join(filter(None, paths)),
        }
        with self.log.open("w", encoding="utf-8") as log:
            self.process = subprocess.Popen(  # noqa: S603  our own worker
                [python, "-m", "fashionlab.bench.worker"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                encoding="utf-8",
                env=environment,
            )

    def ask(self, do: str, **arguments: Any) -> dict[str, Any]:
        """The answer to a request; WorkerError where the process ends or takes too long."""
        assert self.process.stdin is not None and self.process.stdout is not None  # noqa: S101
        watch = Timer(LIMIT, self.process.kill)
        watch.start()
        try:
            self.process.stdin.write(json.dumps({"do": do, **arguments}) + "\n")
            self.process.stdin.flush()
            line = self.process.stdout.readline()
        except BrokenPipeError:
            line = ""
        finally:
            watch.cancel()
        if not line:
            raise WorkerError(f"{self.name} stopped while asked to {do}: {self._last_words()}")
        answer: dict[str, Any] = json.loads(line)
        return answer

    def _last_words(self) -> str:
        status = self.process.wait()
        lines = self.log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
        return f"{lines[-1].strip() if lines else 'it said nothing'} (exit status {status})"

    def close(self) -> None:
        """End the process."""
        self.process.kill()
        self.process.wait()
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe is not None:
                pipe.close()
