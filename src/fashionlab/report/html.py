"""A page: a template, its values, and one HTML file that needs no network and no other file."""

import base64
import hashlib
import json
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from fashionlab import __version__, files
from fashionlab.errors import RunError
from fashionlab.report import formatting
from fashionlab.text import printable

GENERATOR = '<meta name="generator" content="fashionlab '  # near the start of every page
MARK_WITHIN = 1024  # bytes
FILTERS = (
    formatting.percent,
    formatting.points,
    formatting.points_interval,
    formatting.size_in_bytes,
    formatting.probability,
    formatting.p_value,
    formatting.interval,
    formatting.count,
    formatting.seconds,
    formatting.duration,
    formatting.decimal,
    formatting.size,
    formatting.images,
    formatting.shape,
    formatting.listing,
    formatting.shortened,
)


def from_template(name: str, *, script: str | None = None, **values: Any) -> str:
    """Return the page that a template makes of these values, of which no text is HTML.

    `script` names the one script that the page may run, a file of this package. The template gets
    it as `script`, and what the page's policy says of it as `script_hash`.
    """
    loader = PackageLoader("fashionlab.report", "")
    environment = Environment(
        loader=loader,
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_printable,
    )
    environment.filters |= {function.__name__: function for function in FILTERS}
    if script is not None:
        text, _, _ = loader.get_source(environment, script)
        digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        values |= {
            "script": Markup(text),  # noqa: S704
            "script_hash": Markup(f"sha256-{digest}"),  # noqa: S704
        }
    return environment.get_template(name).render(version=__version__, **values)


def script_json(value: object) -> Markup:
    """Return JSON for a script, which cannot end the element of HTML that it stands in."""
    text = json.dumps(value, separators=(",", ":"))
    for letter in "<>&":
        text = text.replace(letter, f"\\u{ord(letter):04x}")
    return Markup(text)  # noqa: S704


def _printable(value: Any) -> Any:
    plain_text = isinstance(value, str) and not isinstance(value, Markup)
    return printable(value) if plain_text else value


def write_own(text: str, out: Path, what: str = "page", mark: str = GENERATOR) -> Path:
    """Write a text to `out`, whole or not at all; returns `out`.

    It replaces an earlier file of this kind, which has the `mark` near its start, but nothing else.
    Raises RunError, which names `what` it is, where something else is in the way, or `out` cannot
    be written.
    """
    refuse_foreign(out, what, mark)
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        files.write(out, text.encode())
    except OSError as error:
        raise RunError(
            f"the {what} cannot be written to {out}: {error.strerror or error}; "
            "choose another place or free some space"
        ) from error
    return out


def refuse_foreign(out: Path, what: str = "page", mark: str = GENERATOR) -> None:
    """Raise RunError where `out` is something other than a page of fashionlab, or other `what`."""
    if not out.exists() and not out.is_symlink():
        return
    try:
        with out.open("rb") as file:
            ours = mark.encode() in file.read(MARK_WITHIN)
    except OSError:  # a folder, a link to nowhere, or not ours to read
        ours = False
    if not ours:
        raise RunError(
            f"only a {what} that fashionlab wrote is replaced, but {out} is something else; "
            "choose another place or move it away"
        )
