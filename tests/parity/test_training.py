"""Training from the same weights, over the same batches, goes as in Keras."""

import keras
import numpy as np
import pytest

from fashionlab import scratch

STEPS = 20
N, BATCH = 40, 10


def data(seed=0):
    rng = np.random.default_rng(seed)
    x = rng.integers(0, 256, (N, 6, 6, 1), dtype=np.uint8)
    return x, rng.integers(0, 3, N)


def build(nn):
    # smooth, so that no rounding decides which side of a kink an image is on
    return nn.Sequential(
        [
            nn.layers.Input((6, 6, 1)),
            nn.layers.Rescaling(1 / 255, offset=-0.5),
            nn.layers.Conv2D(3, 3, activation="tanh"),
            nn.layers.BatchNormalization(momentum=0.8),
            nn.layers.AveragePooling2D(2),
            nn.layers.Flatten(),
            nn.layers.Dense(8, activation="sigmoid"),
            nn.layers.Dense(3),
        ]
    )


def pair():
    keras.utils.set_random_seed(0)
    ours, theirs = build(scratch), build(keras)
    ours.set_weights(theirs.get_weights())
    return ours, theirs


def compile_with(make_optimizer, *models):
    for nn, model in zip((scratch, keras), models, strict=True):
        model.compile(
            make_optimizer(nn.optimizers),
            nn.losses.SparseCategoricalCrossentropy(from_logits=True),
            metrics=["accuracy"],
        )


def same_history(ours, theirs, rtol=2e-5):
    assert list(ours) == list(theirs)
    for key, values in theirs.items():
        np.testing.assert_allclose(ours[key], values, rtol=rtol, err_msg=key)


def same_weights(ours, theirs, atol):
    for i, (a, b) in enumerate(zip(ours.get_weights(), theirs.get_weights(), strict=True)):
        np.testing.assert_allclose(a, b, rtol=0, atol=atol, err_msg=f"weight {i}")


OPTIMIZERS = {
    "sgd": lambda o: o.SGD(0.1),
    "momentum": lambda o: o.SGD(0.1, momentum=0.9),
    "nesterov": lambda o: o.SGD(0.1, momentum=0.9, nesterov=True),
    "adam": lambda o: o.Adam(0.01),
    "adamw": lambda o: o.AdamW(0.01, weight_decay=0.1),
    "rmsprop": lambda o: o.RMSprop(0.01),
    "rmsprop, centered, momentum": lambda o: o.RMSprop(0.01, momentum=0.5, centered=True),
    "clipped": lambda o: o.SGD(0.1, global_clipnorm=0.2),
    "decay": lambda o: o.SGD(0.1, weight_decay=0.05),
    "average": lambda o: o.Adam(0.01, use_ema=True, ema_momentum=0.8),
    "overwritten average": lambda o: o.SGD(
        0.1, use_ema=True, ema_momentum=0.8, ema_overwrite_frequency=3
    ),
    "cosine": lambda o: o.Adam(o.schedules.CosineDecay(0.01, 15)),
    "exponential": lambda o: o.SGD(o.schedules.ExponentialDecay(0.1, 5, 0.5)),
    "piecewise": lambda o: o.SGD(o.schedules.PiecewiseConstantDecay([4, 9], [0.1, 0.05, 0.01])),
}

# A weight is near 1 and rounded to 6e-8 at each of 20 steps. Adam and RMSprop divide by the root of
# a mean square, which for a gradient near 0 makes a step of the whole rate, 1e-2, out of rounding.
TOLERANCES = {"adam": 5e-5, "adamw": 5e-5, "average": 5e-5, "cosine": 5e-5}
TOLERANCES |= {"rmsprop": 5e-5, "rmsprop, centered, momentum": 2e-4}


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_twenty_steps_of_every_optimizer_give_the_weights_that_keras_gives(name):
    ours, theirs = pair()
    compile_with(OPTIMIZERS[name], ours, theirs)
    before = ours.get_weights()
    x, y = data()
    epochs = STEPS * BATCH // N
    histories = [
        model.fit(x, y, batch_size=BATCH, epochs=epochs, shuffle=False, verbose=0).history
        for model in (ours, theirs)
    ]
    same_history(*histories)
    moved = max(np.abs(a - b).max() for a, b in zip(before, ours.get_weights(), strict=True))
    assert moved > 1e-2
    same_weights(ours, theirs, TOLERANCES.get(name, 2e-6))


def fit_both(epochs=2, make_callbacks=None, batches=None, **options):
    ours, theirs = pair()
    compile_with(lambda o: o.SGD(0.5), ours, theirs)
    x, y = data()
    histories = []
    for nn, model in ((scratch, ours), (keras, theirs)):
        callbacks = make_callbacks(nn.callbacks) if make_callbacks else None
        arguments = (batches(x, y),) if batches else (x, y)
        history = model.fit(
            *arguments, epochs=epochs, shuffle=False, verbose=0, callbacks=callbacks, **options
        )
        histories.append(history)
    same_history(histories[0].history, histories[1].history)
    assert histories[0].epoch == histories[1].epoch
    same_weights(ours, theirs, 5e-6)
    return histories[0]


