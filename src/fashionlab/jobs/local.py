"""An executor of processes on this machine, each with its share of the cores."""

import json
import os
import queue
import signal
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import TextIO, cast

from fashionlab import __version__
from fashionlab.errors import WorkerError
from fashionlab.jobs.job import Done, Executor, Job
from fashionlab.jobs.perform import done, mismatch, request, thread_counts
from fashionlab.jobs.worker import PATIENCE_S


@dataclass
class _Task:
    """A job that has not ended, and how many workers have died of it."""

    job: Job
    request: str
    deaths: int = 0


class _Worker:
    """A worker process, the task that it has, and the last lines of its standard error."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        self.requests = cast(TextIO, process.stdin)
        self.answers = cast(TextIO, process.stdout)
        self.errors = cast(TextIO, process.stderr)
        self.task: _Task | None = None
        self.has_started = False
        self.said: deque[str] = deque(maxlen=20)

    def send(self, task: _Task) -> None:
        self.task = task
        with suppress(OSError):  # it has died, which its thread is about to report
            self.requests.write(f"{task.request}\n")
            self.requests.flush()

    def dismiss(self) -> None:
        """End its input, on which it stops what it is doing, and ends."""
        with suppress(OSError):
            self.requests.close()

    def keep_errors(self) -> None:
        """Keep the last lines of its standard error, a pipe that must not fill."""
        with suppress(OSError), self.errors:
            self.said.extend(self.errors)

    def death(self) -> str:
        """Say how it died, with the last line of its standard error."""
        status = self.process.returncode
        how = f"ended with status {status}"
        if status < 0:
            with suppress(ValueError):
                how = f"was ended by {signal.Signals(-status).name}"
        last = next((line.strip() for line in reversed(self.said) if line.strip()), "")
        return f"{how} ({last:.300})" if last else how


Event = tuple[_Worker, str | None]  # a line of its answers; None for its end


class LocalExecutor(Executor):
    """Does jobs in `workers` processes, which are started when needed and kept for many jobs."""

    def __init__(
        self, workers: int, cores: int, retries: int, say: Callable[[str], None] = lambda line: None
    ) -> None:
        self.workers = workers
        self._environment = {**os.environ, **thread_counts(cores)}
        self._retries, self._say = retries, say
        self._waiting: deque[_Task] = deque()
        self._alive: list[_Worker] = []
        self._events: queue.SimpleQueue[Event] = queue.SimpleQueue()
        self._failed_starts = 0  # since the last worker that started

    def submit(self, job: Job) -> None:
        """Have the job done when it is its turn."""
        self._waiting.append(_Task(job, request(job)))
        self._begin()

    def wait(self) -> Done:
        """Return the next job that ends, whichever it is; one at least must not have ended yet.

        Raises WorkerError where no worker can be started, or has another version of fashionlab.
        """
        while self._waiting or any(worker.task for worker in self._alive):
            self._begin()
            worker, line = self._event()
            ended = self._has_died(worker) if line is None else self._has_said(worker, line)
            if ended:
                self._begin()
                return ended
        raise RuntimeError("there is no job to wait for")

    def close(self) -> None:
        """Stop all jobs that have not ended, and wait until nothing of them runs any more."""
        self._waiting.clear()
        try:
            for worker in self._alive:
                worker.dismiss()
            until = time.monotonic() + PATIENCE_S
            for worker in self._alive:
                with suppress(subprocess.TimeoutExpired):
                    worker.process.wait(max(0.0, until - time.monotonic()))
        finally:  # also after a second Ctrl-C
            for worker in self._alive:
                worker.process.kill()
            for worker in self._alive:
                worker.process.wait()
            while self._alive:  # until their threads have ended, and closed the pipes
                worker, line = self._events.get()
                if line is None:
                    self._alive.remove(worker)

    def _begin(self) -> None:
        """Give the jobs that wait to the workers that do nothing, and to new ones."""
        for worker in [worker for worker in self._alive if not worker.task]:
            if self._waiting:
                worker.send(self._waiting.popleft())
        while self._waiting and len(self._alive) < self.workers:
            worker = self._start()
            worker.send(self._waiting.popleft())

    def _start(self) -> _Worker:
        try:
            process = subprocess.Popen(
                [sys.executable, "-P", "-m", "fashionlab.jobs.worker"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                env=self._environment,
                encoding="utf-8",
                errors="backslashreplace",
                start_new_session=True,  # Ctrl-C is for the driver alone, which then closes us
                creationflags=getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0),
            )
        except OSError as error:
            raise WorkerError(
                f"a worker must be able to start; received: {error}; use fewer workers"
            ) from error
        worker = _Worker(process)
        self._alive.append(worker)
        threading.Thread(target=self._listen, args=(worker,), daemon=True).start()
        return worker

    def _listen(self, worker: _Worker) -> None:
        """Turn what a worker says, and its end, into events; in a thread of its own."""
        errors = threading.Thread(target=worker.keep_errors, daemon=True)
        errors.start()
        with suppress(OSError), worker.answers:
            for line in worker.answers:
                self._events.put((worker, line))
        worker.process.wait()
        errors.join(1.0)  # longer only where a process that it has started lives on
        worker.dismiss()
        self._events.put((worker, None))

    def _event(self) -> Event:
        while True:
            with suppress(queue.Empty):  # on Windows a wait without an end ignores Ctrl-C
                return self._events.get(timeout=1.0)

    def _has_said(self, worker: _Worker, line: str) -> Done | None:
        if not worker.has_started:
            version = json.loads(line)["version"]
            if version != __version__:
                raise WorkerError(mismatch(__version__, version))
            worker.has_started, self._failed_starts = True, 0
            return None
        task, worker.task = worker.task, None
        return done(task.job, line) if task else None

    def _has_died(self, worker: _Worker) -> Done | None:
        """Have its job begun again by another, unless that was done too often."""
        self._alive.remove(worker)
        if not worker.has_started:
            self._failed_starts += 1
            if self._failed_starts > self._retries:
                raise WorkerError(
                    f"workers must start; received {self._failed_starts} in turn of which the last "
                    f"{worker.death()}; see that there is enough memory, or use fewer workers"
                )
        task = worker.task
        if not task:
            return None
        task.deaths += worker.has_started
        if task.deaths > self._retries:
            return Done(
                task.job,
                None,
                f"a job must not end its worker; received: {task.deaths} workers, of which the "
                f"last {worker.death()}; see that there is enough memory, or use fewer workers",
                lost=True,
            )
        self._waiting.appendleft(task)
        self._say(f"a worker {worker.death()}; its job {task.job.name} is begun again")
        return None
