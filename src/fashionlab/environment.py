"""What a result depends on besides its recipe: versions, machine, threads, commit, command."""

import ctypes
import os
import platform
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from fnmatch import fnmatchcase
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import numpy as np

from fashionlab import __version__

PACKAGES = ("numpy", "safetensors", "keras", "torch", "tensorflow", "jax")
# Variables that change results; *_NUM_THREADS and KERAS_BACKEND have keys of their own. Not all of
# TF_*: Terraform's TF_VAR_* and TF_TOKEN_* hold secrets.
VARIABLES = (
    "ATEN_CPU_CAPABILITY",
    "CUDA_VISIBLE_DEVICES",
    "DNNL_*",
    "JAX_DEFAULT_*",
    "JAX_ENABLE_*",
    "KERAS_[!B]*",
    "MKL_*",
    "NPY_*_CPU_FEATURES",
    "OMP_DYNAMIC",
    "OMP_THREAD_LIMIT",
    "ONEDNN_*",
    "OPENBLAS_CORETYPE",
    "TF_CUDNN_*",
    "TF_DETERMINISTIC_*",
    "TF_DISABLE_*",
    "TF_ENABLE_*",
    "TF_NUM_*",
    "TF_USE_*",
    "TF_XLA_*",
    "XLA_FLAGS",
)
# Names of OpenBLAS's functions in NumPy's wheels (with 64-bit integers or not) and elsewhere.
OPENBLAS = ("scipy_openblas_{}64_", "scipy_openblas_{}", "openblas_{}64_", "openblas_{}")
VALUES = (  # conditions that are one value
    "python",
    "machine",
    "libc",
    "cpu",
    "cpus",
    "blas",
    "numpy_simd",
    "keras_backend",
    "commit",
    "workers",
)
GROUPS = {  # conditions that are tables, and what it means that a name is absent
    "versions": "not installed",
    "openblas": "not in use",
    "torch": "not recorded",
    "gpu": "none",
    "keras": "not recorded",
    "threads": "unset",
    "variables": "unset",
}
INDIFFERENT = {"safetensors"}  # changes no bit of a result
# The only conditions of what the compiled form of scratch trains: it has one order for every sum.
OF_COMPILED = {"python", "fashionlab", "numpy", "machine", "libc", "commit"}
UNKNOWN = "unknown"  # for what an older version did not record
MAX_LENGTH = 80  # characters of a value in a message


def environment() -> dict[str, Any]:
    """Describe this process and machine, as JSON values.

    `blas` is what NumPy was built with, `openblas` what it calls: empty for another BLAS, and on
    Windows, where it is not found. `torch`, `keras` and `scratch` are None unless already
    imported; `scratch` says in which form the network from scratch can run, C or NumPy.
    """
    versions = {"fashionlab": __version__}  # which is not installed where its source is run
    for package in PACKAGES:
        with suppress(PackageNotFoundError):
            versions[package] = version(package)
    build: Any = np.show_config(mode="dicts")
    threads = _variables("*_NUM_THREADS")
    return {
        "python": platform.python_version(),
        "versions": versions,
        "cpu": _cpu(),
        "cpus": cpus(),
        "memory_gib": _memory_gib(),
        "system": platform.platform(),
        "machine": platform.machine(),
        "libc": " ".join(platform.libc_ver()).strip(),
        "blas": _blas(build),
        "openblas": _openblas(),
        "numpy_simd": _simd(build),
        "torch": _torch(),
        "gpu": _gpu(),
        "keras": _keras(),
        "scratch": _scratch(),
        "threads": threads,
        "variables": {n: v for n, v in _variables(*VARIABLES).items() if n not in threads},
        "keras_backend": os.environ.get("KERAS_BACKEND"),
        "commit": _commit(),
        "command": sys.argv,
    }


def processor(environment: Mapping[str, Any]) -> str:
    """Return the name of the GPU if one computes, else of the processor.

    The processor's name has the newest extension that NumPy uses, if recorded: virtual machines
    give generations of which one trains twice as fast as another the same name.
    """
    if gpu := environment.get("gpu"):
        return str(gpu.get("name", "GPU"))
    extensions = environment.get("numpy_simd")
    extension = f" ({extensions[-1]})" if extensions else ""
    return f"{environment.get('cpu', UNKNOWN)}{extension}"


