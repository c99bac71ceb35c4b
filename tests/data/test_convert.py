"""convert: between all pairs of forms, in blocks, whole or not at all."""

import errno
from itertools import permutations
from pathlib import Path

import numpy as np
import pytest

from fashionlab import files
from fashionlab.data import Dataset, ReadOptions, forms, load_parts
from fashionlab.data.convert import convert
from fashionlab.errors import InvalidValueError

NAMES = ("ant", "bee", "cat")
TARGETS = {  # name: where it is written, and the option --to
    "idx": ("set", "idx"),
    "npy": ("set", "npy"),
    "csv": ("set", "csv"),
    "tsv": ("set", "tsv"),
    "parquet": ("set", "parquet"),
    "pictures": ("set", "pictures"),
    "npz": ("set.npz", None),
}
ONE_PART = ("set.csv", "set.csv.gz", "set.tsv", "set.tsv.gz", "set.parquet", "set.npz")


def drawn(channels: tuple[int, ...] = (), names=NAMES, parts=("train", "test", "validation")):
    """Return parts of 9, 12, 15 images, class after class, as folders of pictures have them."""
    rng, made = np.random.default_rng(0), []
    for i, part in enumerate(parts):
        labels = np.arange(3, dtype=np.uint8).repeat(3 + i)
        images = rng.integers(0, 256, (len(labels), 8, 8, *channels), np.uint8)
        made.append(Dataset(images, labels, names, "drawn", part, "here"))
    return tuple(made)


def content(parts):
    return [(p.part, p.class_names, p.image_shape, p.sha256) for p in parts]


def reading(name: str, colour: bool) -> ReadOptions:
    return ReadOptions(colour=True if colour and name in ("csv", "tsv") else None)


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch, tmp_path) -> None:
    monkeypatch.setattr(forms, "BLOCK_BYTES", 300)  # four grey images, one in colour
    monkeypatch.setenv("FASHIONLAB_CACHE", str(tmp_path / "cache"))


@pytest.mark.parametrize("colour", [False, True], ids=["grey", "colour"])
@pytest.mark.parametrize(("first", "second"), list(permutations(TARGETS, 2)))
def test_a_set_goes_from_each_form_to_each_other(first, second, colour, tmp_path) -> None:
    pytest.importorskip("pyarrow")
    parts = drawn((3,) if colour else ())
    (tmp_path / "one").mkdir()
    place, to = TARGETS[first]
    convert(parts, tmp_path / "one" / place, to)
    found = load_parts(tmp_path / "one" / place, reading(first, colour))
    assert content(found) == content(parts)
    (tmp_path / "two").mkdir()
    place, to = TARGETS[second]
    convert(found, tmp_path / "two" / place, to)
    again = load_parts(tmp_path / "two" / place, reading(second, colour))
    assert content(again) == content(parts)


@pytest.mark.parametrize("name", ONE_PART)
def test_a_set_of_one_part_fits_into_a_file(name, tmp_path) -> None:
    if "parquet" in name:
        pytest.importorskip("pyarrow")
    parts = drawn(parts=("train",))
    convert(parts, tmp_path / name)
    assert content(load_parts(tmp_path / name)) == content(parts)
    assert [path.name for path in tmp_path.iterdir()] == [name]


@pytest.mark.parametrize("name", TARGETS)
def test_numbers_stay_the_names_of_classes_that_have_no_others(name, tmp_path) -> None:
    if name == "parquet":
        pytest.importorskip("pyarrow")
    parts = drawn(names=("0", "1", "2"))
    place, to = TARGETS[name]
    convert(parts, tmp_path / place, to)
    assert content(load_parts(tmp_path / place)) == content(parts)


def test_class_names_in_no_order_keep_their_labels(tmp_path) -> None:
    """Also where a form has names for labels, of which the order is not in it."""
    pytest.importorskip("pyarrow")
    parts = drawn(names=("wasp", "ant", "T-shirt/top"))
    for name, (place, to) in TARGETS.items():
        (tmp_path / name).mkdir()
        convert(parts, tmp_path / name / place, to)
        found = load_parts(tmp_path / name / place)
        assert [labelled(part) for part in found] == [labelled(part) for part in parts], name


def labelled(part: Dataset) -> tuple[tuple[str, ...], list[tuple[bytes, int]]]:
    """Return the names, and each image with its label, in whatever order they are."""
    images = map(np.ndarray.tobytes, part.images)
    return part.class_names, sorted(zip(images, part.labels.tolist(), strict=True))


@pytest.mark.parametrize("name", TARGETS)
def test_a_full_disk_leaves_nothing(name, tmp_path, monkeypatch) -> None:
    if name == "parquet":
        pytest.importorskip("pyarrow")
    place, to = TARGETS[name]

    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(files, "_move", full)
    with pytest.raises(OSError, match="No space left"):
        convert(drawn(), tmp_path / place, to)
    assert list(tmp_path.iterdir()) == []


def test_what_does_not_fit_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    parts = drawn()
    for place, to, words in (
        ("set.csv", None, "holds one part; received train, test, validation; .* --to csv"),
        ("set.npz", "csv", "--to must be left out for a file; received 'csv'"),
        ("set", "png", "--to must be one of idx, npy, csv, tsv, parquet, pictures, for a folder"),
        ("", None, "is there already; choose another name"),
    ):
        with pytest.raises(InvalidValueError, match=words):
            convert(parts, tmp_path / place, to)
    assert list(tmp_path.iterdir()) == []