def held_out(weighted=False):
    x, y = data(1)
    return (x[:7], y[:7], np.linspace(0.1, 2, 7)) if weighted else (x[:7], y[:7])


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"batch_size": 16},
        {"batch_size": N},
        {"batch_size": 1, "epochs": 1},
        {"sample_weight": np.linspace(0, 2, N)},
        {"class_weight": {0: 0.5, 2: 3.0}},
        {"class_weight": {0: 0.5, 1: 1.0, 2: 3.0}, "validation_split": 0.25},
        {"validation_split": 0.3},
        {"validation_split": 0.3, "sample_weight": np.linspace(0, 2, N)},
        {"validation_data": held_out()},
        {"validation_data": held_out(weighted=True)},
        {"initial_epoch": 1, "epochs": 3},
        {"epochs": 0},
    ],
    ids=lambda options: ",".join(options) or "nothing",
)
def test_fit_goes_as_in_keras_with(options):
    fit_both(**options)


def test_early_stopping_stops_and_restores_as_in_keras():
    history = fit_both(
        epochs=30,
        validation_data=held_out(),
        make_callbacks=lambda c: [c.EarlyStopping(patience=2, restore_best_weights=True)],
    )
    assert len(history.epoch) < 30


@pytest.mark.parametrize(
    "options",
    [
        {"monitor": "loss", "min_delta": 0.05},
        {"monitor": "val_accuracy", "patience": 1},
        {"monitor": "val_loss", "baseline": 0.2, "patience": 3},
        {"monitor": "loss", "mode": "max", "start_from_epoch": 2, "restore_best_weights": True},
    ],
    ids=str,
)
def test_early_stopping_goes_as_in_keras_with(options):
    history = fit_both(
        epochs=12,
        validation_data=held_out(),
        make_callbacks=lambda c: [c.EarlyStopping(**options)],
    )
    assert len(history.epoch) < 12


def test_a_generator_trains_as_in_keras():
    def batches(x, y):
        while True:
            for i in range(0, N, BATCH):
                yield x[i : i + BATCH], y[i : i + BATCH], np.linspace(1, 2, BATCH)

    fit_both(epochs=3, batches=batches, steps_per_epoch=3)


def test_callbacks_are_called_as_in_keras():
    def logger(callbacks, calls):
        def method(name):
            def call(self, *arguments, logs=None):
                index = [a for a in arguments if isinstance(a, int)]
                logs = logs or next((a for a in arguments if isinstance(a, dict)), {})
                calls.append((name, index, sorted(logs)))

            return call

        names = [n for n in vars(scratch.callbacks.Callback) if n.startswith("on_")]
        return type("Logger", (callbacks.Callback,), {n: method(n) for n in names})()

    calls = [], []
    ours, theirs = pair()
    compile_with(lambda o: o.SGD(0.5), ours, theirs)
    x, y = data()
    for nn, model, log in zip((scratch, keras), (ours, theirs), calls, strict=True):
        watch = logger(nn.callbacks, log)
        model.fit(x, y, batch_size=16, epochs=2, verbose=0, callbacks=[watch])
    assert [c[:2] for c in calls[0]] == [c[:2] for c in calls[1]]
    for ours_call, theirs_call in zip(*calls, strict=True):
        if ours_call[0] in ("on_train_batch_end", "on_epoch_end"):
            assert ours_call == theirs_call


def test_a_callback_stops_in_the_middle_of_an_epoch_as_in_keras():
    def stopper(callbacks):
        def stop(self, batch, logs=None):
            self.model.stop_training = batch == 1

        return [type("Stopper", (callbacks.Callback,), {"on_train_batch_end": stop})()]

    assert len(fit_both(epochs=3, batch_size=10, make_callbacks=stopper).epoch) == 1


@pytest.mark.parametrize(
    "options", [{}, {"sample_weight": np.linspace(0, 2, N)}, {"batch_size": 7}], ids=str
)
def test_evaluate_gives_what_keras_gives(options):
    ours, theirs = pair()
    compile_with(lambda o: o.SGD(0.5), ours, theirs)
    x, y = data()
    np.testing.assert_allclose(
        ours.evaluate(x, y, verbose=0, **options),
        theirs.evaluate(x, y, verbose=0, **options),
        rtol=1e-5,
    )
    answer = ours.evaluate(x, y, verbose=0, return_dict=True)
    assert sorted(answer) == sorted(theirs.evaluate(x, y, verbose=0, return_dict=True))


@pytest.mark.parametrize(
    "options", [{}, {"sample_weight": np.linspace(0, 2, N)}, {"class_weight": {0: 3.0}}], ids=str
)
def test_train_on_batch_goes_as_in_keras(options):
    ours, theirs = pair()
    compile_with(lambda o: o.Adam(0.01), ours, theirs)
    x, y = data()
    for _ in range(3):
        answers = [m.train_on_batch(x, y, **options) for m in (ours, theirs)]
        np.testing.assert_allclose(*answers, rtol=1e-5)
    same_weights(ours, theirs, 5e-5)


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("categorical_crossentropy", {}),
        ("sparse_categorical_crossentropy", {}),
        ("mean_squared_error", {}),
        ("mse", {}),
    ],
)
def test_losses_by_name_train_as_in_keras(name, options):
    def softmax(nn):
        return nn.Sequential(
            [nn.layers.Input((5,)), nn.layers.Dense(4, "softmax"), nn.layers.Dropout(0.0)]
        )

    ours, theirs = softmax(scratch), softmax(keras)
    ours.set_weights(theirs.get_weights())
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(30, 5)).astype("float32"), rng.integers(0, 4, 30)
    y = y if name.startswith("sparse") else np.eye(4)[y]
    histories = []
    for model in (ours, theirs):
        model.compile("sgd", name, metrics=["accuracy"])
        fitted = model.fit(x, y, epochs=3, batch_size=8, shuffle=False, verbose=0)
        histories.append(fitted.history)
    same_history(*histories)
    same_weights(ours, theirs, 2e-6)
