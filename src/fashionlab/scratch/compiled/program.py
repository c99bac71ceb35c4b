"""A compiled model's passes in C: its layers, loss and optimizer as the library takes them.

The arrays are the model's own: C reads and writes the vectors of weights and of the optimizer where
they are.
"""

import ctypes
import itertools
import math
import threading
import weakref
from ctypes import c_float, c_int32, c_int64, c_void_p
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from .. import activations, losses, optimizers
from ..layers import (
    Activation,
    Conv2D,
    Dense,
    Dropout,
    Flatten,
    Layer,
    MaxPooling2D,
    Rescaling,
    Reshape,
)
from . import library

if TYPE_CHECKING:
    from ..checks import Batch
    from ..sequential import Sequential

Array = NDArray[Any]
Sums = tuple[float, int]  # the sum of the images' losses, the number of correct outputs

KINDS = DENSE, CONV, CONV_POOL, POOL, ACTIVATION, DROPOUT = range(6)
FUNCTIONS = ("linear", "relu", "sigmoid", "tanh", "gelu", "softmax")
LOSSES = (
    losses.CategoricalCrossentropy,
    losses.SparseCategoricalCrossentropy,
    losses.MeanSquaredError,
)
OPTIMIZERS = (optimizers.SGD, optimizers.Adam, optimizers.AdamW, optimizers.RMSprop)
RULES = SGD, MOMENTUM, NESTEROV, ADAM, RMSPROP = range(5)
SHAPES = (Flatten, Reshape)  # give the same values another shape

LANES = 16  # of a panel: network.h
TABLE = 2**24  # inputs of all windows of a convolution; where they lie takes 4 bytes each
CACHE = 2**19  # values between two layers that the images of a pass may have


class Description(ctypes.Structure):
    """A layer: network.h."""

    _fields_ = (
        *((name, c_int32) for name in ("kind", "function", "kernel", "bias", "inputs", "units")),
        *((name, c_int32) for name in ("height", "width", "rows", "columns", "down", "right")),
        *((name, c_int32) for name in ("top", "left", "out_height", "out_width")),
        *((f"pool_{name}", c_int32) for name in ("rows", "columns", "height", "width")),
        ("rate", c_float),
        ("trained", c_int32),
    )


class Rule(ctypes.Structure):
    """The numbers of an optimizer's step: network.h."""

    _fields_ = (
        *((name, c_int32) for name in ("rule", "centered", "averages", "overwrites")),
        *((name, c_float) for name in ("rate", "decay", "momentum", "beta_2", "epsilon")),
        *((name, c_float) for name in ("keep", "clip_norm")),
        ("slot", c_void_p * 3),
        ("average", c_void_p),
    )


class Images(ctypes.Structure):
    """What one call works on: network.h."""

    _fields_ = (
        *((name, c_void_p) for name in ("bytes", "floats", "targets", "labels", "weights")),
        ("N", c_int64),
        ("outputs", c_void_p),
        ("loss", ctypes.c_double),
        ("correct", c_int64),
    )


class LackingError(Exception):
    """The library does not have something of a model: it runs in NumPy."""


def _require(fits: bool, what: object) -> None:
    if not fits:
        raise LackingError(f"C has no {what}")


