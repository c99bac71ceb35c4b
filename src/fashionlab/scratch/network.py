"""Network: layers in a row, and all their weights in one vector.

All trainable weights lie in one vector and all gradients in another; the layers hold views into
them, so that an optimizer is one loop. The forward pass asks the layers one after the other, the
backward pass in the opposite order: that is the chain rule, dL/dX = dL/dA dA/dX, layer by layer.
"""

import copy
import os
import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from . import cores
from .arguments import known_only
from .layers import conv_max_pool
from .layers.layer import Input, Layer, Variable
from .layers.reshaping import Rescaling
from .memory import CACHE_LINE, aligned

Array = NDArray[Any]

CACHE = 2**21  # values of a layer's output that a piece may have; 8 MB in float32
# Values that a core's images should become on their way, some 0.1 s of work. OpenBLAS's own threads
# wait busily for some 25 ms after a product, and other threads are slow meanwhile.
SHARE = 2**25
SUFFIX = ".weights.npz"


class Network:
    """Layers in a row, an Input first.

    Raises ValueError where a layer does not fit the one before, TypeError for what is not a layer.
    """

    def __init__(
        self, layers: Sequence[Input | Layer] | None = None, *, name: str | None = None
    ) -> None:
        self.name = name or "sequential"
        self.layers: list[Layer] = []
        self._input: Input | None = None
        self._names: Counter[str] = Counter()
        for layer in layers or ():
            self._append(layer)
        self._arrange()

    def add(self, layer: Input | Layer) -> None:
        """Append a layer; the weights so far stay as they are."""
        self._append(layer)
        self._arrange()

    def _append(self, layer: Input | Layer) -> None:
        if isinstance(layer, Input) and self._input is None:
            self._input = layer
            return
        if isinstance(layer, Input):
            raise ValueError(f"{self.name}: there is an Input already; received another one")
        if self._input is None:
            raise ValueError(
                f"{self.name}: the first layer must be an Input, with the image's shape; "
                f"received {layer!r}"
            )
        if not isinstance(layer, Layer):
            raise TypeError(f"{self.name}: expected a scratch layer; received {layer!r}")
        if layer.input_shape:
            raise ValueError(f"{layer.name}: a layer can be in one model, at one place")
        kind = re.sub("(?<=[a-z])(?=[A-Z])", "_", type(layer).__name__).lower()
        if not layer.name:
            count = self._names[kind]
            layer.name = f"{kind}_{count}" if count else kind
            self._names[kind] += 1
        if layer.name in [other.name for other in self.layers]:
            raise ValueError(
                f"{self.name}: all layers must have different names; received {layer.name!r} twice"
            )
        if self.layers and layer.dtype != self.dtype:
            raise ValueError(
                f"{layer.name}: all layers must have one dtype, {self.dtype}; "
                f"received {layer.dtype}"
            )
        layer.build(self.output_shape)
        self.layers.append(layer)

    @property
    def dtype(self) -> "np.dtype[Any]":
        """That of all weights and outputs."""
        return self.layers[0].dtype if self.layers else np.dtype("float32")

    @property
    def input_shape(self) -> tuple[int, ...]:
        """The shape of an image."""
        if self._input is None:
            raise ValueError(f"{self.name}: has no layers yet; add an Input first")
        return self._input.shape

    @property
    def output_shape(self) -> tuple[int, ...]:
        """The shape of an image's outputs."""
        return self.layers[-1].output_shape if self.layers else self.input_shape

    @property
    def variables(self) -> list[Variable]:
        """All weights, in Keras's order."""
        return [v for layer in self.layers for v in layer.weights]

    def _arrange(self) -> None:
        """Lay the weights out in one vector, and choose the steps of a pass."""
        trainable = [v for v in self.variables if v.trainable]
        size = sum(self._room(v) for v in trainable)
        self.weights_vector = aligned((size,), self.dtype)
        self.gradients_vector = aligned((size,), self.dtype)
        for v, value in zip(trainable, self._views(self.weights_vector), strict=True):
            if v.value.size:
                value[...] = v.value
            v.value = value
        for v, gradient in zip(trainable, self._views(self.gradients_vector), strict=True):
            v.gradient = gradient
        for v in self.variables:
            if not v.value.size:
                v.value = np.zeros(v.shape, self.dtype)
        for layer in self.layers:
            if not layer.is_initialized:
                layer.initialize()
                layer.is_initialized = True
        self._twins: list[Self] = []
        self._steps = _steps(self.layers)
        self._first_trained = next(
            (i for i, s in enumerate(self._steps) if any(v.trainable for v in s.weights)),
            len(self._steps),
        )
        sizes = [int(np.prod(s.output_shape)) for s in self._steps]
        self._values = sum(sizes)  # that an image becomes on its way
        widest = max(sizes, default=1)
        self.piece = int(np.clip(CACHE // widest, 128, 1024))  # images
        self._whole = any(layer.needs_whole_batch for layer in self.layers)

    def _room(self, v: Variable) -> int:
        """What a weight takes in a vector, so that the next one begins at a cache line."""
        line = CACHE_LINE // self.dtype.itemsize
        return -(-v.size // line) * line

    def _views(self, vector: Array) -> Iterator[Array]:
        """The part of such a vector that belongs to each trainable weight, in its shape."""
        start = 0
        for v in self.variables:
            if v.trainable:
                yield vector[start : start + v.size].reshape(v.shape)
                start += self._room(v)

    def _sharers(self, images: int) -> "list[Self]":
        """This network and, where there is work for more cores, twins: each takes some images.

        A twin has the same weights, and buffers and gradients of its own.
        """
        wanted = min(cores.count(), images * self._values // SHARE)
        while len(self._twins) < wanted - 1:
            self._twins.append(self._twin())
        return [self, *self._twins[: max(wanted - 1, 0)]]

    def _twin(self) -> Self:
        twin = copy.copy(self)
        twin.layers = copy.deepcopy(self.layers)
        twin.gradients_vector = aligned(self.gradients_vector.shape, self.dtype)
        for v, original in zip(twin.variables, self.variables, strict=True):
            v.value = original.value
        trainable = (v for v in twin.variables if v.trainable)
        for v, gradient in zip(trainable, twin._views(twin.gradients_vector), strict=True):
            v.gradient = gradient
        twin._steps, twin._twins = _steps(twin.layers), []
        return twin

    def forward(self, x: Array, training: bool = False) -> Array:
        """The outputs (B, K) for images (B, ...): a view, valid until the next call."""
        if x.dtype != self.dtype and not isinstance(next(iter(self.layers), None), Rescaling):
            x = x.astype(self.dtype)
        x = _images_last(x)  # inside, the image's axis is the last
        for step in self._steps:
            x = step.forward(x, training)
        return _images_first(x)

    def backward(self, da: Array) -> None:
        """Fill the gradients from those of the outputs, (B, K), of the last forward pass."""
        da = _images_last(da)
        for i in range(len(self._steps) - 1, self._first_trained - 1, -1):
            dx = self._steps[i].backward(da, need_dx=i > self._first_trained)
            if dx is not None:
                da = dx

    def count_params(self) -> int:
        """The number of values in all weights, trainable or not."""
        return sum(v.size for v in self.variables)

    def get_weights(self) -> list[Array]:
        """Copies of all weights, in Keras's order."""
        return [v.numpy() for v in self.variables]

    def set_weights(self, weights: Sequence[Array]) -> None:
        """Copy the weights in; raises ValueError, and changes nothing, where one does not fit."""
        expected = [v.shape for v in self.variables]
        received = [np.shape(w) for w in weights]
        if expected != received:
            raise ValueError(f"set_weights: expected shapes {expected}; received {received}")
        for v, w in zip(self.variables, weights, strict=True):
            v.value[...] = w

    @known_only
    def save_weights(self, filepath: str | Path, overwrite: bool = True) -> None:
        """Write all weights to a NumPy archive `*.weights.npz`; complete or not at all."""
        path = _weights_path("save_weights", filepath)
        if path.exists() and not overwrite:
            raise ValueError(f"save_weights: {path} exists; pass overwrite=True to replace it")
        partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
        try:
            with partial.open("wb") as file:
                np.savez(file, allow_pickle=False, **self._named_weights())
                file.flush()
                os.fsync(file.fileno())
            partial.replace(path)
        finally:
            partial.unlink(missing_ok=True)

    @known_only
    def load_weights(self, filepath: str | Path) -> None:
        """Read what `save_weights` wrote.

        Raises FileNotFoundError, or ValueError where the file is no such archive or holds weights
        of another model; the model's weights are then as before.
        """
        path = _weights_path("load_weights", filepath)
        expected = self._named_weights()
        try:
            with path.open("rb") as file, np.load(file, allow_pickle=False) as archive:
                found = {name: np.asarray(archive[name]) for name in archive.files}
        except OSError:
            raise
        except Exception as error:  # zipfile and NumPy raise anything for a hostile file
            raise ValueError(
                f"load_weights: {path} must be an archive that save_weights wrote ({error})"
            ) from error
        for name in {**expected, **found}:
            want, have = expected.get(name), found.get(name)
            if want is None or have is None or want.shape != have.shape or have.dtype.kind != "f":
                raise ValueError(
                    f"load_weights: {path} must hold the weights of this model; {name!r} should "
                    f"be {_kind(want)} and is {_kind(have)}"
                )
        self.set_weights([found[name] for name in expected])

    def _named_weights(self) -> dict[str, Array]:
        return {f"{x.name}/{v.name}": v.value for x in self.layers for v in x.weights}

    @known_only
    def summary(self, *, print_fn: Callable[[str], object] | None = None) -> None:
        """Print the layers, their output shapes and parameters, or pass the lines to `print_fn`."""
        rows = [
            (f"{x.name} ({type(x).__name__})", (None, *x.output_shape), x.count_params())
            for x in self.layers
        ]
        width = max((len(name) for name, _, _ in rows), default=0) + 2
        lines = [f"{'layer':<{width}} {'output shape':<24} {'parameters':>12}"]
        lines += [f"{name:<{width}} {shape!s:<24} {n:>12,}" for name, shape, n in rows]
        lines.append(f"{'total':<{width + 25}} {self.count_params():>12,}")
        (print_fn or print)("\n".join(lines))


def _steps(layers: Sequence[Layer]) -> list[Layer]:
    """The layers, two of them as one where that is faster."""
    steps: list[Layer] = []
    for layer in layers:
        if steps and conv_max_pool.fits(steps[-1], layer):
            steps[-1] = conv_max_pool.ConvMaxPool(steps[-1], layer)  # type: ignore[arg-type]
        else:
            steps.append(layer)
    return steps


def _images_last(a: Array) -> Array:
    return a.transpose(*range(1, a.ndim), 0)


def _images_first(a: Array) -> Array:
    return a.transpose(-1, *range(a.ndim - 1))


def _weights_path(method: str, filepath: str | Path) -> Path:
    path = Path(filepath)
    if not path.name.endswith(SUFFIX):
        raise ValueError(f"{method}: the file's name must end with {SUFFIX}; received {path}")
    return path


def _kind(array: Array | None) -> str:
    return "absent" if array is None else f"{array.dtype} {array.shape}"
