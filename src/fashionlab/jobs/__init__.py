"""Lists of independent jobs, done by local processes or by a Ray cluster.

start        an executor, by the name that --on takes
job          Job, Done and Executor, the contract
perform      what a worker does, whichever executor started it
local        processes of this machine; worker is what they run
ray_cluster  tasks of a Ray cluster; ray_connection finds or starts it
stopping     signals that stop who gives the jobs
"""

from collections.abc import Callable

from fashionlab.errors import InvalidValueError
from fashionlab.jobs.job import Done, Executor, Job

__all__ = ["Done", "Executor", "Job", "start"]


def start(
    on: str = "local",
    workers: int | None = None,
    *,
    cores: int | None = None,
    retries: int = 3,
    say: Callable[[str], None] = lambda line: None,
) -> Executor:
    """Return an executor, a context manager, that does jobs in `workers` processes.

    `on` is "local", for processes of this machine; "ray", for the Ray cluster that this process has
    joined, or that RAY_ADDRESS names, or else one that is started here and ends with the executor;
    or "ray://HOST:PORT", for the cluster whose head answers there (6379 by default), of which this
    machine must be a node.

    Each worker gets `cores` cores, by default its equal share of them all. By default there are as
    many workers as there is room for: jobs are independent, and one core does each with the least
    waste. `retries` is how often a job is begun again whose process or machine was lost; `say` is
    called with a line about each that is.

    Raises InvalidValueError for another `on`, a number out of range, and an address where no
    cluster answers; MissingDependencyError without Ray.
    """
    for what, number, least in (
        ("workers", workers, 1),
        ("cores", cores, 1),
        ("retries", retries, 0),
    ):
        if number is not None and number < least:
            raise InvalidValueError(f"{what} must be at least {least}; received {number}")
    if on == "local":
        from fashionlab.environment import cpus
        from fashionlab.jobs.local import LocalExecutor

        workers = workers or max(1, cpus() // (cores or 1))
        return LocalExecutor(workers, cores or max(1, cpus() // workers), retries, say)
    if on == "ray" or on.startswith("ray://"):
        from fashionlab.jobs.ray_cluster import RayExecutor

        return RayExecutor(on, workers, cores, retries, say)
    raise InvalidValueError(
        f'jobs must be done on "local", "ray" or "ray://HOST:PORT"; received {on!r:.80}'
    )
