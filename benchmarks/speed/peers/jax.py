"""JAX alone: one jitted step, or a jitted scan over a chunk of steps where that is faster."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from benchmarks.speed.cases import BETA_1, BETA_2, EPSILON, LEARNING_RATES, MOMENTUM
from benchmarks.speed.peers import IMAGES, Array, Form, Task, fastest

CHUNK = 20  # steps of a scan, at most


class Peer:
    """See `benchmarks.speed.peers.Peer`."""

    def __init__(self, task: Task) -> None:
        self.task = task
        self.labels = jnp.asarray(task.read("labels"), jnp.int32)
        self.step = jax.jit(self._step, donate_argnums=0)
        self.scan = jax.jit(self._scan, donate_argnums=0, static_argnums=4)
        self.forward = jax.jit(self._forward)
        alternatives: dict[str, tuple[str, ...]] = {
            "images": IMAGES,
            "calls": ("a call a step", "scan"),
        }
        if task.case.convolution:
            alternatives["pool"] = ("maximum of a reshaped array", "reduce_window")
        form = fastest(task.case, alternatives, self._build, self.train)
        self.form = ", ".join(form.values())

    def _build(self, form: Form, steps: int | None) -> None:
        self.chosen = form
        self.images = jnp.asarray(self.task.images("images", form["images"], steps))
        self.test = jnp.asarray(self.task.images("test_images", form["images"]))
        jax.clear_caches()  # the functions read `chosen` when they are traced
        self.reset()

    def reset(self) -> None:
        """Set the initial weights, and moments of zero."""
        weights = [jnp.array(array) for array in self.task.weights()]
        moments = 1 if self.task.optimizer == "sgd" else 2
        zeros = [[jnp.zeros_like(w) for w in weights] for _ in range(moments)]
        self.state: Any = (weights, zeros, jnp.zeros((), jnp.float32))

    def _forward(self, weights: Any, x: Any) -> Any:
        case, pending = self.task.case, list(weights)
        activation = getattr(jax.nn, case.activation)
        if x.dtype == jnp.uint8:
            x = x * jnp.float32(1 / 255)
        if case.convolution:
            kernel, bias = pending.pop(0), pending.pop(0)
            x = lax.conv_general_dilated(
                x, kernel, (1, 1), "VALID", dimension_numbers=("NHWC", "HWIO", "NHWC")
            )
            x = self._pooled(activation(x + bias)).reshape(len(x), -1)
        while len(pending) > 2:
            x = activation(x @ pending.pop(0) + pending.pop(0))
        return x @ pending[0] + pending[1]

    def _pooled(self, x: Any) -> Any:
        if self.chosen["pool"] == "reduce_window":
            window = (1, 2, 2, 1)
            return lax.reduce_window(x, -jnp.inf, lax.max, window, window, "VALID")
        b, h, w, c = x.shape
        x = x[:, : h // 2 * 2, : w // 2 * 2]
        return x.reshape(b, h // 2, 2, w // 2, 2, c).max((2, 4))

    def _loss(self, weights: Any, x: Any, y: Any) -> Any:
        logits = jax.nn.log_softmax(self._forward(weights, x))
        return -jnp.take_along_axis(logits, y[:, None], axis=1).mean()

    def _step(self, state: Any, images: Any, labels: Any, i: Any) -> Any:
        batch = self.task.case.batch
        x = lax.dynamic_slice_in_dim(images, i * batch, batch)
        y = lax.dynamic_slice_in_dim(labels, i * batch, batch)
        weights, moments, t = state
        loss, gradients = jax.value_and_grad(self._loss)(weights, x, y)
        t, rate = t + 1, LEARNING_RATES[self.task.optimizer]
        apply = jax.tree.map
        if self.task.optimizer == "sgd":
            v = apply(lambda v, g: MOMENTUM * v - rate * g, moments[0], gradients)
            return (apply(jnp.add, weights, v), [v], t), loss
        m = apply(lambda m, g: BETA_1 * m + (1 - BETA_1) * g, moments[0], gradients)
        v = apply(lambda v, g: BETA_2 * v + (1 - BETA_2) * g * g, moments[1], gradients)
        rate = rate * jnp.sqrt(1 - BETA_2**t) / (1 - BETA_1**t)
        weights = apply(lambda w, m, v: w - rate * m / (jnp.sqrt(v) + EPSILON), weights, m, v)
        return (weights, [m, v], t), loss

    def _scan(self, state: Any, images: Any, labels: Any, first: Any, steps: int) -> Any:
        state, losses = lax.scan(
            lambda state, i: self._step(state, images, labels, i), state, first + jnp.arange(steps)
        )
        return state, losses.sum()

    def train(self, first: int, steps: int) -> float:
        """Train with one call a step, or one a chunk."""
        losses, scan = [], self.chosen["calls"] == "scan"
        chunk = next(c for c in range(min(CHUNK, steps), 0, -1) if steps % c == 0)
        for i in range(first, first + steps, chunk if scan else 1):
            if scan:
                self.state, loss = self.scan(self.state, self.images, self.labels, i, chunk)
            else:
                self.state, loss = self.step(self.state, self.images, self.labels, i)
            losses.append(loss)
        jax.block_until_ready(self.state)
        return float(np.sum(jax.device_get(losses))) / steps

    def predict(self, batch: int) -> Array:
        """Return logits, `batch` images at once."""
        weights, starts = self.state[0], range(0, len(self.test), batch)
        return np.concatenate([self.forward(weights, self.test[i : i + batch]) for i in starts])
