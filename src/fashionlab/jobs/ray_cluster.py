"""An executor of Ray tasks, on a cluster that is started here or that runs already."""

import os
from collections import deque
from collections.abc import Callable
from contextlib import ExitStack, suppress
from typing import Any

from fashionlab import __version__
from fashionlab.dependencies import needs
from fashionlab.errors import InvalidValueError
from fashionlab.jobs.job import Done, Executor, Job
from fashionlab.jobs.perform import done, request, thread_counts
from fashionlab.jobs.ray_connection import ENVIRONMENT, connect, heard
from fashionlab.jobs.worker import PATIENCE_S

INHERITED = ("KERAS_BACKEND",)  # by workers on other machines, as it decides results


class RayExecutor(Executor):
    """Does jobs as Ray tasks of `cores` CPUs, at most `workers` at a time.

    A task whose process or node is lost is begun again by Ray, `retries` times at most. `wait`
    raises WorkerError where a worker has another version of fashionlab, or none.
    """

    def __init__(
        self,
        on: str,
        workers: int | None,
        cores: int | None,
        retries: int,
        say: Callable[[str], None],
    ) -> None:
        os.environ.update(ENVIRONMENT)  # which Ray reads when it is imported
        with needs("work on Ray", "fashionlab[ray]"):
            import ray
        self._ray: Any = ray
        self._is_ours = False  # the connection, which is the caller's where there is one
        self._retries, self._say = retries, say
        self._heard: deque[str] = deque()  # from Ray, and to be said by the thread that waits
        self._open = ExitStack()
        self._waiting: deque[tuple[Job, str]] = deque()
        self._running: dict[Any, Job] = {}  # by the reference to the result
        try:
            self._open.enter_context(heard(ray, self._heard.append))
            if on != "ray" or not ray.is_initialized():
                connect(ray, on, workers, cores)
                self._is_ours = True
            alive = [node["Resources"] for node in self._ray.nodes() if node["Alive"]]
            nodes = [int(resources.get("CPU", 0)) for resources in alive]
            self.workers, cores = shares(nodes, workers, cores)
        except BaseException:
            self.close()
            raise
        ours = {name: os.environ[name] for name in INHERITED if name in os.environ}
        self._do = ray.remote(
            num_cpus=cores,
            max_retries=retries,
            retry_exceptions=False,
            runtime_env={"env_vars": {**ours, **thread_counts(cores), **ENVIRONMENT}},
        )(_task(__version__))

    def submit(self, job: Job) -> None:
        """Have the job done when it is its turn."""
        self._waiting.append((job, request(job)))
        self._begin()

    def wait(self) -> Done:
        """Return the next job that ends, whichever it is; one at least must not have ended yet.

        Raises WorkerError where a worker has another version of fashionlab, or none.
        """
        if not self._running:
            raise RuntimeError("there is no job to wait for")
        ended: list[Any] = []
        while not ended:
            ended, _ = self._ray.wait(list(self._running), timeout=1.0)
            self._pass_on()
        job = self._running.pop(ended[0])
        self._begin()
        try:
            return done(job, self._ray.get(ended[0]))
        except self._ray.exceptions.RayError as error:
            line = " ".join(str(error).split())
            return Done(
                job,
                None,
                "a job must not end its worker, nor its node stop; received, after "
                f"{self._retries} retries: {type(error).__name__}: {line:.500}; see that there is "
                "enough memory, or use fewer workers",
            )

    def close(self) -> None:
        """Stop all jobs that have not ended, and wait until nothing of them runs any more.

        A training ends its epoch before it stops, for which it has PATIENCE_S.
        """
        self._waiting.clear()
        try:
            with suppress(self._ray.exceptions.RayError):  # the cluster is gone
                self._end(PATIENCE_S, force=False)
        finally:  # also after a second Ctrl-C
            with suppress(self._ray.exceptions.RayError):
                self._end(5.0, force=True)
            self._running.clear()
            if self._is_ours:
                self._ray.shutdown()
            self._open.close()

    def _begin(self) -> None:
        while self._waiting and len(self._running) < self.workers:
            job, request = self._waiting.popleft()
            self._running[self._do.remote(request)] = job

    def _pass_on(self) -> None:
        """Say what was heard from Ray, which may publish a message twice."""
        heard = [self._heard.popleft() for _ in range(len(self._heard))]
        for line in dict.fromkeys(heard):
            self._say(f"Ray: {line:.300}")

    def _end(self, patience_s: float, force: bool) -> None:
        """Cancel what runs, and forget what has ended within `patience_s`."""
        for reference in self._running:
            self._ray.cancel(reference, force=force)
        if left := list(self._running):
            ended, _ = self._ray.wait(left, num_returns=len(left), timeout=patience_s)
            for reference in ended:
                del self._running[reference]


def shares(nodes: list[int], workers: int | None, cores: int | None) -> tuple[int, int]:
    """Return the number of workers and of their cores on nodes that have so many CPUs each.

    Raises InvalidValueError where no node has so many: Ray would wait for one for ever.
    """
    largest = max(nodes, default=0)
    cores = cores or max(1, min(largest, sum(nodes) // (workers or sum(nodes) or 1)))
    if cores > largest:
        raise InvalidValueError(
            f"a worker must fit on a node of the Ray cluster; received {cores} cores a worker, and "
            f"nodes with at most {largest}; ask for fewer cores, or wait until a node has joined"
        )
    return workers or sum(cpus // cores for cpus in nodes), cores


def _task(version: str) -> Callable[[str], str]:
    """Return the function that a worker runs, which it is sent whole, as nested functions are.

    One of a module would be sent as its name, and fail without a word where there is no such
    module.
    """

    def perform(request: str) -> str:
        try:
            from fashionlab.jobs.perform import answer
        except ImportError as error:
            import json
            import socket
            import sys

            theirs = getattr(sys.modules.get("fashionlab"), "__version__", f"none ({error})")
            return json.dumps(
                {
                    "refused": f"workers must have fashionlab {version}, as the process that gives "
                    f"them jobs; received {theirs} on {socket.gethostname()}; install the same "
                    "version there"
                }
            )
        return answer(request)

    return perform
