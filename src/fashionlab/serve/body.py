"""Read a request's body within its limits of bytes and time."""

import asyncio
import time
from collections.abc import Awaitable, Callable, MutableMapping
from contextlib import suppress
from typing import Any

from fashionlab.serve.admission import Admission
from fashionlab.serve.errors import ClientGone, Refused
from fashionlab.serve.settings import Settings

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]

DRAIN_SECONDS = 2.0


async def read(receive: Receive, limit: int, settings: Settings, admission: Admission) -> bytes:
    """Return the whole body, whose length the caller takes from `admission.bytes` afterwards.

    Raises ClientGone, or Refused: 413 for more than `limit` bytes, 408 for a slow body, 503 when
    all bodies together are too large. A body is slow that takes longer than `body_seconds`, or
    that arrives after `body_grace` at less than `body_rate` on average.
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
            admission.hold(len(chunk))
            size += len(chunk)
            chunks.append(chunk)
            if not message.get("more_body", False):
                return chunks[0] if len(chunks) == 1 else b"".join(chunks)
    except BaseException as error:
        admission.bytes -= size
        if isinstance(error, TimeoutError):
            raise Refused(
                408,
                f"a body must arrive without long pauses, received {size:,} bytes; send it again",
            ) from error
        raise


def too_large(limit: int) -> Refused:
    """Return a 413."""
    return Refused(413, f"the body must have at most {limit:,} bytes, received more; shrink it")


async def drain(receive: Receive) -> None:
    """Discard the rest of a body for a moment, so that its sender can read the answer.

    A connection that is closed with unread bytes is reset, and the answer lost.
    """
    with suppress(TimeoutError):
        async with asyncio.timeout(DRAIN_SECONDS):
            while True:
                message = await receive()
                if message["type"] != "http.request" or not message.get("more_body", False):
                    return
