"""An engine's name -> the library `nn` that builders are functions of."""

import ctypes
import os
import sys
from importlib import import_module
from types import ModuleType
from typing import Any

from fashionlab.data import Augmentation, Batches, Dataset
from fashionlab.errors import InvalidValueError, MissingDependencyError

ENGINES = ("scratch", "keras")
M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3  # of glibc's malloc.h; both take bytes


def engine(name: str) -> ModuleType:
    """`fashionlab.scratch` or `keras`, on PyTorch unless KERAS_BACKEND names another backend.

    Raises InvalidValueError for another name, MissingDependencyError where Keras or its backend is
    not installed.
    """
    if name == "scratch":
        return import_module("fashionlab.scratch")
    if name != "keras":
        raise InvalidValueError(f"engine must be one of {', '.join(ENGINES)}; received {name!r}")
    backend = os.environ.setdefault("KERAS_BACKEND", "torch")
    if backend == "torch":
        keep_freed_memory()
    try:
        keras = import_module("keras")
        if gpu():
            torch: Any = import_module("torch")
            torch.backends.cudnn.allow_tf32 = False  # float32 is float32
            torch.backends.cudnn.deterministic = True
        return keras
    except ImportError as error:
        raise MissingDependencyError(
            f"the keras engine needs Keras 3 and its backend {backend!r} ({error}); "
            "install them: pip install 'fashionlab[keras]'"
        ) from error


def keep_freed_memory() -> None:
    """Let glibc keep the memory that this process frees, at most what it once needed.

    PyTorch frees the activations of a convolution and allocates them anew at each step; given back
    to the kernel in between, every page is cleared again. Does nothing without glibc. What it is
    worth: benchmarks/engine/keras_memory.py.
    """
    if not sys.platform.startswith("linux"):
        return
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(M_MMAP_THRESHOLD, 2**30)
        mallopt(M_TRIM_THRESHOLD, 2**31 - 1)


def gpu() -> bool:
    """Whether Keras, which is imported, computes on a GPU by CUDA."""
    keras = import_module("keras")
    if keras.backend.backend() != "torch":
        return False
    return keras.ops.convert_to_tensor(0.0).is_cuda  # type: ignore[no-any-return]


def batches(
    nn: ModuleType,
    dataset: Dataset,
    batch_size: int | None,
    seed: int,
    augmentation: Augmentation | None,
) -> Batches:
    """Batches for a model of `nn`: on the GPU, where it computes there."""
    if nn.__name__ == "keras" and gpu():
        from fashionlab.keras_parts.device_batches import DeviceBatches, augments_here

        if augments_here(augmentation):
            return DeviceBatches(dataset, batch_size, seed, augmentation)
    return Batches(dataset, batch_size, seed, augmentation)


def multiplies_bfloat16(nn: ModuleType) -> bool:
    """Whether this machine has instructions for it that the library `nn` uses."""
    if nn.__name__ != "keras" or nn.backend.backend() != "torch":
        return False
    torch: Any = import_module("torch")
    if torch.cuda.is_available():
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    said: dict[str, Any] = getattr(torch.cpu, "get_capabilities", dict)()  # older ones do not say
    return any(said.get(name) for name in ("avx512_bf16", "amx_bf16"))
