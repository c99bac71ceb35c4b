"""Run the C sources under the sanitizers: `make sanitize`.

The driver, under those of addresses, of undefined behaviour and of threads; then the tests of the
compiled form, in Python, with a library under the first. NumPy's arrays come from the
sanitizer's allocator then, so that it also sees a read or write past the end of one.
"""

import os
import subprocess
import sys
from pathlib import Path

from fashionlab.scratch.compiled.build import HERE, LIBRARY, build, compile_, compiler

FOLDER = Path(__file__).parent
ROOT = FOLDER.parents[2]
PLACE = ROOT / ".cache" / "sanitized"
# With -O3, or with two sanitizers at once, the compiler takes many minutes.
COMMON = ("-O1", "-g", "-fno-omit-frame-pointer", "-fno-sanitize-recover=all")
ADDRESSES, UNDEFINED, THREADS = (
    f"-fsanitize={name}" for name in ("address", "undefined", "thread")
)
LACKING = 77  # the driver's exit status where the processor lacks the instructions
INSTRUCTIONS = ("plain", "neon", "avx2", "avx512")
TRAININGS = [("train", name, threads) for name in INSTRUCTIONS for threads in ("1", "2", "3")]
OPTIONS = {
    # Python itself keeps memory; the other misaligns registers of 512 bits (GCC bug 110027).
    "ASAN_OPTIONS": "detect_leaks=0:detect_stack_use_after_return=0",
    "UBSAN_OPTIONS": "print_stacktrace=1",
    "TSAN_OPTIONS": "halt_on_error=1",
    "OMP_NUM_THREADS": "2",
}


def drive(sanitizer: str, commands: list[tuple[str, ...]]) -> None:
    """Build the driver under a sanitizer, and run its commands; SystemExit where one fails."""
    driver = PLACE / f"driver{sanitizer}"
    more = [FOLDER / "driver.c", FOLDER / "training.c"]
    compile_(driver, ["-I", str(HERE), sanitizer, *COMMON], more)
    for command in commands:
        variables = {"ASAN_OPTIONS": "detect_leaks=1:detect_stack_use_after_return=0"}
        run([str(driver), *command], variables, (0, LACKING))


def test(*arguments: str) -> None:
    """Run tests in Python with a library under a sanitizer; SystemExit where one fails."""
    build(PLACE, [ADDRESSES, *COMMON])
    variables = {
        "FASHIONLAB_COMPILED": str(PLACE / LIBRARY),
        "FASHIONLAB_REQUIRE_COMPILED": "1",
        "LD_PRELOAD": _file("libasan.so"),
    }
    run([sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *arguments], variables)


def run(command: list[str], variables: dict[str, str], expected: tuple[int, ...] = (0,)) -> None:
    """Run a command, and stop with a line where its exit status is another."""
    print(*command, flush=True)
    status = subprocess.run(command, env=os.environ | OPTIONS | variables, cwd=ROOT).returncode
    if status not in expected:
        sys.exit(f"{' '.join(command)}: exit status {status}")


def _file(name: str) -> str:
    """Return where the compiler's own library of that name lies."""
    command = [*compiler(), f"-print-file-name={name}"]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


if __name__ == "__main__":
    PLACE.mkdir(parents=True, exist_ok=True)
    drive(ADDRESSES, [("pool",), ("fork",), *TRAININGS])
    drive(UNDEFINED, [("pool",), *TRAININGS])
    drive(THREADS, [("pool",), *TRAININGS])  # which has no use for a fork among threads
    test(*(sys.argv[1:] or [str(FOLDER), f"--ignore={FOLDER / 'test_building.py'}"]))
