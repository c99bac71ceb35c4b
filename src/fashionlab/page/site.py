"""service, browser: the files of the whole page by name, and its Content-Security-Policy."""

import json
from pathlib import Path

from fashionlab.page import constants

INDEX, WORKER = "index.html", "sw.js"
FOLDER = Path(__file__).parent
CHARSET = '<meta charset="utf-8">\n'  # the policy follows: it must come before what it is about
FILES = "const FILES = [];"  # in the service worker
POLICY = (  # its own files alone, no inline script, no other address
    "default-src 'none'; script-src 'self'{}; style-src 'self'; img-src 'self' blob: data:; "
    "connect-src 'self'; media-src 'self' blob:; manifest-src 'self'; worker-src 'self'; "
    "base-uri 'none'; form-action 'none'"
)
SERVICE_POLICY = POLICY.format("") + "; frame-ancestors 'none'"  # which a meta element cannot name
BROWSER_POLICY = POLICY.format(" 'wasm-unsafe-eval'")


def service() -> dict[str, bytes]:
    """Return the page that sends its pictures to the service."""
    return _complete(_read("service"))


def browser(models: dict[str, bytes]) -> dict[str, bytes]:
    """Return the page that runs the models itself, with `models`: what its api.js loads, by name.

    It carries its policy in index.html, since a plain file server sends none.
    """
    files = _read("browser") | models
    meta = f'<meta http-equiv="Content-Security-Policy" content="{BROWSER_POLICY}">\n'
    return _complete(files | {INDEX: _filled(files[INDEX], CHARSET, CHARSET + meta)})


def _read(back_end: str) -> dict[str, bytes]:
    parts = (FOLDER / "app", FOLDER / back_end)
    files = {path.name: path.read_bytes() for part in parts for path in part.glob("*.*")}
    return files | {"constants.js": constants.module()}


def _complete(files: dict[str, bytes]) -> dict[str, bytes]:
    """Return the files with their list in the service worker, so that all work offline."""
    kept = ["./", *sorted(files.keys() - {INDEX, WORKER})]
    return files | {WORKER: _filled(files[WORKER], FILES, f"const FILES = {json.dumps(kept)};")}


def _filled(file: bytes, place: str, text: str) -> bytes:
    before, found, after = file.decode().partition(place)
    if not found:
        raise ValueError(f"a file of the page must contain {place!r}; it was edited")
    return (before + text + after).encode()
