"""Give hostile and wrong data to the program: each is refused. Writes results/hostile_data.csv.

    python -m benchmarks.hostile.data

The kinds are those of `benchmarks.hostile.kinds`. Each has to raise an error of the project's that
is one line and names the file, and to leave nothing in its folder, the cache and the temporary
folder. Measured are the seconds, the least of up to three where the first are more than half a one,
since other programs may run; and the memory at its largest, less that before and less the size of
the files. All of it runs twice, also under `python -O`. Of each form one kind is given to the
commands too, which must end with status 2. What goes wrong is shown and ends the command with
status 1. Linux alone tells the memory.
"""

import argparse
import ctypes
import gc
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from benchmarks import tables
from benchmarks.hostile.kinds import FORMS, Hostile
from benchmarks.hostile.kinds.files import sound
from fashionlab.data import ReadOptions, load, load_images, load_parts
from fashionlab.errors import LONGEST, FashionlabError

MB = 2**20
SLOW = 0.5  # seconds, from which on it is measured again
TRIES = 3
LONGEST_S = 300  # for all kinds of a form; a process that waits for a pipe would never end
COMMANDS: tuple[tuple[str, ...], ...] = (
    ("data", "info", "--data", "DATA"),
    ("data", "check", "DATA"),
    ("data", "convert", "DATA", "OUT"),
    ("train", "tiny", "--data", "DATA", "--out", "OUT"),
    ("predict", "DATA"),
)
FIELDS = ("refused", "accepted", "other_exceptions", "left_behind")


def files_in(*folders: Path) -> dict[str, int]:
    """Return the size of each file in the folders; not of links, pipes and the like."""
    found = (path for folder in folders for path in folder.rglob("*"))
    return {str(p): p.lstat().st_size for p in found if p.is_file() and not p.is_symlink()}


def peak_above(before: int) -> int:
    """Return how many bytes the process's largest memory since `reset_peak` is above `before`."""
    return memory("VmHWM") - before


def reset_peak() -> int:
    """Begin to measure the largest memory anew; return the memory now, in bytes."""
    gc.collect()
    ctypes.CDLL(None).malloc_trim(0)
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
    return memory("VmRSS")


def memory(field: str) -> int:
    """Return a field of the process's status, in bytes."""
    lines = Path("/proc/self/status").read_text(encoding="utf-8").splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(f"{field}:"))


def message_of(path: Path, kind: Hostile) -> str | None:
    """Return what the error says; None where the data are accepted. Raises other exceptions."""
    try:
        load(path, ReadOptions(**kind.options), fetch=False)
    except FashionlabError as error:
        return str(error)
    return None


def faults(message: str | None, kind: Hostile, folder: Path) -> Iterator[str]:
    """Yield what is wrong with the message of a kind's error."""
    if message is None:
        yield "accepted"
        return
    if "\n" in message or len(message) > LONGEST + 10:
        yield f"no line: {message[:200]!r}"
    for wanted in (str(folder), *kind.says):
        if wanted.lower() not in message.lower():
            yield f"does not say {wanted!r}: {message}"


def other_doors(path: Path, kind: Hostile) -> None:
    """Load the same for `data check` and `predict`: an error of the project's, or images."""
    for door in (load_parts, load_images):
        try:
            door(path, ReadOptions(**kind.options))
        except FashionlabError:
            continue


def attacked(kind: Hostile) -> dict[str, object]:
    """Return what became of a kind: an outcome, faults, seconds and bytes."""
    places = [Path(os.environ[name]) for name in ("FASHIONLAB_CACHE", "TMPDIR")]
    with tempfile.TemporaryDirectory(prefix="h") as name:
        folder = Path(name)
        path = kind.make(folder)
        before = files_in(folder, *places)
        honest = sum(files_in(folder).values())
        seconds, above, found = float("inf"), 0, []
        try:
            for _ in range(TRIES):
                resident = reset_peak()
                began = time.perf_counter()
                message = message_of(path, kind)
                seconds = min(seconds, time.perf_counter() - began)
                above = max(above, peak_above(resident) - honest)
                if seconds < SLOW:
                    break
            other_doors(path, kind)
            found = list(faults(message, kind, folder))
            outcome = "accepted" if message is None else "refused"
        except Exception as error:  # what is looked for
            outcome, found = "other_exceptions", [repr(error)]
        left = sorted(set(files_in(folder, *places).items()) ^ set(before.items()))
        return {
            "outcome": outcome,
            "faults": found + [f"left behind or changed: {left}"] * bool(left),
            "seconds": seconds,
            "mb": above / MB,
            "left_behind": len(left),
        }


