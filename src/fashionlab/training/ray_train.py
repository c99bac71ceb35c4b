"""fit: the workers of a training, started and begun again by Ray Train's PyTorch trainer.

The driver shows what the first worker says, and raises its error. Ray Train itself knows neither
checkpoints nor metrics: a training that is begun again finds its own in its run folder.
"""

import _thread
import os
import tempfile
import threading
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib import import_module
from typing import Any

from fashionlab import __version__, errors
from fashionlab.dependencies import needs
from fashionlab.errors import InvalidValueError, RunError
from fashionlab.jobs.perform import thread_counts
from fashionlab.jobs.ray_connection import ENVIRONMENT as RAY_ENVIRONMENT
from fashionlab.jobs.ray_connection import connect, heard
from fashionlab.progress import Progress

LOOKED = 0.2  # seconds between looks at what the workers have sent
Message = tuple[str, tuple[Any, ...]]  # the name of a call of a Progress, and its arguments
ENVIRONMENT = {
    **RAY_ENVIRONMENT,
    "RAY_TRAIN_HEALTH_CHECK_INTERVAL_S": "0.5",  # seconds in which an end or a loss is noticed
    "RAY_TRAIN_ENABLE_PREEMPTION_WATCHER": "0",  # a process more, which asks for checkpoints
}


class _Messages:
    """What the first worker has to say, and the error that no beginning again mends.

    An actor of Ray, which outlives the workers.
    """

    def __init__(self) -> None:
        self._waiting: list[Message] = []
        self._error: tuple[str, str] | None = None

    def put(self, name: str, arguments: tuple[Any, ...]) -> None:
        """Keep a call of a Progress."""
        self._waiting.append((name, arguments))

    def take(self) -> list[Message]:
        """Return the calls since the last time."""
        waiting, self._waiting = self._waiting, []
        return waiting

    def fail(self, kind: str, line: str) -> None:
        """Keep the first error: a class of fashionlab.errors, and its message."""
        self._error = self._error or (kind, line)

    def error(self) -> tuple[str, str] | None:
        """Return the error, if any."""
        return self._error


def fit(task: Mapping[str, Any], workers: int, on: str, retries: int, progress: Progress) -> None:
    """Do a task, as `worker.take_part` takes it, on `workers` processes of a Ray cluster.

    Raises what the workers raise; InvalidValueError where no cluster answers or it has too few
    cores; RunError where workers were lost more than `retries` times; MissingDependencyError
    without Ray Train.
    """
    os.environ.update(ENVIRONMENT)  # which Ray reads when it is imported
    with needs("training on several workers", "fashionlab[ray,keras]"):
        ray, train = import_module("ray"), import_module("ray.train")
        trainer_class = _changed(import_module("ray.train.torch").TorchTrainer)
        scheduling = import_module("ray.util.scheduling_strategies")
    lines: deque[str] = deque()  # from Ray, about lost workers
    with (
        heard(ray, lines.append),
        _connected(ray, on, workers),
        tempfile.TemporaryDirectory("-fashionlab") as scratch,
    ):
        node = ray.get_runtime_context().get_node_id()
        here = scheduling.NodeAffinitySchedulingStrategy(node, soft=False)
        messages = ray.remote(num_cpus=0, scheduling_strategy=here)(_Messages).remote()
        resources = _resources(ray.nodes(), workers)
        threads = thread_counts(resources["resources_per_worker"]["CPU"])
        variables = {**ENVIRONMENT, **threads, "KERAS_BACKEND": "torch"}
        trainer = trainer_class(
            _work(__version__),
            train_loop_config={"task": dict(task), "messages": messages},
            scaling_config=train.ScalingConfig(num_workers=workers, **resources),
            run_config=train.RunConfig(
                storage_path=scratch,  # where it writes nothing, without checkpoints of its own
                failure_config=train.FailureConfig(max_failures=retries),
                worker_runtime_env={"env_vars": variables},
            ),
        )
        failed: Exception | None = None
        with _Listener(lambda: _heard(lines) + ray.get(messages.take.remote()), progress):
            try:
                trainer.fit()
            except train.TrainingFailedError as error:
                failed = error
        if found := ray.get(messages.error.remote()):
            kind, line = found
            raise getattr(errors, kind)(line)
        if failed:
            raise RunError(
                f"a training must not lose its workers more than {retries} times; received: "
                f"{_reasons(failed)}; see that there is enough memory, and go on with --resume"
            ) from failed


def _heard(lines: deque[str]) -> list[Message]:
    """Return what Ray has said since the last time; it may say a thing twice."""
    new = [lines.popleft() for _ in range(len(lines))]
    return [("say", (f"Ray: {line:.200}",)) for line in dict.fromkeys(new)]


