"""The routes of the page's files, which are read once: no other path leads to a file."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from fastapi import FastAPI, Request, Response

from fashionlab.page import csp, site

TYPES = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".webmanifest": "application/manifest+json",
}
REPORT_POLICY = (
    "default-src 'none'; img-src data:; style-src 'unsafe-inline'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'"
)


@dataclass(frozen=True)
class PageFile:
    """A file and the headers it is sent with."""

    content: bytes
    headers: dict[str, str]

    @property
    def etag(self) -> str:
        """A hash of the content."""
        return self.headers["etag"]


def read_all() -> dict[str, PageFile]:
    """Return the page's files by name."""
    files = {}
    for name, content in site.service().items():
        headers = {
            "content-type": TYPES[Path(name).suffix],
            "content-security-policy": csp.SERVICE,
            # Revalidated each time, so that a new version of the package shows at once.
            "cache-control": "no-cache",
            "etag": f'"{hashlib.sha256(content).hexdigest()[:32]}"',
        }
        files[name] = PageFile(content, headers)
    return files


def add(app: FastAPI, files: Mapping[str, PageFile]) -> None:
    """Add routes for / and for each of the files."""

    async def send(request: Request) -> Response:
        file = files[request.scope["path"].removeprefix("/") or site.INDEX]
        if file.etag in request.headers.get("if-none-match", ""):
            return Response(status_code=304, headers=file.headers)
        return Response(file.content, headers=file.headers)

    # Starlette's routes: with HEAD, and without validation of what is sent.
    app.add_route("/", send, include_in_schema=False)
    for name in files:
        app.add_route(f"/{name}", send, include_in_schema=False)
