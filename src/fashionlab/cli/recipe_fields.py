"""Every field of a recipe as an option of a command: name, type and help come from the field."""

import inspect
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import Field, fields
from typing import Annotated, Any, get_args

import typer

from fashionlab.errors import InvalidValueError
from fashionlab.recipes.recipe import TABLES, Recipe

FIELDS = {field.name: field for field in fields(Recipe) if "help" in field.metadata}
OPTIONS = {"optimizer_options": "--optimizer-option"}  # others are called as their field


def add_recipe_fields(command: Callable[..., None]) -> None:
    """Give a command that takes **fields, hidden, an option for each field of a recipe, once."""
    signature = inspect.signature(command)
    own = [p for p in signature.parameters.values() if p.name not in FIELDS]
    added = [
        inspect.Parameter(
            name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=_annotation(field)
        )
        for name, field in FIELDS.items()
    ]
    keyword = [p.replace(kind=inspect.Parameter.KEYWORD_ONLY) for p in own]
    command.__signature__ = signature.replace(parameters=keyword + added)  # type: ignore[attr-defined]


def _annotation(field: "Field[Any]") -> Any:
    kind: Any = field.type
    while parts := get_args(kind):  # of a union or Annotated, the first is the type
        kind = parts[0]
    if field.name in TABLES:
        kind = list[str]
    if field.name == "batch_size":
        kind = str  # or "all"
    names = [OPTIONS[field.name]] if field.name in OPTIONS else []
    return Annotated[kind | None, typer.Option(*names, help=field.metadata["help"])]


def given_fields(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields that were given, as `recipes.override` takes them.

    Raises InvalidValueError where an option of a table is not OPTION=VALUE.
    """
    given = {name: value for name, value in values.items() if value not in (None, [])}
    for name in TABLES:
        if name in given:
            option = OPTIONS.get(name, f"--{name}")
            given[name] = dict(_option(option, text) for text in given[name])
    if "batch_size" in given and given["batch_size"] != "all":
        given["batch_size"] = _whole(given["batch_size"])
    return given


def _whole(text: str) -> Any:
    """Return a whole number, or the text as it is, which `override` refuses."""
    try:
        return int(text)
    except ValueError:
        return text


def _option(option: str, text: str) -> tuple[str, Any]:
    """Parse KEY=VALUE in TOML; a value that is not TOML is taken as a string."""
    key, equals, value = text.partition("=")
    if not equals:
        raise InvalidValueError(f"{option} must be OPTION=VALUE; received {text!r}")
    try:
        parsed = tomllib.loads(f"value = {value}")
    except tomllib.TOMLDecodeError:
        return key.strip(), value.strip()
    except (ValueError, RecursionError) as error:
        raise InvalidValueError(f"{option} {key.strip()} cannot be read: {error}") from error
    if len(parsed) > 1:
        raise InvalidValueError(f"{option} must be one OPTION=VALUE; received {text!r:.80}")
    return key.strip(), parsed["value"]
