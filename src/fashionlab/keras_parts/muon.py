"""Muon for convolutions: Keras's own leaves their kernels to AdamW."""

import math
from typing import Any

import keras
from keras import ops

FEW = 16


class Muon(keras.optimizers.Muon):  # type: ignore[misc]
    """Muon, with a kernel (height, width, inputs, filters) taken as a matrix.

    Its rows are all inputs of a filter, height x width x inputs; its columns are the filters. As
    Jordan et al. did (2024, "Muon: an optimizer for hidden layers in neural networks"), what is
    not a hidden layer's kernel goes to AdamW: vectors, a kernel with at most FEW inputs a filter,
    which is the one that reads grey images, and dense kernels, of which a convolution network has
    only the last.
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
