"""Fetching from mirrors that misbehave, resumption, the lock, offline mode, proxies.

No test asks another machine.
"""

import ast
import errno
import gzip
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import time
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import filelock
import pytest

import fashionlab
from fashionlab.cli import main
from fashionlab.data import debian, download, fashion_mnist, fetch, load
from fashionlab.errors import DataNotFoundError, InvalidValueError

from . import mirror
from .mirror import CONTENTS, serving, sound

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


def test_the_first_mirror_gives_all(cache, mirrors):
    first, second = mirrors(sound, sound)
    lines = []
    assert fetch.fetch(lines.append) == cache
    assert_filled(cache)
    assert len(first.asked) == 4 and not second.asked
    size = sum(map(len, CONTENTS.values()))
    assert lines[:4] == [f"fetching {first.address}{file.name}.gz" for file in FILES]
    assert lines[4:] == [f"fetched Fashion-MNIST into {cache}: 4 files, {size:,} bytes"]


WRONG = {
    "page": "sends an HTML page",
    "picture": r"sends no gzip file, but one that starts with b'\\x89PNG",
    "other_file": "is another file: SHA-256 ",
    "cut_file": "does not unpack",
    "flipped_file": "does not unpack|is another file",
    "empty": "is another file",
    "breaks_off": r"ended after [\d,]+ of [\d,]+ bytes",
    "stalls": "timed out",
    "silent": "timed out",
    "too_long": "sends 1,000,000,000 bytes, more than",
    "endless": "sends more than",
    "bomb": "unpacks to more than",
    "fails": "HTTP Error 503: Service Unavailable",
    "absent": "HTTP Error 404: Not Found",
    "redirects": "HTTP Error 302: Found, a redirection, which is not followed",
    "no_http": "BadStatusLine|\x16\x03\x01",
}


@pytest.mark.parametrize("name", WRONG)
def test_the_next_mirror_is_asked_when_one_serves_something_wrong(
    name, cache, mirrors, monkeypatch
):
    for module in (download, fetch):
        monkeypatch.setattr(module, "MAX_BYTES", 10**6)
    wrong, second = mirrors(getattr(mirror, name), sound)
    lines = []
    fetch.fetch(lines.append)
    assert_filled(cache)
    assert [path for path, _ in wrong.asked] == [f"/{LABELS}"]  # and last from then on
    assert len(second.asked) == 4
    said = [line for line in lines if line.startswith(f"{wrong.address}{LABELS}: ")]
    assert len(said) == 1
    assert re.search(WRONG[name], said[0])


@pytest.mark.parametrize("name", WRONG)
def test_nothing_wrong_enters_the_cache_and_each_mirror_is_named(name, cache, mirrors, monkeypatch):
    for module in (download, fetch):
        monkeypatch.setattr(module, "MAX_BYTES", 10**6)
    wrong = mirrors(*[getattr(mirror, name)] * 2)
    with pytest.raises(DataNotFoundError, match=WRONG[name]) as caught:
        fetch.fetch()
    for part in (*(f"{each.address}{LABELS} (" for each in wrong), debian.SOURCE, "--data DIR"):
        assert part in str(caught.value)
    assert not NAMES & {path.name for path in cache.iterdir()}
    if name not in {"breaks_off", "stalls"}:
        assert [path.name for path in cache.iterdir()] == [".fetch.lock"]
        assert [len(each.asked) for each in wrong] == [1, 1]


def test_a_mirror_that_drips_is_given_up(cache, mirrors, monkeypatch):
    monkeypatch.setattr(download, "FILE_TIMEOUT_S", 0)
    mirrors(mirror.drips)
    with pytest.raises(DataNotFoundError, match="not complete after 0 s"):
        fetch.fetch()


def test_a_redirection_reaches_no_other_host(mirrors):
    (only,) = mirrors(mirror.redirects)
    with pytest.raises(DataNotFoundError, match="HTTP Error 302"):
        fetch.fetch()
    assert [path for path, _ in only.asked] == [f"/{LABELS}"]


def test_the_next_mirror_continues_what_one_broke_off(cache, mirrors):
    first, second = mirrors(mirror.breaks_off, sound)
    fetch.fetch()
    assert_filled(cache)
    assert first.asked == [(f"/{LABELS}", None)]
    assert second.asked[0] == (f"/{LABELS}", f"bytes={len(HALF)}-")


def test_rounds_go_on_as_long_as_they_bring_more(cache, mirrors):
    (only,) = mirrors(mirror.breaks_off)
    with pytest.raises(DataNotFoundError):
        fetch.fetch()
    assert len(only.asked) == fetch.ROUNDS
    only.behave = sound
    fetch.fetch()
    assert_filled(cache)


