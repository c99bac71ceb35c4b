"""A process on a system that lacks things, which runs commands of fashionlab one after the other.

    python hidden.py PROFILE RESULT < commands.json

Writes to RESULT, as JSON, each command's exit status, or its traceback. `serve` is asked for a
prediction, and then stopped by Ctrl-C.
"""

import contextlib
import ctypes
import errno
import importlib
import io
import json
import os
import random  # before what it needs is hidden
import shutil
import signal
import socket
import sys
import tempfile
import threading
import time
import traceback
import urllib.request
import warnings
from pathlib import Path

PNG = "photo.png"
UNIX_MODULES = ("fcntl", "grp", "pwd", "resource", "termios")
UNIX_NAMES = ("O_CLOEXEC", "O_NOFOLLOW", "fchmod", "getloadavg", "pread", "pwrite", "sysconf")


def hide_modules(*names):
    for name in names:
        sys.modules[name] = None


def hide_names(*names):
    for name in names:
        delattr(os, name)


def hide_proc():
    """No call of Python finds anything in /proc."""

    def without(real):
        def call(path, *arguments, **named):
            if isinstance(path, str | os.PathLike) and os.fspath(path).startswith("/proc"):
                raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), os.fspath(path))
            return real(path, *arguments, **named)

        return call

    os.open = without(os.open)
    io.open = __builtins__.open = without(io.open)


def hide_libc():
    """The C library cannot be asked for mallopt."""

    class Library(ctypes.CDLL):
        def __init__(self, name, *arguments, **named):
            if name is None:
                raise OSError("the program is no library here")
            super().__init__(name, *arguments, **named)

    ctypes.CDLL = Library


def hide_user():
    """No home, and no name for the user: as `docker run --user 12345`."""
    for name in ("HOME", "USER", "LOGNAME", "LNAME", "USERNAME", "XDG_CACHE_HOME"):
        os.environ.pop(name, None)
    if sys.modules.get("pwd", "unimported") is not None:
        import pwd

        def unknown(user):
            raise KeyError(f"uid not found: {user}")

        pwd.getpwuid = pwd.getpwnam = unknown


def hide_installation():
    """The package runs from its source tree alone."""
    import importlib.metadata

    version = importlib.metadata.version

    def of_others(name):
        if name == "fashionlab":
            raise importlib.metadata.PackageNotFoundError(name)
        return version(name)

    importlib.metadata.version = of_others


def hide_locks():
    """A file system without locks."""
    import fcntl

    def flock(descriptor, operation):
        raise OSError(errno.ENOTSUP, os.strerror(errno.ENOTSUP))

    fcntl.flock = flock


def rename_as_windows_does():
    """Nothing that is open, or has something open in it, is renamed or removed."""

    def opened():
        for descriptor in Path("/proc/self/fd").iterdir():
            with contextlib.suppress(OSError):
                yield descriptor.readlink()
        with Path("/proc/self/maps").open(encoding="utf-8") as maps:
            yield from (Path(line.split()[-1]) for line in maps if "/" in line)

    def refuse_open(path):
        path = Path(path).absolute()
        if any(path == one or path in one.parents for one in opened()):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))

    def refusing(real, renames=False):
        def call(*paths, **named):
            for path in paths:
                refuse_open(path)
            if renames and Path(paths[1]).exists():
                raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(paths[1]))
            return real(*paths, **named)

        return call

    shutil._use_fd_functions = False
    os.rename = refusing(os.rename, renames=True)
    for name in ("replace", "unlink", "remove", "rmdir"):
        setattr(os, name, refusing(getattr(os, name)))


def lock_as_windows_does():
    """The library locks, by what it has in the place of fcntl."""
    import fcntl

    hide_modules("fcntl")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import filelock

    def lock_descriptor(descriptor, *, blocking):
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    filelock.lock_descriptor = lock_descriptor


def nothing():
    """This system as it is."""


def windows():
    """Python on Windows, as far as Linux can be brought to look like it."""
    importlib.import_module("asyncio")  # that of Linux takes `sysconf`, that of Windows does not
    hide_modules(*UNIX_MODULES[1:], "uvloop")
    lock_as_windows_does()
    hide_names(*UNIX_NAMES, "sched_getaffinity")
    rename_as_windows_does()
    hide_user()
    hide_libc()


def macos():
    """macOS: no /proc, no glibc, no affinity."""
    hide_proc()
    hide_libc()
    hide_names("sched_getaffinity")


def container():
    """A bare container on a network file system."""
    hide_locks()
    hide_installation()
    hide_proc()
    hide_user()
    hide_libc()
    hide_modules("uvloop", "httptools")


def no_fcntl():
    """A Python without the modules of Unix, and no other locks in their place."""
    hide_modules(*UNIX_MODULES, "uvloop", "httptools")
    hide_user()


PROFILES = {f.__name__: f for f in (nothing, windows, macos, container, no_fcntl)}


def run(arguments):
    """The command's exit status; text where it ended in any other way."""
    from fashionlab.cli import main

    sys.argv = ["fashionlab", *arguments]
    try:
        if arguments[0] == "serve":
            asking = threading.Thread(target=ask, args=(free_port(arguments),), daemon=True)
            asking.start()
        main()
    except SystemExit as ended:
        return ended.code
    except BaseException:
        return traceback.format_exc()
    return "it returned"


def free_port(arguments):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    sys.argv += ["--port", str(port)]
    return port


def ask(port):
    """Ask for a prediction once the service is there; then Ctrl-C."""
    photo = Path(PNG).read_bytes()
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}/v1/predict", photo, {"content-type": "image/png"}
    )
    until = time.monotonic() + 30
    while time.monotonic() < until:
        try:
            with urllib.request.urlopen(request, timeout=10) as reply:
                Path("served.json").write_bytes(reply.read())
            break
        except OSError:
            time.sleep(0.05)
    os.kill(os.getpid(), signal.SIGINT)


if __name__ == "__main__":
    tempfile.gettempdir()
    random.random()
    PROFILES[sys.argv[1]]()
    warnings.filterwarnings("error", category=EncodingWarning, module="fashionlab")
    result, commands = Path(sys.argv[2]), json.load(sys.stdin.buffer)
    commands = [[os.fsdecode(word.encode()) for word in command] for command in commands]
    result.write_text(json.dumps([run(command) for command in commands]), encoding="utf-8")
