"""The C structures and functions of the library, as network.h and library.h declare them."""

import ctypes
from ctypes import c_float, c_int32, c_int64, c_void_p
from typing import Any

DENSE, CONV, CONV_POOL, POOL, ACTIVATION, DROPOUT = range(6)
FUNCTIONS = ("linear", "relu", "sigmoid", "tanh", "gelu", "softmax")
SGD, MOMENTUM, NESTEROV, ADAM, RMSPROP = range(5)
LANES = 16  # columns of a panel


class Description(ctypes.Structure):
    """A layer: network.h."""

    _fields_ = (
        *((name, c_int32) for name in ("kind", "function", "kernel", "bias", "inputs", "units")),
        *((name, c_int32) for name in ("height", "width", "rows", "columns", "down", "right")),
        *((name, c_int32) for name in ("top", "left", "out_height", "out_width")),
        *((f"pool_{name}", c_int32) for name in ("rows", "columns", "height", "width")),
        ("rate", c_float),
        ("need_dx", c_int32),
    )


class Rule(ctypes.Structure):
    """The numbers of an optimizer's step: network.h; `vectors` are the arrays that it points to."""

    vectors: dict[str, Any]

    _fields_ = (
        *((name, c_int32) for name in ("rule", "centered", "averages", "overwrites")),
        *((name, c_float) for name in ("rate", "decay", "momentum", "beta_1", "rest_1", "beta_2")),
        *((name, c_float) for name in ("rest_2", "epsilon", "keep", "rest", "clip_norm")),
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


def declare(found: ctypes.CDLL) -> None:
    """Declare the arguments of the library's functions, as in library.h."""
    found.fl_new.restype = c_void_p
    whole, real = [c_int32] * 5, [c_float] * 2
    found.fl_new.argtypes = [c_void_p, c_void_p, *whole, *real, *whole[:2], c_float, c_int64]
    found.fl_delete.argtypes = [c_void_p]
    found.fl_delete.restype = None
    found.fl_pass.argtypes = [*[c_void_p] * 6, c_int32]
