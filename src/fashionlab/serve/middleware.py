"""Middleware: the checks that every request passes, and the headers that every answer has.

Plain ASGI. In order: admission, the name in Host, the Origin, the token, the body within its
limits; then the app. Every error, also one of the app, is answered here as JSON.
"""

import hmac
import logging
import re
import time
from collections.abc import Awaitable, Callable, Collection, Mapping, MutableMapping, Sequence
from contextlib import nullcontext
from typing import Any

from fashionlab.errors import FashionlabError
from fashionlab.serve.admission import Admission
from fashionlab.serve.body import Receive, read, too_large
from fashionlab.serve.errors import ClientGone, Refused, new_id
from fashionlab.serve.exchange import CLIENT_LEFT, Exchange, Send
from fashionlab.serve.metrics import Metrics
from fashionlab.serve.settings import Settings

Scope = MutableMapping[str, Any]
App = Callable[[Scope, Receive, Send], Awaitable[None]]
Headers = Mapping[bytes, list[bytes]]

HOST = re.compile(r"([a-z0-9_.-]+|\[[0-9a-f:.]+\])(?::\d{1,5})?")
LENGTH = re.compile(rb"\d{1,20}")
LARGEST_HEAD = 100, 8_000  # headers; bytes of path and query
LARGEST_OTHER_BODY = 64_000  # bytes, where no body is expected; read and discarded
SKIPPED = 1_000_000  # bytes of a refused body that are skipped; else the connection is closed

log = logging.getLogger("fashionlab.serve")


