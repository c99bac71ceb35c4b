"""Batcher: one thread for the models; what waits for a model becomes its next batch.

There is no timer: a request that comes alone is computed at once, and requests that arrive while
the thread is busy make the next batch, so batches grow with the load.
"""

import asyncio
import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from itertools import islice
from typing import Any

from fashionlab.images.preprocess import Prepared
from fashionlab.portable import Prediction
from fashionlab.serve.admission import Admission
from fashionlab.serve.errors import busy
from fashionlab.serve.models import ServedModel


@dataclass(eq=False)
class _Job:
    future: asyncio.Future[Any]
    deadline: float  # of time.monotonic()
    size: int  # images
    model: ServedModel | None = None
    images: Sequence[Prepared] = ()
    call: Callable[[], Any] | None = None  # instead of a model


class Batcher:
    """The queue of a model's images, and of calls that take as long as some images.

    `thread` is an executor of one thread, which computes; `observe(name, images)` is called for
    each batch. A job is refused (503) where `admission` has no room for it, or past its deadline;
    one whose future was cancelled is dropped. Used from the event loop alone.
    """

    thread: Executor

    def __init__(
        self, largest: int, admission: Admission, observe: Callable[[str, int], None]
    ) -> None:
        self.largest, self._admission, self._observe = largest, admission, observe
        self._jobs: deque[_Job] = deque()
        self._task: asyncio.Task[None] | None = None

    def predict(
        self, model: ServedModel, images: Sequence[Prepared], deadline: float
    ) -> asyncio.Future[list[Prediction]]:
        """Return the future predictions of N images, in their order."""
        future = asyncio.get_running_loop().create_future()
        return self._put(_Job(future, deadline, len(images), model=model, images=images))

    def call(self, call: Callable[[], Any], size: int, deadline: float) -> asyncio.Future[Any]:
        """Return the future result of `call`, which takes as long as `size` images."""
        future = asyncio.get_running_loop().create_future()
        return self._put(_Job(future, deadline, size, call=call))

    def _put(self, job: _Job) -> asyncio.Future[Any]:
        self._admission.wait(job.size)
        self._jobs.append(job)
        if self._task is None:
            self._task = asyncio.create_task(self._run())
        return job.future

    async def _run(self) -> None:
        """Compute batch after batch until no job waits."""
        loop = asyncio.get_running_loop()
        try:
            while self._jobs:
                jobs = [job for job in self._take() if _is_wanted(job)]
                if not jobs:
                    continue
                try:
                    results = await loop.run_in_executor(self.thread, self._compute, jobs)
                except Exception as error:  # of the requests: the middleware answers and logs it
                    results = [error] * len(jobs)
                for job, result in zip(jobs, results, strict=True):
                    _settle(job, result)
        finally:
            self._task = None

    def _take(self) -> list[_Job]:
        """Remove the first job, and as many of the next for the same model as make a batch."""
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
        self._admission.images -= size
        return batch

    def _compute(self, jobs: Sequence[_Job]) -> list[Any]:
        """Return the result of each job. Runs in the thread."""
        model = jobs[0].model
        if model is None:
            return [job.call() for job in jobs if job.call is not None]
        images = [image for job in jobs for image in job.images]
        predictions: list[Prediction] = []
        # A single request can be larger than a batch; in parts it takes no more memory.
        for first in range(0, len(images), self.largest):
            part = images[first : first + self.largest]
            predictions += model.predict(part)
            self._observe(model.name, len(part))
        remaining = iter(predictions)
        return [list(islice(remaining, job.size)) for job in jobs]


def _is_wanted(job: _Job) -> bool:
    if not job.future.done() and time.monotonic() > job.deadline:
        _settle(job, busy("the request has waited longer than it may"))
    return not job.future.done()


def _settle(job: _Job, result: Any) -> None:
    if job.future.done():
        return
    if isinstance(result, Exception):
        job.future.set_exception(result)
    else:
        job.future.set_result(result)
