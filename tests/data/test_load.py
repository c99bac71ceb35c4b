"""Loading: the order of search, hashes, the cache, refusals. No test uses the network."""

import hashlib
import io
import os
import shutil
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from fashionlab.data import (
    download,
    fashion_mnist,
    fetch,
    load,
    load_fashion_mnist,
    unpack,
    write_idx,
)
from fashionlab.data.forms.idx import idx_header
from fashionlab.data.synthetic import draw
from fashionlab.errors import DataFormatError, DataNotFoundError

PLACES = fashion_mnist.places
TRAIN, TEST = draw(train=40, test=20)
ARRAYS = {
    "train-images-idx3-ubyte": TRAIN.images,
    "train-labels-idx1-ubyte": TRAIN.labels,
    "t10k-images-idx3-ubyte": TEST.images,
    "t10k-labels-idx1-ubyte": TEST.labels,
}


def write(folder: Path, suffix: str = ".gz") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for name, array in ARRAYS.items():
        write_idx(folder / f"{name}{suffix}", array)
    return folder


@pytest.fixture(autouse=True)
def sealed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """No real place, no network, no apt; returns the list of addresses requested."""
    requested: list[str] = []

    def offline(url: str, start: int) -> io.BytesIO:
        requested.append(url)
        raise OSError("Network is unreachable")

    monkeypatch.delenv("FASHIONLAB_DATA", raising=False)
    monkeypatch.setenv("FASHIONLAB_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(
        fashion_mnist, "places", lambda: (tmp_path / "cache", tmp_path / "one", tmp_path / "two")
    )
    monkeypatch.setattr(download, "opened", offline)
    monkeypatch.setattr(shutil, "which", lambda _: None)
    return requested


