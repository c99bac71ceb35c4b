"""Where the file system has no locks, a lease keeps a second process out."""

import errno
import fcntl
import os
import signal
import subprocess
import sys
import time

import pytest

from fashionlab.errors import RunError
from fashionlab.runs import RunWriter
from fashionlab.runs import lock as lock_module
from fashionlab.runs.checkpoints import Checkpoint
from fashionlab.runs.lock import Lock

HOLD = """
import fcntl, sys, time
from pathlib import Path
def flock(descriptor, operation):
    raise OSError(37, "No locks available")
fcntl.flock = flock
from fashionlab.runs import lock as module
module.EXPIRED, module.RENEWED = 2.0, 0.2
lock = module.Lock(Path(sys.argv[1]), Path("run"))
lock.acquire()
print("held", flush=True)
time.sleep(60)
"""


@pytest.fixture(autouse=True)
def short(monkeypatch):
    monkeypatch.setattr(lock_module, "EXPIRED", 2.0)
    monkeypatch.setattr(lock_module, "RENEWED", 0.2)


def without_locks(monkeypatch, number=errno.ENOLCK):
    def flock(descriptor, operation):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(fcntl, "flock", flock)


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


@pytest.mark.parametrize("name", ["ENOLCK", "ENOTSUP", "ENOSYS", "EINVAL"])
def test_without_locks_it_is_held_by_a_lease_and_leaves_nothing(name, tmp_path, monkeypatch):
    without_locks(monkeypatch, getattr(errno, name))
    with RunWriter(tmp_path / "run") as writer:
        assert writer.is_leased
        writer.write_json("config", {})
    assert [path.name for path in tmp_path.iterdir()] == ["run"]
    assert [path.name for path in (tmp_path / "run").iterdir()] == ["config.json"]


def test_another_error_of_the_lock_is_no_lack_of_locks(tmp_path, monkeypatch):
    without_locks(monkeypatch, errno.EIO)
    with pytest.raises(RunError, match=r"cannot write .*run\.partial\.lock: Input/output error"):
        RunWriter(tmp_path / "run").__enter__()


@pytest.mark.parametrize("locks", [True, False])
def test_a_living_owner_is_named_with_the_file_to_remove_if_it_is_gone(
    locks, owner, tmp_path, monkeypatch
):
    """Also by a process that has locks, since the file system is mounted otherwise there."""
    if not locks:
        without_locks(monkeypatch)
    for ask in (Lock.acquire, Lock.require_free):
        with pytest.raises(RunError, match=rf"process {owner.pid} on .* if it is gone, remove .*"):
            ask(lock_of(tmp_path))
    assert owner.poll() is None


def test_a_killed_owner_on_this_machine_is_succeeded_at_once(owner, tmp_path, monkeypatch):
    without_locks(monkeypatch)
    monkeypatch.setattr(lock_module, "EXPIRED", 2000.0)
    marker = tmp_path / "run.partial.lease"
    owner.send_signal(signal.SIGKILL)
    owner.wait()
    marker.write_text(marker.read_text().replace("duration=2.0", "duration=2000.0"))
    lock = lock_of(tmp_path)
    lock.acquire()
    lock.release()
    assert [path.name for path in tmp_path.iterdir()] == ["run.partial"]


def test_a_dead_owner_on_another_machine_is_succeeded_when_its_lease_expires(
    owner, tmp_path, monkeypatch
):
    without_locks(monkeypatch)
    owner.send_signal(signal.SIGKILL)
    owner.wait()
    marker = tmp_path / "run.partial.lease"
    marker.write_text(marker.read_text().replace("host=", "host=not-"))
    lock = lock_of(tmp_path)
    lock.acquire()
    assert str(os.getpid()) in (tmp_path / "run.partial.lock").read_text()
    lock.release()


def test_a_process_that_lost_its_lease_writes_and_removes_nothing_more(tmp_path, monkeypatch):
    without_locks(monkeypatch)
    marker = tmp_path / "run.partial.lease"
    with (
        pytest.raises(RunError, match="taken over by another process"),
        RunWriter(tmp_path / "run") as first,
    ):
        first.write_json("config", {})
        marker.rename(tmp_path / "aside")  # as who takes it over does
        marker.write_text((tmp_path / "aside").read_text())
        until = time.monotonic() + 20
        while first._lock.is_held and time.monotonic() < until:
            time.sleep(0.05)
        with pytest.raises(RunError, match="taken over"):
            first.save_checkpoint(Checkpoint(1, {}, {}))
        first.write_json("model", {})
    assert [path.name for path in (tmp_path / "run.partial").iterdir()] == ["config.json"]
    assert marker.exists()
    assert (tmp_path / "run.partial.lock").exists()
