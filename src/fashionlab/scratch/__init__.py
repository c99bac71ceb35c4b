"""The network from scratch: the part of Keras 3 that you can read, in NumPy alone.

Read in this order: `activations`, `losses`, `initializers`, `layers` (`layer`, `dense`,
`reshaping`, `convolution`, `pooling`, `regularization`), `optimizers` (`optimizer`, `sgd`, `adam`,
`rmsprop`, `schedules`), `sequential`, `passes`, `fitting`, `evaluation`, `callbacks`, `gradcheck`;
docs/backprop.md derives every formula in the same symbols. `checks` and `arguments` refuse bad
input; `batches` cuts arrays; `weights_file` and `random_state` save and resume. Names, argument
names, defaults and weight layouts are Keras 3's. `compiled` does the same in C: `build` compiles
it, `library` loads it, `program` hands it a model, as `plan`, `rule` and `structures` describe it.

Symbols, the same in every file:
    N   images of a batch, the divisor of the mean loss
    B   images that go through together, B <= N: a batch, or a micro-batch that bounds the memory
    D   inputs of a layer          U   units (outputs) of a layer          K   classes
    X   input of a layer  (B, D)   W   kernel (D, U)    b   bias (U,)
    Z   X W + b (B, U)             A   activation f(Z) (B, U), the X of the next layer
    P   outputs of the network (B, K)          Q   probabilities made from them (B, K)
    Y   targets (B, K)                         L   the mean loss
    dT  the gradient dL/dT of any array T, of T's shape
In the code `x`, `a` and `da` are X, A and dA; `kernel.value` and `kernel.gradient` are W and dW.
An image is a row: the first axis counts the images. Images that have a height, a width and C
channels are (B, H, W, C).
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
