"""Compare the bits of a short training on all that there is: `make exact`.

On this processor with each of its instruction sets, and on aarch64 under qemu; with several
threads, compilers and levels of optimization. Debian has all it needs:
`apt-get install gcc-aarch64-linux-gnu libc6-dev-arm64-cross qemu-user`.
"""

import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from fashionlab.scratch.compiled.build import HERE, BuildError, compile_

FOLDER = Path(__file__).parent
INSTRUCTIONS = ("plain", "neon", "avx2", "avx512")
THREADS = ("1", "2", "5")
LACKING = 77  # the driver's exit status where the processor lacks the instructions
NATIVE = [(cc, level) for cc in ("gcc", "clang") for level in ("-O3", "-O1")]
FOREIGN, EMULATOR = "aarch64-linux-gnu-gcc", "qemu-aarch64"


def hashes(place: Path) -> Iterator[tuple[str, str]]:
    """Yield what trained, and the hash of its weights."""
    for cc, level in NATIVE:
        if shutil.which(cc):
            yield from trained(place, cc, [level], [])
    for tool in (FOREIGN, EMULATOR):
        if shutil.which(tool) is None:
            sys.exit(
                f"{tool} must be installed (Debian: apt-get install gcc-aarch64-linux-gnu "
                "libc6-dev-arm64-cross qemu-user)"
            )
    yield from trained(place, FOREIGN, ["-static"], [EMULATOR])


def trained(
    place: Path, cc: str, flags: list[str], emulator: list[str]
) -> Iterator[tuple[str, str]]:
    """Build the driver by a compiler; yield what trained, and the hash of its weights."""
    driver = place / "driver"
    more = [FOLDER / "driver.c", FOLDER / "training.c"]
    compile_(driver, ["-I", str(HERE), *flags], more, [cc])
    for instructions in INSTRUCTIONS:
        for threads in THREADS:
            command = [*emulator, str(driver), "train", instructions, threads]
            done = subprocess.run(command, capture_output=True, text=True)
            what = f"{cc} {' '.join(flags)}, {instructions}, {threads} threads"
            if done.returncode == 0:
                yield what, done.stdout.strip()
            elif done.returncode != LACKING:
                sys.exit(f"{what}: exit status {done.returncode}: {done.stderr.strip()}")


def main() -> None:
    """Print every hash; SystemExit where two differ."""
    found = set()
    with tempfile.TemporaryDirectory() as place:
        try:
            for what, digest in hashes(Path(place)):
                print(digest, what, flush=True)
                found.add(digest)
        except BuildError as error:
            sys.exit(str(error))
    if len(found) != 1:
        sys.exit(f"all weights must be the same to the bit; received {len(found)} different ones")
    print("all weights are the same to the bit")


if __name__ == "__main__":
    main()
