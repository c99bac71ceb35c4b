"""Job, Done, Executor: work that any process on any machine can do, and what came of it."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Job:
    """A unit of work. Done twice, or begun by one process and ended by another, it is the same.

    `work` is "module:function"; the function takes `arguments` and returns the result, both of JSON
    values. It keeps what it makes in files of its own, and goes on with what it finds there.
    """

    name: str  # the hash of all that decides the result
    work: str
    arguments: Mapping[str, Any]


@dataclass(frozen=True)
class Done:
    """A job that has ended: with a result, or with the line of its error.

    `lost` says that processes or machines were lost with it, more often than it may be begun again.
    """

    job: Job
    result: Mapping[str, Any] | None
    error: str = ""
    lost: bool = False


class Executor(AbstractContextManager["Executor"], ABC):
    """Does jobs, `workers` at a time; the others wait in the order in which they were submitted.

    A context manager: leaving it stops what is still running, which keeps what it has in its files.
    A job whose process or machine is lost is begun again elsewhere, `retries` times at most.
    """

    workers: int

    @abstractmethod
    def submit(self, job: Job) -> None:
        """Have the job done when it is its turn."""

    @abstractmethod
    def wait(self) -> Done:
        """Return the next job that ends, whichever it is; one at least must not have ended yet."""

    @abstractmethod
    def close(self) -> None:
        """Stop all jobs that have not ended, and wait until nothing of them runs any more."""

    def __exit__(self, *error: object) -> None:
        self.close()
