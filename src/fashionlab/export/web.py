"""export_web: a folder of static files whose page runs the models in the browser alone."""

import hashlib
import io
import json
import shutil
import tarfile
from collections.abc import Sequence
from importlib import resources
from pathlib import Path
from typing import Any

from fashionlab import files
from fashionlab.errors import DataFormatError, InvalidValueError
from fashionlab.evaluation.calibration import KEPT
from fashionlab.portable.metadata import Metadata

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
CHARSET = '<meta charset="utf-8">\n'  # a policy must come before all that it is about
POLICY = (
    "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; "
    "img-src 'self' blob: data:; connect-src 'self'; media-src 'self' blob:; "
    "manifest-src 'self'; worker-src 'self'; base-uri 'none'; form-action 'none'"
)
KEPT_FILES = "const FILES = ["  # begins the service worker's list


def export_web(models: Sequence[tuple[bytes, Metadata]], archive: Path, out: Path) -> Path:
    """Write the folder `out`, whole or not at all, and return it.

    `models` are portable models, each with its metadata; the first is the one that answers unless
    others are chosen. `archive` is onnxruntime-web as npm packs it, taken by its SHA-512 alone.
    Raises InvalidValueError where `out` is already there or names repeat, DataFormatError for
    another archive, OSError where a file cannot be read or written.
    """
    if out.exists() or out.is_symlink():
        raise InvalidValueError(
            f"the folder to write must not be there yet; received {out}; choose another name, "
            "or remove it first"
        )
    names = [metadata.name for _, metadata in models]
    if not names or len(set(names)) < len(names):
        raise InvalidValueError(
            f"models must be at least one, of different names; received {names}; leave out doubles"
        )
    contents = _page() | _runtime(archive)
    contents |= {_file(content): content for content, _ in models}
    contents["models.json"] = _described(models)
    contents["index.html"] = _with_policy(contents["index.html"])
    contents["sw.js"] = _keeping(contents["sw.js"], contents)
    shutil.rmtree(out.with_name(f".{out.name}{files.PARTIAL}"), ignore_errors=True)  # of a kill
    files.write_folder(out, contents)
    return out


def _page() -> dict[str, bytes]:
    """The service's page, with what the export has in place of the service."""
    folder = resources.files("fashionlab").joinpath("serve", "page")
    return {
        path.name: path.read_bytes()
        for part in (folder, folder.joinpath("web"))
        for path in part.iterdir()
        if path.is_file()
    }


def _runtime(archive: Path) -> dict[str, bytes]:
    """onnxruntime-web's files; nothing of an archive is read before its hash is known."""
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
    """A model's file, named by its content: names of models may hold any character."""
    return f"model-{hashlib.sha256(content).hexdigest()[:16]}.onnx"


def _described(models: Sequence[tuple[bytes, Metadata]]) -> bytes:
    """What the service tells at /v1/models and /v1/samples, with the name of each model's file."""
    described: list[dict[str, Any]] = []
    for content, metadata in models:
        described.append(
            {
                **metadata.description(),
                "kept": KEPT,
                "sha256": hashlib.sha256(content).hexdigest(),
                "report": None,
                "file": _file(content),
                "samples": metadata.samples(),
            }
        )
    listed = {"default": models[0][1].name, "models": described}
    return json.dumps(listed, allow_nan=False).encode()


def _with_policy(index: bytes) -> bytes:
    """The page with its own policy, since a plain file server sends none."""
    policy = f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">\n'
    before, found, after = index.decode().partition(CHARSET)
    if not found:
        raise ValueError(f"index.html must hold {CHARSET!r}, which the policy follows")
    return (before + found + policy + after).encode()


def _keeping(worker: bytes, contents: dict[str, bytes]) -> bytes:
    """The service worker with the list of this folder's files, so that all work offline."""
    kept = ["./", *sorted(contents.keys() - {"index.html", "sw.js"})]
    before, found, rest = worker.decode().partition(KEPT_FILES)
    _, end, after = rest.partition("];")
    if not (found and end):
        raise ValueError(f"sw.js must hold {KEPT_FILES!r} and the end of that list")
    listed = "".join(f"\n  {json.dumps(name)}," for name in kept)
    return (before + found + listed + "\n" + end + after).encode()
