"""Adam by PyTorch's fused kernel, which reads the weights once where Keras's reads them ten times.

What it is worth: benchmarks/engine/keras_torch.py.
"""

from collections.abc import Sequence
from typing import Any

import keras
import torch
from torch.optim.adam import adam

OfKeras: Any = type(keras.optimizers.Adam())  # the form that Keras has for PyTorch


class Adam(OfKeras):  # type: ignore[misc]
    """Adam with Keras's arguments, state and rule, up to rounding.

    Clipping, weight decay, moving averages and what else Keras adds to the rule are left to Keras,
    and so are all steps on a GPU.
    """

    def build(self, variables: Sequence[Any]) -> None:
        """Make the optimizer's own variables."""
        if self.built:
            return
        super().build(variables)
        own = {name: [] for name in ("momentum", "velocity")}  # type: dict[str, list[Any]]
        for variable in self.variables:
            if (name := variable.path.rpartition("_")[2]) in own:
                own[name].append(variable)
        pairs = zip(own["momentum"], own["velocity"], strict=True)
        self._state = dict(zip(map(id, variables), pairs, strict=True))

    @property
    def _is_plain(self) -> bool:
        clips = self.clipnorm or self.clipvalue or self.global_clipnorm
        more = self.gradient_accumulation_steps or self.loss_scale_factor or self.use_ema
        return not (clips or more or self.weight_decay or self.amsgrad)

    def apply(self, grads: Sequence[Any], trainable_variables: Any = None) -> None:
        """Update the variables by their gradients; raises what Keras's own raises."""
        variables = None if trainable_variables is None else list(trainable_variables)
        if variables is not None and not self.built:
            self.build(variables)
        if not variables or not self._is_plain or not all(map(self._is_ours, grads, variables)):
            super().apply(grads, variables)
            return
        t = int(self.iterations) + 1
        states = [self._state[id(variable)] for variable in variables]
        with torch.no_grad():
            adam(
                [variable.value for variable in variables],
                list(grads),
                [momentum.value for momentum, _ in states],
                [velocity.value for _, velocity in states],
                [],
                [torch.tensor(float(t - 1)) for _ in variables],  # which it increments
                fused=True,
                amsgrad=False,
                beta1=self.beta_1,
                beta2=self.beta_2,
                lr=float(self.learning_rate),
                weight_decay=0.0,
                # PyTorch adds it after sqrt(v) is divided by sqrt(1 - beta_2^t), Keras before.
                eps=self.epsilon / (1 - self.beta_2**t) ** 0.5,
                maximize=False,
            )
        self.iterations.assign_add(1)

    def _is_ours(self, gradient: Any, variable: Any) -> bool:
        known = id(variable) in self._state and variable.constraint is None
        return known and gradient is not None and not variable.value.is_cuda
