"""Exchange: a request's body and answer on their way, and the headers that every answer has."""

import logging
from collections.abc import Awaitable, Callable

from fashionlab.serve.body import Message, Receive, drain
from fashionlab.serve.errors import ClientGone, Refused, error_json

Send = Callable[[Message], Awaitable[None]]

NO_SNIFF = (b"x-content-type-options", b"nosniff")
NO_STORE = (b"cache-control", b"no-store")
SECURITY = [
    NO_SNIFF,
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"permissions-policy", b"camera=(self), microphone=(), geolocation=()"),
]
# Where the app sets none of its own.
DEFAULTS = [
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
    NO_STORE,
]
CLIENT_LEFT = 499  # for metrics only

log = logging.getLogger("fashionlab.serve")


class Exchange:
    """The two ends of a request, and its answer, which is sent when it is whole.

    So a client that is slow to read holds no place among the requests in progress. The answer to
    HEAD has no body, and the headers of the one that GET has.
    """

    def __init__(self, receive: Receive, send: Send, has_body: bool = True) -> None:
        self.receive, self._send, self._has_body = receive, send, has_body
        self.status = CLIENT_LEFT  # until there is an answer
        self.closes = False  # the connection, where a body is on its way
        self._headers: list[tuple[bytes, bytes]] = []
        self._body = b""

    def having(self, body: bytes) -> Receive:
        """Return the app's receive: the body at once, then whether the client leaves."""
        first: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

        async def receive() -> Message:
            return first.pop() if first else await self.receive()

        return receive

    async def keep(self, message: Message) -> None:
        """Keep what the app answers."""
        if message["type"] == "http.response.start":
            self.status, self._headers = message["status"], list(message.get("headers", []))
        else:
            self._body += message.get("body", b"")

    def refuse(self, refused: Refused, error_id: str) -> None:
        """Answer with an error."""
        self.status, self._body = refused.status, error_json(refused.message, error_id)
        own = [(name.encode(), value.encode()) for name, value in refused.headers.items()]
        length = (b"content-length", b"%d" % len(self._body))
        self._headers = [(b"content-type", b"application/json"), length, *own]

    async def send(self) -> None:
        """Send the answer; where it closes the connection, let the body come for a moment."""
        headers = self._headers
        if self.status == 503:  # the answer of which there can be thousands a second
            headers += NO_SNIFF, NO_STORE
        else:
            names = {name.lower() for name, _ in headers}
            headers += [pair for pair in DEFAULTS if pair[0] not in names] + SECURITY
        if self.closes:
            headers.append((b"connection", b"close"))
        start = {"type": "http.response.start", "status": self.status, "headers": headers}
        body = self._body if self._has_body else b""
        part = {"type": "http.response.body", "body": body, "more_body": self.closes}
        try:
            await self._send(start)
            await self._send(part)
            if self.closes:
                await drain(self.receive)
                await self._send({"type": "http.response.body", "body": b"", "more_body": False})
        except (OSError, RuntimeError) as error:  # uvloop's, for a connection that is closed
            log.debug("no answer could be sent: %s", error)
            raise ClientGone from error
