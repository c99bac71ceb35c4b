"""Connection: uvicorn's, with limits on what a client can make it hold and for how long.

uvicorn reads a request's head for as long as it comes, closes a new connection never, and takes
any number of requests ahead of the answers; it also has no limit on a head's size. Here:

    no whole head in `head_seconds`      closed, 408
    more connections than `connections`  closed, 503
    a head, or trailers, without end     closed, 431
    requests sent far ahead of answers   closed
    an answer not taken                  closed after `write_seconds`
    more work than can be taken          503 from here, at a fraction of the price
    many requests at a time              begun a few in a turn of the loop

Work is counted here, when a request has come whole: were all of a thousand requests let in and
refused later, they would all wait for each other's first steps. And between the first steps of a
few, the loop reads what else has come, so that a refusal does not wait for all that were let in.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from functools import partial
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from fashionlab.serve.refusals import error_body, new_id
from fashionlab.serve.settings import Settings

LARGEST_HEAD = 64_000  # bytes after the first read, which has 256 kB at most
FRAME = 9  # bytes of a chunked body that carry one of content, at the worst
AT_ONCE = 4  # requests begun in a turn, or refusals come later (benchmarks/service/load.py)
AHEAD = 16  # requests on one connection before the first of them is answered
REASONS = {400: "Bad Request", 408: "Request Timeout", 503: "Service Unavailable"}
REASONS |= {431: "Request Header Fields Too Large"}


class _Refused:
    """In the place of a request that was answered when its head had come; its body is skipped."""

    response_complete = True


def connection_class(
    settings: Settings, refuses: Callable[[str, int], bool] = lambda address, in_progress: False
) -> type[HttpToolsProtocol]:
    """The protocol class for uvicorn; it creates one for each connection.

    `refuses(address, in_progress)` says of a POST that there is too much work for it, where so many
    requests have come whole and are not answered.
    """
    in_progress: set[HttpToolsProtocol] = set()
    to_begin: deque[Callable[[], None]] = deque()

    def begin_some(loop: asyncio.AbstractEventLoop) -> None:
        for _ in range(min(len(to_begin), AT_ONCE)):
            to_begin.popleft()()
        if to_begin:
            loop.call_soon(begin_some, loop)

    class Connection(HttpToolsProtocol):
        def __init__(self, *arguments: Any, **options: Any) -> None:
            super().__init__(*arguments, **options)
            self.in_head = True  # from a connection's begin, or a request's first byte
            self.timer: asyncio.TimerHandle | None = None
            self.writing: asyncio.TimerHandle | None = None
            self.overhead = 0  # bytes since the request's begin that are no body

        def connection_made(self, transport: Any) -> None:
            super().connection_made(transport)
            if len(self.connections) > settings.connections:
                self.refuse(503, "the service has all the connections it can take")
            else:
                self.wait_for_head()

        def wait_for_head(self) -> None:
            self.timer = self.loop.call_later(
                settings.head_seconds, self.refuse, 408, "a request must arrive without pauses"
            )

        def stop_waiting(self) -> None:
            if self.timer is not None:
                self.timer.cancel()
                self.timer = None

        def data_received(self, data: bytes) -> None:
            if self.transport.is_closing():
                return
            self.overhead += len(data)
            super().data_received(data)
            if self.overhead > LARGEST_HEAD:
                self.refuse(431, "a request's head is too large")
            elif self.in_head and self.timer is None:
                self.wait_for_head()

        def on_message_begin(self) -> None:
            self.in_head, self.overhead = True, 0
            super().on_message_begin()

        def on_headers_complete(self) -> None:
            self.in_head = False
            self.stop_waiting()
            if len(self.pipeline) >= AHEAD:
                self.transport.abort()
            elif self.parser.get_method() == b"POST" and self.is_refused_early():
                self.cycle: Any = _Refused()
                self.transport.write(new_id().encode().join(BUSY))
                self.in_head = True  # the rest of the body is waited for as a head is
            else:
                super().on_headers_complete()

        def is_refused_early(self) -> bool:
            """Where it is simple: no answer is on its way, and a small body soon will have come."""
            if self.cycle is not None and not self.cycle.response_complete:
                return False
            lengths = [value for name, value in self.headers if name == b"content-length"]
            return (
                len(lengths) == 1
                and len(lengths[0]) <= 5
                and not self.expect_100_continue
                and not self.flow.write_paused
                and bool(self.parser.should_keep_alive())
                and refuses(self.url.decode("latin-1"), len(in_progress))
            )

        def on_message_complete(self) -> None:
            if isinstance(self.cycle, _Refused):
                self.in_head = False
                self.stop_waiting()
                self.timeout_keep_alive_task = self.loop.call_later(
                    self.timeout_keep_alive, self.timeout_keep_alive_handler
                )
            else:
                if not self.cycle.response_complete:
                    in_progress.add(self)
                super().on_message_complete()

        def _start_asgi_task(self, *request: Any) -> None:
            if not to_begin:
                self.loop.call_soon(begin_some, self.loop)
            to_begin.append(partial(super()._start_asgi_task, *request))

        def on_body(self, body: bytes) -> None:
            self.overhead = max(0, self.overhead - FRAME * len(body))
            super().on_body(body)

        def on_response_complete(self) -> None:
            if not self.pipeline:
                in_progress.discard(self)
            super().on_response_complete()
            if self.transport.is_closing() and self.transport.get_write_buffer_size():
                self.pause_writing()  # nothing else would end it

        def timeout_keep_alive_handler(self) -> None:
            super().timeout_keep_alive_handler()
            if self.transport.get_write_buffer_size():
                self.transport.abort()

        def pause_writing(self) -> None:
            super().pause_writing()
            if self.writing is None:
                self.writing = self.loop.call_later(settings.write_seconds, self.transport.abort)

        def resume_writing(self) -> None:
            super().resume_writing()
            if self.writing is not None:
                self.writing.cancel()
                self.writing = None

        def connection_lost(self, exc: Exception | None) -> None:
            in_progress.discard(self)
            self.stop_waiting()
            self.resume_writing()
            if isinstance(self.cycle, _Refused):
                self.cycle = None
            super().connection_lost(exc)

        def send_400_response(self, msg: str) -> None:
            self.refuse(400, "the request is not HTTP/1.1")

        def refuse(self, status: int, message: str) -> None:
            """Answer in the place of the app, and close. Nothing when an answer has begun."""
            self.stop_waiting()
            busy = self.cycle is not None and not self.cycle.response_complete
            if self.transport.is_closing() or (busy and self.cycle.response_started):
                self.transport.abort()
                return
            self.transport.write(answer(status, message, "connection: close\r\n"))
            self.transport.close()

    return Connection


def answer(status: int, message: str, headers: str = "", error_id: str | None = None) -> bytes:
    """A whole HTTP answer with an error."""
    body = error_body(message, error_id or new_id())
    if status == 503:
        headers += "retry-after: 1\r\n"
    head = (
        f"HTTP/1.1 {status} {REASONS[status]}\r\ncontent-type: application/json\r\n"
        f"content-length: {len(body)}\r\ncache-control: no-store\r\n"
        f"x-content-type-options: nosniff\r\n{headers}\r\n"
    )
    return head.encode() + body


# In two parts, between which an id belongs: made anew, it would take a third of a refusal's time.
BUSY = answer(
    503,
    "the service has all the work it can take; try again in a second",
    error_id=(NO_ID := "0" * len(new_id())),
).split(NO_ID.encode())