class Middleware:
    """An ASGI app in front of `app`.

    `bodies` is path -> content type -> largest body, of the POSTs that are work for a model;
    `protected` are the prefixes of paths that need the token, `paths` the routes without patterns.
    """

    def __init__(
        self,
        app: App,
        settings: Settings,
        metrics: Metrics,
        admission: Admission,
        bodies: Mapping[str, Mapping[str, int]],
        protected: Sequence[str],
        paths: Collection[str],
    ) -> None:
        self.app, self.settings, self.metrics, self.admission = app, settings, metrics, admission
        self.bodies, self.protected, self.paths = bodies, tuple(protected), paths
        self.names = settings.host_names()
        self.token = settings.token and f"Bearer {settings.token}".encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request; lifespan events go to the app unchanged."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        method: str = scope["method"]
        if method == "HEAD":  # answered as GET, without a body
            scope = {**scope, "method": "GET"}
        exchange = Exchange(receive, send, has_body=method != "HEAD")
        began = time.perf_counter()
        try:
            await self._answer(scope, exchange)
            await exchange.send()
        except ClientGone:
            exchange.status = CLIENT_LEFT
        finally:  # also for a request that is cancelled because the service stops
            path: str = scope["path"]
            route = path if path in self.paths else getattr(scope.get("route"), "path", "none")
            self.metrics.request(method, route, exchange.status, time.perf_counter() - began)

    async def _answer(self, scope: Scope, exchange: Exchange) -> None:
        try:
            headers: dict[bytes, list[bytes]] = {}
            for name, value in scope["headers"]:
                headers.setdefault(name, []).append(value)
            await self._pass_on(scope, headers, exchange)
        except Refused as refused:
            exchange.refuse(refused, new_id())
        except ClientGone:
            raise
        except Exception as error:  # the last place that can answer
            error_id, path = new_id(), repr(scope["path"])[:200]
            # An error of ours, as of a model that gives no probabilities, says all in its line.
            ours = isinstance(error, FashionlabError)
            trace, why = (None, f": {error}") if ours else (error, "")
            log.error("%s %s %s failed%s", error_id, scope["method"], path, why, exc_info=trace)
            message = "the service has failed; its log has the reason under this id"
            exchange.refuse(Refused(500, message), error_id)

    async def _pass_on(self, scope: Scope, headers: Headers, exchange: Exchange) -> None:
        """Let the app answer. Raises Refused for a request that it should not see."""
        lengths = headers.get(b"content-length", [])
        if not all(LENGTH.fullmatch(length) for length in lengths):
            raise Refused(400, "Content-Length must be a number")
        codings = headers.get(b"transfer-encoding", [])
        if lengths and codings:  # a proxy may go by the other one
            exchange.closes = True
            raise Refused(400, "a request has Content-Length or Transfer-Encoding, not both")
        has_body = bool(lengths or codings)
        is_skipped = len(lengths) == 1 and int(lengths[0]) <= SKIPPED and b"expect" not in headers
        exchange.closes = has_body and not is_skipped
        if any(coding.lower() != b"chunked" for coding in codings):
            raise Refused(501, "a body is sent as it is or in chunks; no other Transfer-Encoding")
        is_work = scope["method"] == "POST" and scope["path"] in self.bodies
        if is_work:
            self.admission.check()
        self._require_allowed(scope, headers)
        body = b""
        if has_body:
            limit = self._largest_body(scope["path"], headers) if is_work else LARGEST_OTHER_BODY
            if any(int(length) > limit for length in lengths):
                raise too_large(limit)
            exchange.closes = True
            body = await read(exchange.receive, limit, self.settings, self.admission)
            exchange.closes = False
        elif is_work:
            raise Refused(411, "a body must have a Content-Length, received none; add it")
        try:
            async with self.admission.request() if is_work else nullcontext():
                await self.app(scope, exchange.having(body), exchange.keep)
        finally:
            self.admission.bytes -= len(body)

    def _require_allowed(self, scope: Scope, headers: Headers) -> None:
        """Check the size of the head, Host, Origin and the token."""
        most_headers, longest = LARGEST_HEAD
        if len(scope["headers"]) > most_headers:
            raise Refused(431, f"a request has at most {most_headers} headers, received more")
        if len(scope.get("raw_path") or b"") + len(scope["query_string"]) > longest:
            raise Refused(414, f"path and query have at most {longest:,} bytes, received more")
        hosts = headers.get(b"host", [])
        if len(hosts) != 1:
            raise Refused(400, f"a request has one Host header, received {len(hosts)}")
        host = hosts[0].decode("latin-1").lower()
        self._require_name(host, scope)
        for origin in headers.get(b"origin", []):
            # The scheme can differ: a reverse proxy may be what speaks TLS.
            if origin.decode("latin-1").lower().partition("://")[2] != host:
                raise Refused(403, "other sites' pages must not use this service")
        if self.token and scope["path"].startswith(self.protected):
            given = headers.get(b"authorization", [b""])
            if len(given) != 1 or not hmac.compare_digest(given[0], self.token):
                raise Refused(
                    401,
                    "this service requires its token; send Authorization: Bearer TOKEN",
                    {"www-authenticate": "Bearer"},
                )

    def _require_name(self, host: str, scope: Scope) -> None:
        """Check Host: another site can make its own name lead here, but cannot change Host."""
        match = HOST.fullmatch(host)
        if match and match[1].removesuffix(".") in self.names:
            return
        server = scope.get("server") or ("", 0)
        own = f"[{server[0]}]" if ":" in server[0] else server[0]
        if not match or match[1] != own:  # the address of this connection is no other site's
            raise Refused(421, "the service does not have the name in Host; see --host-name")

    def _largest_body(self, path: str, headers: Headers) -> int:
        """Return the limit for the body's type. Raises Refused (415) for one that is not taken."""
        for encoding in headers.get(b"content-encoding", []):
            if encoding.strip().lower() not in (b"", b"identity"):
                raise Refused(415, "a body must not be compressed; send it as it is")
        types = headers.get(b"content-type", [b""])
        kind = types[0].decode("latin-1").partition(";")[0].strip().lower()
        if len(types) != 1 or kind not in self.bodies[path]:
            raise Refused(415, f"Content-Type must be one of {', '.join(self.bodies[path])}")
        return self.bodies[path][kind]
