"""The page's files, read once: what is not among them does not exist for any path."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from fastapi import FastAPI, Request, Response

FOLDER = Path(__file__).with_name("page")
INDEX = "index.html"
TYPES = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".webmanifest": "application/manifest+json",
}
POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' blob: data:",
        "connect-src 'self'",
        "media-src 'self' blob:",
        "manifest-src 'self'",
        "worker-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    )
)
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
        """The same for the same content."""
        return self.headers["etag"]


def read_all(folder: Path = FOLDER) -> dict[str, PageFile]:
    """Name -> file, of the files with a known ending in `folder` itself."""
    files = {}
    for path in sorted(folder.glob("*")):
        if path.suffix in TYPES and path.is_file():
            content = path.read_bytes()
            files[path.name] = PageFile(
                content,
                {
                    "content-type": TYPES[path.suffix],
                    "content-security-policy": POLICY,
                    # Asked again each time, so that a new version of the package shows at once.
                    "cache-control": "no-cache",
                    "etag": f'"{hashlib.sha256(content).hexdigest()[:32]}"',
                },
            )
    return files


def add(app: FastAPI, files: Mapping[str, PageFile]) -> None:
    """Routes for / and for each of the files."""

    async def send(request: Request) -> Response:
        file = files[request.scope["path"].removeprefix("/") or INDEX]
        if file.etag in request.headers.get("if-none-match", ""):
            return Response(status_code=304, headers=file.headers)
        return Response(file.content, headers=file.headers)

    # Starlette's routes: with HEAD, and without a check of what is sent.
    app.add_route("/", send, include_in_schema=False)
    for name in files:
        app.add_route(f"/{name}", send, include_in_schema=False)
