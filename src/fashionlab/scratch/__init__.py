"""The network from scratch: the part of Keras 3 that you can read, in NumPy alone.

Read in this order: `activations`, `losses`, `initializers`, `layers`, `optimizers`, `sequential`.
The names, argument names, defaults and weight layouts are those of Keras 3.

Symbols, the same in every file:
    N   images of a batch, the divisor of the mean loss
    B   images of one piece of a batch, B <= N; a piece fits the cache
    D   inputs of a layer          U   units (outputs) of a layer          K   classes
    X   input of a layer  (B, D)   W   kernel (D, U)    b   bias (U,)
    Z   X W + b (B, U)             A   activation f(Z) (B, U)
    Y   one-hot targets (B, K)     Q   predicted probabilities (B, K)      L   the mean loss
    dT  the gradient dL/dT of any array T, of T's shape
"""

from . import activations, initializers, layers, losses, optimizers
from .layers import Input
from .sequential import History, Sequential

__all__ = [
    "History",
    "Input",
    "Sequential",
    "activations",
    "initializers",
    "layers",
    "losses",
    "optimizers",
]
