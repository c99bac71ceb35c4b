"""A model's layers as C takes them, or what of the model C does not have."""

import math
import weakref
from ctypes import c_void_p
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
from .structures import (
    ACTIVATION,
    CONV,
    CONV_POOL,
    DENSE,
    DROPOUT,
    FUNCTIONS,
    LANES,
    POOL,
    Description,
)

if TYPE_CHECKING:
    from ..sequential import Sequential

Array = NDArray[Any]

LOSSES = (
    losses.CategoricalCrossentropy,
    losses.SparseCategoricalCrossentropy,
    losses.MeanSquaredError,
)
OPTIMIZERS = (optimizers.SGD, optimizers.Adam, optimizers.AdamW, optimizers.RMSprop)
SHAPES = (Flatten, Reshape)  # give the same values another shape
TABLE = 2**24  # inputs of all windows of a convolution; where they lie takes 4 bytes each


class LackingError(Exception):
    """The library does not have something of a model: it runs in NumPy."""


def _require(fits: bool, what: object) -> None:
    if not fits:
        raise LackingError(f"C has no {what}")


class Plan:
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
                need_dx=self._has_weights,
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
            and not before.need_dx
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
