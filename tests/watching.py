"""watched: runs a command in an empty home and says what it created and which hosts it asked for.

strace sees every process and thread, native code too, and files that are removed again.
"""

import contextlib
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

CALLS = (
    "open,openat,openat2,creat,mkdir,mkdirat,mknod,mknodat,rename,renameat,renameat2,"
    "link,linkat,symlink,symlinkat,connect,bind,sendto,sendmsg,sendmmsg"
)
PROGRAM = "import os; print(os.getpid(), flush=True); from fashionlab.cli import main; main()"
KEPT = ("PATH", "PYTHONPATH", "LD_LIBRARY_PATH", "KERAS_BACKEND")  # of the tests' environment
MADE = re.compile(r"(?:open|openat|openat2|creat)\(.*\) = \d+<(.+?)>")
NAMED = re.compile(r'(?:<([^>]*)>, )?"((?:[^"\\]|\\.)*)"')  # the folder of a call, a path in it
HOST = re.compile(r'sin6?_port=htons\((\d+)\).*?(?:inet_addr\(|AF_INET6, )"([^"]+)"')
LOOKUP = re.compile(r'"(/etc/hosts|/etc/resolv\.conf|[^"]*io\.systemd\.Resolve)"')


@dataclass
class Watched:
    """A command that has ended, or that is running; paths begin with ~, TMPDIR or /."""

    folders: Mapping[str, Path]  # by the name that a path in one begins with
    work: Path
    process: subprocess.Popen[str]
    pid: int
    errors: str = ""
    here: set[str] = field(default_factory=set)  # what is new in the folder it ran in
    created: set[str] = field(default_factory=set)  # elsewhere, though removed again
    left: set[str] = field(default_factory=set)  # elsewhere, and still there
    asked: set[str] = field(default_factory=set)  # addresses, and files that a lookup reads
    bound: set[str] = field(default_factory=set)  # addresses to listen on


def strace_works(place: Path) -> bool:
    """Whether strace is installed and may trace, which containers can forbid."""
    command = ["strace", "--seccomp-bpf", "-f", "-o", str(place / "strace"), "true"]
    with contextlib.suppress(OSError):
        return subprocess.run(command, capture_output=True).returncode == 0
    return False


@contextlib.contextmanager
def watched(place: Path, work: Path, arguments: Sequence[str]) -> Iterator[Watched]:
    """Run `fashionlab ARGUMENTS` in `work`; the answer is complete when the context has ended."""
    before = listed(work)
    for name in ("home", "tmp", "calls"):
        (place / name).mkdir(parents=True)
    short = Path(tempfile.mkdtemp(prefix="ray"))  # for sockets, whose paths have 107 bytes
    folders = {"~": place / "home", "TMPDIR": place / "tmp", "RAY_TMPDIR": short}
    with subprocess.Popen(
        [
            *("strace", "--seccomp-bpf", "-ff", "-qq", "-y", "-s", "4096"),
            *("-o", str(place / "calls/of"), "-e", f"trace={CALLS}"),
            *(sys.executable, "-c", PROGRAM, *arguments),
        ],
        cwd=work,
        env={
            **{name: os.environ[name] for name in KEPT if name in os.environ},
            "HOME": str(place / "home"),
            **{name: str(folders[name]) for name in ("TMPDIR", "RAY_TMPDIR")},
            "PYTHONDONTWRITEBYTECODE": "1",  # what Python itself caches next to modules
            "OMP_NUM_THREADS": "1",
        },
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout
        watched = Watched(folders, work, process, int(process.stdout.readline()))
        try:
            yield watched
            watched.errors += process.communicate(timeout=120)[1]
        except BaseException:
            os.kill(watched.pid, signal.SIGKILL)
            raise
    watched.here = {str(path.relative_to(work)) for path in listed(work) - before}
    watched.left = {shown(path, watched) for folder in folders.values() for path in tree(folder)}
    shutil.rmtree(short)
    for file in (place / "calls").iterdir():
        for line in file.read_text(errors="replace").splitlines():
            _note(line, watched)


def _note(line: str, watched: Watched) -> None:
    """Take what one call of the system did."""
    call, result = line.partition("(")[0], line.rpartition(" = ")[2]
    if call in ("connect", "sendto", "sendmsg", "sendmmsg", "bind"):
        hosts = watched.bound if call == "bind" else watched.asked
        hosts.update(f"{address}:{port}" for port, address in HOST.findall(line))
    watched.asked.update(LOOKUP.findall(line))
    if result.startswith("-1"):
        return
    if call in ("open", "openat", "openat2", "creat"):
        if (found := MADE.match(line)) and re.search(r"^creat|O_CREAT|O_TMPFILE", line):
            path = Path(found[1])
        else:
            return
    elif call.startswith(("mk", "rename", "link", "symlink")):
        folder, name = NAMED.findall(line)[-1]
        path = Path(watched.work, folder, name)
    else:
        return
    if not path.is_relative_to(watched.work) and str(path) not in ("/dev/null", "/dev/tty"):
        watched.created.add(shown(path, watched))


def shown(path: Path, watched: Watched) -> str:
    """Return a path with ~ for the home folder, and TMPDIR for that of temporary files."""
    for name, folder in watched.folders.items():
        if path.is_relative_to(folder):
            return str(Path(name, path.relative_to(folder)))
    return str(path)


def tree(folder: Path) -> set[Path]:
    """Return all that is in a folder, at any depth."""
    return set(folder.rglob("*"))


def listed(folder: Path) -> set[Path]:
    """Return what is in a folder, and what is in the folders there."""
    return {*folder.glob("*"), *folder.glob("*/*")}
