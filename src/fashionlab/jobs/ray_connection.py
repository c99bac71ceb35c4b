"""A connection with a Ray cluster: the one named, or one that is started on this machine."""

import os
import secrets
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from fashionlab.environment import cpus
from fashionlab.errors import InvalidValueError

ANSWERS_S = 5.0  # in which a port of a cluster accepts a connection
JOINS_S = 20.0  # in which a process has joined a cluster; measured: 2, of which 1 is Python's
OBJECT_STORE = 150 * 2**20  # bytes of shared memory; requests and results are some kB
ENVIRONMENT = {
    "RAY_USAGE_STATS_ENABLED": "0",  # fashionlab sends nothing to anyone
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",  # a worker sees the GPUs that a local one would
}
QUIET = {"log_to_driver": False, "logging_level": "error"}

# Joins a cluster as we are about to, in a process that can be ended: where something else than Ray
# answers, or this machine is no node of the cluster, Ray tries again for minutes, with a log.
TRIAL = f"""
import sys
import ray
try:
    ray.init(sys.argv[1], **{QUIET})
except Exception as error:
    sys.exit("\\n" + " ".join(str(error).split()))
"""


def connect(ray: Any, on: str, workers: int | None, cores: int | None) -> None:
    """Join the cluster that `on`, or else RAY_ADDRESS, names; or start one with enough room.

    Raises InvalidValueError where no cluster answers.
    """
    address = on if on != "ray" else os.environ.get("RAY_ADDRESS") or "local"
    with _signals_kept():
        if address == "local":
            _have_token()
            _start(ray, max(cpus(), (workers or 1) * (cores or 1)))
            return
        if address != "auto":
            address = _answering(address)
        _try(address)
        ray.init(address, **QUIET)


def _start(ray: Any, cores: int) -> None:
    """Start a cluster of this machine. Raises InvalidValueError where it has no place to be."""
    # Without the process of the dashboard, which Ray starts also where it is switched off, and
    # which then asks the metadata services of three clouds where it runs.
    without_dashboard = _replaced(ray._private.node.Node, "start_api_server", lambda *_, **__: None)
    own: dict[str, Any] = {"include_dashboard": False, "object_store_memory": OBJECT_STORE}
    try:
        with without_dashboard:
            ray.init("local", num_cpus=cores, **own, **QUIET)
    except OSError as error:  # no room, or a path too long for a socket
        raise InvalidValueError(
            "Ray must have a folder for its sockets and logs, of a short name; received: "
            f"{' '.join(str(error).split()):.300}; set RAY_TMPDIR to another, such as /tmp"
        ) from error


def _have_token() -> None:
    """Have the token of the cluster that is started here in memory, unless the user has one.

    Its processes, whose ports others can reach, answer to nobody without it. Ray itself would write
    one into the home folder, where other users of the machine may read it.
    """
    with suppress(RuntimeError):  # there is no home folder
        if Path("~/.ray/auth_token").expanduser().exists():
            return
    if not os.environ.get("RAY_AUTH_TOKEN_PATH"):
        os.environ.setdefault("RAY_AUTH_TOKEN", secrets.token_hex(32))


def _answering(address: str) -> str:
    """Return HOST:PORT of an address where something answers."""
    try:
        parts = urlsplit(address if "://" in address else f"ray://{address}")
        if parts.scheme != "ray" or not parts.hostname or not parts.port or parts.path:
            raise ValueError
    except ValueError:
        raise InvalidValueError(
            "the address of a Ray cluster must be ray://HOST:PORT, as ray://10.0.0.1:6379; "
            f"received {address!r:.80}"
        ) from None
    try:
        socket.create_connection((parts.hostname, parts.port), ANSWERS_S).close()
    except OSError as error:
        raise _refused(address, str(error)) from error
    return parts.netloc


def _try(address: str) -> None:
    """Raise InvalidValueError unless a process of this machine can join the cluster."""
    last = ""
    with subprocess.Popen(  # noqa: S603  our own lines
        [sys.executable, "-P", "-c", TRIAL, address],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        encoding="utf-8",
        errors="backslashreplace",
        start_new_session=True,
    ) as trial:
        patience = threading.Timer(JOINS_S, trial.kill)
        patience.start()
        try:
            for line in trial.stderr or ():
                if "InvalidAuthToken" in line:  # it would ask again for 20 seconds
                    raise InvalidValueError(
                        f"a Ray cluster must accept this command's token; received a refusal from "
                        f"{address:.80}; set RAY_AUTH_MODE=token, and RAY_AUTH_TOKEN or "
                        "RAY_AUTH_TOKEN_PATH, as its nodes have them"
                    )
                last = line.strip() or last
            trial.wait()
        except BaseException:
            trial.kill()
            raise
        finally:
            is_late = not patience.is_alive()
            patience.cancel()
    if trial.returncode:
        if is_late:
            last = f"no answer as from Ray within {JOINS_S:.0f} seconds"
        raise _refused(address, last)


def _refused(address: str, received: str) -> InvalidValueError:
    return InvalidValueError(
        f"a Ray cluster must answer at {address:.80}, and this machine be a node of it; received: "
        f"{received}; start its head with `ray start --head`, and name its port, 6379 by default, "
        "not that of Ray Client"
    )


@contextmanager
def heard(ray: Any, say: Callable[[str], None]) -> Iterator[None]:
    """Call `say`, from another thread, with what Ray would print on this process's standard output.

    These are messages about lost workers and nodes, which no setting of Ray turns off.
    """

    def hear(data: dict[str, Any], *_: Any, **__: Any) -> None:
        for line in data.get("lines", ()):
            say(" ".join(str(line).split()))

    with _replaced(ray._private.worker, "print_to_stdstream", hear):
        yield


@contextmanager
def _replaced(owner: Any, name: str, value: Any) -> Iterator[None]:
    """Replace a part of Ray that is not public, as of 2.60; a version without it runs too."""
    before = getattr(owner, name, None)
    if before is None:
        yield
        return
    setattr(owner, name, value)
    try:
        yield
    finally:
        setattr(owner, name, before)


@contextmanager
def _signals_kept() -> Iterator[None]:
    """Keep what the caller does at SIGTERM, which ray.init replaces by sys.exit."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.getsignal(signal.SIGTERM)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
