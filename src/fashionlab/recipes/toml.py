"""to_toml: a recipe's file, as `read_toml` reads it."""

import json
from collections.abc import Mapping
from typing import Any


def to_toml(base: str, values: Mapping[str, Any], comment: str = "") -> str:
    """Return the text of a file with a base and the fields that differ from it, as JSON values.

    A comment of several lines comes first. None is left out, but for batch_size, where it is all.
    """
    lines = [f"# {line}".rstrip() for line in comment.splitlines()]
    if "batch_size" in values and values["batch_size"] is None:
        values = {**values, "batch_size": "all"}
    given = {name: value for name, value in values.items() if value is not None}
    tables = {name: value for name, value in given.items() if isinstance(value, Mapping)}
    lines += [f"base = {_text(base)}"]
    lines += [f"{name} = {_text(value)}" for name, value in given.items() if name not in tables]
    for name, table in tables.items():
        lines += ["", f"[{name}]", *(f"{key} = {_text(value)}" for key, value in table.items())]
    return "\n".join(lines) + "\n"


def _text(value: Any) -> str:
    """Return a value in TOML, which writes texts, numbers, true and lists as JSON does."""
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
