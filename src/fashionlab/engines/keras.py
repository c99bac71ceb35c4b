"""Keras: Keras 3 as an engine, on PyTorch unless KERAS_BACKEND names another backend."""

import ctypes
import os
import sys
from contextlib import AbstractContextManager, nullcontext, suppress
from importlib import import_module
from typing import Any

import numpy as np

from fashionlab.data import Augmentation, Batches, Dataset
from fashionlab.data.storage import stays_on_disk
from fashionlab.dependencies import give_matplotlib_a_home, needs
from fashionlab.engines import Array, Arrays, derivatives, listed, numbered, require_like
from fashionlab.errors import InvalidValueError
from fashionlab.models import Layout

IMAGES = 128  # whose activations are kept at a time for a derivative by the pixels
M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3  # of glibc's malloc.h; both take bytes
SETTINGS = {  # of `keras.config`, by the names of its functions
    **{"floatx": "float32", "dtype_policy": "float32"},
    **{"image_data_format": "channels_last", "epsilon": 1e-7},
}


class Keras:
    """Keras 3; on PyTorch with the parts of `keras_torch`, unless not `fast`.

    Raises MissingDependencyError where Keras or its backend is not installed, InvalidValueError
    where Keras has been set to compute otherwise than recipes say.
    """

    name = "keras"

    def __init__(self, fast: bool = True) -> None:
        backend = os.environ.setdefault("KERAS_BACKEND", "torch")
        if backend == "torch":
            keep_freed_memory()
        others = [backend] if backend != "torch" else []
        give_matplotlib_a_home()  # Keras imports it where it is installed
        with needs(f"the keras engine on {backend}", "fashionlab[keras]", *others):
            self.nn = import_module("keras")
        self.on_torch = self.nn.backend.backend() == "torch"
        self._require_settings()
        self._fast = fast and self.on_torch
        if self.on_gpu:
            cudnn: Any = import_module("torch").backends.cudnn
            cudnn.allow_tf32 = False  # float32 is float32
            cudnn.deterministic = True

    def _require_settings(self) -> None:
        """Raise InvalidValueError where a program or Keras's own file has set what decides a run.

        Builders rely on the order of axes, a recipe's numbers on float32 and on the epsilon.
        """
        config = self.nn.config
        found = {name: getattr(config, name)() for name in SETTINGS}
        found["dtype_policy"] = found["dtype_policy"].name
        if self.on_torch:
            found["torch.is_grad_enabled()"] = import_module("torch").is_grad_enabled()
        for name, value in found.items():
            wanted = SETTINGS.get(name, True)
            if value != wanted:
                raise InvalidValueError(
                    f"to train as recipes say, {name} must be {wanted!r}; received {value!r}; "
                    "set it back in your program, or in Keras's file keras.json"
                )

    @property
    def on_gpu(self) -> bool:
        """Whether it computes on a GPU by PyTorch and CUDA."""
        return self.on_torch and bool(self.nn.ops.convert_to_tensor(0.0).is_cuda)

    @property
    def layout(self) -> Layout:
        """Channels first on PyTorch, where Keras would copy images around every layer.

        Nothing of it changes what a network computes, nor the layout of its weights. What it is
        worth: benchmarks/engine/keras_torch.py.
        """
        if not self._fast:
            return Layout()
        from fashionlab.engines.keras_torch.batch_normalization import BatchNormalization
        from fashionlab.engines.keras_torch.channels_last import Conv2D, MaxPooling2D
        from fashionlab.engines.keras_torch.direct import Direct

        first = {"data_format": "channels_first"}
        return Layout(1, first, BatchNormalization, Conv2D, MaxPooling2D, Direct)

    @property
    def multiplies_bfloat16(self) -> bool:
        """Whether PyTorch has instructions for bfloat16 on this machine."""
        if not self.on_torch:
            return False
        torch: Any = import_module("torch")
        if self.on_gpu:
            return bool(torch.cuda.is_bf16_supported(including_emulation=False))
        # Older versions do not have this function.
        found: dict[str, Any] = getattr(torch.cpu, "get_capabilities", dict)()
        return any(found.get(name) for name in ("avx512_bf16", "amx_bf16"))

    def use_bfloat16(self, model: Any) -> None:
        """Compute the convolutions in bfloat16 where that is fast; on a GPU Muon's matrices too."""
        model.in_bfloat16 = self.multiplies_bfloat16
        model.optimizer.in_bfloat16 = self.multiplies_bfloat16 and self.on_gpu

    def optimizer(self, name: str) -> Any:
        """Return a class of `keras.optimizers`; Muon for the kernels of convolutions too.

        On PyTorch Adam is by its fused kernel.
        """
        if name == "Muon":
            from fashionlab.engines.keras_torch.muon import Muon

            return Muon
        if name == "Adam" and self._fast:
            from fashionlab.engines.keras_torch.adam import Adam

            return Adam
        return getattr(self.nn.optimizers, name)

    def batches(
        self,
        dataset: Dataset,
        batch_size: int | None,
        seed: int,
        augmentation: Augmentation | None,
    ) -> Batches:
        """Return batches on the GPU, where there is one that has the augmentation.

        Not of images that stay on the disk, whose order is another.
        """
        if self.on_gpu and not stays_on_disk(dataset.image_shape, len(dataset)):
            from fashionlab.engines.keras_torch.device_batches import DeviceBatches, augments_here

            if augments_here(augmentation):
                return DeviceBatches(dataset, batch_size, seed, augmentation)
        return Batches(dataset, batch_size, seed, augmentation)

    def output_shape(self, layer: Any) -> tuple[int, ...]:
        """Return a layer's output shape without the batch's axis."""
        return tuple(int(n) for n in layer.output.shape[1:])

    def form(self, model: Any) -> None:
        """Return None: it is not scratch."""

    def capture(self, model: Any) -> dict[str, Array]:
        """Copy weights, random states and optimizer state.

        Keras counts the states of its seed generators among a model's variables.
        """
        return {
            **numbered("weights", [_value(v) for v in model.variables]),
            **numbered("optimizer", [_value(v) for v in model.optimizer.variables]),
        }

    def restore(self, model: Any, arrays: Arrays) -> None:
        """Put back what `capture` returned; CheckpointError where it is of another model."""
        model.optimizer.build(model.trainable_variables)
        require_like(self.capture(model), arrays)
        for kind, owner in (("weights", model), ("optimizer", model.optimizer)):
            for variable, value in zip(owner.variables, listed(kind, arrays), strict=True):
                variable.assign(value)

    def average(self, model: Any) -> None:
        """Replace the weights by their moving average."""
        model.optimizer.finalize_variable_values(model.trainable_variables)
        # On JAX they are now the optimizer's own arrays, which the next `evaluate` would give up.
        model.set_weights([np.array(value) for value in model.get_weights()])

    def without_gradients(self) -> AbstractContextManager[Any]:
        """A context in which PyTorch records nothing for a backward pass."""
        if not self.on_torch:
            return nullcontext()
        context: AbstractContextManager[Any] = import_module("torch").no_grad()
        return context

    def input_gradients(self, model: Any, images: Array, labels: Array) -> Array:
        """Return dX (N, H, W[, 3]) of one output of each image, by the backend's own derivative."""
        derivative = getattr(derivatives, self.nn.backend.backend(), None)
        if derivative is None:
            raise InvalidValueError(
                "gradients by the pixels need Keras on torch, tensorflow or jax; received "
                f"{self.nn.backend.backend()}; set KERAS_BACKEND to one of them"
            )
        parts = [slice(i, i + IMAGES) for i in range(0, len(images), IMAGES)]
        found = [derivative(model, images[p].astype(np.float32), labels[p]) for p in parts]
        return np.concatenate(found)


def _value(variable: Any) -> Array:
    return np.array(variable.numpy())


def keep_freed_memory() -> None:
    """Let glibc keep the memory that this process frees, at most what it once needed.

    PyTorch frees the activations of a convolution and allocates them again at each step; given back
    to the kernel in between, every page is cleared again. Does nothing without glibc. What it is
    worth: benchmarks/engine/keras_memory.py.
    """
    if not sys.platform.startswith("linux"):
        return
    with suppress(OSError, AttributeError):
        mallopt = ctypes.CDLL(None).mallopt
        mallopt(M_MMAP_THRESHOLD, 2**30)
        mallopt(M_TRIM_THRESHOLD, 2**31 - 1)
