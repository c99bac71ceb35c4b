"""Batcher: one thread that takes all that waits for a model, and puts it through as one batch.

No timer: a request that comes alone is computed at once, and while it is, others gather and make
the next batch. So batches grow with the load, by themselves, and nobody waits for company.
"""

import asyncio
import threading
import time
from collections import defaultdict, deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Protocol

from fashionlab.images.preprocess import Prepared
from fashionlab.portable import Prediction
from fashionlab.serve.refusals import busy


class Classifier(Protocol):
    """What the batcher asks of a model."""

    @property
    def name(self) -> str:
        """For `observe`."""

    def predict(self, images: Sequence[Prepared]) -> list[Prediction]:
        """N images of the model's size -> N predictions."""


@dataclass(eq=False)
class _Job:
    """Images for a model, or a call; `outcome` is a result, or an exception for the asker."""

    future: asyncio.Future[Any]
    deadline: float  # of time.monotonic()
    size: int  # images
    model: Classifier | None = None
    images: Sequence[Prepared] = ()
    call: Callable[[], Any] | None = None
    outcome: Any = None


class Batcher:
    """Bounded: raises Refused (503) for what comes while `queue` images wait already.

    `observe(name, images)` is told of each batch. Jobs whose asker has gone are dropped, those past
    their deadline refused, neither is computed.
    """

    def __init__(
        self, largest: int, queue: int, observe: Callable[[str, int], None] = lambda *_: None
    ) -> None:
        self.largest, self.queue, self._observe = largest, queue, observe
        self.waiting = 0  # images
        self._jobs: deque[_Job] = deque()
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None
        self._closed = False

    @property
    def full(self) -> bool:
        """Whether a request that came now would be refused."""
        return self.waiting >= self.queue

    def require_room(self) -> None:
        """Raises Refused (503) when it is full."""
        if self.full:
            raise busy("the service has all the work it can take")

    def predict(
        self, model: Classifier, images: Sequence[Prepared], deadline: float
    ) -> asyncio.Future[list[Prediction]]:
        """The predictions of N images, in their order, when their turn has come."""
        future = asyncio.get_running_loop().create_future()
        self._put(_Job(future, deadline, len(images), model=model, images=images))
        return future

    def call(self, call: Callable[[], Any], size: int, deadline: float) -> asyncio.Future[Any]:
        """The result of `call`, which takes as long as `size` images, when its turn has come."""
        future = asyncio.get_running_loop().create_future()
        self._put(_Job(future, deadline, size, call=call))
        return future

    def close(self) -> None:
        """Finish what waits and end the thread, until the next job comes."""
        with self._changed:
            thread, self._closed = self._thread, True
            self._changed.notify()
        if thread is not None:
            thread.join()
        with self._changed:
            self._thread, self._closed = None, False

    def _put(self, job: _Job) -> None:
        with self._changed:
            if self._closed:
                raise busy("the service is stopping")
            # A request is taken whole where there is room for one image: the queue can exceed its
            # bound by one request, so that a large one is not refused for ever by small ones.
            self.require_room()
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="batcher", daemon=True)
                self._thread.start()
            self._jobs.append(job)
            self.waiting += job.size
            self._changed.notify()

    def _run(self) -> None:
        while True:
            with self._changed:
                while not self._jobs:
                    if self._closed:
                        return
                    self._changed.wait()
                batch = self._take()
            self._compute([job for job in batch if self._is_wanted(job)])
            _deliver(batch)

    def _take(self) -> list[_Job]:
        """The first job, and with it as many of the next for the same model as make a batch."""
        batch = [self._jobs.popleft()]
        size = batch[0].size
        while (
            self._jobs
            and batch[0].model is not None
            and self._jobs[0].model is batch[0].model
            and size + self._jobs[0].size <= self.largest
        ):
            batch.append(self._jobs.popleft())
            size += batch[-1].size
        self.waiting -= size
        return batch

    @staticmethod
    def _is_wanted(job: _Job) -> bool:
        if job.future.cancelled():
            return False
        if time.monotonic() > job.deadline:
            job.outcome = busy("the request has waited longer than it may")
            return False
        return True

    def _compute(self, jobs: Sequence[_Job]) -> None:
        if not jobs:
            return
        try:
            if jobs[0].call is not None:
                jobs[0].outcome = jobs[0].call()
                return
            model = jobs[0].model
            images = [image for job in jobs for image in job.images]
            predictions: list[Prediction] = []
            # A single request can be larger than a batch; in parts it takes no more memory.
            for first in range(0, len(images), self.largest):
                part = images[first : first + self.largest]
                predictions += model.predict(part)  # type: ignore[union-attr]
                self._observe(model.name, len(part))  # type: ignore[union-attr]
            first = 0
            for job in jobs:
                job.outcome = predictions[first : first + job.size]
                first += job.size
        except Exception as error:  # belongs to those who asked: the guard answers and logs it
            for job in jobs:
                job.outcome = error


def _deliver(batch: Sequence[_Job]) -> None:
    """Wake each loop once a batch, not once a job."""
    by_loop = defaultdict(list)
    for job in batch:
        by_loop[job.future.get_loop()].append(job)
    for loop, jobs in by_loop.items():
        with suppress(RuntimeError):  # the loop has ended, and so have they who asked
            loop.call_soon_threadsafe(_settle, jobs)


def _settle(jobs: Sequence[_Job]) -> None:
    for job in jobs:
        if job.future.done():
            continue
        if isinstance(job.outcome, Exception):
            job.future.set_exception(job.outcome)
        else:
            job.future.set_result(job.outcome)