def _reasons(error: Any) -> str:
    """Return why a training of Ray Train has failed: what each worker that failed said last."""
    failures: Mapping[int, Exception] = getattr(error, "worker_failures", {0: error})
    last = {rank: str(e).strip().rpartition("\n")[2] for rank, e in sorted(failures.items())}
    return "; ".join(
        f"worker {rank}: {type(failures[rank]).__name__} {line:.200}" for rank, line in last.items()
    )


@contextmanager
def _connected(ray: Any, on: str, workers: int) -> Iterator[None]:
    """Be connected with a Ray cluster: one that the program has joined already, or for now."""
    if on == "ray" and ray.is_initialized():
        yield
        return
    try:
        connect(ray, on, workers, cores=None)
        yield
    finally:
        ray.shutdown()


def _changed(trainer: Any) -> Any:
    """Return Ray Train's trainer as it is of use here, by methods not public as of 2.60."""

    class Trainer(trainer):  # type: ignore[misc]
        def _create_default_callbacks(self) -> list[Any]:
            """Leave out a process that watches it by the dashboard, where it waits for 12 s.

            The clusters that are started here have none. What it frees, Ray frees in the end.
            """
            made = super()._create_default_callbacks()
            return [one for one in made if type(one).__name__ != "PlacementGroupCleanerCallback"]

        def _register_sigint_handler(self, controller: Any) -> None:
            """Leave Ctrl-C as it is: KeyboardInterrupt, after which we leave the cluster."""

    return Trainer


class _Listener(threading.Thread):
    """Shows what the first worker sends, while this context's thread waits for Ray Train.

    An error in it ends the context, where that is in the main thread, and is raised there.
    """

    def __init__(self, take: Callable[[], Sequence[Message]], progress: Progress) -> None:
        super().__init__(daemon=True)
        self._take, self._progress = take, progress
        self._ended, self._begun = threading.Event(), False
        self._error: Exception | None = None
        self._in_main = threading.current_thread() is threading.main_thread()

    def __enter__(self) -> None:
        self.start()

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        self._ended.set()
        self.join()
        self._stop()
        if self._error:
            raise self._error from error

    def run(self) -> None:
        """Make the calls that were sent, until the context ends."""
        try:
            while not self._ended.wait(LOOKED):
                self._show()
            self._show()
        except Exception as error:
            self._error = error
            if self._in_main and not self._ended.is_set():
                _thread.interrupt_main()

    def _show(self) -> None:
        for name, arguments in self._take():
            if name == "start":
                self._stop()  # a training that was lost
            getattr(self._progress, name)(*arguments)
            self._begun = name != "stop" if name in ("start", "stop") else self._begun

    def _stop(self) -> None:
        if self._begun:
            self._progress.stop()
        self._begun = False


def _resources(nodes: Sequence[Mapping[str, Any]], workers: int) -> dict[str, Any]:
    """Return what each worker takes of a cluster: a GPU, where each can have one, and cores.

    `nodes` is what `ray.nodes()` returns. Raises InvalidValueError where there are too few cores.
    """
    alive = [node["Resources"] for node in nodes if node["Alive"]]
    gpus, cores = ([int(resources.get(kind, 0)) for resources in alive] for kind in ("GPU", "CPU"))
    each = max(cores, default=0)
    while each and sum(n // each for n in cores) < workers:
        each -= 1
    if not each:
        raise InvalidValueError(
            f"the cluster must have a core for each of {workers} workers; received {sum(cores)}; "
            "give fewer workers"
        )
    return {"use_gpu": sum(gpus) >= workers, "resources_per_worker": {"CPU": each}}


def _work(version: str) -> Callable[[dict[str, Any]], None]:
    """Return one worker's part: the function that Ray Train calls.

    It is sent whole, as nested functions are: one of a module would be sent as its name, and fail
    with a trace where there is no such module.
    """

    def work(given: dict[str, Any]) -> None:
        import socket
        import sys

        import ray

        messages = given["messages"]
        if ray.get(messages.error.remote()):
            return  # begun again after an error that nothing mends
        try:
            from fashionlab.errors import FashionlabError
            from fashionlab.training.worker import Sent, take_part
        except ImportError as error:
            theirs = getattr(sys.modules.get("fashionlab"), "__version__", f"none ({error})")
            line = (
                f"all workers must have fashionlab {version}, which started the training; received "
                f"{theirs} on {socket.gethostname()}; install that version there"
            )
            ray.get(messages.fail.remote("RunError", line))
            raise
        try:
            take_part(given["task"], Sent(messages.put.remote))
        except FashionlabError as error:
            ray.get(messages.fail.remote(type(error).__name__, str(error)))
            raise

    return work
