"""Who is measured, which library it needs, and the interpreter that has it."""

import importlib.util
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

PEERS = "fashionlab.bench.peers"
EXTRA = "pip install 'fashionlab[bench]'"
SCRIPT = "sh benchmarks/peers.sh"


@dataclass(frozen=True)
class Contestant:
    """One who trains: `module` has the class Peer; `libraries` are what it imports."""

    name: str
    module: str
    libraries: tuple[str, ...]
    install: str = EXTRA
    environment: str | None = None  # a folder that benchmarks/peers.sh makes
    variables: tuple[tuple[str, str], ...] = ()  # of its process
    convolutions: bool = True
    compiles: bool = False  # needs a C++ compiler

    def python(self, environments: Path) -> str | None:
        """The interpreter that has its libraries, its own environment's first; None without."""
        if self.environment:
            own = environments / self.environment / "bin" / "python"
            if own.exists() and _has(str(own), self.libraries):
                return str(own.absolute())
        found = all(importlib.util.find_spec(name) for name in self.libraries)
        return sys.executable if found else None

    def missing(self, environments: Path) -> str | None:
        """Why it cannot be measured here, and the remedy; None where it can."""
        if self.python(environments) is None:
            return f"not installed ({self.install})"
        if self.compiles and not _compiler():
            return "no C++ compiler (install g++)"
        return None


def _has(python: str, libraries: tuple[str, ...]) -> bool:
    question = f"import importlib.util as u; assert all(map(u.find_spec, {libraries!r}))"
    asked = subprocess.run([python, "-c", question], capture_output=True)  # noqa: S603  our question
    return asked.returncode == 0


def _compiler() -> bool:
    return any(shutil.which(name) for name in (os.environ.get("CXX", "g++"), "clang++"))


def _keras(backend: str, library: str, environment: str | None) -> Contestant:
    return Contestant(
        f"keras-{backend}",
        f"{PEERS}.keras",
        ("keras", library),
        SCRIPT if environment else EXTRA,
        environment,
        (("KERAS_BACKEND", backend),),
    )


SCRATCH = Contestant("scratch", f"{PEERS}.scratch", ("numpy",))
PRODUCTS = Contestant("products", "fashionlab.bench.products", ("numpy",))
CONTESTANTS = {
    contestant.name: contestant
    for contestant in (
        SCRATCH,
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
