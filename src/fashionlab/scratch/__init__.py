"""The network from scratch: the part of Keras 3 that you can read, in NumPy alone.

Read in this order: `activations`, `losses`, `initializers`, `layers` (`layer`, `dense`,
`reshaping`, `convolution`, `pooling`, `regularization`), `network`, `optimizers` (`optimizer`,
`sgd`, `adam`, `rmsprop`, `schedules`), `replicas`, `sequential`, `callbacks`, `gradcheck`;
docs/backprop.md derives every formula in the same symbols. Code for speed alone is in `memory`,
`cores` and `layers/conv_max_pool`; `checks` and `arguments` refuse bad input; `batches` cuts
arrays; `weights_file` and `random_state` save and resume. Names, argument names, defaults and
weight layouts are Keras 3's.

Symbols, the same in every file:
    N   images of a batch, the divisor of the mean loss
    B   images that go through together, B <= N: a batch, or a micro-batch that fits the cache
    D   inputs of a layer          U   units (outputs) of a layer          K   classes
    X   input of a layer  (D, B)   W   kernel (D, U)    b   bias (U,)
    Z   Wᵀ X + b (U, B)            A   activation f(Z) (U, B), the X of the next layer
    P   outputs of the network (B, K)          Q   probabilities made from them (B, K)
    Y   targets (B, K)                         L   the mean loss
    dT  the gradient dL/dT of any array T, of T's shape
In the code `x`, `a` and `da` are X, A and dA; `kernel.value` and `kernel.gradient` are W and dW.
Inside the network an image is a column, so the axis of the images is the last; what goes in and
comes out has it first, as in Keras. Images have a height, a width and C channels: (H, W, C, B).
"""

from . import activations, callbacks, initializers, layers, losses, optimizers
from .arguments import lacking
from .callbacks import History
from .gradcheck import gradcheck
from .layers import Input
from .sequential import Sequential

__all__ = [
    "History",
    "Input",
    "Sequential",
    "activations",
    "callbacks",
    "gradcheck",
    "initializers",
    "layers",
    "losses",
    "optimizers",
]


__getattr__ = lacking("name", __all__)
