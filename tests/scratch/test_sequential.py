import subprocess
import sys

import numpy as np
import pytest

from fashionlab import scratch
from fashionlab.scratch.layers import Dense, Flatten, Rescaling


def small(seed=0):
    glorot = scratch.initializers.GlorotUniform
    model = scratch.Sequential(
        [
            scratch.Input((4, 4)),
            Rescaling(1 / 255),
            Flatten(),
            Dense(8, "relu", kernel_initializer=glorot(seed)),
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


def test_parameter_count_of_the_reports_first_system():
    model = scratch.Sequential(
        [scratch.Input((28, 28)), Flatten(), Dense(512, "sigmoid"), Dense(10, "softmax")]
    )
    assert model.count_params() == 407_050
    assert "407,050" in model.summary()


def test_training_lowers_the_loss_and_repeats_to_the_bit():
    x, y = images()
    runs = []
    for _ in range(2):
        model = small()
        history = model.fit(
            x, y, batch_size=7, epochs=30, verbose=0, shuffle=np.random.default_rng(1)
        )
        runs.append(model.weights_vector.copy())
    assert history.history["loss"][-1] < 0.8 * history.history["loss"][0]
    np.testing.assert_array_equal(runs[0], runs[1])


def test_training_and_prediction_leave_the_input_untouched():
    x, y = images()
    x, kept, kept_y = x.astype(np.float32), x.copy(), y.copy()
    model = small()
    model.fit(x, y, verbose=0)
    model.predict(x)
    np.testing.assert_array_equal(x, kept)
    np.testing.assert_array_equal(y, kept_y)


def test_two_predictions_in_a_row_do_not_share_memory():
    x, _ = images()
    model = small()
    first = model.predict(x)
    kept = first.copy()
    model.predict(x[::-1])
    np.testing.assert_array_equal(first, kept)


def test_a_single_image_is_predicted_as_in_a_batch():
    x, _ = images()
    model = small()
    np.testing.assert_allclose(model.predict(x[:1]), model.predict(x)[:1], rtol=1e-5)


def test_batches_from_an_iterable_train_as_arrays_do():
    x, y = images()
    one, other = small(), small()
    one.fit(x, y, batch_size=20, shuffle=False, verbose=0)
    other.fit(((x[i : i + 20], y[i : i + 20]) for i in range(0, 50, 20)), verbose=0)
    np.testing.assert_array_equal(one.weights_vector, other.weights_vector)


def test_weights_go_out_and_in_as_copies():
    model, other = small(), small(seed=7)
    weights = model.get_weights()
    other.set_weights(weights)
    weights[0][:] = 0
    np.testing.assert_array_equal(other.weights_vector, model.weights_vector)


def test_weights_that_do_not_fit_change_nothing():
    model = small()
    kept = model.weights_vector.copy()
    with pytest.raises(ValueError, match="expected shapes"):
        model.set_weights([np.zeros((16, 8)), *model.get_weights()[1:3], np.zeros(4)])
    np.testing.assert_array_equal(model.weights_vector, kept)


@pytest.mark.parametrize(
    ("x_shape", "y_shape"), [((5, 3, 4), (5, 3)), ((0, 4, 4), (0, 3)), ((5, 4, 4), (4, 3))]
)
def test_shapes_that_do_not_fit_are_refused(x_shape, y_shape):
    with pytest.raises(ValueError, match="expected"):
        small().fit(np.zeros(x_shape, np.uint8), np.zeros(y_shape), verbose=0)


@pytest.mark.parametrize(
    "build",
    [
        lambda: scratch.Sequential([Dense(3)]),
        lambda: scratch.Sequential([scratch.Input((4, 4)), Dense(3)]),
        lambda: scratch.Sequential([scratch.Input((4,)), Dense(3), Dense(3, dtype="float64")]),
        lambda: scratch.Input((0,)),
        lambda: Dense(0),
        lambda: Dense(3, "swish"),
        lambda: Dense(3, kernel_initializer="orthogonal"),
        lambda: scratch.optimizers.get("lion"),
        lambda: scratch.losses.get("hinge"),
    ],
)
def test_what_scratch_lacks_is_a_value_error(build):
    with pytest.raises(ValueError, match=r"received|scratch has"):
        build()
