"""serve: listen, answer, and stop cleanly."""

import contextlib
import errno
import gc
import os
import signal
import socket
import threading
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import uvicorn

from fashionlab.errors import InvalidValueError
from fashionlab.serve.app import create_app
from fashionlab.serve.models import ServedModel
from fashionlab.serve.settings import Settings

BACKLOG = 1024  # connections that the system holds until they are accepted
SIGNALS = (signal.SIGINT, signal.SIGTERM)


def serve(
    models: Sequence[ServedModel], settings: Settings, say: Callable[[str], None] = print
) -> None:
    """Serve until SIGTERM or SIGINT; `say` receives the address once clients can connect.

    Then no more connections are taken, and it returns when the requests in flight are answered, or
    after `stop_seconds`. A second SIGINT ends it at once. Raises InvalidValueError where the
    address cannot be listened on.
    """
    with contextlib.closing(listen(settings)) as listener:
        server = create_server(models, settings)
        # What is loaded by now stays: each look through it for garbage would stop everything for
        # 50 ms.
        gc.collect()
        gc.freeze()
        with stopped_by_signals(server):
            say(address(listener))
            server.run(sockets=[listener])


def create_server(models: Sequence[ServedModel], settings: Settings) -> uvicorn.Server:
    """Return the server of these models, for a socket from `listen`."""
    return uvicorn.Server(
        uvicorn.Config(
            create_app(models, settings),
            http=_protocol(),
            ws="none",
            lifespan="on",
            log_config=None,  # errors go to stderr, as Python's logging does by itself
            log_level="critical",  # the middleware logs what is the service's own failure
            access_log=False,
            proxy_headers=False,  # nothing here depends on who asks
            server_header=False,
            backlog=BACKLOG,
            timeout_keep_alive=settings.keep_alive,
            timeout_graceful_shutdown=settings.stop_seconds,
        )
    )


def _protocol() -> Any:
    """Return what uvicorn takes for HTTP/1.1: of httptools, or where that is missing of h11."""
    try:
        from fashionlab.serve.protocol import Protocol
    except ImportError:
        return "h11"
    return Protocol


def listen(settings: Settings) -> socket.socket:
    """Return a socket that takes connections from now on. Raises InvalidValueError."""
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    listener = None
    try:
        listener = socket.socket(family, socket.SOCK_STREAM)
        if os.name != "nt":  # on Windows it lets two programs listen at one address
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((settings.host, settings.port))
        listener.listen(BACKLOG)
    except OSError as error:
        if listener:
            listener.close()
        remedy = {
            errno.EADDRINUSE: "another program listens there; choose another --port",
            errno.EACCES: "not allowed; choose a --port from 1024",
        }.get(error.errno or 0, f"{error.strerror or error}; choose another --host")
        raise InvalidValueError(
            f"host and port must be free, received {settings.host} port {settings.port}: {remedy}"
        ) from error
    return listener


def address(listener: socket.socket) -> str:
    """Return the address of the service."""
    host, port = listener.getsockname()[:2]
    return f"http://{f'[{host}]' if ':' in host else host}:{port}/"


@contextlib.contextmanager
def stopped_by_signals(server: uvicorn.Server) -> Iterator[None]:
    """Let signals stop the server, and nothing more.

    uvicorn handles them while it runs, and raises them again for the handlers from before: with
    Python's own, the process would not end with status 0.
    """

    def stop(*_: object) -> None:
        server.should_exit = True

    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.signal(number, stop) for number in SIGNALS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
