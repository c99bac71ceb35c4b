"""Fetching from mirrors that misbehave, and going on with what was broken off."""

import gzip
import re

import pytest

from fashionlab.data import debian, download, fetch, load
from fashionlab.errors import DataNotFoundError

from . import mirror
from .conftest import FILES, HALF, IMAGES, LABELS, NAMES, assert_filled, begin
from .mirror import CONTENTS, sound


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


def test_load_fetches_what_no_place_has(cache, mirrors):
    mirrors(mirror.page, sound)
    train, test = load()
    assert (len(train), len(test), train.source, train.name) == (
        40,
        20,
        str(cache),
        "fashion-mnist",
    )
