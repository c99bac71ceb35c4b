"""served: the service as it is, on a free port, in a thread of the tests."""

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from fashionlab.serve.models import ServedModel
from fashionlab.serve.routes import create_app
from fashionlab.serve.server import Server, listen
from fashionlab.serve.settings import Settings


@dataclass
class Served:
    """A running service; `stop` asks it to stop, as a signal does, and waits until it has."""

    url: str  # ends with /
    port: int
    server: Server
    thread: threading.Thread

    def stop(self) -> None:
        self.server.should_exit = True
        self.thread.join(30)


@contextmanager
def served(models: Sequence[ServedModel], **settings: Any) -> Iterator[Served]:
    """Serve `models` with these fields of Settings, until the context ends."""
    chosen = Settings(port=0, **settings)
    listener = listen(chosen)
    addresses: list[str] = []
    started = threading.Event()

    def say(address: str) -> None:
        addresses.append(address)
        started.set()

    server = Server(create_app(models, chosen), chosen, say)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    if not started.wait(30):
        raise RuntimeError("the service has not started")
    service = Served(addresses[0], int(addresses[0].rsplit(":", 1)[1][:-1]), server, thread)
    try:
        yield service
    finally:
        service.stop()
