"""Protocol: uvicorn's HTTP/1.1, with two things that RFC 9110 and 9112 have and it has not.

Upgrade (RFC 9110, 7.8): a server may ignore a request to go on in another protocol, such as
`Upgrade: h2c`, which curl sends for --http2. httptools takes what follows such a head for that
protocol, and uvicorn for the next request: a body would be lost, or answered as a request of its
own. Here the head is parsed a second time, without Upgrade.

Absolute form (RFC 9112, 3.2.2): in `GET http://host/path` that host counts, not the header Host.
"""

import re
from contextlib import suppress
from typing import Any

import httptools
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

ABSOLUTE = re.compile(rb"[a-z][a-z0-9+.-]*://([^/?#]*)(.*)", re.IGNORECASE | re.DOTALL)


class Protocol(HttpToolsProtocol):
    """The protocol of a connection, for uvicorn's `http`."""

    again = b""  # the head that was parsed last, without Upgrade; empty if it had none

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self.parser = _Parser(self)

    def on_headers_complete(self) -> None:
        """Begin to answer a request, unless its head is to be parsed again."""
        self.again = self._without_upgrade() if self.parser.should_upgrade() else b""
        if self.again:
            return
        absolute = None if self.url.startswith(b"/") else ABSOLUTE.fullmatch(self.url)
        if absolute:
            host, rest = absolute.groups()
            self.url = rest if rest.startswith(b"/") else b"/" + rest
            # In place, and none is added: a request with no Host, or with two, is still refused.
            self.headers[:] = [(n, host if n == b"host" else value) for n, value in self.headers]
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """End a request's body, unless it has not begun."""
        if not self.again:
            super().on_message_complete()

    def _without_upgrade(self) -> bytes:
        method, version = self.parser.get_method(), self.parser.get_http_version().encode()
        if method == b"CONNECT":  # which asks for it without the header
            return b""
        lines = [b"%s %s HTTP/%s" % (method, self.url, version)]
        lines += [b"%s: %s" % pair for pair in self.headers if pair[0] != b"upgrade"]
        return b"\r\n".join([*lines, b"", b""])


class _Parser(httptools.HttpRequestParser):
    """The parser of a connection until a request to upgrade, which another one parses again."""

    def __init__(self, protocol: Protocol) -> None:
        super().__init__(protocol)
        self._protocol = protocol
        # As uvicorn has it: what follows a request with `Connection: close` is not looked at.
        with suppress(AttributeError):  # httptools before 0.6.3 does so anyway
            self.set_dangerous_leniencies(lenient_data_after_close=True)

    def feed_data(self, data: Any) -> None:
        """Parse what has arrived."""
        feed, parser, rest = httptools.HttpRequestParser.feed_data, self, data
        while True:
            try:
                feed(parser, rest)
                return
            except httptools.HttpParserUpgrade as upgrade:
                if not self._protocol.again:
                    raise
                parser = self._protocol.parser = _Parser(self._protocol)
                feed(parser, self._protocol.again)
                rest = memoryview(rest)[upgrade.args[0] :]
