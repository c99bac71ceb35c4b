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

from ..memory import aligned
from .schedules import LearningRateSchedule

Array = NDArray[Any]

# Weights that one pass goes over at a time. Microseconds of an Adam step in float32 with blocks of
# 16,384 / 65,536 / 262,144 / 524,288 / all, on an EPYC (Zen 4) with 1 MB of L2 and 32 MB
# of L3: 543 / 450 / 414 / 395 / 424 for 407,050 weights, 2403 / 2016 / 2026 / 1686 / 1766 for
# 1,387,434.
BLOCK = 524_288


class Optimizer:
    """A base class that moves a vector of weights (P,). Subclasses name their `slots`.

    A slot is a vector (P,) of the optimizer's own, zero at first, that `_update` works on.
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
        self.use_ema, self.ema_momentum = use_ema, ema_momentum
        self.ema_overwrite_frequency = ema_overwrite_frequency
        self.iterations = 0
        if use_ema:
            self.slots = (*self.slots, "average")
        self._vectors: dict[str, Array] = {}
        self._spare = np.empty(0)

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
        """Update the weights (P,) in place; the gradients (P,) are used up."""
        self.check_weights(weights)
        self._build(weights)
        rate = self.learning_rate
        clip = self._clip(gradients)
        decay = weights.dtype.type((self.weight_decay or 0.0) * rate)
        self._prepare(rate, weights.dtype)
        own = [self._vectors[name] for name in self.slots]
        for start in range(0, weights.size, BLOCK):
            part = slice(start, start + BLOCK)
            w, dw, *slots = (vector[part] for vector in (weights, gradients, *own))
            spare = self._spare[: w.size]
            if clip is not None:
                dw *= clip
            if decay:
                w -= np.multiply(w, decay, out=spare)
            if self.use_ema:
                average = slots.pop()
            self._update(w, dw, spare, *slots)
            if self.use_ema:
                self._average(w, average, spare)
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
        return self.__dict__ | {"_weights": None, "_spare": np.empty(0)}

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Give a copy slots of its own, which it can write into."""
        self.__dict__ |= state
        self._vectors = {name: vector.copy() for name, vector in self._vectors.items()}

    def _build(self, weights: Array) -> None:
        """Make the slots in the first step, or see that a state that was set fits the weights."""
        if self._spare.size != min(weights.size, BLOCK) or self._spare.dtype != weights.dtype:
            self._spare = aligned((min(weights.size, BLOCK),), weights.dtype)
        for name in self.slots:
            if name not in self._vectors:
                self._vectors[name] = aligned(weights.shape, weights.dtype)
            vector = self._vectors[name]
            if vector.shape != weights.shape:
                raise ValueError(
                    f"{type(self).__name__}: {name} is of shape {vector.shape}; received weights "
                    f"of shape {weights.shape}; set the state of an optimizer of this model"
                )
            if vector.dtype != weights.dtype:
                self._vectors[name] = vector.astype(weights.dtype)
        self._weights = weights

    def _clip(self, gradients: Array) -> np.floating[Any] | None:
        """Return the factor that clips the gradients, or None where they are within the norm."""
        if not self.global_clipnorm or self.global_clipnorm < 0:
            return None
        norm = np.sqrt(np.dot(gradients, gradients))
        if norm <= self.global_clipnorm:
            return None
        # an infinite or undefined norm makes every gradient undefined, as in Keras
        factor: np.floating[Any] = gradients.dtype.type(self.global_clipnorm) / norm
        return factor if np.isfinite(norm) else gradients.dtype.type(np.nan)

    def _prepare(self, rate: float, dtype: np.dtype[Any]) -> None:
        """Fold this step's constants into scalars of the weights' type."""
        raise NotImplementedError

    def _update(self, w: Array, dw: Array, spare: Array, *slots: Array) -> None:
        """Apply the rule to a part of each vector; `dw` and `spare` may be overwritten."""
        raise NotImplementedError

    def _average(self, w: Array, average: Array, spare: Array) -> None:
        if self.iterations == 0:
            average[:] = w
        else:
            average *= self.ema_momentum
            average += np.multiply(w, 1 - self.ema_momentum, out=spare)
        every = self.ema_overwrite_frequency
        if every and (self.iterations + 1) % every == 0:
            w[:] = average

    def finalize(self, weights: Array) -> None:
        """With `use_ema`, overwrite the weights by their average; call it after training."""
        if "average" in self._vectors:
            weights[:] = self._vectors["average"]

    @property
    def state(self) -> dict[str, Array]:
        """Copies of everything the next step depends on, to be set again for an exact resume.

        "iterations" (), "learning_rate" () unless a schedule gives it, and after the first step a
        vector (P,) for each of `slots`, scaled as the optimizer's docstring says.
        """
        state = {name: vector.copy() for name, vector in self._vectors.items()}
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
        shapes = {v.shape for v in (*vectors.values(), *self._vectors.values())}
        if len(shapes) > 1 or any(len(shape) != 1 for shape in shapes):
            raise ValueError(
                f"{type(self).__name__}: expected vectors of one shape (P,); received "
                f"{ {name: v.shape for name, v in vectors.items()} }"
            )
        self.iterations = steps
        if not scheduled:
            self._learning_rate = float(state["learning_rate"])
        self._vectors = vectors
