"""What tests of executors share: jobs of some_jobs.py, done, and processes, waited for."""

import os
import time
from contextlib import suppress
from pathlib import Path

from fashionlab.jobs import Job


def let_workers_import_tests(monkeypatch):
    """Put this folder on the path of the processes that are started from now on."""
    inherited = os.environ.get("PYTHONPATH", "").split(os.pathsep)
    here = str(Path(__file__).parent)
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(filter(None, [here, *inherited])))


def job(work, name="a job", **arguments):
    return Job(name, f"some_jobs:{work}", arguments)


def do(executor, *jobs):
    """Submit all jobs; return what each came to, by name, in the order of their ends."""
    for each in jobs:
        executor.submit(each)
    ended = [executor.wait() for _ in jobs]
    return {done.job.name: done for done in ended}


def only(executor, work, **arguments):
    return do(executor, job(work, **arguments))["a job"]


def wait_until(holds, seconds=30):
    until = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < until
        time.sleep(0.02)


def runs(pid):
    with suppress(FileNotFoundError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    return False


def children(pid):
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
