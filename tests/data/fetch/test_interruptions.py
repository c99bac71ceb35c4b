"""Two processes at once, killed ones, no locks, and a disk that is full."""

import errno
import json
import os
import subprocess
import sys
import time
from pathlib import Path

import filelock
import pytest

import fashionlab
from fashionlab.data import download, fetch
from fashionlab.errors import DataNotFoundError

from . import mirror
from .conftest import FILES, HALF, LABELS, NAMES, assert_filled, begin
from .mirror import sound

CHILD = """
import json, pathlib, shutil, sys
from fashionlab.data import fashion_mnist, fetch
mirrors, hashes = json.loads(sys.argv[1])
fetch.MIRRORS = tuple(mirrors)
for file in fashion_mnist.FILES:
    object.__setattr__(file, "sha256", hashes[file.name])
fashion_mnist.places = lambda: (fashion_mnist.cache_folder(),)
shutil.which = lambda name: None
fetch.fetch(lambda line: print(line, flush=True))
"""


def child(mirror):
    """Another process that fetches from a mirror."""
    given = json.dumps([[mirror.address], {file.name: file.sha256 for file in FILES}])
    return subprocess.Popen(
        [sys.executable, "-c", CHILD, given],
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONPATH": str(Path(fashionlab.__file__).parents[1])},
    )


def held_back(handler, content):
    handler.mirror.released.wait()
    sound(handler, content)


def test_two_processes_at_once_download_once(cache, mirrors, monkeypatch):
    (only,) = mirrors(held_back)
    first = child(only)
    assert first.stdout.readline().startswith("fetching ")
    second = child(only)
    assert second.stdout.readline().startswith("waiting for another process")
    only.released.set()
    assert "fetched Fashion-MNIST into" in first.communicate()[0]
    assert second.communicate()[0].startswith("found Fashion-MNIST in")
    assert first.returncode == second.returncode == 0
    assert len(only.asked) == 4
    assert_filled(cache)


def test_a_killed_download_is_continued_by_the_next_process(cache, mirrors):
    (only,) = mirrors(mirror.stalls)
    killed = child(only)
    half = len(HALF)
    partial = cache / f".{LABELS}.download"
    while not partial.exists() or partial.stat().st_size < half:
        assert killed.poll() is None
        time.sleep(0.01)
    killed.kill()
    killed.communicate()
    assert [path.name for path in cache.iterdir() if path.name in NAMES] == []
    only.behave = sound
    fetch.fetch()
    assert_filled(cache)
    assert only.asked[:2] == [(f"/{LABELS}", None), (f"/{LABELS}", f"bytes={half}-")]


def test_without_locks_it_downloads_into_a_folder_of_its_own(cache, mirrors, monkeypatch):
    def none(*_, **__):
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    monkeypatch.setattr(filelock, "lock_descriptor", none)
    mirrors(sound)
    begin(cache, HALF)
    fetch.fetch()
    (cache / f".{LABELS}.download").unlink()  # another process may be writing it
    assert_filled(cache)


def full(*_):
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


@pytest.mark.parametrize(("module", "name"), [(download, "_write"), (os, "replace"), (os, "fsync")])
def test_a_full_disk_is_said_at_once_and_leaves_no_file(cache, mirrors, monkeypatch, module, name):
    first, second = mirrors(sound, sound)
    monkeypatch.setattr(module, name, full)
    with pytest.raises(DataNotFoundError, match=r"No space left .* free some space, or set FASH"):
        fetch.fetch()
    assert not NAMES & {path.name for path in cache.iterdir()}
    assert len(first.asked) == 1 and not second.asked


def test_a_cache_that_cannot_be_made_is_named(tmp_path, mirrors, monkeypatch):
    (only,) = mirrors(sound)
    (tmp_path / "file").touch()
    monkeypatch.setenv("FASHIONLAB_CACHE", str(tmp_path / "file/cache"))
    with pytest.raises(DataNotFoundError, match=r"received 'Not a directory' from .*/file") as no:
        fetch.fetch()
    assert "FASHIONLAB_CACHE" in str(no.value) and not only.asked
