"""Admission: the limits on the work of all requests together."""

from collections.abc import Iterator
from contextlib import contextmanager

from fashionlab.serve.errors import busy
from fashionlab.serve.settings import Settings


class Admission:
    """The requests in progress, the images waiting for a model, and the bytes of bodies in memory.

    Every method that adds raises Refused (503) at its limit. Used from the event loop alone.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self.requests = 0  # whose body has arrived, and whose answer is not computed
        self.images = 0  # waiting for a model
        self.bytes = 0  # of bodies

    def check(self) -> None:
        """Refuse a request for which there is no room, before its body is read."""
        if self.requests >= self._settings.in_progress or self.images >= self._settings.queue:
            raise busy("the service has all the work it can take")

    @contextmanager
    def request(self) -> Iterator[None]:
        """Count a request whose body has arrived."""
        self.check()
        self.requests += 1
        try:
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
