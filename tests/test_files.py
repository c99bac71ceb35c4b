"""Durable writes: everything is flushed before it gets its name, and the name after it."""

import errno
import os
from pathlib import Path

import pytest

from fashionlab import files

from .faults import FailingOs, Windows


@pytest.fixture
def calls(monkeypatch):
    counting = FailingOs(fails=0, number=0)
    monkeypatch.setattr(files, "os", counting)
    return counting.calls


FILE = ["open", "write", "fsync"]
FOLDER = ["open", "fsync"]


def test_a_file_is_flushed_then_named_then_its_name_is_flushed(calls, tmp_path):
    files.write(tmp_path / "a", b"content")
    assert calls == [*FILE, "replace", *FOLDER]
    assert (tmp_path / "a").read_bytes() == b"content"


def test_a_folder_is_named_after_all_of_it_is_on_the_disk(calls, tmp_path):
    files.write_folder(tmp_path / "f", {"a": b"1", "b": b"2"})
    assert calls == ["mkdir", *FILE, *FILE, *FOLDER, "rename", *FOLDER]
    assert {p.name: p.read_bytes() for p in (tmp_path / "f").iterdir()} == {"a": b"1", "b": b"2"}


def test_a_file_that_is_written_in_blocks_gets_its_name_when_it_is_whole(calls, tmp_path):
    (tmp_path / "a").write_bytes(b"old")
    with files.writing(tmp_path / "a") as file:
        file.write(b"new ")
        file.write(b"content")
        assert (tmp_path / "a").read_bytes() == b"old"
    assert calls == ["open", "fsync", "replace", *FOLDER]
    assert (tmp_path / "a").read_bytes() == b"new content"
    assert [path.name for path in tmp_path.iterdir()] == ["a"]


@pytest.mark.parametrize("fails", [1, 2, 3])
def test_a_file_written_in_blocks_that_cannot_be_finished_leaves_the_old_one(
    fails, monkeypatch, tmp_path
):
    (tmp_path / "a").write_bytes(b"old")
    monkeypatch.setattr(files, "os", FailingOs(fails, errno.ENOSPC))
    named = pytest.raises(OSError, match=r"No space left on device: '.*/a'$")
    with named, files.writing(tmp_path / "a") as file:
        file.write(b"content")
    assert [path.name for path in tmp_path.iterdir()] == ["a"]
    assert (tmp_path / "a").read_bytes() == b"old"


def test_an_error_while_blocks_are_written_passes_and_leaves_nothing(tmp_path):
    for error in (KeyboardInterrupt(), ValueError("x"), FileNotFoundError(2, "gone", "other")):
        with pytest.raises(type(error)) as caught, files.writing(tmp_path / "a") as file:
            file.write(b"content")
            raise error
        assert caught.value is error
    assert not list(tmp_path.iterdir())


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no device that is full")
def test_a_full_disk_is_named_by_the_path_that_was_asked_for(monkeypatch, tmp_path):
    monkeypatch.setattr(files, "hidden", lambda path: tmp_path / "full")
    (tmp_path / "full").symlink_to("/dev/full")
    named = pytest.raises(OSError, match=r"No space left on device: '.*/a'$")
    with named, files.writing(tmp_path / "a") as file:
        file.write(bytes(10_000_000))
    assert not list(tmp_path.iterdir())


def test_two_processes_that_write_the_same_file_do_not_meet(tmp_path, monkeypatch):
    real = files.write_new

    def while_another_writes(path, content):
        real(path, content[:1])
        monkeypatch.setattr(files, "write_new", real)
        files.write(tmp_path / "a", b"theirs")
        assert (tmp_path / "a").read_bytes() == b"theirs"
        real(path, content)

    monkeypatch.setattr(files, "write_new", while_another_writes)
    files.write(tmp_path / "a", b"ours")
    assert (tmp_path / "a").read_bytes() == b"ours"
    assert [path.name for path in tmp_path.iterdir()] == ["a"]


def test_rows_become_csv_with_quotes_where_a_value_needs_them():
    rows = [{"name": "a, b", "n": 1}, {"name": 'say "x"', "n": None}]
    text = files.csv_text(rows)
    assert text == 'name,n\r\n"a, b",1\r\n"say ""x""",\r\n'
    with pytest.raises(ValueError, match="other"):
        files.csv_text([*rows, {"name": "c", "n": 2, "other": 3}])


