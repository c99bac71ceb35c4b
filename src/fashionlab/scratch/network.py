"""Network: layers in a row, and all their weights in one vector.

All trainable weights lie in one vector and all gradients in another; the layers hold views into
them, so that an optimizer is one loop. The forward pass calls the layers one after the other, the
backward pass in the opposite order: that is the chain rule, dL/dX = dL/dA dA/dX, layer by layer.
"""

import copy
import math
import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from . import losses, random_state, weights_file
from .arguments import known_only
from .layers import Input, Layer, Rescaling, Variable, conv_max_pool
from .memory import aligned, padded_size, views

Array = NDArray[Any]

CACHE = 2**21  # values of a layer's output that a micro-batch may have; 8 MB in float32


class Network:
    """A row of layers, an Input first, and the loss of their outputs.

    Raises ValueError where a layer does not fit the one before, TypeError for what is not a layer.
    """

    loss: losses.Loss
    counts_correct = False  # whether the outputs are compared with the targets' classes

    def __init__(
        self, layers: Sequence[Input | Layer] | None = None, *, name: str | None = None
    ) -> None:
        self.name = name or "sequential"
        self.layers: list[Layer] = []
        self.weights_vector = self.gradients_vector = np.empty(0)
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
        if isinstance(layer, Input):
            if self._input is not None:
                raise ValueError(f"{self.name}: there is an Input already; received another one")
            self._input = layer
            return
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
        """The dtype of all weights and outputs."""
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
        """Lay out the trainable weights in one vector, fill new ones, choose the stages."""
        new = [v for v in self.variables if not v.value.size]
        trainable = [v for v in self.variables if v.trainable]
        shapes = [v.shape for v in trainable]
        size = sum(padded_size(shape, self.dtype) for shape in shapes)
        if size != self.weights_vector.size:  # by this vector an optimizer knows its model
            self.weights_vector = aligned((size,), self.dtype)
            self.gradients_vector = aligned((size,), self.dtype)
            parts = (
                views(vector, shapes) for vector in (self.weights_vector, self.gradients_vector)
            )
            for v, value, gradient in zip(trainable, *parts, strict=True):
                if v.value.size:
                    value[...] = v.value
                v.value, v.gradient = value, gradient
        for v in new:
            if not v.trainable:
                v.value = np.zeros(v.shape, self.dtype)
            v.value[...] = v.initializer(v.shape, self.dtype)
        self._choose_stages()

    def _choose_stages(self) -> None:
        self.stages = conv_max_pool.stages(self.layers)  # what a pass calls
        trained = [any(v.trainable for v in stage.weights) for stage in self.stages]
        self._first_trained = trained.index(True) if any(trained) else len(trained)
        widest = max((math.prod(stage.output_shape) for stage in self.stages), default=1)
        self.micro_batch_size = min(max(CACHE // widest, 128), 1024)  # images
        self.replicas: list[Network] = []

    def __getstate__(self) -> dict[str, Any]:
        """Leave out the vectors and what is chosen again: a copy's weights are views of its own."""
        made = ("weights_vector", "gradients_vector", "stages", "replicas")
        return {name: value for name, value in self.__dict__.items() if name not in made}

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Lay out the weights in vectors of this copy's own, so that it can be trained."""
        self.__dict__ |= state
        self.weights_vector = self.gradients_vector = np.empty(0)
        for v in self.variables:
            v.value = v.value.copy()  # joblib loads arrays that cannot be written
        self._arrange()

    def __copy__(self) -> Self:
        """Return a deep copy: two models cannot lay out the same layers' weights."""
        return copy.deepcopy(self)

    def replica(self) -> "Network":
        """Return a copy with the same weights, and with buffers, gradients and draws of its own."""
        replica = Network(name=self.name)
        replica._input, replica.layers = self._input, copy.deepcopy(self.layers)
        replica.weights_vector = self.weights_vector
        replica.gradients_vector = aligned(self.gradients_vector.shape, self.dtype)
        shapes = [v.shape for v in self.variables if v.trainable]
        gradients = views(replica.gradients_vector, shapes)
        for v, own in zip(replica.variables, self.variables, strict=True):
            v.value = own.value
            if v.trainable:
                v.gradient = next(gradients)
        replica._choose_stages()
        if hasattr(self, "loss"):
            replica.loss, replica.counts_correct = copy.deepcopy(self.loss), self.counts_correct
        return replica

    def forward(self, x: Array, training: bool = False) -> Array:
        """Return the outputs (B, K) for images (B, ...): a view, valid until the next call."""
        takes_bytes = bool(self.layers) and type(self.layers[0]) is Rescaling
        if x.dtype != self.dtype and not takes_bytes:
            x = x.astype(self.dtype)
        x = x.transpose(*range(1, x.ndim), 0)  # inside, the image's axis is the last
        for stage in self.stages:
            x = stage.forward(x, training)
        return x.transpose(-1, *range(x.ndim - 1))

    def backward(self, da: Array) -> None:
        """Fill the gradients from those of the outputs, (B, K), of the last forward pass."""
        da = da.transpose(*range(1, da.ndim), 0)
        for i in range(len(self.stages) - 1, self._first_trained - 1, -1):
            need_dx, stage = i > self._first_trained, self.stages[i]
            dx = stage.backward(da, need_dx=need_dx)
            if need_dx and dx is None:
                raise TypeError(f"{stage.name}: backward must return dX; received None")
            if dx is not None:
                da = dx

    @property
    def generator_states(self) -> dict[str, Array]:
        """The states of the layers' generators, by layer name; set them to draw the same again."""
        drawing = {x.name: x.generator for x in self.layers if x.generator is not None}
        return {name: random_state.get(generator) for name, generator in drawing.items()}

    @generator_states.setter
    def generator_states(self, states: Mapping[str, Array]) -> None:
        """Raises ValueError, and changes nothing, where names or sizes are not this model's."""
        expected = {name: words.shape for name, words in self.generator_states.items()}
        received = {name: np.shape(words) for name, words in states.items()}
        if expected != received:
            raise ValueError(f"generator_states: expected shapes {expected}; received {received}")
        for layer in self.layers:
            if layer.generator is not None:
                random_state.put(layer.generator, states[layer.name])

    def get_weights(self) -> list[Array]:
        """Return copies of all weights, in Keras's order."""
        return [v.numpy() for v in self.variables]

    def set_weights(self, weights: Sequence[Array]) -> None:
        """Copy the weights in; raise ValueError, and change nothing, where one does not fit."""
        expected = [v.shape for v in self.variables]
        received = [np.shape(w) for w in weights]
        if expected != received:
            raise ValueError(f"set_weights: expected shapes {expected}; received {received}")
        for v, w in zip(self.variables, weights, strict=True):
            v.value[...] = w

    @known_only
    def save_weights(self, filepath: str | Path, overwrite: bool = True) -> None:
        """Write all weights to a NumPy archive `*.weights.npz`; complete or not at all."""
        weights_file.save(filepath, self._weights_by_name(), overwrite)

    @known_only
    def load_weights(self, filepath: str | Path) -> None:
        """Read what `save_weights` wrote.

        Raises FileNotFoundError, or ValueError where the file is no such archive or holds weights
        of another model; the model's weights are then as before.
        """
        self.set_weights(weights_file.load(filepath, self._weights_by_name()))

    def _weights_by_name(self) -> dict[str, Array]:
        return {f"{x.name}/{v.name}": v.value for x in self.layers for v in x.weights}

    def count_params(self) -> int:
        """Return the number of values in all weights, trainable or not."""
        return sum(v.size for v in self.variables)

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
