"""Guard: what every request passes before the app sees it, and what every answer carries.

One layer of plain ASGI. In order: the names in Host, the Origin, the token, the body within its
limits; then the app, and the answer's headers. Whatever fails becomes one JSON error.
"""

import hmac
import logging
import re
import time
from collections.abc import Awaitable, Callable, Collection, Mapping, MutableMapping, Sequence
from typing import Any

from fashionlab.serve.body import ClientGone, Held, Receive, drain, read, too_large
from fashionlab.serve.errors import Refused, error_body, new_id
from fashionlab.serve.metrics import Metrics
from fashionlab.serve.settings import Settings

Message = MutableMapping[str, Any]
Scope = MutableMapping[str, Any]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]
Headers = list[tuple[bytes, bytes]]

SECURITY: Headers = [
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"permissions-policy", b"camera=(self), microphone=(), geolocation=()"),
]
# Where the app sets none of its own.
POLICY = (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'")
CACHE = (b"cache-control", b"no-store")

HOST = re.compile(r"([a-z0-9_.-]+|\[[0-9a-f:.]+\])(?::\d{1,5})?")
LARGEST_HEAD = 100, 8_000  # headers; bytes of path and query
LARGEST_OTHER_BODY = 64_000  # bytes, where no body is expected; read and thrown away
CLIENT_LEFT = 499  # for metrics only

log = logging.getLogger("fashionlab.serve")


class Guard:
    """`bodies` is path -> content type -> largest body; `protected` are prefixes for the token.

    `paths` are those that metrics know by name.
    """

    def __init__(
        self,
        app: App,
        settings: Settings,
        metrics: Metrics,
        held: Held,
        bodies: Mapping[str, Mapping[str, int]],
        protected: Sequence[str],
        paths: Collection[str],
    ) -> None:
        self.app, self.settings, self.metrics, self.held = app, settings, metrics, held
        self.bodies, self.protected, self.paths = bodies, tuple(protected), paths
        self.names = settings.host_names()
        self.token = settings.token and f"Bearer {settings.token}".encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request; the server's start and end go to the app as they are."""
        if scope["type"] != "http":
            if scope["type"] == "lifespan":
                await self.app(scope, receive, send)
            return
        exchange = _Exchange(receive, send)
        began = time.perf_counter()
        try:
            await self._answer(scope, exchange)
        finally:
            # Also for one that is cancelled because the service stops.
            self.metrics.request(
                scope["method"],
                self._route(scope),
                exchange.status,
                time.perf_counter() - began,
            )

    def _route(self, scope: Scope) -> str:
        path: str = scope["path"]
        return path if path in self.paths else getattr(scope.get("route"), "path", "none")

    async def _answer(self, scope: Scope, exchange: "_Exchange") -> None:
        size = 0
        try:
            headers = _by_name(scope)
            exchange.unread = b"content-length" in headers or b"transfer-encoding" in headers
            self._admit(scope, headers)
            body = b""
            if exchange.unread:
                limit = self._largest_body(scope, headers)
                body = await read(exchange.receive, limit, self.settings, self.held)
                size = len(body)
                exchange.unread = False
            elif scope["path"] in self.bodies and scope["method"] == "POST":
                raise Refused(411, "a body must be sent with its Content-Length, got none; add it")
            await self.app(scope, exchange.having(body), exchange.answer)
        except ClientGone:
            exchange.status = CLIENT_LEFT
        except Refused as refused:
            await exchange.refuse(refused)
        except Exception as error:  # the last place that can answer
            error_id = new_id()
            log.error("%s %s %s failed", error_id, scope["method"], _path(scope), exc_info=error)
            message = "the service has failed; its log has the reason under this id"
            await exchange.refuse(Refused(500, message), error_id)
        finally:
            self.held.release(size)

    def _admit(self, scope: Scope, headers: Mapping[bytes, list[bytes]]) -> None:
        """Raises Refused for a request that the app should not see."""
        most_headers, longest = LARGEST_HEAD
        if len(scope["headers"]) > most_headers:
            raise Refused(431, f"a request has at most {most_headers} headers, got more")
        if len(scope.get("raw_path") or b"") + len(scope["query_string"]) > longest:
            raise Refused(414, f"path and query have at most {longest:,} bytes, got more")
        hosts = headers.get(b"host", [])
        if len(hosts) != 1:
            raise Refused(400, f"a request has one Host header, got {len(hosts)}")
        host = hosts[0].decode("latin-1").lower()
        self._require_name(host, scope)
        for origin in headers.get(b"origin", []):
            # The scheme can differ: a reverse proxy may be the one that speaks TLS.
            if origin.decode("latin-1").lower().partition("://")[2] != host:
                raise Refused(403, "other sites' pages must not use this service")
        if self.token and scope["path"].startswith(self.protected):
            given = headers.get(b"authorization", [b""])
            if len(given) != 1 or not hmac.compare_digest(given[0], self.token):
                raise Refused(
                    401,
                    "this service asks for its token; send Authorization: Bearer TOKEN",
                    {"www-authenticate": "Bearer"},
                )

    def _require_name(self, host: str, scope: Scope) -> None:
        """A page of another site can have its own name lead here, but cannot change Host."""
        match = HOST.fullmatch(host)
        if match and match[1].removesuffix(".") in self.names:
            return
        server = scope.get("server") or ("", 0)
        own = f"[{server[0]}]" if ":" in server[0] else server[0]
        if not match or match[1] != own:  # the address that the connection came to is nobody else's
            raise Refused(421, "the service does not have the name in Host; see --host-name")

    def _largest_body(self, scope: Scope, headers: Mapping[bytes, list[bytes]]) -> int:
        """Raises Refused for a body that would not be read: 415, 413."""
        takes = self.bodies.get(scope["path"]) if scope["method"] == "POST" else None
        limit = LARGEST_OTHER_BODY
        if takes is not None:
            for encoding in headers.get(b"content-encoding", []):
                if encoding.strip().lower() not in (b"", b"identity"):
                    raise Refused(415, "a body must not be compressed; send it as it is")
            types = headers.get(b"content-type", [b""])
            kind = types[0].decode("latin-1").partition(";")[0].strip().lower()
            if len(types) != 1 or kind not in takes:
                raise Refused(415, f"Content-Type must be one of {', '.join(takes)}")
            limit = takes[kind]
        for length in headers.get(b"content-length", []):
            if not length.isdigit() or len(length) > 20:
                raise Refused(400, "Content-Length must be a number")
            if int(length) > limit:
                raise too_large(limit)
        return limit


class _Exchange:
    """The two ends of a request: what is still to be read, and what has been answered."""

    def __init__(self, receive: Receive, send: Send) -> None:
        self.receive, self._send = receive, send
        self.unread = False  # a body, or a part of it
        self.status = CLIENT_LEFT  # until there is an answer
        self._started = False

    def having(self, body: bytes) -> Receive:
        """What the app reads: the body at once, then whether the client leaves."""
        first: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

        async def receive() -> Message:
            return first.pop() if first else await self.receive()

        return receive

    async def answer(self, message: Message) -> None:
        """Send what the app answers, with the headers that every answer has."""
        if message["type"] == "http.response.start":
            self._started = True
            self.status = message["status"]
            headers: Headers = list(message.get("headers", []))
            names = {name.lower() for name, _ in headers}
            headers += [pair for pair in (POLICY, CACHE) if pair[0] not in names]
            message["headers"] = headers + SECURITY
        await self._send(message)

    async def refuse(self, refused: Refused, error_id: str | None = None) -> None:
        """Answer with an error; where a body is on its way, let it come for a moment and close."""
        if self._started:  # a broken answer: the server closes the connection
            return
        body = error_body(refused.message, error_id or new_id())
        headers = {"content-type": "application/json", "content-length": str(len(body))}
        headers |= refused.headers
        if self.unread:
            headers["connection"] = "close"
        pairs = [(name.encode(), value.encode()) for name, value in headers.items()]
        await self.answer(
            {"type": "http.response.start", "status": refused.status, "headers": pairs}
        )
        await self._send({"type": "http.response.body", "body": body, "more_body": self.unread})
        if self.unread:
            await drain(self.receive)
            await self._send({"type": "http.response.body", "body": b"", "more_body": False})


def _by_name(scope: Scope) -> dict[bytes, list[bytes]]:
    headers: dict[bytes, list[bytes]] = {}
    for name, value in scope["headers"]:
        headers.setdefault(name, []).append(value)
    return headers


def _path(scope: Scope) -> str:
    """As one short line of a log."""
    return repr(scope["path"])[:200]
