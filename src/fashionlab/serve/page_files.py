"""The routes of the page's files, which are read once: no other path leads to a file."""

import hashlib
import re
from collections.abc import Mapping
from pathlib import Path

from fastapi import FastAPI, Request, Response

from fashionlab.page import site

TYPES = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".webmanifest": "application/manifest+json",
}
REPORT_POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"  # without a script
OWN_POLICY = re.compile(r'<meta http-equiv="Content-Security-Policy" content="([^"]*)">')

PageFile = tuple[bytes, dict[str, str]]  # content, headers


def read_all() -> dict[str, PageFile]:
    """Return the page's files by name."""
    return {name: (content, _headers(name, content)) for name, content in site.service().items()}


def report_policy(html: str) -> str:
    """Return the policy of a report: its own, by which its script alone may run, and what no meta
    element can say.
    """
    own = OWN_POLICY.search(html)  # the first one, before anything that is of the run
    policy = own[1] if own else REPORT_POLICY
    return f"{policy}; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"


def _headers(name: str, content: bytes) -> dict[str, str]:
    return {
        "content-type": TYPES[Path(name).suffix],
        "content-security-policy": site.SERVICE_POLICY,
        "cache-control": "no-cache",  # revalidated: a new version of the package shows at once
        "etag": f'"{hashlib.sha256(content).hexdigest()[:32]}"',
    }


def add(app: FastAPI, files: Mapping[str, PageFile]) -> None:
    """Add routes for / and for each of the files."""

    async def send(request: Request) -> Response:
        content, headers = files[request.scope["path"].removeprefix("/") or site.INDEX]
        if headers["etag"] in request.headers.get("if-none-match", ""):
            return Response(status_code=304, headers=headers)
        return Response(content, headers=headers)

    # Starlette's routes: with HEAD, and without validation of what is sent.
    for path in ("/", *(f"/{name}" for name in files)):
        app.add_route(path, send, include_in_schema=False)