@pytest.mark.parametrize(
    ("name", "left"),
    [
        ("without_ranges", HALF),
        ("other_range", HALF),
        ("unknown_range", HALF),
        ("sound", b"\x1f\x8b" + HALF[:-3]),
        ("sound", CONTENTS[f"/{LABELS}"] + b"more"),
        ("sound", mirror.PAGE),
    ],
)
def test_what_cannot_be_continued_is_fetched_from_its_start(name, left, cache, mirrors):
    (only,) = mirrors(getattr(mirror, name))
    begin(cache, left)
    fetch.fetch()
    assert_filled(cache)
    assert only.asked[0] == (f"/{LABELS}", f"bytes={len(left)}-")


def test_what_was_killed_after_its_last_byte_is_not_fetched_again(cache, mirrors):
    (only,) = mirrors(sound)
    begin(cache, CONTENTS[f"/{LABELS}"])
    (cache / f".{LABELS}.0123abcd.partial").write_bytes(HALF)  # while it was put into its place
    fetch.fetch()
    assert_filled(cache)
    assert LABELS not in {path[1:] for path, _ in only.asked}


def test_only_what_is_missing_or_damaged_is_fetched(cache, mirrors):
    (only,) = mirrors(sound)
    fetch.fetch()
    del only.asked[:]
    (cache / IMAGES).write_bytes(mirror.PAGE)
    (cache / LABELS).unlink()
    (cache / LABELS.removesuffix(".gz")).write_bytes(gzip.decompress(CONTENTS[f"/{LABELS}"]))
    fetch.fetch()
    assert only.asked == [(f"/{IMAGES}", None)]


def test_files_elsewhere_are_found_and_not_fetched(cache, mirrors):
    (only,) = mirrors(sound)
    elsewhere = cache.with_name("elsewhere")
    elsewhere.mkdir()
    for name in NAMES:
        (elsewhere / name).write_bytes(CONTENTS[f"/{name}"])
    lines = []
    assert fetch.fetch(lines.append) == elsewhere
    assert lines[0].startswith(f"found Fashion-MNIST in {elsewhere}: 4 files, ")
    assert not only.asked and not cache.exists()


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


def test_offline_asks_nobody_and_says_how_to_get_the_data(cache, mirrors, monkeypatch):
    (only,) = mirrors(sound)
    monkeypatch.setattr(shutil, "which", lambda name: pytest.fail(f"{name} asks the network"))
    monkeypatch.setenv(fetch.OFFLINE, "1")
    with pytest.raises(DataNotFoundError) as caught:
        fetch.fetch()
    for part in (*NAMES, str(cache), "FASHIONLAB_OFFLINE=1", "apt-get install", "--data DIR"):
        assert part in str(caught.value)
    assert not only.asked and not cache.exists()
    for value in ("0", ""):
        monkeypatch.setenv(fetch.OFFLINE, value)
        fetch.fetch()
    monkeypatch.setenv(fetch.OFFLINE, "1")
    assert fetch.fetch() == cache


def test_an_offline_mode_that_is_neither_is_refused(cache, mirrors, monkeypatch):
    (only,) = mirrors(sound)
    monkeypatch.setenv(fetch.OFFLINE, "yes")
    with pytest.raises(InvalidValueError, match="must be 0 or 1; received 'yes'"):
        fetch.fetch()
    assert not only.asked


def test_the_proxy_of_the_environment_is_asked(cache, mirrors, monkeypatch):
    (proxy,) = mirrors(sound)
    monkeypatch.setattr(fetch, "MIRRORS", ("http://mirror.invalid/",))
    monkeypatch.setenv("http_proxy", proxy.address)
    fetch.fetch()
    assert_filled(cache)
    assert proxy.asked[0] == (f"http://mirror.invalid/{LABELS}", None)


def test_no_proxy_is_respected(cache, mirrors, monkeypatch):
    first, proxy = mirrors(sound, mirror.fails)
    monkeypatch.setenv("http_proxy", proxy.address)
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    fetch.fetch()
    assert len(first.asked) == 4 and not proxy.asked


def refuses(handler, content):
    mirror.reply(handler, b"", 407)


