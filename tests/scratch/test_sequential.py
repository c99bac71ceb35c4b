import subprocess
import sys
from itertools import chain

import numpy as np
import pytest

from fashionlab import scratch
from fashionlab.scratch.layers import Dense, Dropout, Flatten, Rescaling


def small(seed=0, rate=None):
    glorot = scratch.initializers.GlorotUniform
    model = scratch.Sequential(
        [
            scratch.Input((4, 4)),
            Rescaling(1 / 255),
            Flatten(),
            Dense(8, "relu", kernel_initializer=glorot(seed)),
            *([Dropout(rate, seed=seed)] if rate else []),
            Dense(3, "softmax", kernel_initializer=glorot(seed + 1)),
        ]
    )
    model.compile("adam", "categorical_crossentropy", metrics=["accuracy"])
    return model


def images(n=50):
    """The class is the column, of the first three, that is brightest."""
    x = np.random.default_rng(5).integers(0, 256, (n, 4, 4), dtype=np.uint8)
    return x, np.eye(3, dtype=np.float32)[x.mean(axis=1)[:, :3].argmax(axis=1)]


def test_importing_scratch_imports_no_other_library_than_numpy():
    code = (
        "import sys, fashionlab.scratch\n"
        "print(sorted({m.split('.')[0] for m in sys.modules} & {'keras', 'torch', 'sklearn',"
        " 'scipy', 'matplotlib', 'typer', 'rich', 'pandas'}),"
        " [m for m in sys.modules if m.startswith('fashionlab.') and"
        " not m.startswith('fashionlab.scratch')])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[] []"


def test_parameter_count_of_the_reports_first_system(capsys):
    model = scratch.Sequential(
        [scratch.Input((28, 28)), Flatten(), Dense(512, "sigmoid"), Dense(10, "softmax")]
    )
    assert model.count_params() == 407_050
    model.summary()
    assert "407,050" in capsys.readouterr().out


@pytest.mark.parametrize("rate", [None, 0.5])
def test_training_lowers_the_loss_and_repeats_to_the_bit(rate):
    x, y = images()
    runs = []
    for _ in range(2):
        model = small(rate=rate)
        history = model.fit(
            x, y, batch_size=7, epochs=40, verbose=0, shuffle=np.random.default_rng(1)
        )
        runs.append(model.weights_vector.copy())
    assert history.history["loss"][-1] < 0.85 * history.history["loss"][0]
    np.testing.assert_array_equal(runs[0], runs[1])


def test_images_are_shuffled_anew_each_epoch_and_come_once_each():
    x = np.arange(10, dtype="float32").reshape(10, 1)
    seen = []
    model = scratch.Sequential([scratch.Input((1,)), Dense(1)])
    model.compile(scratch.optimizers.SGD(0.0), "mse", jit_compile=False)
    forward = model.forward
    model.forward = lambda x, training=False: (seen.append(x[:, 0].tolist()), forward(x, training))[
        1
    ]
    model.fit(x, x, batch_size=4, epochs=2, verbose=0, shuffle=np.random.default_rng(0))
    assert [len(batch) for batch in seen] == [4, 4, 2] * 2
    first, second = list(chain(*seen[:3])), list(chain(*seen[3:]))
    assert sorted(first) == sorted(second) == x[:, 0].tolist()
    assert first != second
    assert first != x[:, 0].tolist()
    seen.clear()
    model.fit(x, x, batch_size=4, verbose=0, shuffle=False)
    assert list(chain(*seen)) == x[:, 0].tolist()


def test_without_a_generator_the_order_is_random():
    x, y = images()
    runs = []
    for _ in range(2):
        model = small()
        model.fit(x, y, batch_size=7, verbose=0)
        runs.append(model.weights_vector.copy())
    assert not np.array_equal(*runs)


def test_a_larger_batch_than_there_are_images_is_all_of_them():
    x, y = images()
    one, other = small(), small()
    one.fit(x, y, batch_size=50, verbose=0)
    other.fit(x, y, batch_size=51, verbose=0)
    np.testing.assert_array_equal(one.weights_vector, other.weights_vector)


def test_a_batch_of_one_trains():
    x, y = images(3)
    model = small()
    history = model.fit(x, y, batch_size=1, epochs=2, verbose=0).history
    assert np.isfinite(history["loss"]).all()


def test_batches_from_an_iterable_train_as_arrays_do():
    x, y = images()
    one, other = small(), small()
    one.fit(x, y, batch_size=20, epochs=2, shuffle=False, verbose=0)
    batches = [(x[i : i + 20], y[i : i + 20]) for i in range(0, 50, 20)]
    other.fit(batches, epochs=2, verbose=0)
    np.testing.assert_array_equal(one.weights_vector, other.weights_vector)


def test_a_generator_goes_on_from_epoch_to_epoch():
    x, y = images()
    taken = []

    def batches():
        for i in range(100):
            taken.append(i)
            yield x[:5], y[:5]

    small().fit(batches(), epochs=3, steps_per_epoch=4, verbose=0)
    assert taken == list(range(12))


def test_a_generator_that_ends_is_an_error_that_says_so():
    x, y = images()
    with pytest.raises(ValueError, match="at least one batch is needed"):
        small().fit(((x, y) for _ in range(2)), epochs=2, verbose=0)


def test_evaluation_does_not_depend_on_the_batch_size_and_changes_nothing():
    x, y = images()
    model = small(rate=0.5)
    before = model.weights_vector.copy()
    answers = [model.evaluate(x, y, batch_size=size) for size in (None, 1, 7, 50, 99)]
    for answer in answers:
        assert answer == pytest.approx(answers[0], rel=1e-5)
    assert model.evaluate(x, y, return_dict=True) == pytest.approx(
        {"loss": answers[0][0], "accuracy": answers[0][1]}
    )
    np.testing.assert_array_equal(model.weights_vector, before)


def test_the_loss_of_an_epoch_is_that_of_its_images_before_each_step():
    x, y = images()
    model = small()
    expected = model.evaluate(x, y)
    history = model.fit(x, y, batch_size=50, verbose=0).history
    assert [history["loss"][0], history["accuracy"][0]] == pytest.approx(expected, rel=1e-5)


def test_progress_is_printed_unless_verbose_is_0(capsys):
    x, y = images()
    model = small()
    model.fit(x, y, epochs=2, verbose=0)
    assert capsys.readouterr().out == ""
    model.fit(x, y, epochs=2, validation_split=0.2)
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 2
    assert lines[0].startswith("Epoch 1/2: ")
    for name in ("loss", "accuracy", "val_loss", "val_accuracy"):
        assert f"{name} " in lines[1]


def test_metrics_are_given_only_where_asked_for():
    x, y = images()
    model = small()
    model.compile("sgd", "categorical_crossentropy")
    assert isinstance(model.evaluate(x, y), float)
    assert list(model.fit(x, y, verbose=0).history) == ["loss"]


def test_the_average_of_the_weights_is_there_after_training():
    x, y = images()
    model = small()
    model.compile(scratch.optimizers.SGD(0.1, use_ema=True, ema_momentum=0.0), "mse")
    other = small()
    other.compile(scratch.optimizers.SGD(0.1), "mse")
    for one in (model, other):
        one.fit(x, y, shuffle=False, verbose=0)
    np.testing.assert_allclose(model.weights_vector, other.weights_vector, rtol=1e-6)