def worker(form: str) -> None:
    """Print what became of each kind of a form, a line of JSON each."""
    with tempfile.TemporaryDirectory() as folder:
        for path in sound(Path(folder)):  # imports all readers, and proves that they read
            load_parts(path)
    for name, kind in FORMS[form].items():
        print(json.dumps({"name": name, **attacked(kind)}), flush=True)


def measure(form: str, flags: Sequence[str], environment: dict[str, str]) -> dict[str, object]:
    """Return the row of a form, measured in a process of its own with these flags of Python."""
    command = [sys.executable, *flags, "-m", __spec__.name, "--worker", form]
    done = subprocess.run(
        command,
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
        timeout=LONGEST_S,
        check=True,
    )
    results = [json.loads(line) for line in done.stdout.splitlines()]
    for result in results:
        for fault in result["faults"]:
            print(f"{form}, {result['name']}: {fault}", file=sys.stderr)
    row = {"form": form, "python_flags": " ".join(flags), "n": len(results)}
    for field in FIELDS[:-1]:
        row[field] = sum(result["outcome"] == field for result in results)
    return row | {
        "unclear": sum(bool(result["faults"]) for result in results),
        "slowest_s": round(max(result["seconds"] for result in results), 2),
        "largest_mb": round(max(result["mb"] for result in results), 1),
        "left_behind": sum(result["left_behind"] for result in results),
    }


def commands(environment: dict[str, str]) -> dict[str, object]:
    """Return the row of the commands, each given the first kind of each form."""
    counts = dict.fromkeys(FIELDS, 0)
    slowest = 0.0
    for form, kinds in FORMS.items():
        kind = next(iter(kinds.values()))
        for command in COMMANDS:
            with tempfile.TemporaryDirectory(prefix="h") as name:
                folder, out = Path(name, "data"), Path(name, "out")
                folder.mkdir()
                path = kind.make(folder)
                before = files_in(Path(name))
                given = [{"DATA": str(path), "OUT": str(out)}.get(word, word) for word in command]
                began = time.perf_counter()
                status, lines = run(given, environment)
                slowest = max(slowest, time.perf_counter() - began)
                counts["refused"] += status == 2 and len(lines) >= 1
                counts["accepted"] += status == 0
                counts["other_exceptions"] += status not in (0, 2)
                counts["left_behind"] += files_in(Path(name)) != before
                if status != 2 or not lines:
                    print(f"{form}, {given}: status {status}, {lines}", file=sys.stderr)
    return {"form": "commands", "n": len(FORMS) * len(COMMANDS), **counts, "slowest_s": slowest}


def run(arguments: Sequence[str], environment: dict[str, str]) -> tuple[int, list[str]]:
    """Run a command; return its status and what it says on standard error."""
    code = "import sys; sys.argv[0] = 'fashionlab'; from fashionlab.cli import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments],
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return done.returncode, done.stderr.splitlines()


def main() -> None:
    """Write results/hostile_data.csv; exit with status 1 where anything was not as it has to be."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--worker", help=argparse.SUPPRESS)
    parser.add_argument("--form", choices=FORMS, help="of the kinds; nothing is written then")
    arguments = parser.parse_args()
    if arguments.worker:
        worker(arguments.worker)
        return
    rows: list[dict[str, object]] = []
    with tempfile.TemporaryDirectory() as name:
        environment = {**os.environ, "ARROW_DEFAULT_MEMORY_POOL": "system"}
        for variable in ("FASHIONLAB_CACHE", "TMPDIR"):
            environment[variable] = str(Path(name, variable))
            Path(name, variable).mkdir()
        for flags in ((), ("-O",)):
            for form in [arguments.form] if arguments.form else FORMS:
                rows.append(measure(form, flags, environment))
                print(rows[-1], flush=True)
        if not arguments.form:
            rows.append(commands(environment))
            print(rows[-1], flush=True)
            tables.write("hostile_data", [{**row, **tables.machine()} for row in rows])
    bad = ("accepted", "other_exceptions", "left_behind", "unclear")
    sys.exit(any(row.get(field) for row in rows for field in bad))


if __name__ == "__main__":
    main()
