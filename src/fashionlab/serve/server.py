"""serve: listen, answer, and stop cleanly."""

import asyncio
import contextlib
import errno
import gc
import signal
import socket
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import uvicorn

from fashionlab.errors import InvalidValueError
from fashionlab.serve.connection import connection_class
from fashionlab.serve.models import ServedModel
from fashionlab.serve.routes import create_app
from fashionlab.serve.settings import Settings

BACKLOG = 1024  # connections that the system holds until they are accepted
SIGNALS = (signal.SIGINT, signal.SIGTERM)


def serve(
    models: Sequence[ServedModel], settings: Settings, say: Callable[[str], None] = print
) -> None:
    """Serve until SIGTERM or SIGINT; `say` gets the address once requests can come.

    Then no more connections are taken, and it returns when the requests in flight are answered, or
    after `stop_seconds`. A second SIGINT ends it at once. Raises InvalidValueError where the
    address cannot be listened on.
    """
    listener = listen(settings)
    with contextlib.closing(listener):
        server = Server(create_app(models, settings), settings, say)
        # What is loaded by now stays: looked through again and again for garbage, it would stop
        # everything for 50 ms each time.
        gc.collect()
        gc.freeze()
        server.run(sockets=[listener])


def listen(settings: Settings) -> socket.socket:
    """A socket that takes connections from now on; Raises InvalidValueError."""
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((settings.host, settings.port))
        listener.listen(BACKLOG)
    except OSError as error:
        listener.close()
        remedy = {
            errno.EADDRINUSE: "another program listens there; choose another --port",
            errno.EACCES: "not allowed; choose a --port from 1024",
        }.get(error.errno or 0, f"{error.strerror or error}; choose another --host")
        raise InvalidValueError(
            f"host and port must be free, got {settings.host} port {settings.port}: {remedy}"
        ) from error
    return listener


class Server(uvicorn.Server):
    """uvicorn's server, but it says where it is, and returns from a signal."""

    def __init__(self, app: Any, settings: Settings, say: Callable[[str], None]) -> None:
        super().__init__(
            uvicorn.Config(
                app,
                http=connection_class(settings, app.state.refuses),
                ws="none",
                loop="auto",
                lifespan="on",
                log_config=None,  # errors go to stderr, as Python's logging does by itself
                log_level="error",
                access_log=False,
                proxy_headers=False,  # nothing here depends on who asks
                server_header=False,
                backlog=BACKLOG,
                timeout_keep_alive=settings.keep_alive,
                timeout_graceful_shutdown=settings.stop_seconds,
            )
        )
        self._say = say

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """As uvicorn's, and then say it."""
        await super().startup(sockets)
        host, port = (sockets or [])[0].getsockname()[:2]
        self._say(f"http://{f'[{host}]' if ':' in host else host}:{port}/")

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Stop at a signal. uvicorn would raise it again afterwards: no exit status 0."""
        loop = asyncio.get_running_loop()
        try:
            for number in SIGNALS:
                loop.add_signal_handler(number, self.handle_exit, number, None)
        except (ValueError, RuntimeError, NotImplementedError):  # not the main thread, or Windows
            yield
            return
        try:
            yield
        finally:
            for number in SIGNALS:
                loop.remove_signal_handler(number)
