"""The processor's multiply-add peak: peak.c, built with the machine's C compiler and run."""

import os
import shutil
import subprocess
from pathlib import Path

SOURCE = Path(__file__).with_name("peak.c")
OPTIONS = ("-O2", "-std=gnu11", "-ffp-contract=fast", "-pthread")
SECONDS = 0.2  # of a measurement
LIMIT = 60  # seconds for the compiler


def build(folder: Path) -> Path | None:
    """Return the program, compiled into the folder; None where no compiler builds it.

    The compiler is the environment's CC, or cc, gcc or clang.
    """
    program = folder / "peak"
    for name in filter(None, (os.environ.get("CC"), "cc", "gcc", "clang")):
        compiler = shutil.which(name)
        if compiler is None:
            continue
        command = [compiler, *OPTIONS, str(SOURCE), "-o", str(program)]
        if subprocess.run(command, capture_output=True, timeout=LIMIT).returncode == 0:
            return program
    return None


def measure(program: Path, threads: int, seconds: float = SECONDS) -> tuple[float, str]:
    """Return float32 multiply-adds a second on so many threads, and the instructions' name."""
    command = [str(program), str(threads), str(seconds)]
    answer = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
    return float(answer[0]), answer[1]