class _Plan:
    """The layers as C takes them; raises LackingError where it has not all of them."""

    def __init__(self, model: "Sequential") -> None:
        from ..sequential import Sequential

        for name in ("forward", "backward"):
            own = getattr(type(model), name) is not getattr(Sequential, name)
            _require(not own, f"{name} of {type(model).__name__}")
        _require(model.dtype == np.float32, f"weights in {model.dtype}")
        _require(model.weights_vector.size < 2**31, "more than 2^31 weights")
        _require(type(model.loss) in LOSSES, type(model.loss).__name__)
        _require(type(model.optimizer) in OPTIMIZERS, type(model.optimizer).__name__)
        self.model: Any = weakref.proxy(model)  # no cycle: memory goes with the model
        self.scale, self.offset = 1.0, 0.0
        self.layers: list[Description] = []
        self.shapes: list[tuple[int, int]] = []  # positions and channels of each one's outputs
        self.drawing: list[Dropout | None] = []  # of each, the layer if it draws random numbers
        self._now = (1, int(np.prod(model.input_shape)))
        self._has_weights = False
        layers = [layer for layer in model.layers if type(layer) not in SHAPES]
        for i, layer in enumerate(layers):
            if type(layer) is Rescaling and i == 0:
                self.scale, self.offset = layer.scale, layer.offset
            elif not (type(layer) is MaxPooling2D and self._join(model, layer)):
                self._add(layer)
        _require(self._has_weights, "model without weights")
        _require(self.most_images() > 0, "values of an image that 2^31 do not hold")
        _require(self._now[0] == 1 or self._now[1] % 16 == 0, "outputs that are images")

    def most_images(self) -> int:
        """Return for how many images an int32 counts the values between two layers."""
        each = [(1, math.prod(self.model.input_shape)), *self.shapes]
        panels = max(positions * -(-channels // LANES) for positions, channels in each)
        return int((2**31 - 1) // ((panels + 1) * LANES))

    def _add(self, layer: Layer) -> None:
        match layer:
            case Dense() if type(layer) is Dense:
                self._append(
                    DENSE, (1, layer.units), layer, inputs=layer.input_shape[0], units=layer.units
                )
            case Conv2D() if type(layer) is Conv2D:
                # dX comes position by position, of 16 channels at a time
                as_they_lie = not self._has_weights or self._lie_as(layer.input_shape)
                _require(as_they_lie, "Conv2D of values that another layer gives in another shape")
                height, width = layer.windows.positions
                table = height * width * math.prod(layer.kernel.shape[:3])
                _require(table <= TABLE, f"convolution of {table} inputs")
                window = self._window(layer, layer.kernel_size, layer.strides)
                self._append(CONV, (height * width, layer.filters), layer, **window)
                self.layers[-1].units = layer.filters
            case MaxPooling2D() if type(layer) is MaxPooling2D:
                channels = layer.input_shape[2]
                as_they_lie = self._lie_as(layer.input_shape)
                _require(as_they_lie, "MaxPooling2D of images, or of values in another shape")
                height, width = layer.windows.positions
                window = self._window(layer, layer.pool_size, layer.strides)
                self._append(POOL, (height * width, channels), layer, **window)
                self.layers[-1].units = channels
            case Activation() if type(layer) is Activation:
                self._append(ACTIVATION, self._now, layer, units=self._now[1])
            case Dropout() if type(layer) is Dropout:
                self._append(DROPOUT, self._now, layer, units=self._now[1], rate=layer.rate)
            case _:
                _require(False, type(layer).__name__)

    def _lie_as(self, image_shape: tuple[int, ...]) -> bool:
        """Whether the values so far lie as images (H, W, C): H W positions of C channels."""
        return self._now == (math.prod(image_shape[:2]), image_shape[2])

    def _append(self, kind: int, shape: tuple[int, int], layer: Layer, **given: Any) -> None:
        f = getattr(layer, "activation", activations.linear)
        known = f.name in FUNCTIONS and f == getattr(activations, f.name)
        _require(known, f"activation {f.name!r}")
        softmax = f.name == "softmax"
        _require(not softmax or shape == (1, layer.output_shape[-1]), "softmax of images")
        function = 0 if softmax and kind != ACTIVATION else FUNCTIONS.index(f.name)
        offsets = {v.name: self._offset(v.value) for v in layer.weights}
        self.layers.append(
            Description(
                kind=kind,
                function=function,
                kernel=offsets.get("kernel", -1),
                bias=offsets.get("bias", -1),
                trained=self._has_weights,
                **given,
            )
        )
        self.shapes.append(shape)
        self.drawing.append(layer if isinstance(layer, Dropout) else None)
        self._now = shape
        self._has_weights |= bool(layer.weights)
        if softmax and kind != ACTIVATION:
            after = Activation("softmax")
            after.build(layer.output_shape)
            self._append(ACTIVATION, shape, after, units=shape[1])

    def bits(self) -> Any:
        """Return NumPy's interface for C of each layer's generator."""
        each: list[Any] = [x and x.generator.bit_generator.ctypes for x in self.drawing]
        return (c_void_p * len(each))(*(x and x.bit_generator.value for x in each))

    def _offset(self, weights: Array) -> int:
        start = self.model.weights_vector.ctypes.data
        return int(weights.ctypes.data - start) // weights.itemsize

    def _window(
        self, layer: Any, size: tuple[int, int], strides: tuple[int, int]
    ) -> dict[str, int]:
        height, width, channels = layer.input_shape
        top, left = (inside.start for inside in layer.windows.inside)
        out_height, out_width = layer.windows.positions
        return {
            "inputs": channels,
            "height": height,
            "width": width,
            "rows": size[0],
            "columns": size[1],
            "down": strides[0],
            "right": strides[1],
            "top": top,
            "left": left,
            "out_height": out_height,
            "out_width": out_width,
        }

    def _join(self, model: "Sequential", pool: MaxPooling2D) -> bool:
        """Make the convolution before one with pools, where these do not overlap.

        Only for a first layer, whose dX nobody needs, and an f that never falls.
        """
        before = self.layers[-1] if self.layers else None
        if not (
            before is not None
            and before.kind == CONV
            and not before.trained
            and FUNCTIONS[before.function] != "gelu"
            and pool.strides == pool.pool_size
            and pool.padding == "valid"
            and pool.input_shape == (before.out_height, before.out_width, before.units)
        ):
            return False
        height, width = pool.windows.positions
        before.kind = CONV_POOL
        before.pool_rows, before.pool_columns = pool.pool_size
        before.pool_height, before.pool_width = height, width
        self._now = self.shapes[-1] = (height * width, before.units)
        return True


class Program:
    """The passes of one compiled model, with the processor's best instructions on all its cores.

    Raises LackingError where the library does not have all of the model, or is not there.
    """

    def __init__(
        self, model: "Sequential", instructions: str | None = None, threads: int | None = None
    ) -> None:
        found = library.load()
        if found is None:
            raise LackingError(library.reason())
        _declare(found)
        self.instructions = instructions or library.instructions()
        self.threads = threads or library.threads()
        self._library, self._plan = found, _Plan(model)
        self._model = self._plan.model
        widest = max(positions * channels for positions, channels in self._plan.shapes)
        widest = max(widest, math.prod(model.input_shape))
        # images that go through together
        self._largest = min(max(CACHE // widest, 128), 1024, self._plan.most_images())
        self._networks: dict[int, _Network] = {}
        self._lock = threading.Lock()

    @np.errstate(over="ignore")  # of numbers beyond float32: seen in the loss
    def step(self, batch: "Batch") -> Sums:
        """Make a step, unless the loss is not finite; return the sums over the batch's images."""
        optimizer, vector = self._model.optimizer, self._model.weights_vector
        if type(optimizer) not in OPTIMIZERS:
            raise TypeError(f"compile the model again for another optimizer; received {optimizer}")
        rule = rule_of(optimizer, vector)
        sums = self._pass(batch, rule)
        if math.isfinite(sums[0]):
            optimizer.iterations += 1
        return sums

    @np.errstate(over="ignore")  # of numbers beyond float32: seen in the loss
    def gradients(self, batch: "Batch") -> Sums:
        """Fill the model's gradients; return the sums over the batch's images."""
        sums = self._pass(batch, None)
        if not math.isfinite(sums[0]):
            self._model.gradients_vector[:] = np.nan
        return sums

    def losses(self, batch: "Batch") -> Sums:
        """Return the sums over the batch's images."""
        return self._pass(batch, None, training=False)

    def outputs(self, x: Array) -> Array:
        """Return the outputs (N, K) for images (N, ...), a new array."""
        outputs = np.empty((len(x), *self._model.output_shape), np.float32)
        self._pass((x, None, None), None, training=False, outputs=outputs)
        return outputs

    def _pass(
        self,
        batch: Any,
        rule: Rule | None,
        training: bool = True,
        outputs: Array | None = None,
    ) -> Sums:
        x, y, weights = batch
        x = np.ascontiguousarray(x, np.uint8 if x.dtype in (np.uint8, np.bool_) else np.float32)
        images = Images(N=len(x))
        setattr(images, "bytes" if x.dtype == np.uint8 else "floats", x.ctypes.data)
        if y is not None:
            sparse = type(self._model.loss) is losses.SparseCategoricalCrossentropy
            y = np.ascontiguousarray(y, np.int32 if sparse else np.float32)
            setattr(images, "labels" if sparse else "targets", y.ctypes.data)
        if weights is not None:
            weights = np.ascontiguousarray(weights, np.float32)
            images.weights = weights.ctypes.data
        if outputs is not None:
            images.outputs = outputs.ctypes.data
        with self._lock:
            arguments = (
                self._network(len(x)).handle,
                ctypes.byref(images),
                rule and ctypes.byref(rule),
                self._model.weights_vector.ctypes.data,
                self._model.gradients_vector.ctypes.data,
                self._plan.bits(),
                training,
            )
            drawing = (x.generator.bit_generator for x in self._plan.drawing if x)
            _holding([*{id(x): x.lock for x in drawing}.values()], self._library.fl_pass, arguments)
        return images.loss, images.correct if self._model.counts_correct else 0

    def _network(self, images: int) -> "_Network":
        """Return one that has memory for so many images; for more than the most, for the most."""
        wanted = min(images, self._largest)
        for capacity, network in self._networks.items():
            if capacity >= wanted:
                return network
        self._networks = {wanted: _Network(self, self._plan, self._library, wanted)}
        return self._networks[wanted]


def _holding(locks: list[Any], function: Any, arguments: tuple[Any, ...]) -> None:
    """Call the function while all locks are held; whatever interrupts it, they are given back."""
    if not locks:
        function(*arguments)
        return
    with locks[0]:
        _holding(locks[1:], function, arguments)


class _Network:
    """Memory for the passes of some images at a time; it is given back with this object."""

    def __init__(self, program: Program, plan: _Plan, found: Any, capacity: int) -> None:
        count, model = len(plan.layers), plan.model
        loss = model.loss
        self.handle = found.fl_new(
            (Description * count)(*plan.layers),
            (c_int32 * (2 * count))(*itertools.chain.from_iterable(plan.shapes)),
            count,
            math.prod(model.input_shape),
            capacity,
            program.threads,
            library.NAMES.index(program.instructions),
            plan.scale,
            plan.offset,
            LOSSES.index(type(loss)),
            getattr(loss, "from_logits", False),
            getattr(loss, "label_smoothing", 0.0),
            model.weights_vector.size,
        )
        if not self.handle:
            raise MemoryError(f"{model.name}: no memory for {capacity} images in C")
        # not at exit, when a daemon thread may be in a pass
        weakref.finalize(self, found.fl_delete, self.handle).atexit = False


def _declare(found: ctypes.CDLL) -> None:
    """Declare the arguments of the library's functions, as in library.c."""
    found.fl_new.restype = c_void_p
    whole, real = [c_int32] * 5, [c_float] * 2
    found.fl_new.argtypes = [c_void_p, c_void_p, *whole, *real, *whole[:2], c_float, c_int64]
    found.fl_delete.argtypes = [c_void_p]
    found.fl_delete.restype = None
    found.fl_pass.argtypes = [*[c_void_p] * 6, c_int32]


def rule_of(optimizer: optimizers.Optimizer, vector: Array) -> Rule:
    """Return the numbers of an optimizer's next step, with its slots made where they are not."""
    optimizer.prepare(vector)
    rate, t = float(optimizer.learning_rate), optimizer.iterations + 1
    slots: list[str] = []
    rule = Rule(
        rate=rate,
        decay=(optimizer.weight_decay or 0.0) * rate,
        clip_norm=max(optimizer.global_clipnorm or 0.0, 0.0),
    )
    match optimizer:
        case optimizers.SGD():
            with_momentum = NESTEROV if optimizer.nesterov else MOMENTUM
            rule.rule = with_momentum if optimizer.momentum else SGD
            rule.momentum = optimizer.momentum
            slots = ["velocity"] if optimizer.momentum else []
        case optimizers.Adam():
            rule.rule, rule.epsilon = ADAM, optimizer.epsilon
            rule.momentum, rule.beta_2 = optimizer.beta_1, optimizer.beta_2
            rule.rate = rate * (1 - optimizer.beta_2**t) ** 0.5 / (1 - optimizer.beta_1**t)
            slots = ["m", "v"]
        case optimizers.RMSprop():
            rule.rule, rule.epsilon = RMSPROP, optimizer.epsilon
            rule.momentum, rule.beta_2 = optimizer.momentum, optimizer.rho
            rule.centered = optimizer.centered
            slots = ["v", *(["momentum"] if optimizer.momentum else [""])]
            slots += ["average_gradient"] if optimizer.centered else []
    vectors = optimizer.vectors
    for i, name in enumerate(slots):
        if name:
            rule.slot[i] = vectors[name].ctypes.data
    if optimizer.use_ema:
        every = optimizer.ema_overwrite_frequency
        rule.averages, rule.keep = 2 if t == 1 else 1, optimizer.ema_momentum
        rule.overwrites = bool(every and t % every == 0)
        rule.average = vectors["average"].ctypes.data
    return rule