@pytest.fixture
def small_is_genuine(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the small set's hashes be the ones that count."""
    files = []
    for file in fashion_mnist.FILES:
        array = ARRAYS[file.name]
        sha = hashlib.sha256(idx_header(array.shape) + array.tobytes()).hexdigest()
        files.append(replace(file, sha256=sha))
    monkeypatch.setattr(fashion_mnist, "FILES", tuple(files))
    monkeypatch.setattr(fashion_mnist, "SHA256", {"train": TRAIN.sha256, "test": TEST.sha256})


@pytest.mark.usefixtures("small_is_genuine")
def test_first_genuine_place_wins_and_a_damaged_one_is_passed_over(tmp_path: Path) -> None:
    write(tmp_path / "two", suffix="")
    assert load()[0].source == str(tmp_path / "two")
    write(tmp_path / "one")
    train, test = load()
    assert train.source == str(tmp_path / "one") and train.name == "fashion-mnist"
    assert train.sha256 == TRAIN.sha256 and test.sha256 == TEST.sha256
    write_idx(tmp_path / "one/t10k-labels-idx1-ubyte.gz", TEST.labels[::-1])
    assert load()[0].source == str(tmp_path / "two")


@pytest.mark.usefixtures("small_is_genuine")
def test_sound_plain_file_stands_in_for_a_damaged_gz(tmp_path: Path) -> None:
    write(tmp_path / "one", suffix="")
    (tmp_path / "one/t10k-labels-idx1-ubyte.gz").write_bytes(b"<html>")
    assert load(fetch=False)[1].sha256 == TEST.sha256


def test_nothing_found_names_every_place_and_remedy_and_tries_each_mirror_once(
    tmp_path: Path, sealed: list[str]
) -> None:
    write(tmp_path / "one")  # sound IDX, other content
    with pytest.raises(DataNotFoundError) as caught:
        load()
    message = str(caught.value)
    for part in ("cache", "one (", "SHA-256", "two (", *fetch.MIRRORS, "apt-get download"):
        assert part in message
    for remedy in ("apt-get install dataset-fashion-mnist", "--data DIR", "--data synthetic"):
        assert remedy in message
    assert "\n" not in message and len(sealed) == len(fetch.MIRRORS)


def test_without_fetch_the_network_is_not_touched(sealed: list[str]) -> None:
    with pytest.raises(DataNotFoundError, match="not tried"):
        load(fetch=False)
    assert sealed == []


def test_own_folder_is_taken_with_its_names(tmp_path: Path) -> None:
    folder = write(tmp_path / "shoes")
    train, test = load(folder)
    assert train.name == test.name == "shoes" and train.class_names[:2] == ("0", "1")
    (folder / "class_names.txt").write_text("\n".join(f"kind {k}" for k in range(10)) + "\n")
    assert load(folder)[0].class_names[9] == "kind 9"
    (folder / "class_names.txt").write_text("only one\n")
    with pytest.raises(DataFormatError, match="number of classes"):
        load(folder)


def named(folder: Path, content: bytes) -> tuple[str, ...]:
    (write(folder) / "class_names.txt").write_bytes(content)
    return load(folder)[0].class_names


OTHERS = "".join(f"kind {k}\r\n" for k in range(1, 10))


def test_class_names_as_a_windows_editor_saves_them(tmp_path: Path) -> None:
    names = named(tmp_path / "shoes", f"\ufeffkind 0 \r\n{OTHERS}\r\n \r\n".encode())
    assert names == tuple(f"kind {k}" for k in range(10))
    with pytest.raises(DataFormatError, match=r"received UTF-16 of .*; save it as UTF-8"):
        named(tmp_path / "shoes", f"kind 0\r\n{OTHERS}".encode("utf-16"))


@pytest.mark.parametrize(
    "name", ["a\x1b[31mb", "a\tb", "a\x1cb", "a\x85b", "a\u2028b", "a\u202eb", "a\ufeffb", ""]
)
def test_a_class_name_that_cannot_be_shown_is_refused_and_moves_none(
    tmp_path: Path, name: str
) -> None:
    """An empty line would give each later class the name of the one before; splitlines also."""
    with pytest.raises(DataFormatError, match=r"one line that can be shown; .* as number 1;") as no:
        named(tmp_path / "shoes", f"{name}\r\n{OTHERS}".encode())
    assert repr(name) in str(no.value)


@pytest.mark.skipif(sys.platform != "linux", reason="file names here are Unicode")
def test_a_folder_whose_name_is_not_utf_8_is_data_with_a_name_that_is(tmp_path: Path) -> None:
    folder = write(Path(os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9")))
    train, _ = load(folder)
    assert (train.name, train.source) == (r"caf\udce9", str(folder))


def test_named_folder_without_files_is_final(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, sealed: list[str]
) -> None:
    write(tmp_path / "one")
    (write(tmp_path / "part") / "t10k-labels-idx1-ubyte.gz").unlink()
    with pytest.raises(DataFormatError, match=r"must have a label .*t10k-images-idx3-ubyte.gz;"):
        load(tmp_path / "part")
    monkeypatch.setenv("FASHIONLAB_DATA", str(tmp_path / "absent"))
    with pytest.raises(DataNotFoundError, match="absent"):
        load()
    assert sealed == []


def test_damaged_named_folder_is_refused(tmp_path: Path) -> None:
    folder = write(tmp_path / "own")
    path = folder / "train-images-idx3-ubyte.gz"
    path.write_bytes(path.read_bytes()[:-9])
    with pytest.raises(DataFormatError, match="train-images"):
        load(folder)


def test_synthetic_by_name_and_by_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    assert load("synthetic")[0].name == "synthetic"
    monkeypatch.setenv("FASHIONLAB_DATA", "synthetic")
    (x_train, y_train), (x_test, _) = load_fashion_mnist()
    assert x_train.shape == (6000, 28, 28) and len(y_train) == 6000 and len(x_test) == 1000


def test_cache_folder_follows_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FASHIONLAB_CACHE", "/a")
    assert fashion_mnist.cache_folder() == Path("/a")
    monkeypatch.delenv("FASHIONLAB_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", "/b")
    assert fashion_mnist.cache_folder() == Path("/b/fashionlab")
    monkeypatch.delenv("XDG_CACHE_HOME")
    assert fashion_mnist.cache_folder() == Path.home() / ".cache/fashionlab"


@pytest.mark.parametrize(
    ("folder", "name"),
    [
        ("fashion-mnist", "fashion-mnist (not genuine)"),
        ("FashionMNIST", "FashionMNIST (not genuine)"),
        ("Fashion_MNIST", "Fashion_MNIST (not genuine)"),
        ("fashion-mnist-2", "fashion-mnist-2"),
        ("a\x1b[31m", r"a\x1b[31m"),
        ("a\udce9", r"a\udce9"),
    ],
)
def test_other_images_are_not_called_fashion_mnist(folder: str, name: str, tmp_path: Path) -> None:
    assert {part.name for part in load(write(tmp_path / folder))} == {name}


@pytest.mark.usefixtures("small_is_genuine")
def test_genuine_files_are_called_so_in_any_folder(tmp_path: Path) -> None:
    assert {part.name for part in load(write(tmp_path / "mine"))} == {"fashion-mnist"}


def test_without_a_home_the_working_directory_is_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Load in a container whose user has neither HOME nor a name."""
    for name in ("FASHIONLAB_CACHE", "XDG_CACHE_HOME", "HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setitem(sys.modules, "pwd", None)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(RuntimeError):
        Path.home()
    assert fashion_mnist.cache_folder() == tmp_path / ".cache/fashionlab"
    assert PLACES()[0] == tmp_path / ".cache/fashionlab"
    write(tmp_path / "own")
    assert len(load("~/own")[0]) == 40
    with pytest.raises(DataNotFoundError, match="received ~nobody/own, which does not exist"):
        load("~nobody/own")


@pytest.mark.usefixtures("small_is_genuine")
def test_a_damaged_entry_of_the_cache_is_no_harm(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(unpack, "SMALL", 100)
    write(tmp_path / "one")
    assert load().train.source == str(tmp_path / "one")
    entry = next((tmp_path / "cache/unpacked").glob("*/images.npy"))
    content = bytearray(entry.read_bytes())
    content[-1] ^= 1
    entry.write_bytes(content)
    train, test = load()
    for part, drawn in ((train, TRAIN), (test, TEST)):
        assert np.array_equal(part.images, drawn.images) and part.sha256 == drawn.sha256


def test_debian_copy_is_genuine() -> None:
    folder = Path("/usr/share/datasets/fashion-mnist")
    if not folder.is_dir():
        pytest.skip("apt-get install dataset-fashion-mnist")
    train, test = load(folder)
    assert {"train": train.sha256, "test": test.sha256} == fashion_mnist.SHA256
    for part in (train, test):  # computed, where it was known before
        assert replace(part).sha256 == part.sha256
    assert train.name == "fashion-mnist" and train.class_names == fashion_mnist.CLASS_NAMES
    assert train.images.shape == (60000, 28, 28) and test.images.shape == (10000, 28, 28)
    assert set(np.bincount(train.labels)) == {6000} and set(np.bincount(test.labels)) == {1000}


@pytest.mark.usefixtures("small_is_genuine")
def test_a_folder_of_its_name_here_is_not_taken_for_it_unless_it_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path / "one")
    write(tmp_path / "here/fashion-mnist")
    monkeypatch.chdir(tmp_path / "here")
    assert load().train.source == str(tmp_path / "one")
    assert load("fashion-mnist").train.source == "fashion-mnist"
