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
FEW = 16  # inputs of a filter, at most, with which a kernel is none of Muon's
torch: Any = import_module("torch") if keras.backend.backend() == "torch" else None


def hidden(variables: Sequence[Any]) -> list[Any]:
    """Return the kernels of hidden convolutions, which Muon updates; `variables` in model order.

    The first kernel that reads colour images counts as if it read grey ones: it would have more
    than FEW inputs by its three channels alone.
    """
    kernels = [variable for variable in variables if len(variable.shape) == 4]
    axes = [2 if not i and kernel.shape[2] == 3 else 3 for i, kernel in enumerate(kernels)]
    return [k for k, n in zip(kernels, axes, strict=True) if math.prod(k.shape[:n]) > FEW]


class Muon(keras.optimizers.Optimizer):  # type: ignore[misc]
    """Muon, with a kernel (height, width, inputs, filters) taken as a matrix.

    Its rows are all inputs of a filter, height x width x inputs; its columns are the filters:

        m := momentum m + dw,    g := momentum m + dw
        w := w - learning_rate rms_rate sqrt(max(rows, columns)) orthogonal(g)

    As Jordan et al. did (2024, "Muon: an optimizer for hidden layers in neural networks"), what is
    not a hidden layer's kernel goes to AdamW, with learning_rate adam_lr_ratio: vectors, kernels
    that are small or read the images (see `hidden`), and dense kernels, of which a convolution
    network has only the last. Arguments and defaults are those of keras.optimizers.Muon.
    """

    def __init__(
        self,
        learning_rate: Any = 0.001,
        *,
        momentum: float = 0.95,
        nesterov: bool = True,
        ns_steps: int = 5,
        rms_rate: float | None = 0.2,
        muon_a: float = 3.4445,
        muon_b: float = -4.7750,
        muon_c: float = 2.0315,
        weight_decay: float | None = 0.004,
        adam_lr_ratio: float = 1.0,
        adam_beta_1: float = 0.9,
        adam_beta_2: float = 0.999,
        adam_weight_decay: float | None = 0.004,
        epsilon: float = 1e-7,
        **options: Any,
    ) -> None:
        with keras.device("cpu") if torch else nullcontext():
            super().__init__(learning_rate, **options)
        self.momentum, self.nesterov = momentum, nesterov
        self.ns_steps, self.rms_rate = int(ns_steps), rms_rate
        self.factors = (muon_a, muon_b, muon_c)
        self.decays = (weight_decay or 0.0, adam_weight_decay or 0.0)  # of hidden kernels, others
        self.adam_lr_ratio, self.epsilon = adam_lr_ratio, epsilon
        self.adam_beta_1, self.adam_beta_2 = adam_beta_1, adam_beta_2
        self.in_bfloat16 = False  # whether the orthogonal matrices are computed in it
        self._scalars: Any = None

    def build(self, variables: Sequence[Any]) -> None:
        """Make the optimizer's own variables, on the device of those that it updates."""
        if self.built:
            return
        super().build(variables)
        self._averages = list(self.variables[-len(variables) :]) if self.use_ema else []
        self._momenta, self._velocities = {}, {}
        updated = {id(variable) for variable in hidden(variables)}
        for variable in variables:
            add = self.add_variable_from_reference
            self._momenta[id(variable)] = add(variable, name="momentum")
            if id(variable) not in updated:
                self._velocities[id(variable)] = add(variable, name="velocity")
        if torch and variables[0].value.is_cuda:
            self._scalars = torch.zeros(4, device=variables[0].value.device)

    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        """Update one variable by its gradient, on any backend of Keras."""
        rate, m = ops.cast(learning_rate, variable.dtype), self._momenta[id(variable)]
        self.assign(variable, variable * (1 - self.decays[not self._is_hidden(variable)] * rate))
        if self._is_hidden(variable):
            self.assign(m, m * self.momentum + gradient)
            g = m * self.momentum + gradient if self.nesterov else m
            matrix = ops.reshape(g, (-1, variable.shape[-1]))
            step = ops.reshape(self._orthogonal(matrix), variable.shape)
            self.assign_sub(variable, step * rate * self._scale(matrix.shape))
            return
        v, t = self._velocities[id(variable)], ops.cast(self.iterations + 1, variable.dtype)
        self.assign(m, m + (gradient - m) * (1 - self.adam_beta_1))
        self.assign(v, v + (ops.square(gradient) - v) * (1 - self.adam_beta_2))
        rate = rate * self.adam_lr_ratio * ops.sqrt(1 - self.adam_beta_2**t)
        rate = rate / (1 - self.adam_beta_1**t)
        self.assign_sub(variable, rate * m / (ops.sqrt(v) + self.epsilon))

    def _is_hidden(self, variable: Any) -> bool:
        return id(variable) not in self._velocities

    def _scale(self, shape: Sequence[int]) -> float:
        return 1.0 if self.rms_rate is None else float(self.rms_rate * max(shape) ** 0.5)

    def _orthogonal(self, g: Any) -> Any:
        """Return a matrix near g with singular values near 1, by Newton and Schulz's steps."""
        a, b, c = self.factors
        tall = g.shape[0] > g.shape[1]
        x = ops.transpose(g) if tall else g
        x = x / (ops.norm(x) + 1e-7)
        for _ in range(self.ns_steps):
            s = ops.matmul(x, ops.transpose(x))
            x = a * x + ops.matmul(b * s + c * ops.matmul(s, s), x)
        return ops.transpose(x) if tall else x

    if torch:

        @property
        def is_direct(self) -> bool:
            """Whether `prepare`, `update` and `count` are all that `apply` does."""
            clips = self.clipnorm or self.clipvalue or self.global_clipnorm
            more = self.gradient_accumulation_steps or self.loss_scale_factor
            return not (clips or more or self.ema_overwrite_frequency)

        def apply(self, grads: Sequence[Any], trainable_variables: Any = None) -> None:
            """Update the variables by their gradients; raises what Keras's own raises."""
            if trainable_variables is None or any(gradient is None for gradient in grads):
                super().apply(grads, trainable_variables)
                return
            self.build(trainable_variables)
            known = all(id(variable) in self._momenta for variable in trainable_variables)
            if not (known and self.is_direct):
                super().apply(grads, trainable_variables)
                return
            self.prepare()
            self.update(grads, trainable_variables)
            self.count()

        def prepare(self) -> None:
            """Compute the next step's rates, on a GPU as scalars there: a recorded step reads them.

            `update` takes the step, `count` counts it.
            """
            with keras.device("cpu"):
                step, rate = int(self.iterations), float(self.learning_rate)
            t, adam = step + 1, rate * self.adam_lr_ratio
            adam *= (1 - self.adam_beta_2**t) ** 0.5 / (1 - self.adam_beta_1**t)
            rates = (*(1 - decay * rate for decay in self.decays), -rate, -adam)
            if self._scalars is not None:
                for scalar, value in zip(self._scalars, rates, strict=True):
                    scalar.fill_(value)
                rates = tuple(self._scalars)
            self._hidden_decay, self._others_decay, self._hidden_rate, self._others_rate = rates
            self._average_share = 1 - self.ema_momentum if step else 1.0

        def update(self, grads: Sequence[Any], variables: Sequence[Any]) -> None:
            """Take the prepared step, by the same kernels at every step but the first."""
            pairs = list(zip(grads, variables, strict=True))
            kernels = [pair for pair in pairs if self._is_hidden(pair[1])]
            others = [pair for pair in pairs if not self._is_hidden(pair[1])]
            with torch.no_grad():
                for part, decay in ((kernels, self._hidden_decay), (others, self._others_decay)):
                    if part:
                        torch._foreach_mul_([variable.value for _, variable in part], decay)
                for gradient, variable in kernels:
                    self._update_hidden(gradient, variable)
                if others:
                    self._update_others(others)
                if self._averages:
                    averages = [average.value for average in self._averages]
                    values = [variable.value for variable in variables]
                    torch._foreach_lerp_(averages, values, self._average_share)

        def count(self) -> None:
            """Count the step that was taken."""
            with keras.device("cpu"):
                self.iterations.assign_add(1)

        def _update_hidden(self, gradient: Any, variable: Any) -> None:
            m = self._momenta[id(variable)].value
            m.mul_(self.momentum).add_(gradient)
            g = torch.add(gradient, m, alpha=self.momentum) if self.nesterov else m
            g = g.reshape(-1, variable.shape[-1])
            step = self._orthogonal_on_torch(g).reshape(variable.shape)
            if self._scalars is None:
                variable.value.add_(step, alpha=self._hidden_rate * self._scale(g.shape))
            else:
                variable.value.addcmul_(step, self._hidden_rate, value=self._scale(g.shape))

        def _orthogonal_on_torch(self, g: Any) -> Any:
            """Return what `_orthogonal` does, in fewer operations."""
            a, b, c = self.factors
            x = g.bfloat16() if self.in_bfloat16 else g  # as Jordan et al. have it
            x = x.T if g.shape[0] > g.shape[1] else x
            x = x / (x.norm() + 1e-7)
            for _ in range(self.ns_steps):
                s = x @ x.T
                x = torch.addmm(x, torch.addmm(s, s, s, beta=b, alpha=c), x, beta=a)
            return (x.T if g.shape[0] > g.shape[1] else x).to(g.dtype)

        def _update_others(self, others: Sequence[Pair]) -> None:
            g = [gradient for gradient, _ in others]
            m = [self._momenta[id(variable)].value for _, variable in others]
            v = [self._velocities[id(variable)].value for _, variable in others]
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
