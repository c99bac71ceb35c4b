"""Offline mode, proxies, Debian's package, and the command."""

import shutil
import subprocess
import sys
from contextlib import contextmanager

import pytest

from fashionlab.cli import main
from fashionlab.data import debian, fashion_mnist, fetch
from fashionlab.errors import DataNotFoundError, InvalidValueError

from . import mirror
from .conftest import HALF, LABELS, NAMES, assert_filled, begin
from .mirror import CONTENTS, sound


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