@pytest.mark.parametrize("scheme", ["http", "https"])
@pytest.mark.parametrize(
    ("address", "reason"),
    [
        ("http://me:geheim@127.0.0.1:{port}", "by the proxy for {scheme}: .*407:? Proxy Auth"),
        ("me:geheim@127.0.0.1:{port}", "by the proxy for {scheme}: .*407:? Proxy Auth"),
        ("http://me:geheim@127.0.0.1:1", "by the proxy for {scheme}: .*refused"),
        ("http://me:geheim@127.0.0.1:x", "proxy for {scheme} must be an address such as"),
        ("http:/me:geheim@127.0.0.1", "proxy for {scheme} must be an address such as"),
        ("http://me:geheim/@127.0.0.1:1", "by the proxy for {scheme}: .*refused"),
    ],
)
def test_a_proxy_that_fails_is_said_without_its_password(
    scheme, address, reason, mirrors, monkeypatch
):
    (proxy,) = mirrors(refuses)
    monkeypatch.setattr(fetch, "MIRRORS", (f"{scheme}://mirror.invalid/",))
    port = proxy.server.server_port
    monkeypatch.setenv(f"{scheme}_proxy", address.format(port=port))
    lines = []
    with pytest.raises(DataNotFoundError, match=reason.format(scheme=scheme)) as caught:
        fetch.fetch(lines.append)
    assert "geheim" not in "".join((str(caught.value), *lines))


def test_debians_package_is_unpacked_when_every_mirror_fails(cache, mirrors, monkeypatch):
    def run(command, folder):
        if command[1] == "download":
            (folder / "dataset.deb").touch()
            return
        tree = folder / "tree" / fashion_mnist.DEBIAN_FOLDER
        tree.mkdir(parents=True)
        for name in NAMES:
            (tree / name).write_bytes(CONTENTS[f"/{name}"])

    monkeypatch.setattr(shutil, "which", lambda name: name)
    monkeypatch.setattr(debian, "run", run)
    (only,) = mirrors(mirror.fails)
    begin(cache, HALF)
    fetch.fetch()
    assert_filled(cache)
    assert len(only.asked) == 1


def test_a_package_without_the_files_is_a_source_that_failed(mirrors, monkeypatch):
    monkeypatch.setattr(shutil, "which", lambda name: name)
    monkeypatch.setattr(debian, "run", lambda _, folder: (folder / "dataset.deb").touch())
    mirrors(mirror.fails)
    with pytest.raises(DataNotFoundError, match=rf"{debian.SOURCE} \(no {LABELS} in it: No such"):
        fetch.fetch()


def test_apts_own_words_have_no_password(mirrors, monkeypatch):
    def run(command, folder):
        said = "E: 1\nE: Unsupported proxy configured: socks9://me:geheim@proxy:1080\n"
        raise subprocess.CalledProcessError(100, command, stderr=said)

    monkeypatch.setattr(shutil, "which", lambda name: name)
    monkeypatch.setattr(debian, "run", run)
    mirrors(mirror.fails)
    with pytest.raises(DataNotFoundError, match=r"configured: socks9://proxy:1080\)") as caught:
        fetch.fetch()
    assert "geheim" not in str(caught.value)


def test_load_fetches_what_no_place_has(cache, mirrors):
    mirrors(mirror.page, sound)
    train, test = load()
    assert (len(train), len(test), train.source, train.name) == (
        40,
        20,
        str(cache),
        "fashion-mnist",
    )


def test_the_bar_is_told_what_there_is(cache, mirrors):
    shown = {}

    @contextmanager
    def bar(name, done, total):
        shown[name] = [(done, total)]
        yield shown[name].append

    mirrors(sound)
    begin(cache, HALF)
    fetch.fetch(bar=bar)
    for path, content in CONTENTS.items():
        begun = len(HALF) if path[1:] == LABELS else 0
        first, *after = shown[path[1:]]
        assert first == (begun, len(content))
        assert after == sorted(after) and after[-1] == len(content)


def test_the_command_prints_the_folder_and_says_what_it_did(cache, mirrors, monkeypatch, capsys):
    mirrors(sound)
    monkeypatch.setattr(sys, "argv", ["fashionlab", "data", "fetch"])
    for verb in ("fetched Fashion-MNIST into", "found Fashion-MNIST in"):
        with pytest.raises(SystemExit, match="0"):
            main()
        out, err = capsys.readouterr()
        assert out == f"{cache}\n" and f"{verb} {cache}: 4 files, " in err


def test_no_other_module_can_open_an_address():
    root = Path(fashionlab.__file__).parent
    network = {
        "urllib.request",
        "http.client",
        "socket",
        "ftplib",
        "smtplib",
        "urllib3",
        "requests",
    }
    found = set()
    for path in root.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom) and node.module:
                names = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
            found |= {(path.relative_to(root).as_posix(), name) for name in network & set(names)}
    assert found == {
        ("data/download.py", "urllib.request"),
        ("data/download.py", "http.client"),
        ("serve/server.py", "socket"),  # it listens
        ("runs/lock.py", "socket"),  # the host's name
        ("runs/lease.py", "socket"),
        ("jobs/perform.py", "socket"),  # the host's name
        ("jobs/ray_cluster.py", "socket"),
        ("training/job.py", "socket"),
        ("training/worker.py", "socket"),
        ("training/ray_train.py", "socket"),
        ("jobs/ray_connection.py", "socket"),  # the cluster that `--on` names
    }
