"""Build the compiled form: `python -m fashionlab.scratch.compiled.build`.

pip does the same when it installs fashionlab (setup.py). One command of the C compiler makes one
plain shared library, which ctypes loads: it knows nothing of Python, so one serves all versions.
Which instructions it uses is chosen when it runs, never by the machine that built it. Next to it
lies a record: either what `library` checks before it loads the library, or why there is none.
"""

import hashlib
import json
import os
import shlex
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

HERE = Path(__file__).parent
LIBRARY = "_compiled.dll" if sys.platform == "win32" else "_compiled.so"
RECORD = "_compiled.json"
COMPILERS = ("cc", "gcc", "clang")
# The bits of a result follow from the source: no contraction, no -ffast-math, no -march.
FLAGS = ("-std=c11", "-O3", "-ffp-contract=off", "-pthread", "-fvisibility=hidden", "-Wall")
LINES = 3  # of what a compiler says


class BuildError(Exception):
    """There is no C compiler, or it failed."""


def compiler() -> list[str]:
    """Return the command of the C compiler: that of CC, of Python, or the first that is there.

    Raises BuildError where there is none.
    """
    if named := os.environ.get("CC"):
        command = shlex.split(named)
        if shutil.which(command[0]) is None:
            raise BuildError(f"CC must name a C compiler; received {named}")
        return command
    of_python = shlex.split(sysconfig.get_config_var("CC") or "")
    for command in (of_python, *([name] for name in COMPILERS)):
        if command and shutil.which(command[0]):
            return command
    raise BuildError(f"no C compiler was found ({', '.join(COMPILERS)}, or another by CC)")


def build(folder: Path = HERE, flags: Sequence[str] = ()) -> Path:
    """Compile the library into `folder`, write its record, and return its path.

    `flags` follow FLAGS. Raises BuildError, and writes its text into the record, where that fails.
    """
    library = folder / LIBRARY
    try:
        with tempfile.TemporaryDirectory() as place:
            made = Path(place) / LIBRARY
            compile_(made, ["-shared", "-fPIC", *_of_the_system(), *flags])
            content = made.read_bytes()
    except (BuildError, OSError) as error:
        library.unlink(missing_ok=True)
        _write(folder / RECORD, json.dumps({"reason": str(error)}).encode())
        raise BuildError(str(error)) from error
    record = {"sha256": hashlib.sha256(content).hexdigest(), "sources": sources()}
    _write(library, content)
    _write(folder / RECORD, json.dumps(record).encode())
    return library


def compile_(
    out: Path,
    flags: Sequence[str],
    more_sources: Sequence[Path] = (),
    cc: Sequence[str] | None = None,
) -> None:
    """Compile all sources, and `more_sources`, into the file `out`; `flags` follow FLAGS.

    `cc` is the compiler's command, by default that of `compiler`. Raises BuildError where there is
    none or it fails.
    """
    files = [*sorted(HERE.glob("*.c")), *more_sources]
    command = [*(cc or compiler()), *FLAGS, *flags, *map(str, files), "-o", str(out), "-lm"]
    done = subprocess.run(  # noqa: S603  the user's own compiler
        command, capture_output=True, encoding="utf-8", errors="replace", check=False
    )
    if done.returncode:
        said = [line.strip() for line in done.stderr.splitlines() if "error" in line.lower()]
        lines = "; ".join(said[:LINES]) or f"exit status {done.returncode}"
        raise BuildError(f"the C compiler {command[0]} failed: {lines}")


def sources() -> str:
    """Return the SHA-256 of all sources: a test finds a library that is older."""
    found = hashlib.sha256()
    for path in sorted(HERE.glob("*.[ch]")):
        found.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    return found.hexdigest()


def _of_the_system() -> list[str]:
    """Return what a system wants besides."""
    if sys.platform == "darwin":  # Python's own architectures, which may be two
        words = shlex.split(os.environ.get("ARCHFLAGS") or sysconfig.get_config_var("CFLAGS") or "")
        return [word for pair in pairwise(words) if pair[0] == "-arch" for word in pair]
    return ["-static"] if sys.platform == "win32" else []  # MinGW's threads lie in a DLL


def _write(path: Path, content: bytes) -> None:
    """Write a file at once: a process that has the old one open keeps it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_name(f"{path.name}.{os.getpid()}")
    new.write_bytes(content)
    new.replace(path)


def main() -> None:
    """Build into the package's own folder, and say what came of it."""
    try:
        sys.stdout.write(f"{build()}\n")
    except (BuildError, OSError) as error:
        sys.exit(f"the network from scratch will run in NumPy: {error}")


if __name__ == "__main__":
    main()
