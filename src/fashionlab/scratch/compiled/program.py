"""The passes of a compiled model in C.

The arrays are the model's own: C reads and writes the vectors of weights and of the optimizer where
they are.
"""

import ctypes
import itertools
import math
import threading
import weakref
from ctypes import c_int32
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from .. import losses, optimizers
from . import library
from .plan import LOSSES, OPTIMIZERS, LackingError, Plan
from .rule import rule_of
from .structures import Description, Images, declare

if TYPE_CHECKING:
    from ..checks import Batch
    from ..sequential import Sequential

Array = NDArray[Any]
Sums = tuple[float, int]  # the sum of the images' losses, the number of correct outputs

CACHE = 2**18  # values between two layers that the images of a pass may have


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
        declare(found)
        self.instructions = instructions or library.instructions()
        self.threads = threads or library.threads()
        self._library, self._plan = found, Plan(model)
        self._model = self._plan.model
        widest = max(positions * channels for positions, channels in self._plan.shapes)
        widest = max(widest, math.prod(model.input_shape))
        # images that go through together
        self._largest = min(max(CACHE // widest, 256), 1024, self._plan.most_images())
        self._made: _Network | None = None
        self._lock = threading.Lock()

    @np.errstate(over="ignore")  # of numbers beyond float32: seen in the loss
    def step(self, batch: "Batch") -> Sums:
        """Make a step, unless the loss is not finite; return the sums over the batch's images."""
        optimizer = self._model.optimizer
        if type(optimizer) not in OPTIMIZERS:
            raise TypeError(f"compile the model again for another optimizer; received {optimizer}")
        return self._pass(batch, optimizer)

    @np.errstate(over="ignore")  # of numbers beyond float32: seen in the loss
    def gradients(self, batch: "Batch") -> Sums:
        """Fill the model's gradients; return the sums over the batch's images."""
        sums = self._pass(batch)
        if not math.isfinite(sums[0]):
            self._model.gradients_vector[:] = np.nan
        return sums

    def losses(self, batch: "Batch") -> Sums:
        """Return the sums over the batch's images."""
        return self._pass(batch, training=False)

    def outputs(self, x: Array) -> Array:
        """Return the outputs (N, K) for images (N, ...), a new array."""
        outputs = np.empty((len(x), *self._model.output_shape), np.float32)
        self._pass((x, None, None), training=False, outputs=outputs)
        return outputs

    def _pass(
        self,
        batch: Any,
        optimizer: optimizers.Optimizer | None = None,
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
        with self._lock:  # and with names for all arrays, which other threads may replace
            vector, gradients = self._model.weights_vector, self._model.gradients_vector
            rule = rule_of(optimizer, vector) if optimizer else None
            drawing = [x.generator.bit_generator for x in self._plan.drawing if x]
            arguments = (
                self._network(len(x)).handle,
                ctypes.byref(images),
                rule and ctypes.byref(rule),
                vector.ctypes.data,
                gradients.ctypes.data,
                self._plan.bits(),
                training,
            )
            _holding([*{id(x): x.lock for x in drawing}.values()], self._library.fl_pass, arguments)
            if optimizer and math.isfinite(images.loss):
                optimizer.iterations += 1
        return images.loss, images.correct if self._model.counts_correct else 0

    def _network(self, images: int) -> "_Network":
        """Return one that has memory for so many images; for more than the most, for the most."""
        wanted = min(images, self._largest)
        if self._made is None or self._made.capacity < wanted:
            self._made = _Network(self, self._plan, self._library, wanted)
        return self._made


def _holding(locks: list[Any], function: Any, arguments: tuple[Any, ...]) -> None:
    """Call the function while all locks are held; whatever interrupts it, they are given back."""
    if not locks:
        function(*arguments)
        return
    with locks[0]:
        _holding(locks[1:], function, arguments)


class _Network:
    """Memory for the passes of some images at a time; it is given back with this object."""

    def __init__(self, program: Program, plan: Plan, found: Any, capacity: int) -> None:
        count, model = len(plan.layers), plan.model
        loss = model.loss
        self.capacity = capacity
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
