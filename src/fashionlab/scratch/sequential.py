"""Sequential: layers in a row, all their weights in one vector, and the loss of their outputs.

All trainable weights lie in one vector and all gradients in another; the layers hold views into
them, so that an optimizer's step is a few expressions. The forward pass calls the layers one after
the other, the backward pass in the opposite order: that is the chain rule, dL/dX = dL/dA dA/dX,
layer by layer. Training, evaluation and the file of weights are in modules of their own.
"""

import copy
import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from . import checks, compiled, evaluation, fitting, losses, optimizers, random_state, weights_file
from .arguments import known_only
from .layers import Input, Layer, Variable

Array = NDArray[Any]

MICRO_BATCH = 2**22  # values of a layer's largest array at a time; 16 MB in float32


class Sequential:
    """A network of `layers`, an Input first; names and defaults are those of Keras 3.

    Raises ValueError where a layer does not fit the one before, TypeError for what is not a layer.
    """

    loss: losses.Loss
    optimizer: optimizers.Optimizer
    counts_correct = False  # whether the outputs are compared with the targets' classes
    stop_training = False
    program: compiled.Program | None = None  # what runs in C, where that was chosen
    _jit_compile: str | bool = "auto"
    _good: list[Array] | None = None  # the last weights that were kept with a finite loss

    fit = fitting.fit
    train_on_batch = fitting.train_on_batch
    compute_gradients = fitting.compute_gradients
    evaluate = evaluation.evaluate
    predict = evaluation.predict
    save_weights = weights_file.save_weights
    load_weights = weights_file.load_weights

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
        """Lay out the trainable weights in one vector and fill new ones."""
        new = [v for v in self.variables if not v.value.size]
        trainable = [v for v in self.variables if v.trainable]
        ends = np.cumsum([v.size for v in trainable], dtype=int)
        size = sum(v.size for v in trainable)
        if size != self.weights_vector.size:  # by this vector an optimizer knows its model
            self.weights_vector = np.zeros(size, self.dtype)
            self.gradients_vector = np.zeros(size, self.dtype)
            for v, end in zip(trainable, ends, strict=True):
                part = slice(end - v.size, end)
                value = self.weights_vector[part].reshape(v.shape)
                if v.value.size:
                    value[...] = v.value
                v.value, v.gradient = value, self.gradients_vector[part].reshape(v.shape)
        for v in new:
            if not v.trainable:
                v.value = np.zeros(v.shape, self.dtype)
            v.value[...] = v.initializer(v.shape, self.dtype)
        largest = max((layer.largest for layer in self.layers), default=1)
        self.micro_batch_size = min(max(MICRO_BATCH // largest, 1), 1024)  # images
        self.program = None  # C has the layers so far, also where it refuses these
        if hasattr(self, "optimizer"):
            self.program = compiled.program(self, self._jit_compile)

    def __getstate__(self) -> dict[str, Any]:
        """Leave out the vectors: a copy's weights are views of its own."""
        made = ("weights_vector", "gradients_vector", "program")
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

    @known_only
    def compile(
        self,
        optimizer: str | optimizers.Optimizer = "rmsprop",
        loss: str | losses.Loss | None = None,
        *,
        metrics: Sequence[str] | None = None,
        jit_compile: str | bool = "auto",
    ) -> None:
        """Choose how to train. The only metric is "accuracy".

        `jit_compile` True trains, evaluates and predicts in C, False in NumPy; "auto" takes C where
        it was built and has all of the model; compile again after changing a layer's settings.
        Raises ValueError for what scratch does not have, and where C is to be taken and does not
        have it.
        """
        if loss is None:
            raise ValueError("compile: a loss is needed; received None")
        if not set(metrics or ()) <= {"accuracy"}:
            raise ValueError(f"compile: scratch has only the metric 'accuracy'; received {metrics}")
        if metrics and (len(self.output_shape) != 1 or self.output_shape[0] < 2):
            raise ValueError(
                f"compile: accuracy needs an output for each of two or more classes; {self.name} "
                f"has outputs of shape {self.output_shape}"
            )
        chosen = optimizers.get(optimizer)
        chosen.check_weights(self.weights_vector)
        self.optimizer, self.loss = chosen, losses.get(loss)
        self.counts_correct = bool(metrics)
        self._good = None
        self.program = compiled.program(self, jit_compile)
        self._jit_compile = jit_compile

    @property
    def jit_compile(self) -> bool:
        """Whether the compiled model runs in C."""
        return self.program is not None

    def forward(self, x: Array, training: bool = False) -> Array:
        """Return the outputs (B, K) for images (B, ...)."""
        x = np.asarray(x, self.dtype)
        for layer in self.layers:
            x = layer.forward(x, training)
        return x

    def backward(self, da: Array) -> None:
        """Fill the gradients from those of the outputs, (B, K), of the last forward pass."""
        trained = [any(v.trainable for v in layer.weights) for layer in self.layers]
        first = trained.index(True) if any(trained) else len(trained)  # nothing to fill before it
        for i in range(len(self.layers) - 1, first - 1, -1):
            dx = self.layers[i].backward(da, need_dx=i > first)
            if i > first and dx is None:
                raise TypeError(f"{self.layers[i].name}: backward must return dX; received None")
            if dx is not None:
                da = dx

    def __call__(self, x: Array, training: bool = False) -> Array:
        """Return the outputs (N, K) of one forward pass, a new array."""
        return self.forward(checks.checked_images(self, "call", x), training).copy()

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
        self._good = None  # there is nothing to fall back to but these

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
