"""The parent's side of a contestant's process."""

import json
import os
import subprocess
from pathlib import Path
from threading import Timer
from typing import Any

import benchmarks
import fashionlab
from benchmarks.speed.contestants import Contestant
from fashionlab.errors import WorkerError

LIMIT = 600  # seconds for an answer; compiling a convolution's step takes about 60
THREAD_VARIABLES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
QUIET = {"TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": "", "JAX_PLATFORMS": "cpu"}


def package_links(folder: Path) -> Path:
    """Return a folder with our two packages alone, for the interpreter of another environment."""
    links = folder / "packages"
    if not links.exists():
        links.mkdir()
        for package in (fashionlab, benchmarks):
            link = links / package.__name__
            link.symlink_to(Path(str(package.__file__)).parent, target_is_directory=True)
    return links


class Worker:
    """A contestant's process, started; `request` waits for its answer."""

    def __init__(self, contestant: Contestant, python: str, folder: Path, threads: int) -> None:
        self.name = contestant.name
        self.log = folder / f"{contestant.name}.log"
        paths = [str(package_links(folder)), os.environ.get("PYTHONPATH", "")]
        environment = {
            **os.environ,
            **dict.fromkeys(THREAD_VARIABLES, str(threads)),
            **QUIET,
            **dict(contestant.variables),
            "PYTHONPATH": os.pathsep.join(filter(None, paths)),
        }
        with self.log.open("w", encoding="utf-8") as log:
            self.process = subprocess.Popen(
                [python, "-m", "benchmarks.speed.worker"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                encoding="utf-8",
                env=environment,
            )

    def request(self, do: str, **arguments: Any) -> dict[str, Any]:
        """Return the answer; WorkerError where the process ends or takes longer than LIMIT."""
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
            raise WorkerError(f"{self.name} stopped in {do}: {self._last_words()}")
        answer: dict[str, Any] = json.loads(line)
        return answer

    def _last_words(self) -> str:
        status = self.process.wait()
        lines = self.log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
        return f"{lines[-1].strip() if lines else 'no message'} (exit status {status})"

    def close(self) -> None:
        """End the process."""
        self.process.kill()
        self.process.wait()
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe is not None:
                pipe.close()
