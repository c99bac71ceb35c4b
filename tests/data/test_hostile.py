"""Hostile data give their error, changed files one or a sound set; nothing is left behind."""

import io
import os
import sys
import tempfile
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from benchmarks.hostile.data import faults, files_in, message_of
from benchmarks.hostile.kinds import FORMS, Hostile
from benchmarks.hostile.kinds.files import (
    arrays,
    fill,
    gz,
    idx_set,
    images,
    npy,
    npz,
    parquet,
    picture_set,
    table,
)
from fashionlab.data import Dataset, ReadOptions, load, load_images, load_parts
from fashionlab.errors import FashionlabError

KINDS = {f"{form}: {name}": kind for form, kinds in FORMS.items() for name, kind in kinds.items()}
LEAST = 150
EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "100"))

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="links, pipes and devices")


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    place = tmp_path / "cache"
    place.mkdir()
    monkeypatch.setenv("FASHIONLAB_CACHE", str(place))
    return place


def test_there_are_as_many_kinds_as_the_docs_say() -> None:
    assert len(KINDS) >= LEAST


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS.keys())
def test_a_kind_gives_its_error_in_one_line_and_leaves_nothing(
    kind: Hostile, tmp_path: Path, cache: Path
) -> None:
    folder = tmp_path / "given"
    folder.mkdir()
    path = kind.make(folder)
    before = files_in(folder)
    assert not list(faults(message_of(path, kind), kind, folder))
    for door in (load_parts, load_images):
        try:
            door(path, ReadOptions(**kind.options))
        except FashionlabError:
            continue
    assert files_in(folder) == before and not files_in(cache)


@dataclass(frozen=True)
class Sound:
    """A small sound set, whose `changed` files are changed, inside what they are packed in."""

    files: dict[str, bytes]
    changed: tuple[str, ...]
    pack: Callable[[bytes], bytes] = bytes


def in_npz(member: bytes) -> bytes:
    """Return a sound npz in which one array's file has this content, with its checksum."""
    file = io.BytesIO(npz(arrays(train_images=None)))
    with zipfile.ZipFile(file, "a") as archive:
        archive.writestr("train_images.npy", member)
    return file.getvalue()


def alone(name: str, content: bytes, pack: Callable[[bytes], bytes] = bytes) -> Sound:
    return Sound({name: content}, (name,), pack)


def several(contents: dict[str, bytes | None], *changed: str, pack: Any = bytes) -> Sound:
    return Sound({name: content or b"" for name, content in contents.items()}, changed, pack)


IMAGES, LABELS = "train-images-idx3-ubyte", "train-labels-idx1-ubyte"
SETS = {
    "IDX": several(idx_set(), IMAGES, LABELS),
    "IDX in gzip": several(idx_set(), IMAGES, LABELS, pack=gz),
    "gzip of IDX": several(idx_set(zipped=True), f"{IMAGES}.gz", f"{LABELS}.gz"),
    "CSV": alone("t.csv", table()),
    "CSV without a header": alone("t.csv", table(header=False)),
    "TSV in gzip": alone("t.tsv.gz", table(delimiter="\t"), gz),
    "gzip of CSV": alone("t.csv.gz", gz(table())),
    "npz": alone("s.npz", npz(arrays())),
    "npz, packed": alone("s.npz", npz(arrays(), packed=True)),
    "npy in npz": alone("s.npz", npy(images()), in_npz),
    "names in npz": alone("s.npz", npz(arrays(class_names=np.array(list("abcd"))))),
    "npy": several(
        {f"{name}.npy": npy(values) for name, values in arrays().items()},
        "train_images.npy",
        "train_labels.npy",
    ),
    "Parquet": alone("s.parquet", parquet()),
    "Parquet, plain": alone("s.parquet", parquet(compression="none", use_dictionary=False)),
    "pictures": several(picture_set(2), "train/boot/1.png", "test/bag/1.png"),
    "class names": several({**idx_set(), "class_names.txt": b"a\nb\nc\nd\n"}, "class_names.txt"),
}
# A change of the bytes at a place, a share of the file's length: they are replaced, removed, put in
# between, or are the last.
CHANGES = st.lists(
    st.tuples(
        st.sampled_from(["replace", "replace", "remove", "insert", "cut"]),
        st.floats(0, 1),
        st.one_of(
            st.binary(min_size=1, max_size=8),
            st.sampled_from(
                [b"\0", b"\xff", b"\xff" * 4, b"\x80" * 9, b",", b"\n", b"9", b"-", b'"']
            ),
        ),
    ),
    min_size=1,
    max_size=3,
)


def changed(content: bytes, changes: list[tuple[str, float, bytes]]) -> bytes:
    for way, share, piece in changes:
        at = round(share * len(content))
        middle = {"replace": piece, "remove": b"", "insert": piece, "cut": b""}[way]
        after = {"insert": at, "cut": len(content)}.get(way, at + len(piece))
        content = content[:at] + middle + content[after:]
    return content


def require_sound(part: Dataset) -> None:
    assert part.images.dtype == part.labels.dtype == np.uint8
    assert len(part.images) == len(part.labels) > 0
    assert part.labels.max() < len(part.class_names)
    assert len(part.sha256) == 64  # for which every pixel is read


@settings(
    max_examples=EXAMPLES,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(changes=CHANGES, which=st.integers(0, 1), split=st.booleans())
@pytest.mark.parametrize("form", SETS)
def test_a_changed_file_gives_an_error_of_ours_or_a_sound_set(
    form: str, changes: list[tuple[str, float, bytes]], which: int, split: bool, cache: Path
) -> None:
    given_set = SETS[form]
    with tempfile.TemporaryDirectory() as name:
        folder = fill(Path(name), given_set.files)
        path = folder / given_set.changed[which % len(given_set.changed)]
        name = path.relative_to(folder).as_posix()
        path.write_bytes(given_set.pack(changed(given_set.files[name], changes)))
        place = folder if len(given_set.files) > 1 else path
        before = files_in(folder)
        options = ReadOptions(split=0.25 if split else None)
        for door in (load, load_parts, load_images):
            try:
                found = door(place, options)
            except FashionlabError as error:
                assert "\n" not in str(error)
                continue
            for part in [] if isinstance(found, np.ndarray) else found:
                require_sound(part)
        assert files_in(folder) == before
    assert not files_in(cache)
