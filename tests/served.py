"""served: the service as it is, on a free port, in a thread of the tests."""

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import uvicorn

from fashionlab.serve.models import ServedModel
from fashionlab.serve.server import address, create_server, listen
from fashionlab.serve.settings import Settings


@dataclass
class Served:
    """A running service; `stop` stops it as a signal does, and waits until it has ended."""

    url: str  # ends with /
    port: int
    server: uvicorn.Server
    thread: threading.Thread

    def stop(self) -> None:
        self.server.should_exit = True
        self.thread.join(30)


@contextmanager
def served(models: Sequence[ServedModel], **settings: Any) -> Iterator[Served]:
    """Serve `models` with these fields of Settings, until the context ends."""
    chosen = Settings(port=0, **settings)
    listener = listen(chosen)
    url = address(listener)
    server = create_server(models, chosen)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    service = Served(url, int(url.rsplit(":", 1)[1][:-1]), server, thread)
    try:
        yield service
    finally:
        service.stop()
