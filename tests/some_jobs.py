"""Jobs for tests, which workers import: what they need is in their arguments, as of any job."""

import os
import signal
import sys
import time
from pathlib import Path

from fashionlab.errors import InvalidValueError, StoppedError

THREADS_BEFORE = {name: value for name, value in os.environ.items() if "_THREADS" in name}
NUMPY_BEFORE = "numpy" in sys.modules


def square(arguments):
    return {"square": arguments["number"] ** 2, "third": arguments["number"] / 3}


def process(arguments):
    """Who does it, after a while in which other workers take their share."""
    time.sleep(arguments.get("seconds", 0))
    return {"pid": os.getpid()}


def threads(arguments):
    return {"threads": THREADS_BEFORE, "numpy": NUMPY_BEFORE}


def noisy(arguments):
    sys.stdout.write("{this is no answer}\n")
    sys.stdout.flush()
    os.write(1, b"nor is this\n" * 20_000)
    sys.stderr.write(f"read: {sys.stdin.read()}\n")
    return {"said": True}


def refused(arguments):
    raise InvalidValueError("a number must be even;\nreceived 3; give 4")


def broken(arguments):
    return {"number": [][3]}


def unreadable(arguments):
    return {"bytes": Path(arguments["path"]).read_bytes()}


def unspeakable(arguments):
    return {"bytes": b"no JSON"}


def dies(arguments):
    """End the process by SIGKILL `times` times, and then count the processes that it took."""
    begun = Path(arguments["begun"])
    with begun.open("a") as file:
        file.write(f"{os.getpid()}\n")
    taken = begun.read_text().split()
    if len(taken) <= arguments["times"]:
        os.write(2, b"the last words\n")
        os.kill(os.getpid(), signal.SIGKILL)
    return {"processes": len(set(taken))}


def leaves(arguments):
    """End the process as sys.exit does."""
    os.write(2, b"out of patience\n")
    sys.exit(3)


def trains(arguments):
    """Count steps in a file, as a training that goes on with its checkpoint and answers signals."""
    file, stopped = Path(arguments["file"]), []
    step = int(file.read_text()) if file.exists() else 0
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda number, frame: stopped.append(number))
    try:
        while step < arguments["steps"]:
            step += 1
            time.sleep(0.05)
            partial = file.with_suffix(".partial")
            partial.write_text(f"{step}\n")
            partial.replace(file)
            if stopped:
                file.with_suffix(".stopped").write_text(f"{step}\n")
                raise StoppedError("the checkpoint is kept", 128 + stopped[0], "resume")
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        signal.signal(signal.SIGINT, signal.default_int_handler)
    return {"steps": step}


def waits(arguments):
    """Note the process that does it, and end once there is a file that says so."""
    with Path(arguments["begun"]).open("a") as file:
        file.write(f"{os.getpid()}\n")
    while not Path(arguments["go"]).exists():
        time.sleep(0.05)
    return {"number": arguments["number"]}


def deaf(arguments):
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    return waits(arguments)
