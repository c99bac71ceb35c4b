"""Optimizers: one call moves the whole weight vector along its gradient, both of shape (P,)."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


class SGD:
    """Gradient descent: w := w - learning_rate dw; with momentum m,

    v := m v - learning_rate dw, w := w + v, or with `nesterov` w := w + m v - learning_rate dw.
    """

    def __init__(
        self, learning_rate: float = 0.01, momentum: float = 0.0, nesterov: bool = False
    ) -> None:
        if not 0 <= momentum <= 1:
            raise ValueError(f"SGD: momentum must be in [0, 1]; received {momentum}")
        self.learning_rate, self.momentum, self.nesterov = learning_rate, momentum, nesterov
        self.iterations = 0
        self._velocity: Array | None = None

    def step(self, weights: Array, gradients: Array) -> None:
        """Update the weights in place; the gradients are used up."""
        self.iterations += 1
        gradients *= -self.learning_rate
        if not self.momentum:
            weights += gradients
            return
        if self._velocity is None:
            self._velocity = np.zeros_like(weights)
        self._velocity *= self.momentum
        self._velocity += gradients
        if self.nesterov:
            weights += self.momentum * self._velocity
            weights += gradients
        else:
            weights += self._velocity


class Adam:
    """Adam (Kingma and Ba, 2015, the form before section 2.1): t counts the steps,

    m := m + (1 - beta_1)(dw - m),  v := v + (1 - beta_2)(dw² - v),
    w := w - learning_rate sqrt(1 - beta_2^t) / (1 - beta_1^t) m / (sqrt(v) + epsilon)
    """

    def __init__(
        self,
        learning_rate: float = 0.001,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-7,
    ) -> None:
        self.learning_rate, self.beta_1, self.beta_2 = learning_rate, beta_1, beta_2
        self.epsilon = epsilon
        self.iterations = 0
        self._m: Array | None = None
        self._v: Array | None = None

    def step(self, weights: Array, gradients: Array) -> None:
        """Update the weights in place; the gradients are used up."""
        if self._m is None or self._v is None:
            self._m, self._v = np.zeros_like(weights), np.zeros_like(weights)
        self.iterations += 1
        t = self.iterations
        rate = self.learning_rate * (1 - self.beta_2**t) ** 0.5 / (1 - self.beta_1**t)
        m, v = self._m, self._v
        m *= self.beta_1
        m += (1 - self.beta_1) * gradients
        np.square(gradients, out=gradients)
        gradients *= 1 - self.beta_2
        v *= self.beta_2
        v += gradients
        np.sqrt(v, out=gradients)
        gradients += self.epsilon
        np.divide(m, gradients, out=gradients)
        gradients *= rate
        weights -= gradients


Optimizer = SGD | Adam


def get(identifier: "str | Optimizer") -> Optimizer:
    """The optimizer of that name, with its defaults. Raises ValueError for an unknown name."""
    if isinstance(identifier, SGD | Adam):
        return identifier
    if identifier.lower() == "sgd":
        return SGD()
    if identifier.lower() == "adam":
        return Adam()
    raise ValueError(f"scratch has no optimizer {identifier!r}; it has sgd, adam")
