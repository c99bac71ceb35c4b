"""Muon for convolutions: Keras's own leaves their kernels to AdamW.

On PyTorch each rule is a few operations for all weights together, where Keras would take some for
each weight; and the count of the steps, which decides the learning rate, is on the processor, so
that a GPU is never waited for.
"""

import math
from collections.abc import Sequence
from contextlib import nullcontext
from importlib import import_module
from typing import Any

import keras
from keras import ops

Pair = tuple[Any, Any]  # a gradient and its variable
FEW = 16
torch: Any = import_module("torch") if keras.backend.backend() == "torch" else None


class Muon(keras.optimizers.Muon):  # type: ignore[misc]
    """Muon, with a kernel (height, width, inputs, filters) taken as a matrix.

    Its rows are all inputs of a filter, height x width x inputs; its columns are the filters:

        m := momentum m + dw,    g := momentum m + dw
        w := w - learning_rate rms_rate sqrt(max(rows, columns)) orthogonal(g)

    As Jordan et al. did (2024, "Muon: an optimizer for hidden layers in neural networks"), what is
    not a hidden layer's kernel goes to AdamW, with learning_rate adam_lr_ratio: vectors, a kernel
    with at most FEW inputs a filter, which is the one that reads grey images, and dense kernels, of
    which a convolution network has only the last.
    """

    def _should_use_adamw(self, variable: Any) -> bool:
        return len(variable.shape) != 4 or math.prod(variable.shape[:-1]) <= FEW

    def _muon_update_step(self, gradient: Any, variable: Any, lr: Any, m: Any) -> None:
        lr = ops.cast(lr, variable.dtype)
        self.assign(m, ops.add(ops.multiply(m, self.momentum), gradient))
        g = ops.add(ops.multiply(m, self.momentum), gradient) if self.nesterov else m
        matrix = ops.reshape(g, (-1, variable.shape[-1]))
        step = self.lr_adjust(self.zeropower_via_newtonschulz5(matrix, self.ns_steps))
        self.assign_sub(variable, ops.reshape(step * lr, variable.shape))

    if torch:

        def __init__(self, *args: Any, **options: Any) -> None:
            with keras.device("cpu"):
                super().__init__(*args, **options)
            self.in_bfloat16 = False  # whether the orthogonal matrices are computed in it

        @property
        def is_direct(self) -> bool:
            """Whether `prepare`, `update` and `count` are all that `apply` does."""
            clips = self.clipnorm or self.clipvalue or self.global_clipnorm
            return not (clips or self.gradient_accumulation_steps or self.ema_overwrite_frequency)

        def apply(self, grads: Sequence[Any], trainable_variables: Any = None) -> None:
            """Update the variables by their gradients; raises what Keras's own raises."""
            self.build(trainable_variables)
            self.prepare()
            with keras.device("cpu") if self.is_direct else nullcontext():
                super().apply(grads, trainable_variables)

        def build(self, variables: Sequence[Any]) -> None:
            """Make the optimizer's own variables, on the device of those that it updates."""
            if self.built:
                return
            super().build(variables)
            device = variables[0].value.device
            self._scalars = torch.zeros(4, device=device) if device.type == "cuda" else None

        def prepare(self) -> None:
            """Compute the next step's rates, on a GPU as scalars there: a recorded step reads them.

            `update` takes the step, `count` counts it.
            """
            with keras.device("cpu"):
                step, rate = int(self.iterations), float(self.learning_rate)
            t, adam = step + 1, rate * self.adam_lr_ratio
            adam *= (1 - self.adam_beta_2**t) ** 0.5 / (1 - self.adam_beta_1**t)
            decays = (self.weight_decay or 0, self.adam_weight_decay or 0)
            rates = (*(1 - decay * rate for decay in decays), -rate, -adam)
            if self._scalars is not None:
                for scalar, value in zip(self._scalars, rates, strict=True):
                    scalar.fill_(value)
                rates = tuple(self._scalars)
            self._hidden_decay, self._others_decay, self._hidden_rate, self._others_rate = rates
            self._average_share = 1 - self.ema_momentum if step else 1.0

        def update(self, grads: Sequence[Any], variables: Sequence[Any]) -> None:
            """Take the prepared step, by the same kernels at every step but the first."""
            self._apply_weight_decay(variables)
            self._backend_update_step(grads, variables, None)
            if self.use_ema:
                self._update_model_variables_moving_average(variables)

        def count(self) -> None:
            """Count the step that was taken."""
            with keras.device("cpu"):
                self.iterations.assign_add(1)

        def _backend_update_step(
            self, grads: Sequence[Any], trainable_variables: Sequence[Any], learning_rate: Any
        ) -> None:
            hidden: list[Pair] = []
            others: list[Pair] = []
            for pair in zip(grads, trainable_variables, strict=True):
                (others if self._should_use_adamw(pair[1]) else hidden).append(pair)
            with torch.no_grad():
                for gradient, variable in hidden:
                    self._update_hidden(gradient, variable)
                if others:
                    self._update_others(others)

        def _update_hidden(self, gradient: Any, variable: Any) -> None:
            m = self.momentums[self._get_variable_index(variable)].value
            m.mul_(self.momentum).add_(gradient)
            g = torch.add(gradient, m, alpha=self.momentum) if self.nesterov else m
            g = g.reshape(-1, variable.shape[-1])
            scale = 1.0 if self.rms_rate is None else self.rms_rate * max(g.shape) ** 0.5
            step = self._orthogonal(g).reshape(variable.shape)
            if self._scalars is None:
                variable.value.add_(step, alpha=self._hidden_rate * scale)
            else:
                variable.value.addcmul_(step, self._hidden_rate, value=scale)

        def _orthogonal(self, g: Any) -> Any:
            """Return a matrix near g with singular values near 1, by Newton and Schulz's steps."""
            x = g.bfloat16() if self.in_bfloat16 else g  # as Jordan et al. have it
            x = x.T if g.shape[0] > g.shape[1] else x
            x = x / (x.norm() + 1e-7)
            for _ in range(self.ns_steps):
                a = x @ x.T
                b = torch.addmm(a, a, a, beta=self.muon_b, alpha=self.muon_c)
                x = torch.addmm(x, b, x, beta=self.muon_a)
            return (x.T if g.shape[0] > g.shape[1] else x).to(g.dtype)

        def _update_others(self, others: Sequence[Pair]) -> None:
            g = [gradient for gradient, _ in others]
            places = [self._get_variable_index(variable) for _, variable in others]
            m = [self.momentums[i].value for i in places]
            v = [self.adam_velocities[i].value for i in places]
            values = [variable.value for _, variable in others]
            torch._foreach_lerp_(m, g, 1 - self.adam_beta_1)
            torch._foreach_mul_(v, self.adam_beta_2)
            torch._foreach_addcmul_(v, g, g, 1 - self.adam_beta_2)
            deviations = torch._foreach_sqrt(v)
            torch._foreach_add_(deviations, self.epsilon)
            if self._scalars is None:
                torch._foreach_addcdiv_(values, m, deviations, self._others_rate)
            else:
                steps = torch._foreach_div(m, deviations)
                torch._foreach_mul_(steps, self._others_rate)
                torch._foreach_add_(values, steps)

        def _apply_weight_decay(self, variables: Sequence[Any]) -> None:
            for others, decay in ((False, self._hidden_decay), (True, self._others_decay)):
                own = [v.value for v in variables if self._should_use_adamw(v) == others]
                if own:
                    with torch.no_grad():
                        torch._foreach_mul_(own, decay)

        def _update_model_variables_moving_average(
            self, trainable_variables: Sequence[Any]
        ) -> None:
            averages = [average.value for average in self._model_variables_moving_average]
            with torch.no_grad():
                torch._foreach_lerp_(
                    averages, [v.value for v in trainable_variables], self._average_share
                )
