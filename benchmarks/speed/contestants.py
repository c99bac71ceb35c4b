"""The contestants: which libraries each needs, and the interpreter that has them."""

import importlib.util
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass, replace
from pathlib import Path

PEERS = "benchmarks.speed.peers"
SETUP = "make setup"
SCRIPT = "sh benchmarks/speed/peers.sh"
ENVIRONMENTS = Path(".peers")  # what SCRIPT makes


@dataclass(frozen=True)
class Contestant:
    """A library to be measured: `module` has the class Peer, and imports `libraries`."""

    name: str
    module: str
    libraries: tuple[str, ...]
    install: str = SETUP
    environment: str | None = None  # a folder that benchmarks/speed/peers.sh makes
    variables: tuple[tuple[str, str], ...] = ()  # of its process
    convolutions: bool = True
    compiles: bool = False  # needs a C++ compiler
    peer: bool = True  # is ranked; not another form of scratch

    def python(self, environments: Path) -> str | None:
        """Return the interpreter that has its libraries, its own environment's first, or None."""
        if self.environment:
            own = environments / self.environment / "bin" / "python"
            if own.exists() and _has(str(own), self.libraries):
                return str(own.absolute())
        found = all(importlib.util.find_spec(name) for name in self.libraries)
        return sys.executable if found else None

    def missing(self, environments: Path) -> str | None:
        """Return why it cannot be measured here, and the remedy; None where it can."""
        if self.python(environments) is None:
            return f"not installed ({self.install})"
        if self.compiles and not _compiler():
            return "no C++ compiler (install g++)"
        return None


def _has(python: str, libraries: tuple[str, ...]) -> bool:
    code = f"import importlib.util as u; assert all(map(u.find_spec, {libraries!r}))"
    return subprocess.run([python, "-c", code], capture_output=True).returncode == 0


def _compiler() -> bool:
    return any(shutil.which(name) for name in (os.environ.get("CXX", "g++"), "clang++"))


def _keras(backend: str, library: str, environment: str | None) -> Contestant:
    return Contestant(
        f"keras-{backend}",
        f"{PEERS}.keras",
        ("keras", library),
        SCRIPT if environment else SETUP,
        environment,
        (("KERAS_BACKEND", backend),),
    )


SCRATCH = Contestant("scratch", f"{PEERS}.scratch", ("numpy",), peer=False)
SCRATCH_NUMPY = replace(SCRATCH, name="scratch-numpy", variables=(("FASHIONLAB_JIT_COMPILE", "0"),))
PRODUCTS = Contestant("products", "benchmarks.speed.products", ("numpy",))
CONTESTANTS = {
    contestant.name: contestant
    for contestant in (
        SCRATCH,
        SCRATCH_NUMPY,
        Contestant("scikit-learn", f"{PEERS}.sklearn", ("sklearn",), convolutions=False),
        Contestant("torch", f"{PEERS}.torch", ("torch",)),
        Contestant(
            "torch-compile",
            f"{PEERS}.torch",
            ("torch",),
            variables=(("FASHIONLAB_COMPILE", "1"), ("TORCHINDUCTOR_COMPILE_THREADS", "1")),
            compiles=True,
        ),
        _keras("torch", "torch", None),
        _keras("tensorflow", "tensorflow", "tensorflow"),
        _keras("jax", "jax", "jax"),
        Contestant("jax", f"{PEERS}.jax", ("jax",), SCRIPT, "jax"),
    )
}