def machine(measured: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Return the columns that say where a row was measured; of this process by default."""
    where = environment() if measured is None else measured
    versions = where.get("versions", {})
    return {
        "cpu": processor(where),
        **{name: where.get(name, UNKNOWN) for name in ("cpus", "python")},
        "versions": " ".join(f"{k} {v}" for k, v in versions.items() if k != "fashionlab"),
        **{name: where.get(name, UNKNOWN) for name in ("blas", "commit")},
    }


def differences(before: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """Return a phrase for each condition that differs and on which the bits of a result depend.

    Both arguments are results of `environment`, of this version or an older one. A condition that
    one of them lacks, or has damaged, is skipped. So are the command, the memory and the versions
    of kernel and safetensors, on which no bit depends. Where both were trained by the compiled form
    of scratch, so are the processor, the threads, and the libraries that it does without.
    """
    forms = [_form(before), _form(now)]
    compiled = forms == ["compiled", "compiled"]
    found = [
        (name, before[name], now[name], "none") for name in VALUES if name in before and name in now
    ]
    if None not in forms:
        found.append(("scratch form", forms[0], forms[1], ""))
    for group, absent in GROUPS.items():
        old, new = before.get(group), now.get(group)
        if isinstance(old, Mapping) and isinstance(new, Mapping):
            prefix = f"{group} " if group in ("openblas", "torch", "gpu", "keras") else ""
            found += [
                (prefix + name, old.get(name), new.get(name), absent)
                for name in sorted({*old, *new} - INDIFFERENT)
            ]
    return [
        f"{name} {_shown(old, absent)}, now {_shown(new, absent)}"
        for name, old, new, absent in found
        if old != new and (not compiled or name in OF_COMPILED)
    ]


def _form(environment: Mapping[str, Any]) -> Any:
    """Return the form of scratch in which a result was trained; None where none is recorded."""
    scratch = environment.get("scratch")
    return scratch.get("form") if isinstance(scratch, Mapping) else None


def _shown(value: object, absent: str) -> str:
    """Format a value as part of one line, whatever a damaged file has there."""
    if value is None:
        return absent
    text = " ".join(map(str, value)) if isinstance(value, list) else str(value)
    text = " ".join(text.encode(errors="backslashreplace").decode().split())
    return text if len(text) <= MAX_LENGTH else f"{text[: MAX_LENGTH - 3]}..."


def _cpu() -> str:
    with suppress(OSError):
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace")
        for line in text.splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def cpus() -> int:
    """Count the cores that this process may use: in a container, fewer than the machine has."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _memory_gib() -> float | None:
    with suppress(ValueError, OSError, AttributeError):
        return round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30, 1)
    return None


def _blas(build: dict[str, Any]) -> str:
    blas = build.get("Build Dependencies", {}).get("blas", {})
    return f"{blas.get('name', 'unknown')} {blas.get('version', '')}".strip()


def _openblas() -> dict[str, Any]:
    """Return version, detected core type and threads of the OpenBLAS that NumPy calls."""
    with suppress(ImportError, OSError):  # its symbols include those of the libraries it links to
        library = ctypes.CDLL(import_module("numpy.linalg.lapack_lite").__file__)
        for name in OPENBLAS:
            if hasattr(library, name.format("get_config")):
                config, core, threads = (
                    getattr(library, name.format(f"get_{what}"))
                    for what in ("config", "corename", "num_threads")
                )
                config.restype = core.restype = ctypes.c_char_p
                words = config().decode(errors="replace").split()  # "OpenBLAS", version, options
                return {
                    "version": " ".join(words[1:2]),
                    "core": core().decode(errors="replace"),
                    "threads": threads(),
                }
    return {}


def _simd(build: dict[str, Any]) -> list[str]:
    """Return the processor's extensions that NumPy's loops may use."""
    extensions = build.get("SIMD Extensions", {})
    return [*extensions.get("baseline", []), *extensions.get("found", [])]


def _torch() -> dict[str, Any] | None:
    with suppress(KeyError, AttributeError):
        torch: Any = sys.modules["torch"]
        return {
            "threads": torch.get_num_threads(),
            "capability": torch.backends.cpu.get_cpu_capability(),
        }
    return None


def _gpu() -> dict[str, Any] | None:
    """Describe the GPU that Keras computes on and its libraries; None where there is none."""
    with suppress(KeyError, AttributeError):
        torch: Any = sys.modules["torch"]
        if sys.modules["keras"].ops.convert_to_tensor(0.0).is_cuda:
            properties = torch.cuda.get_device_properties(0)
            return {
                "name": properties.name,
                "memory_gib": round(properties.total_memory / 2**30, 1),
                "cuda": torch.version.cuda,
                "cudnn": torch.backends.cudnn.version(),
            }
    return None


def _keras() -> dict[str, Any] | None:
    with suppress(KeyError, AttributeError):
        config: Any = sys.modules["keras"].config
        return {"floatx": config.floatx()}
    return None


def _scratch() -> dict[str, Any] | None:
    """Describe the form in which the network from scratch can run, where that was imported."""
    with suppress(KeyError, AttributeError):
        library: Any = sys.modules["fashionlab.scratch.compiled.library"]
        described: dict[str, Any] = library.described()
        return described
    return None


def _variables(*patterns: str) -> dict[str, str]:
    return {
        name: value
        for name, value in sorted(os.environ.items())
        if any(fnmatchcase(name, pattern) for pattern in patterns)
    }


def _commit() -> str | None:
    """Return a source checkout's commit, with "+changes" if files differ; None elsewhere."""
    root = Path(__file__).parents[2]
    if not (root / ".git").exists():
        return None
    with suppress(OSError, subprocess.SubprocessError):
        head, changes = (
            subprocess.run(  # noqa: S603  fixed commands, no user input
                ["git", "--no-optional-locks", "-C", str(root), *arguments],  # noqa: S607
                capture_output=True,
                encoding="utf-8",
                errors="replace",
                check=True,
                timeout=10,
            ).stdout.strip()
            for arguments in (["rev-parse", "HEAD"], ["status", "--porcelain", "-uno"])
        )
        return head + ("+changes" if changes else "")
    return None