def test_a_write_that_takes_fewer_bytes_goes_on_with_the_rest(monkeypatch, tmp_path):
    class Slow(FailingOs):
        def write(self, descriptor, content):
            return files_os.write(descriptor, content[:3])

    files_os = files.os
    monkeypatch.setattr(files, "os", Slow(fails=0, number=0))
    files.write(tmp_path / "a", b"0123456789")
    assert (tmp_path / "a").read_bytes() == b"0123456789"


def test_what_is_not_whole_is_found_by_its_name_and_nothing_else_goes(tmp_path):
    (tmp_path / ".a.partial").write_text("half")
    (tmp_path / ".f.partial").mkdir()
    (tmp_path / ".f.partial" / "x").write_text("half")
    (tmp_path / ".other").write_text("whole")
    (tmp_path / "b.partial").mkdir()
    (tmp_path / ".link.partial").symlink_to(tmp_path / "b.partial")
    files.clean(tmp_path)
    assert sorted(p.name for p in tmp_path.iterdir()) == [".other", "b.partial"]


@pytest.mark.parametrize("call", ["rename", "replace"])
def test_on_windows_a_name_that_somebody_has_open_is_tried_again(call, monkeypatch, tmp_path):
    """A virus scanner, or a reader of history.csv."""
    tried = []

    class Busy(Windows):
        def _refused(self, old, new):
            tried.append(call)
            if len(tried) < 3:
                raise PermissionError(errno.EACCES, "Access is denied")
            getattr(os, call)(old, new)

        rename = replace = _refused

    monkeypatch.setattr(files, "os", Busy())
    monkeypatch.setattr(files, "PAUSES", (0.0,) * 5)
    (tmp_path / "old").mkdir()
    if call == "rename":
        files.rename(tmp_path / "old", tmp_path / "new")
        assert (tmp_path / "new").is_dir()
    else:
        files.write(tmp_path / "new", b"content")
        assert (tmp_path / "new").read_bytes() == b"content"
    assert len(tried) == 3


def test_elsewhere_it_is_refused_at_once(monkeypatch, tmp_path):
    monkeypatch.setattr(files, "os", FailingOs(1, errno.EACCES))
    with pytest.raises(PermissionError):
        files.rename(tmp_path / "old", tmp_path / "new")
    assert files.os.calls == ["rename"]


@pytest.mark.parametrize("name", [b"plain", "données".encode(), b"caf\xe9"])
def test_a_name_as_text_leads_back_to_its_file(name):
    path = Path(os.fsdecode(name))
    assert files.named(files.text(path)) == path
    assert files.text(path) == name.decode(errors="surrogateescape")


def test_a_text_that_no_file_can_have_as_its_name_is_no_crash():
    assert not files.named("\ud800").exists()


@pytest.mark.parametrize("name", ["EINVAL", "ENOTSUP", "EIO"])
def test_a_file_system_that_flushes_no_folders_is_written_to(name, monkeypatch, tmp_path):
    """Flush where folders cannot be, as on some network file systems; a disk's error stays."""
    monkeypatch.setattr(files, "os", FailingOs(6, getattr(errno, name)))  # the folder's fsync
    if name == "EIO":
        with pytest.raises(OSError, match="Input/output error"):
            files.write(tmp_path / "a", b"content")
    else:
        files.write(tmp_path / "a", b"content")
    assert files.os.calls == [*FILE, "replace", *FOLDER]
    assert (tmp_path / "a").read_bytes() == b"content"


@pytest.mark.parametrize("system", ["linux", "darwin"])
def test_a_folder_of_many_files_gets_its_name_when_they_are_on_the_disk(
    calls, monkeypatch, system, tmp_path
):
    monkeypatch.setattr(files.sys, "platform", system)
    monkeypatch.setattr(os, "sync", lambda: calls.append("sync"), raising=False)
    with files.writing_folder(tmp_path / "f") as partial:
        (partial / "a").mkdir()
        (partial / "a/1").write_bytes(b"1")
        assert not (tmp_path / "f").exists()
    flushed = ["sync"] if system == "linux" else [*FOLDER, "fsync", *FOLDER]
    assert calls == ["mkdir", *flushed, "rename", *FOLDER]
    assert (tmp_path / "f/a/1").read_bytes() == b"1"


def test_a_folder_that_cannot_be_filled_leaves_nothing_and_an_old_one_stays(tmp_path):
    (tmp_path / "old").mkdir()
    with pytest.raises(FileExistsError, match="old"), files.writing_folder(tmp_path / "old"):
        pass
    named = pytest.raises(OSError, match=r"No space left on device: '.*/f'$")
    with named, files.writing_folder(tmp_path / "f") as partial:
        (partial / "1").write_bytes(b"1")
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    assert [path.name for path in tmp_path.iterdir()] == ["old"]
