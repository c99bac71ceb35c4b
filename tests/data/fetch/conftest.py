"""Mirrors of a small set on this machine, and an empty cache; no test asks another machine."""

import gzip
import hashlib
import shutil
from dataclasses import replace

import pytest

from fashionlab.data import download, fashion_mnist, fetch

from .mirror import CONTENTS, serving

NAMES = {path[1:] for path in CONTENTS}
LABELS = "train-labels-idx1-ubyte.gz"  # the first to be fetched
IMAGES = "train-images-idx3-ubyte.gz"  # the last and largest
HALF = CONTENTS[f"/{LABELS}"][: len(CONTENTS[f"/{LABELS}"]) // 2]
FILES = tuple(
    replace(file, sha256=hashlib.sha256(gzip.decompress(CONTENTS[f"/{file.name}.gz"])).hexdigest())
    for file in fashion_mnist.FILES
)


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    """An empty cache, the hashes of the small set, no proxy, no apt."""
    for name in ("http_proxy", "https_proxy", "no_proxy", "all_proxy", fetch.OFFLINE):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    folder = tmp_path / "cache"
    monkeypatch.setenv("FASHIONLAB_CACHE", str(folder))
    monkeypatch.setattr(fashion_mnist, "places", lambda: (folder, tmp_path / "elsewhere"))
    monkeypatch.setattr(fashion_mnist, "FILES", FILES)
    monkeypatch.setattr(download, "TIMEOUT_S", 0.3)
    monkeypatch.setattr(shutil, "which", lambda _: None)
    return folder


@pytest.fixture
def mirrors(monkeypatch):
    """Start mirrors that behave so, and fetch from them; they stop with the test."""
    stack = []

    def start(*behaviours):
        stack.append(serving(*behaviours))
        started = stack[-1].__enter__()
        monkeypatch.setattr(fetch, "MIRRORS", tuple(each.address for each in started))
        return started

    yield start
    for each in stack:
        each.__exit__(None, None, None)


def assert_filled(cache):
    """The cache has the four files, and nothing else but the lock."""
    assert {path.name for path in cache.iterdir()} == NAMES | {".fetch.lock"}
    for name in NAMES:
        assert (cache / name).read_bytes() == CONTENTS[f"/{name}"]


def begin(cache, content, name=LABELS):
    """Leave what a killed download leaves."""
    cache.mkdir()
    (cache / f".{name}.download").write_bytes(content)
