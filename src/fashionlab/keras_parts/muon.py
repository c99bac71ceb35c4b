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

        def apply(self, grads: Sequence[Any], trainable_variables: Any = None) -> None:
            """Update the variables by their gradients; raises what Keras's own raises."""
            self.build(trainable_variables)  # beside the variables
            elsewhere = self.clipnorm or self.clipvalue or self.global_clipnorm
            elsewhere = elsewhere or self.gradient_accumulation_steps
            with nullcontext() if elsewhere else keras.device("cpu"):
                super().apply(grads, trainable_variables)

        def _backend_update_step(
            self, grads: Sequence[Any], trainable_variables: Sequence[Any], learning_rate: Any
        ) -> None:
            hidden: list[Pair] = []
            others: list[Pair] = []
            for pair in zip(grads, trainable_variables, strict=True):
                (others if self._should_use_adamw(pair[1]) else hidden).append(pair)
            with torch.no_grad():
                for gradient, variable in hidden:
                    self._update_hidden(gradient, variable, float(learning_rate))
                if others:
                    self._update_others(others, float(learning_rate) * self.adam_lr_ratio)

        def _update_hidden(self, gradient: Any, variable: Any, rate: float) -> None:
            m = self.momentums[self._get_variable_index(variable)].value
            m.mul_(self.momentum).add_(gradient)
            g = torch.add(gradient, m, alpha=self.momentum) if self.nesterov else m
            g = g.reshape(-1, variable.shape[-1])
            scale = 1.0 if self.rms_rate is None else self.rms_rate * max(g.shape) ** 0.5
            step = self._orthogonal(g).reshape(variable.shape)
            variable.value.add_(step, alpha=-rate * scale)

        def _orthogonal(self, g: Any) -> Any:
            """The matrix near g whose singular values are about 1, by Newton and Schulz's steps.

            On a GPU in bfloat16, as Jordan et al. have it: the factors need no more.
            """
            x = g.bfloat16() if g.is_cuda else g
            x = x.T if g.shape[0] > g.shape[1] else x
            x = x / (x.norm() + 1e-7)
            for _ in range(self.ns_steps):
                a = x @ x.T
                b = torch.addmm(a, a, a, beta=self.muon_b, alpha=self.muon_c)
                x = torch.addmm(x, b, x, beta=self.muon_a)
            return (x.T if g.shape[0] > g.shape[1] else x).to(g.dtype)

        def _update_others(self, others: Sequence[Pair], rate: float) -> None:
            g = [gradient for gradient, _ in others]
            places = [self._get_variable_index(variable) for _, variable in others]
            m = [self.momentums[i].value for i in places]
            v = [self.adam_velocities[i].value for i in places]
            t = int(self.iterations) + 1
            torch._foreach_lerp_(m, g, 1 - self.adam_beta_1)
            torch._foreach_mul_(v, self.adam_beta_2)
            torch._foreach_addcmul_(v, g, g, 1 - self.adam_beta_2)
            deviations = torch._foreach_sqrt(v)
            torch._foreach_add_(deviations, self.epsilon)
            rate *= (1 - self.adam_beta_2**t) ** 0.5 / (1 - self.adam_beta_1**t)
            torch._foreach_addcdiv_([w.value for _, w in others], m, deviations, -rate)

        def _apply_weight_decay(self, variables: Sequence[Any]) -> None:
            rate = float(self.learning_rate)
            for others, decay in ((False, self.weight_decay), (True, self.adam_weight_decay)):
                own = [v.value for v in variables if self._should_use_adamw(v) == others]
                if decay and own:
                    with torch.no_grad():
                        torch._foreach_mul_(own, 1 - decay * rate)

        def _update_model_variables_moving_average(
            self, trainable_variables: Sequence[Any]
        ) -> None:
            averages = [average.value for average in self._model_variables_moving_average]
            share = 1 - self.ema_momentum if int(self.iterations) else 1.0
            with torch.no_grad():
                torch._foreach_lerp_(averages, [v.value for v in trainable_variables], share)
