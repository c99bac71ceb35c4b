import numpy as np
import pytest

from fashionlab import scratch
from fashionlab.scratch.callbacks import Callback, EarlyStopping, History


class Model:
    """Weights that are the number of the epoch, and what a callback may touch."""

    stop_training = False
    epoch = 0

    def get_weights(self):
        return [np.array(self.epoch)]

    def set_weights(self, weights):
        self.epoch = int(weights[0])


def train(callback, values, name="val_loss"):
    """Epochs until the callback stops; returns their number and the weights at the end."""
    model = Model()
    callback.set_model(model)
    callback.on_train_begin()
    for epoch, value in enumerate(values):
        model.epoch = epoch
        callback.on_epoch_end(epoch, {name: value})
        if model.stop_training:
            break
    callback.on_train_end()
    return epoch + 1, model.epoch


def test_early_stopping_waits_for_patience_and_restores_the_best():
    stop = EarlyStopping(patience=2, restore_best_weights=True)
    assert train(stop, [3, 2, 1, 2, 3, 0]) == (5, 2)
    assert (stop.best, stop.best_epoch, stop.stopped_epoch) == (1, 2, 4)


def test_early_stopping_keeps_the_last_weights_without_restoring():
    assert train(EarlyStopping(patience=2), [3, 2, 1, 2, 3, 0]) == (5, 4)


def test_early_stopping_restores_the_best_also_where_training_ends_by_itself():
    assert train(EarlyStopping(patience=9, restore_best_weights=True), [3, 1, 2]) == (3, 1)


def test_early_stopping_can_be_used_again():
    stop = EarlyStopping(patience=1, restore_best_weights=True)
    assert train(stop, [1, 2, 3]) == (2, 0)
    assert train(stop, [9, 8, 7]) == (3, 2)


@pytest.mark.parametrize(
    ("options", "values", "epochs"),
    [
        ({"min_delta": 0.5}, [3, 2.4, 2.2, 1], 3),
        ({"min_delta": -0.5}, [3, 2.4, 2.2, 1], 3),
        ({"mode": "max"}, [1, 2, 1, 3], 3),
        ({"start_from_epoch": 3}, [1, 2, 3, 4, 5], 5),
        ({"baseline": 0.5, "patience": 2}, [3, 2, 2, 1], 3),
        ({}, [1, float("nan"), 0], 2),
    ],
)
def test_early_stopping_options(options, values, epochs):
    assert train(EarlyStopping(**options), values)[0] == epochs


def test_accuracy_is_better_larger():
    assert train(EarlyStopping("val_accuracy"), [0.5, 0.6, 0.55], "val_accuracy")[0] == 3


def test_early_stopping_says_when_it_stopped(capsys):
    train(EarlyStopping(verbose=1), [1, 2])
    assert capsys.readouterr().out == "Epoch 2: early stopping\n"


def test_a_missing_metric_is_an_error_that_names_the_others():
    with pytest.raises(
        ValueError, match=r"must be one of loss; received 'val_loss'; .*validation_data"
    ):
        train(EarlyStopping(), [1], "loss")


def fit(**options):
    model = scratch.Sequential([scratch.Input((2,)), scratch.layers.Dense(2)])
    model.compile("sgd", "mse")
    x = np.random.default_rng(0).normal(size=(10, 2))
    return model.fit(x, x, batch_size=4, verbose=0, **options)


def test_history_has_a_value_for_each_epoch():
    history = fit(epochs=5, initial_epoch=2)
    assert history.epoch == [2, 3, 4]
    assert list(history.history) == ["loss"]
    assert len(history.history["loss"]) == 3
    assert isinstance(history, History)


def test_a_callback_knows_model_and_params_and_running_figures():
    losses = []

    class Watch(Callback):
        def on_train_batch_end(self, batch, logs=None):
            assert self.params == {"epochs": 2, "steps": 3, "verbose": 0}
            losses.append(logs["loss"])

    history = fit(epochs=2, callbacks=[Watch()])
    assert len(losses) == 6
    assert losses[2::3] == history.history["loss"]
