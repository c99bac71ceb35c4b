"""Keras on the backend that KERAS_BACKEND names: `fit` and `predict`, as its users call them."""

import os
from typing import Any

from benchmarks.speed.cases import (
    BETA_1,
    BETA_2,
    CLASSES,
    EPSILON,
    FILTERS,
    LEARNING_RATES,
    MOMENTUM,
    SIDE,
    WINDOW,
)
from benchmarks.speed.peers import IMAGES, Array, Form, Task, fastest

STEPS = 20  # of one call, where the backend has it


def _library(threads: int) -> Any:
    backend = os.environ["KERAS_BACKEND"]
    if backend == "torch":
        import torch

        from fashionlab.engines.keras import keep_freed_memory

        torch.set_num_threads(threads)
        keep_freed_memory()  # as the keras engine does
    elif backend == "tensorflow":
        import tensorflow

        tensorflow.config.threading.set_intra_op_parallelism_threads(threads)
    import keras

    return keras


class Peer:
    """See `benchmarks.speed.peers.Peer`."""

    def __init__(self, task: Task) -> None:
        self.task, self.keras = task, _library(task.threads)
        self.labels = task.read("labels").astype("int32")
        alternatives = {"images": IMAGES}
        if self.keras.backend.backend() != "torch":  # which has no such steps
            alternatives["execution"] = ("a call a step", f"{STEPS} steps a call")
        if self.keras.backend.backend() == "tensorflow":
            alternatives["compiler"] = ("XLA", "no XLA")
        form = fastest(task.case, alternatives, self._build, self.train)
        self.form = ", ".join([form.pop("images"), "fit", *form.values()])

    def _build(self, form: Form, steps: int | None) -> None:
        task, case, keras = self.task, self.task.case, self.keras
        self.images = task.images("images", form["images"], steps)
        self.test = task.images("test_images", form["images"])
        keras.backend.clear_session()  # frees the last form's model
        nn, rate = keras.layers, LEARNING_RATES[task.optimizer]
        first = [nn.Input((SIDE, SIDE, 1) if case.convolution else (SIDE * SIDE,))]
        if form["images"] == "uint8":
            first.append(nn.Rescaling(1 / 255))
        if case.convolution:
            first += [
                nn.Conv2D(FILTERS, WINDOW, activation=case.activation),
                nn.MaxPooling2D(2),
                nn.Flatten(),
            ]
        hidden = [nn.Dense(units, activation=case.activation) for units in case.units]
        self.model = keras.Sequential([*first, *hidden, nn.Dense(CLASSES)])
        self.model.compile(
            keras.optimizers.SGD(rate, momentum=MOMENTUM)
            if task.optimizer == "sgd"
            else keras.optimizers.Adam(rate, BETA_1, BETA_2, EPSILON),
            keras.losses.SparseCategoricalCrossentropy(from_logits=True),
            steps_per_execution=STEPS if form.get("execution", "").startswith(str(STEPS)) else 1,
            jit_compile=False if form.get("compiler") == "no XLA" else "auto",
        )
        self.model.optimizer.build(self.model.trainable_variables)
        self.fresh = [variable.numpy() for variable in self.model.optimizer.variables]
        self.reset()

    def reset(self) -> None:
        """Set the initial weights and the optimizer's initial variables."""
        self.model.set_weights(self.task.weights())
        for variable, value in zip(self.model.optimizer.variables, self.fresh, strict=True):
            variable.assign(value)

    def train(self, first: int, steps: int) -> float:
        """Train with one call of `fit`."""
        batch = self.task.case.batch
        part = slice(first * batch, (first + steps) * batch)
        history = self.model.fit(
            self.images[part], self.labels[part], batch_size=batch, shuffle=False, verbose=0
        )
        return float(history.history["loss"][0])

    def predict(self, batch: int) -> Array:
        """Return logits, `batch` images at once."""
        scores: Array = self.model.predict(self.test, batch_size=batch, verbose=0)
        return scores
