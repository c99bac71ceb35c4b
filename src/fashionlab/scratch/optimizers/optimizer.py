"""The parts of a step that all optimizers share, around the rule, in Keras's order:

clip        dw := dw min(1, global_clipnorm / |dw|), where |dw| is the norm of all gradients
decay       w := w - weight_decay learning_rate w
update      the optimizer's rule
average     a := w after the first step, later a := ema_momentum a + (1 - ema_momentum) w
overwrite   w := a, every ema_overwrite_frequency steps and in `finalize`
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .schedules import LearningRateSchedule

Array = NDArray[Any]


class Optimizer:
    """A base class that moves a vector of weights (P,). Subclasses name their `slots`.

    A slot is a vector (P,) of the optimizer's own, zero at first, that `_update` writes into.
    """

    slots: tuple[str, ...] = ()
    _weights: Array | None = None  # what the first step moved

    def __init__(
        self,
        learning_rate: float | LearningRateSchedule,
        weight_decay: float | None = None,
        global_clipnorm: float | None = None,
        use_ema: bool = False,
        ema_momentum: float = 0.99,
        ema_overwrite_frequency: int | None = None,
    ) -> None:
        if not isinstance(learning_rate, float | LearningRateSchedule):
            raise ValueError(
                f"{type(self).__name__}: learning_rate must be a float or a LearningRateSchedule; "
                f"received {learning_rate!r}"
            )
        if use_ema and not 0 <= ema_momentum <= 1:
            raise ValueError(
                f"{type(self).__name__}: ema_momentum must be in [0, 1]; received {ema_momentum}"
            )
        if use_ema and ema_overwrite_frequency is not None:
            whole = isinstance(ema_overwrite_frequency, int)
            if not whole or ema_overwrite_frequency < 1:
                raise ValueError(
                    f"{type(self).__name__}: ema_overwrite_frequency must be an integer of at "
                    f"least 1, or None; received {ema_overwrite_frequency!r}"
                )
        self._learning_rate = learning_rate
        self.weight_decay, self.global_clipnorm = weight_decay, global_clipnorm
        self.use_ema, self.ema_momentum = use_ema, float(ema_momentum)
        self.ema_overwrite_frequency = ema_overwrite_frequency
        self.iterations = 0
        if use_ema:
            self.slots = (*self.slots, "average")
        self.vectors: dict[str, Array] = {}

    def __repr__(self) -> str:
        """Return for instance "SGD(learning_rate=0.1)"."""
        rate = self._learning_rate
        shown = f"{rate:g}" if isinstance(rate, float) else type(rate).__name__
        return f"{type(self).__name__}(learning_rate={shown})"

    @property
    def learning_rate(self) -> float:
        """The rate of the next step. A schedule may replace a number, no number a schedule."""
        if isinstance(self._learning_rate, LearningRateSchedule):
            return self._learning_rate(self.iterations)
        return self._learning_rate

    @learning_rate.setter
    def learning_rate(self, value: float | LearningRateSchedule) -> None:
        if isinstance(value, LearningRateSchedule):
            self._learning_rate = value
        elif isinstance(self._learning_rate, LearningRateSchedule):
            raise TypeError(
                f"{type(self).__name__}: a learning rate that follows a schedule is not settable; "
                f"received {value!r}; make the optimizer with a float learning_rate"
            )
        else:
            self._learning_rate = float(value)

    def step(self, weights: Array, gradients: Array) -> None:
        """Update the weights (P,) in place, by the gradients (P,) and the rate of this step."""
        self.prepare(weights)
        rate = float(self.learning_rate)
        gradients = self._clipped(gradients)
        if self.weight_decay:
            weights -= float(self.weight_decay * rate) * weights
        self._update(weights, gradients, rate)
        if self.use_ema:
            self._average(weights)
        self.iterations += 1

    def check_weights(self, weights: Array) -> None:
        """Raise ValueError where earlier steps moved other weights than these."""
        own = weights if self._weights is None else self._weights
        if own is not weights and not np.may_share_memory(own, weights):
            raise ValueError(
                f"{type(self).__name__}: an optimizer must keep to the weights of its first step, "
                f"a vector {own.shape}; received another one, {weights.shape}; make a "
                "new optimizer for each model, and after adding a layer with weights"
            )

    def __getstate__(self) -> dict[str, Any]:
        """Leave out the weights: a copy of an optimizer may move those of another model."""
        return self.__dict__ | {"_weights": None}

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Give a copy slots of its own, which it can write into."""
        self.__dict__ |= state
        self.vectors = {name: vector.copy() for name, vector in self.vectors.items()}

    def prepare(self, weights: Array) -> None:
        """Make the slots before the first step; ValueError where they are of other weights."""
        self.check_weights(weights)
        for name in self.slots:
            if name not in self.vectors:
                self.vectors[name] = np.zeros_like(weights)
            vector = self.vectors[name]
            if vector.shape != weights.shape:
                raise ValueError(
                    f"{type(self).__name__}: {name} is of shape {vector.shape}; received weights "
                    f"of shape {weights.shape}; set the state of an optimizer of this model"
                )
            if vector.dtype != weights.dtype:
                self.vectors[name] = vector.astype(weights.dtype)
        self._weights = weights

    def _clipped(self, gradients: Array) -> Array:
        """Return the gradients, scaled to `global_clipnorm` where their norm is larger."""
        if not self.global_clipnorm or self.global_clipnorm < 0:
            return gradients
        norm = np.sqrt(gradients @ gradients)
        if norm <= self.global_clipnorm:
            return gradients
        # an infinite or undefined norm makes every gradient undefined, as in Keras
        return gradients * (self.global_clipnorm / norm if np.isfinite(norm) else np.nan)

    def _update(self, w: Array, dw: Array, rate: float) -> None:
        """Apply the rule to the weights in place, and to the slots."""
        raise NotImplementedError

    def _average(self, w: Array) -> None:
        average = self.vectors["average"]
        if self.iterations == 0:
            average[:] = w
        else:
            average *= self.ema_momentum
            average += (1 - self.ema_momentum) * w
        every = self.ema_overwrite_frequency
        if every and (self.iterations + 1) % every == 0:
            w[:] = average

    def finalize(self, weights: Array) -> None:
        """With `use_ema`, overwrite the weights by their average; call it after training."""
        if "average" in self.vectors:
            weights[:] = self.vectors["average"]

    @property
    def state(self) -> dict[str, Array]:
        """Copies of everything the next step depends on, to be set again for an exact resume.

        "iterations" (), "learning_rate" () unless a schedule gives it, and after the first step a
        vector (P,) for each of `slots`.
        """
        state = {name: vector.copy() for name, vector in self.vectors.items()}
        state["iterations"] = np.array(self.iterations)
        if not isinstance(self._learning_rate, LearningRateSchedule):
            state["learning_rate"] = np.array(self._learning_rate)
        return state

    @state.setter
    def state(self, state: Mapping[str, Array]) -> None:
        """Set a state; raise ValueError, and change nothing, where it is of another optimizer."""
        scheduled = isinstance(self._learning_rate, LearningRateSchedule)
        scalars = {"iterations"} if scheduled else {"iterations", "learning_rate"}
        steps = int(state.get("iterations", 0))
        expected = scalars | set(self.slots if steps else ())
        if set(state) != expected or steps < 0:
            raise ValueError(
                f"{type(self).__name__}: expected {', '.join(sorted(expected))} as the state after "
                f"{steps} steps; received {', '.join(sorted(state)) or 'nothing'}"
            )
        vectors = {name: np.array(state[name]) for name in expected - scalars}
        shapes = {v.shape for v in (*vectors.values(), *self.vectors.values())}
        if len(shapes) > 1 or any(len(shape) != 1 for shape in shapes):
            raise ValueError(
                f"{type(self).__name__}: expected vectors of one shape (P,); received "
                f"{ {name: v.shape for name, v in vectors.items()} }"
            )
        self.iterations = steps
        if not scheduled:
            self._learning_rate = float(state["learning_rate"])
        self.vectors = vectors
