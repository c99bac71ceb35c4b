"""Where the file system has no locks, a lease keeps a second process out."""

import errno
import fcntl
import os
import signal
import socket
import subprocess
import sys

import pytest

from fashionlab.errors import RunError
from fashionlab.runs import RunWriter, lease
from fashionlab.runs.checkpoints import Checkpoint
from fashionlab.runs.lock import Lock

HOLD = """
import fcntl, sys, time
from pathlib import Path
def flock(descriptor, operation):
    raise OSError(37, "No locks available")
fcntl.flock = flock
from fashionlab.runs import lease
from fashionlab.runs.lock import Lock
lease.RENEWED = 0.1
lock = Lock(Path(sys.argv[1]), Path("run"))
lock.acquire()
print("held", flush=True)
time.sleep(60)
"""


@pytest.fixture(autouse=True)
def short(monkeypatch):
    monkeypatch.setattr(lease, "EXPIRED", 2.0)
    monkeypatch.setattr(lease, "RENEWED", 0.1)


@pytest.fixture
def without_locks(monkeypatch):
    def flock(descriptor, operation):
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    monkeypatch.setattr(fcntl, "flock", flock)


def started(tmp_path):
    return subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path / "run.partial")],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.fixture
def owner(tmp_path):
    process = started(tmp_path)
    assert process.stdout.readline() == "held\n"
    yield process
    process.kill()
    process.communicate()


def lock_of(tmp_path):
    return Lock(tmp_path / "run.partial", tmp_path / "run")


def change(tmp_path, **fields):
    """Write other facts about the owner into the lock's file."""
    path = tmp_path / "run.partial.lock"
    path.write_bytes(lease.content(lease.read(path) | fields))


@pytest.mark.parametrize("name", ["ENOLCK", "ENOTSUP", "ENOSYS", "EINVAL"])
def test_without_locks_it_is_held_by_a_lease_and_leaves_nothing(name, tmp_path, monkeypatch):
    def flock(descriptor, operation):
        raise OSError(getattr(errno, name), "no locks")

    monkeypatch.setattr(fcntl, "flock", flock)
    with RunWriter(tmp_path / "run") as writer:
        assert writer.is_leased
        writer.write_json("config", {})
    assert [path.name for path in tmp_path.iterdir()] == ["run"]
    assert [path.name for path in (tmp_path / "run").iterdir()] == ["config.json"]


def test_another_error_of_the_lock_is_no_lack_of_locks(tmp_path, monkeypatch):
    def flock(descriptor, operation):
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr(fcntl, "flock", flock)
    with pytest.raises(RunError, match=r"cannot write .*run\.partial\.lock: Input/output error"):
        RunWriter(tmp_path / "run").__enter__()


@pytest.mark.parametrize("elsewhere", [True, False])
@pytest.mark.parametrize("has_locks", [True, False])
def test_a_living_owner_is_named_with_the_file_to_remove_if_it_has_ended(
    elsewhere, has_locks, owner, tmp_path, request, monkeypatch
):
    """Also by a process that has locks: a file system can be mounted with and without."""
    if not has_locks:
        request.getfixturevalue("without_locks")
    if elsewhere:
        monkeypatch.setattr(socket, "gethostname", lambda: "another")
    said = rf"process {owner.pid} on .* if it has ended, remove .*run\.partial\.lock$"
    for attempt in (Lock.acquire, Lock.require_free):
        with pytest.raises(RunError, match=said):
            attempt(lock_of(tmp_path))
    assert owner.poll() is None


def test_a_killed_owner_on_this_machine_is_succeeded_at_once(
    without_locks, owner, tmp_path, monkeypatch
):
    monkeypatch.setattr(lease, "EXPIRED", 1e6)
    owner.send_signal(signal.SIGKILL)
    owner.wait()
    lock = lock_of(tmp_path)
    lock.acquire()
    lock.release()
    assert [path.name for path in tmp_path.iterdir()] == ["run.partial"]


def test_so_is_one_with_the_number_of_this_process(without_locks, owner, tmp_path, monkeypatch):
    """A container that was started again has the same name and numbers."""
    monkeypatch.setattr(lease, "EXPIRED", 1e6)
    owner.send_signal(signal.SIGKILL)
    owner.wait()
    change(tmp_path, pid=os.getpid())
    lock_of(tmp_path).acquire()
    assert lease.read(tmp_path / "run.partial.lock")["pid"] == os.getpid()


@pytest.mark.parametrize("facts", [{"host": "another"}, {"pid": os.getppid()}, {"pid": "x"}])
def test_an_owner_that_renews_no_more_is_succeeded_when_its_lease_expires(
    facts, without_locks, owner, tmp_path
):
    owner.send_signal(signal.SIGKILL)
    owner.wait()
    change(tmp_path, **facts)
    lock = lock_of(tmp_path)
    lock.require_free()
    lock.acquire()
    assert lease.read(tmp_path / "run.partial.lock")["pid"] == os.getpid()
    lock.release()


def test_an_owner_that_has_a_lock_elsewhere_is_left_alone(without_locks, tmp_path):
    (tmp_path / "run.partial.lock").write_text(' {"pid": 1, "host": "another"}')
    with pytest.raises(RunError, match=r"by another process; .*if it has ended, remove"):
        lock_of(tmp_path).acquire()


def test_of_many_processes_at_once_one_gets_it(tmp_path):
    processes = [started(tmp_path) for _ in range(4)]
    answers = [process.stdout.readline() for process in processes]
    for process in processes:
        process.kill()
    said = [process.communicate()[1] for process in processes]
    assert sorted(answers) == ["", "", "", "held\n"]
    assert sum("is being trained by process" in line for line in said) == 3


def test_a_process_that_lost_its_lease_writes_and_removes_nothing_more(without_locks, tmp_path):
    with (
        pytest.raises(RunError, match="taken over by another process"),
        RunWriter(tmp_path / "run") as first,
    ):
        first.write_json("config", {})
        change(tmp_path, token="another's")
        with pytest.raises(RunError, match="taken over"):
            first.save_checkpoint(Checkpoint(1, {}, {}))
        first.write_json("model", {})
    assert [path.name for path in (tmp_path / "run.partial").iterdir()] == ["config.json"]
    assert (tmp_path / "run.partial.lock").exists()
