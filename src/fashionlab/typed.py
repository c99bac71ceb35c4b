"""typed: JSON from a file -> the types declared for it, or an error that names the field.

Nothing that was read is used before its type and limits have been checked. A declaration is a
dataclass, a TypedDict or a type such as `dict[str, str]`; `Annotated[int, Between(1, 9)]` limits a
number, or the length of a text or list.
"""

import dataclasses
import json
import math
from collections.abc import Mapping, Sequence
from types import NoneType, UnionType
from typing import (
    Annotated,
    Any,
    Literal,
    NotRequired,
    Union,
    get_args,
    get_origin,
    get_type_hints,
    is_typeddict,
)

LONGEST = 10_000  # characters of a text, where its declaration has no limit
MOST = 1_000_000  # items of a list or table, likewise
LARGEST = 2**63 - 1  # of a whole number, either way
NAMES: dict[Any, str] = {
    **{dict: "a table", list: "a list", str: "text", bool: "true or false"},
    **{int: "a whole number", float: "a number", NoneType: "null"},
}


class MismatchError(ValueError):
    """A value is not of the type declared for it; the message names its field."""


@dataclasses.dataclass(frozen=True)
class Between:
    """The limits of a number, or of the length of a text or list; both may be reached."""

    least: float
    most: float


Share = Annotated[float, Between(0, 1)]


def parse(text: str | bytes) -> Any:
    """Return the value of a JSON text; ValueError for any other, and for a number out of range."""
    try:
        return json.loads(text, parse_int=_whole, parse_float=_finite, parse_constant=_finite)
    except RecursionError as error:
        raise ValueError("lists and tables are nested too deeply") from error


def _whole(digits: str) -> int:
    if len(digits) > 20 or abs(int(digits)) > LARGEST:
        raise ValueError(f"a whole number is too large: {digits[:20]}...")
    return int(digits)


def _finite(digits: str) -> float:
    number = float(digits)
    if not math.isfinite(number):
        raise ValueError(f"a number must be finite; received {digits[:20]}")
    return number


def typed(kind: Any, value: Any, name: str = "") -> Any:
    """Return a JSON value as `kind`; MismatchError where it is none.

    `name` stands for the value in messages. Keys that a declaration does not have stay as they are
    in a TypedDict, and are refused of a dataclass.
    """
    if get_origin(kind) is Annotated:
        kind, *limits = get_args(kind)
        return _limited(typed(kind, value, name), limits, name)
    if get_origin(kind) is NotRequired:
        return typed(get_args(kind)[0], value, name)
    if kind is Any:
        return value
    origin, arguments = get_origin(kind) or kind, get_args(kind)
    if origin is Literal:
        if value not in arguments or isinstance(value, bool):
            known = " or ".join(map(str, arguments))
            raise MismatchError(f"{name or 'it'} must be {known}; received {value!r:.40}")
        return value
    if origin in (Union, UnionType):
        return _one_of(arguments, value, name)
    if dataclasses.is_dataclass(kind) or is_typeddict(kind):
        return _declared(kind, value, name)
    if origin in (dict, Mapping):
        _require(dict, value, name)
        _, item = arguments
        return {key: typed(item, x, f"{name}.{key}"[:LONGEST]) for key, x in value.items()}
    if origin in (list, tuple, Sequence):
        return _listed(list if origin is list else tuple, arguments, value, name)
    return _plain(kind, value, name)


def _plain(kind: Any, value: Any, name: str) -> Any:
    """Return a text, number, true, false or null."""
    if kind is float and type(value) is int:
        kind = int
    _require(kind, value, name)
    if kind is float and not math.isfinite(value):
        raise MismatchError(f"{name or 'it'} must be finite; received {value}")
    if (kind is int and abs(value) > LARGEST) or (kind is str and len(value) > LONGEST):
        raise MismatchError(f"{name or 'it'} is too large or too long")
    return value


def _require(kind: Any, value: Any, name: str) -> None:
    if type(value) is not kind:
        raise MismatchError(
            f"{name or 'it'} must be {NAMES[kind]}; received "
            f"{NAMES.get(type(value), type(value).__name__)}"
        )
    if kind in (dict, list) and len(value) > MOST:
        raise MismatchError(f"{name or 'it'} must have at most {MOST:,} items")


def _one_of(kinds: Sequence[Any], value: Any, name: str) -> Any:
    errors = []
    for kind in kinds:
        try:
            return typed(kind, value, name)
        except MismatchError as error:
            errors.append(error)
    raise next((e for e, kind in zip(errors, kinds, strict=True) if kind is not NoneType))


def _declared(kind: Any, value: Any, name: str) -> Any:
    _require(dict, value, name)
    hints = get_type_hints(kind, include_extras=True)
    if dataclasses.is_dataclass(kind):
        fields = {field.name: field for field in dataclasses.fields(kind)}
        required = {
            name
            for name, field in fields.items()
            if field.default is field.default_factory is dataclasses.MISSING
        }
        if unknown := sorted(value.keys() - fields):
            raise MismatchError(f"{name or 'it'} has no field {unknown[0]!r:.80}")
    else:
        required = kind.__required_keys__
    if missing := sorted(required - value.keys()):
        raise MismatchError(f"{f'{name} has ' if name else ''}no {', '.join(missing)}")
    prefix = f"{name}." if name else ""
    found = {
        key: typed(hint, value[key], prefix + key) for key, hint in hints.items() if key in value
    }
    return {**value, **found} if is_typeddict(kind) else kind(**found)


def _listed(kind: Any, arguments: Sequence[Any], value: Any, name: str) -> Any:
    _require(list, value, name)
    if kind is list or arguments[1:] in ((), (...,)):
        arguments = [arguments[0]] * len(value)
    if len(arguments) != len(value):
        raise MismatchError(
            f"{name or 'it'} must have {len(arguments)} items; received {len(value):,}"
        )
    return kind(
        typed(x, item, f"{name}[{i}]")
        for i, (x, item) in enumerate(zip(arguments, value, strict=True))
    )


def _limited(value: Any, limits: Sequence[Any], name: str) -> Any:
    for limit in limits:
        sized = value if isinstance(value, int | float) else len(value)
        if isinstance(limit, Between) and not limit.least <= sized <= limit.most:
            what = "be" if sized is value else "have a length"
            raise MismatchError(
                f"{name or 'it'} must {what} from {_shown(limit.least)} to {_shown(limit.most)}; "
                f"received {_shown(sized)}"
            )
    return value


def _shown(number: float) -> str:
    return f"{number:,}" if isinstance(number, int) else f"{number:g}"
