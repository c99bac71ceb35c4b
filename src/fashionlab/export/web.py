"""export_web: a folder of static files, a page that runs the models in the browser alone."""

import hashlib
import io
import json
import shutil
import tarfile
from collections.abc import Sequence
from pathlib import Path

from fashionlab import files
from fashionlab.errors import DataFormatError, InvalidValueError
from fashionlab.page import site
from fashionlab.portable import Metadata, Predictor

ARCHIVE = "onnxruntime-web-1.30.0.tgz"  # as `npm pack onnxruntime-web@1.30.0` writes it
ARCHIVE_SHA512 = (
    "ab4cbe26baedba45d2cec05610c71c55fa97db92d19a8b171c5f8269126683ca"
    "590a5cdc57bb2f35ce2b298de32f4d956fb42644c0ecd528a0a91e025c07ca61"
)
REMEDY = "get it with `npm pack onnxruntime-web@1.30.0`"
MEMBERS = {  # of the archive -> here; .js, since some servers do not know .mjs for JavaScript
    "package/dist/ort.wasm.min.mjs": "ort.wasm.min.js",
    "package/dist/ort-wasm-simd-threaded.mjs": "ort-wasm-simd-threaded.js",
    "package/dist/ort-wasm-simd-threaded.wasm": "ort-wasm-simd-threaded.wasm",
}


def export_web(contents: Sequence[bytes], archive: Path, out: Path) -> Path:
    """Write the folder `out`, whole or not at all, and return it.

    `contents` are those of portable models, each of which is loaded here first, since the page does
    not validate them; the first is the default. `archive` is onnxruntime-web as npm packs it,
    accepted by its SHA-512. Raises ModelError for what is no portable model, InvalidValueError
    where `out` exists or names repeat, DataFormatError for another archive, OSError where a file
    cannot be read or written.
    """
    if out.exists() or out.is_symlink():
        raise InvalidValueError(
            f"the folder to write must not be there yet; received {out}; choose another name, "
            "or remove it first"
        )
    models = [(content, Predictor(content).metadata) for content in contents]
    names = [metadata.name for _, metadata in models]
    if not names or len(set(names)) < len(names):
        raise InvalidValueError(
            f"models must be at least one, of different names; received {names}; "
            "leave out duplicates"
        )
    loaded = _runtime(archive) | {_file(content): content for content, _ in models}
    written = site.browser(loaded | {"models.json": _described(models)})
    shutil.rmtree(out.with_name(f".{out.name}{files.PARTIAL}"), ignore_errors=True)  # of a kill
    files.write_folder(out, written)
    return out


def _runtime(archive: Path) -> dict[str, bytes]:
    """Return onnxruntime-web's files; nothing of the archive is read before its hash is checked."""
    content = archive.read_bytes()
    found = hashlib.sha512(content).hexdigest()
    if found != ARCHIVE_SHA512:
        raise DataFormatError(
            f"{archive} must be {ARCHIVE}, SHA-512 {ARCHIVE_SHA512[:16]}...; its SHA-512 is "
            f"{found[:16]}...; {REMEDY}"
        )
    contents = {}
    with tarfile.open(fileobj=io.BytesIO(content), mode="r:gz") as package:
        for member, name in MEMBERS.items():
            file = package.extractfile(member)
            if file is None:
                raise DataFormatError(f"{archive} must hold {member} as a file; {REMEDY}")
            contents[name] = file.read()
    return contents


def _file(content: bytes) -> str:
    """Return the name of a model's file: from its content, since a model's name may be anything."""
    return f"model-{hashlib.sha256(content).hexdigest()[:16]}.onnx"


def _described(models: Sequence[tuple[bytes, Metadata]]) -> bytes:
    """Return what the service answers at /v1/models and /v1/samples, with each model's file."""
    described = [
        {
            **metadata.description(),
            "sha256": hashlib.sha256(content).hexdigest(),
            "report": None,
            "file": _file(content),
            "samples": metadata.samples(),
        }
        for content, metadata in models
    ]
    listed = {"default": models[0][1].name, "models": described}
    return json.dumps(listed, allow_nan=False).encode()
