"""columns: which columns of a Parquet file are the pictures and the labels, and what labels mean.

Hugging Face keeps the features of a data set as JSON in the schema's metadata, under "huggingface":
{"info": {"features": {"image": {"_type": "Image"}, "label": {"_type": "ClassLabel", "names": [...]
}}}}. A file without it is understood by the types and names of its columns.
"""

import json
from pathlib import Path
from typing import Any, Literal, NamedTuple

from fashionlab.data.class_names import LONGEST_NAME, MOST_CLASSES
from fashionlab.data.forms.parquet.thrift import UnsoundError
from fashionlab.data.forms.pictures.pixels import Label
from fashionlab.errors import DataFormatError

PICTURES = {"image", "img", "picture", "photo"}  # names by which one of several is chosen
LABELS = {"label", "labels", "fine_label", "coarse_label", "class", "class_name", "category"} | {
    *("target", "y"),
}
BYTES = {"binary", "large_binary", "binary_view"}  # types, as pyarrow writes them
TEXT = {"string", "large_string", "string_view"}
SHOWN = 10  # columns in a message


class Columns(NamedTuple):
    """The columns to read."""

    image: str
    in_struct: bool  # whether the bytes are the field "bytes" of the column
    label: str
    named: bool  # whether labels are names; if not, they are numbers
    class_names: tuple[str, ...] | None  # of ClassLabel: label k is class_names[k]


def columns(schema: Any, which: Literal["first", "last"] | None, path: Path) -> Columns:
    """Return the columns to read of pyarrow's schema; `which` chooses from several of labels."""
    types = {field.name: field.type for field in schema}
    if len(types) < len(schema):
        raise UnsoundError("two columns of one name")
    features = _features(schema.metadata or {})
    image, in_struct = image_column(schema, path)
    label = _label(
        {name: kind for name, kind in types.items() if name != image}, features, which, path
    )
    kind = str(types[label])
    if kind.startswith("dictionary<values="):
        kind = str(types[label].value_type)
    named = kind in TEXT
    if not named and not kind.startswith(("int", "uint")):
        raise DataFormatError(
            f"labels must be whole numbers or names; received the column {label} of {kind:.60} in "
            f"{path}; convert it"
        )
    names = None if named else _class_names(features.get(label, {}), path)
    return Columns(image, in_struct, label, named, names)


def image_column(schema: Any, path: Path) -> tuple[str, bool]:
    """Return the column of the pictures, and whether the bytes are the field "bytes" of it."""
    types = {field.name: field.type for field in schema}
    image = _image(types, _features(schema.metadata or {}), path)
    return image, str(types[image]) not in BYTES


def label_values(column: Any, chosen: Columns, row: int) -> list[Label]:
    """Return the labels of a batch whose first row is `row`, counted from 0."""
    if hasattr(column, "dictionary_decode"):
        column = column.dictionary_decode()
    if column.null_count:
        raise UnsoundError(
            f"no label in row {row + 1 + column.is_null().to_pylist().index(True):,}"
        )
    values: list[Any] = column.to_pylist()
    for i, value in enumerate(values, row + 1):
        if chosen.named and len(value) > LONGEST_NAME:
            raise UnsoundError(f"a label of {len(value):,} characters in row {i:,}")
        if not chosen.named and not -(2**63) <= value < 2**63:
            raise UnsoundError(f"the label {value} in row {i:,}")
        if chosen.class_names and not 0 <= value < len(chosen.class_names):
            raise UnsoundError(
                f"the label {value} in row {i:,} with {len(chosen.class_names)} classes"
            )
    return values


def _features(metadata: dict[bytes, bytes]) -> dict[str, dict[str, Any]]:
    """Return the features of the columns; of what is no such JSON, none."""
    try:
        found = json.loads(metadata.get(b"huggingface", b"{}"))["info"]["features"]
        return {name: feature for name, feature in found.items() if isinstance(feature, dict)}
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
        return {}


def _image(types: dict[str, Any], features: dict[str, dict[str, Any]], path: Path) -> str:
    usable = [name for name, kind in types.items() if _holds_bytes(kind)]
    declared = [name for name in usable if features.get(name, {}).get("_type") == "Image"]
    for found in (declared, usable, [name for name in usable if name.lower() in PICTURES]):
        if len(found) == 1:
            return found[0]
    received = f"{len(usable)} such columns" if usable else "none"
    raise DataFormatError(
        f"one column must hold pictures as bytes (binary, or a struct with the field bytes); "
        f"received {received} among {_shown(types)} in {path}; write the pictures' bytes into one "
        "column, image"
    )


def _holds_bytes(kind: Any) -> bool:
    if str(kind) in BYTES:
        return True
    return any(
        kind.field(i).name == "bytes" and str(kind.field(i).type) in BYTES
        for i in range(kind.num_fields if str(kind).startswith("struct<") else 0)
    )


def _label(
    types: dict[str, Any],
    features: dict[str, dict[str, Any]],
    which: Literal["first", "last"] | None,
    path: Path,
) -> str:
    declared = [name for name in types if features.get(name, {}).get("_type") == "ClassLabel"]
    found = declared or [name for name in types if name.lower() in LABELS]
    if len(found) == 1 or (found and which):
        return found[-1 if which == "last" else 0]
    if found:
        raise DataFormatError(
            f"one column must hold the labels; received {', '.join(found[:SHOWN])} in {path}; "
            "choose one by --labels first or --labels last"
        )
    raise DataFormatError(
        f"a column must hold the labels; received none called label, class or target among "
        f"{_shown(types)} in {path}; rename it to label"
    )


def _class_names(feature: dict[str, Any], path: Path) -> tuple[str, ...] | None:
    names = feature.get("names") if feature.get("_type") == "ClassLabel" else None
    if names is None:
        return None
    texts = [name for name in names if isinstance(name, str)] if isinstance(names, list) else []
    if not texts or len(texts) != len(names) or not len(set(texts)) == len(texts) <= MOST_CLASSES:
        raise DataFormatError(
            f"the names of ClassLabel must be 1 to {MOST_CLASSES} different texts; received "
            f"{len(names) if isinstance(names, list) else repr(names)[:40]}, {len(set(texts))} of "
            f"them different texts, in {path}; write the file again"
        )
    return tuple(texts)


def _shown(types: dict[str, Any]) -> str:
    shown = [f"{name:.40} ({kind!s:.60})" for name, kind in list(types.items())[:SHOWN]]
    return ", ".join(shown) + (", ..." if len(types) > SHOWN else "") or "no columns"
