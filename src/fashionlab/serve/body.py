"""read: a request's body, while it arrives held to its limits of bytes and time."""

import asyncio
import time
from collections.abc import Awaitable, Callable, MutableMapping
from contextlib import suppress
from typing import Any

from fashionlab.serve.errors import Refused, busy
from fashionlab.serve.settings import Settings

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]

DRAIN_SECONDS = 2.0


class ClientGone(Exception):  # noqa: N818  nothing went wrong
    """The client has closed its connection; nobody waits for an answer."""


class Held:
    """The bytes of bodies that are in memory now, over all requests, and how many may be."""

    def __init__(self, most: int) -> None:
        self.most, self.bytes = most, 0

    def add(self, count: int) -> None:
        """Raises Refused (503) when there is no room."""
        if self.bytes + count > self.most:
            raise busy("the service holds as many bytes of requests as it may")
        self.bytes += count

    def release(self, count: int) -> None:
        """A request is over."""
        self.bytes -= count


async def read(receive: Receive, limit: int, settings: Settings, held: Held) -> bytes:
    """The whole body; the caller releases its length from `held`, this does so when it raises.

    Raises Refused: 413 for more than `limit` bytes, 408 when it is too slow, 503 when `held` is
    full; ClientGone. A body is too slow that takes longer than `body_seconds`, or that after
    `body_grace` has come at less than `body_rate`: one byte now and then keeps nothing open.
    """
    chunks: list[bytes] = []
    size = 0
    began = time.monotonic()
    try:
        while True:
            due = min(settings.body_seconds, settings.body_grace + size / settings.body_rate)
            async with asyncio.timeout(began + due - time.monotonic()):
                message = await receive()
            if message["type"] != "http.request":
                raise ClientGone
            chunk = message.get("body", b"")
            if size + len(chunk) > limit:
                raise too_large(limit)
            held.add(len(chunk))
            size += len(chunk)
            chunks.append(chunk)
            if not message.get("more_body", False):
                return chunks[0] if len(chunks) == 1 else b"".join(chunks)
    except BaseException as error:
        held.release(size)
        if isinstance(error, TimeoutError):
            raise Refused(
                408, f"a body must arrive without long pauses, got {size:,} bytes; send it again"
            ) from error
        raise


def too_large(limit: int) -> Refused:
    """413."""
    return Refused(413, f"a body here has at most {limit:,} bytes, got more; send a smaller one")


async def drain(receive: Receive) -> None:
    """Throw away the rest of a body for a moment, so that its sender reads the answer.

    A connection closed with unread bytes is reset, and the answer is lost on its way.
    """
    with suppress(TimeoutError):
        async with asyncio.timeout(DRAIN_SECONDS):
            while True:
                message = await receive()
                if message["type"] != "http.request" or not message.get("more_body", False):
                    return
