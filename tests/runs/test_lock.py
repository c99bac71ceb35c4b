"""One writer at a time, and a dead one's lock is nobody's."""

import errno
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from fashionlab.errors import RunError
from fashionlab.runs import RunWriter, layout, require_free
from fashionlab.runs import lock as lock_module
from fashionlab.runs.lock import Lock

from ..faults import FailingOs, Windows

HOLD = """
import sys, time
from pathlib import Path
from fashionlab.runs.lock import Lock
lock = Lock(Path(sys.argv[1]), Path("run"))
lock.acquire()
print("held", flush=True)
time.sleep(60)
"""


@pytest.fixture
def owner(tmp_path):
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path / "run.partial")],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout.readline() == "held\n"
    yield process
    process.kill()
    process.communicate()


def lock_of(tmp_path):
    return Lock(tmp_path / "run.partial", tmp_path / "run")


def test_a_second_process_is_told_who_holds_it(owner, tmp_path):
    for ask in (Lock.acquire, Lock.require_free):
        with pytest.raises(RunError, match=rf"run is being .* process {owner.pid} on .* since"):
            ask(lock_of(tmp_path))


def test_a_killed_owner_leaves_no_lock(owner, tmp_path):
    owner.send_signal(signal.SIGKILL)
    owner.wait()
    lock = lock_of(tmp_path)
    lock.acquire()
    assert str(os.getpid()) in (tmp_path / "run.partial.lock").read_text()
    lock.release()
    assert [path.name for path in tmp_path.iterdir()] == ["run.partial"]


def test_a_stopped_owner_still_holds_it(owner, tmp_path):
    owner.send_signal(signal.SIGSTOP)
    with pytest.raises(RunError, match="being trained"):
        lock_of(tmp_path).acquire()


def test_a_lock_whose_file_was_replaced_is_taken_anew(tmp_path):
    """A process that opened the file just before its owner removed it holds nothing by that."""
    first, second = lock_of(tmp_path), lock_of(tmp_path)
    first.acquire()
    (tmp_path / "run.partial.lock").unlink()  # as release does, before it lets go
    second.acquire()
    assert second._is_named()
    assert not first._is_named()
    first.release()  # removes no name but its own
    with pytest.raises(RunError, match="being trained"):
        lock_of(tmp_path).acquire()
    second.release()


def test_an_owner_that_has_not_said_who_it_is_is_another_process(tmp_path):
    first = lock_of(tmp_path)
    first.acquire()
    (tmp_path / "run.partial.lock").write_text("")
    with pytest.raises(RunError, match="by another process"):
        lock_of(tmp_path).acquire()
    first.release()


def test_an_owners_name_is_one_line(tmp_path):
    first = lock_of(tmp_path)
    first.acquire()
    owner = {"pid": 7, "host": "a\nb", "since": "now", "command": "train\n\x1b[2J x"}
    (tmp_path / "run.partial.lock").write_text(f" {json.dumps(owner)}")
    with pytest.raises(RunError) as refused:
        lock_of(tmp_path).acquire()
    assert "process 7 on a b since now" in str(refused.value)
    assert "\n" not in str(refused.value)
    first.release()


def test_a_disk_without_room_for_the_owners_name_is_one_line_and_leaves_nothing(
    tmp_path, monkeypatch
):
    monkeypatch.setattr(lock_module, "os", FailingOs(3, errno.ENOSPC))  # after two opens
    with pytest.raises(RunError, match=r"cannot write .*run\.partial\.lock: No space left"):
        RunWriter(tmp_path / "run").__enter__()
    assert not list(tmp_path.iterdir())


def test_of_many_processes_at_once_one_gets_it(tmp_path):
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", HOLD, str(tmp_path / "run.partial")],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(6)
    ]
    until = time.monotonic() + 40
    while sum(process.poll() is None for process in processes) > 1 and time.monotonic() < until:
        time.sleep(0.05)
    for process in processes:
        process.kill()
    answers = [process.communicate() for process in processes]
    assert sum("held" in out for out, _ in answers) == 1
    assert sum("is being trained by" in error for _, error in answers) == 5


def test_a_writer_refuses_a_folder_that_another_process_writes(owner, tmp_path):
    began = time.monotonic()
    with pytest.raises(RunError, match=f"process {owner.pid}"), RunWriter(tmp_path / "run"):
        pass
    assert time.monotonic() - began < 1
    assert (tmp_path / "run.partial.lock").exists()


def test_a_finished_folder_is_refused_at_once(tmp_path):
    with RunWriter(tmp_path / "run") as writer:
        writer.write_json("config", {})
    with pytest.raises(RunError, match="exists already"):
        require_free(tmp_path / "run")
    assert [p.name for p in tmp_path.iterdir()] == ["run"]
    assert [p.name for p in (tmp_path / "run").iterdir()] == ["config.json"]


def test_the_command_to_go_on_is_quoted_for_the_systems_shell(monkeypatch):
    assert layout.resume_command(Path("my run")).endswith("--out 'my run'")
    monkeypatch.setattr(layout, "os", Windows())
    assert layout.resume_command(Path("my run")).endswith('--out "my run"')


def test_where_an_open_file_cannot_be_removed_the_lock_is_let_go_first(tmp_path, monkeypatch):
    """Release as on Windows, where another process may have taken it before it is removed."""
    held = []

    def unlink(path, *arguments, **named):
        held.append(lock._descriptor >= 0)
        if held[-1]:
            raise PermissionError(errno.EACCES, "being used by another process")
        real(path, *arguments, **named)

    real = os.unlink
    lock = lock_of(tmp_path)
    lock.acquire()
    monkeypatch.setattr(os, "unlink", unlink)
    lock.release()
    assert held == [True, False]
    assert [path.name for path in tmp_path.iterdir()] == ["run.partial"]


def test_the_byte_that_is_locked_says_nothing(tmp_path):
    """On Windows no other process can read it."""
    lock = lock_of(tmp_path)
    lock.acquire()
    content = (tmp_path / "run.partial.lock").read_bytes()
    assert content[:1] == b" "
    assert json.loads(content[1:])["pid"] == os.getpid()
    lock.release()
