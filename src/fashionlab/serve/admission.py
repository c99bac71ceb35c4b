"""Admission: the limits on the work of all requests together."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fashionlab.serve.errors import busy
from fashionlab.serve.settings import Settings

AT_ONCE = 4  # requests that begin in a turn of the event loop (benchmarks/service/load.py)


class Admission:
    """The requests in progress, the images waiting for a model, and the bytes of bodies in memory.

    Every method that adds raises Refused (503) at its limit. Used from the event loop alone.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self.requests = 0  # whose body has arrived, and whose answer is not computed
        self.images = 0  # waiting for a model
        self.bytes = 0  # of bodies
        self._beginning = 0  # requests

    def check(self) -> None:
        """Refuse a request for which there is no room, before its body is read."""
        if self.requests >= self._settings.in_progress or self.images >= self._settings.queue:
            raise busy("the service has all the work it can take")

    @asynccontextmanager
    async def request(self) -> AsyncIterator[None]:
        """Count a request whose body has arrived, and let it begin when its turn has come.

        Of requests that arrive together, a few begin in each turn of the event loop: between them
        it reads what else has arrived, so that a refusal does not wait for all of them.
        """
        self.check()
        self.requests += 1
        try:
            self._beginning += 1
            try:
                for _ in range(1 + self._beginning // AT_ONCE):
                    await asyncio.sleep(0)
            finally:
                self._beginning -= 1
            yield
        finally:
            self.requests -= 1

    def wait(self, images: int) -> None:
        """Count images that wait for a model, until `images` is lowered again.

        The images of a request are taken whole where there is room for one: otherwise small
        requests would keep a large one out for ever.
        """
        if self.images >= self._settings.queue:
            raise busy("the service has all the images it can take")
        self.images += images

    def hold(self, count: int) -> None:
        """Count bytes of a body, until `bytes` is lowered again."""
        if self.bytes + count > self._settings.bodies:
            raise busy("the service holds as many bytes of requests as it may")
        self.bytes += count
