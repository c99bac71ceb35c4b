"""What does not fit is refused as Keras refuses it, by a line with layer, expected and received."""

import copy

import numpy as np
import pytest

from fashionlab import scratch
from fashionlab.scratch.checks import checked_images
from fashionlab.scratch.layers import (
    AveragePooling2D,
    BatchNormalization,
    Conv2D,
    Dense,
    Dropout,
    Flatten,
    GlobalAveragePooling2D,
    MaxPooling2D,
    Reshape,
)

SPARSE = scratch.losses.SparseCategoricalCrossentropy(from_logits=True)


def model_of(*layers, shape=(4, 4), loss=SPARSE, rate=0.01, metrics=("accuracy",)):
    layers = layers or (Flatten(), Dense(3))
    model = scratch.Sequential([scratch.Input(shape), *layers])
    model.compile(scratch.optimizers.SGD(rate), loss, metrics=metrics)
    return model


def images(n=5, shape=(4, 4)):
    return np.random.default_rng(0).normal(size=(n, *shape)).astype("float32")


LABELS = np.arange(5) % 3


@pytest.mark.parametrize(
    ("layers", "message"),
    [
        ([Conv2D(2, 5)], r"conv2d: .* 5 x 5 must fit into the image; received \(4, 4, 1\)"),
        ([MaxPooling2D(2), MaxPooling2D(3)], r"max_pooling2d_1: .* 3 x 3 .* received \(2, 2, 1\)"),
        ([Flatten(), Conv2D(2, 2)], r"conv2d: expected .*channels\); received \(16,\)"),
        ([Flatten(), AveragePooling2D(2)], r"average_pooling2d: expected .*; received \(16,\)"),
        ([Flatten(), GlobalAveragePooling2D()], r"global_average_pooling2d: .*received \(16,\)"),
        ([Reshape((5, 3))], r"reshape: .* 16 values of \(4, 4, 1\); received \(5, 3\)"),
        ([Reshape((-1, -1))], r"reshape: .*received \(-1, -1\)"),
        ([Reshape((-1, 3))], r"reshape: .*received \(-1, 3\)"),
        ([Dense(3)], r"dense: .*received \(4, 4, 1\)"),
        ([Dense(3, name="a"), Flatten(name="a")], "a: .*"),
        ([Flatten(), Dense(3, name="a"), Dense(3, name="a")], "different names; received 'a'"),
        ([Flatten(), Dense(3), Dense(3, dtype="float64")], "dense_1: .* float32; received float64"),
        ([scratch.Input((4, 4))], "sequential: there is an Input already"),
    ],
)
def test_layers_that_do_not_fit_are_a_value_error_that_names_the_layer(layers, message):
    with pytest.raises(ValueError, match=message):
        scratch.Sequential([scratch.Input((4, 4, 1)), *copy.deepcopy(layers)])  # for each form


@pytest.mark.parametrize(
    "build",
    [
        lambda: Dense(0),
        lambda: Dense(-1),
        lambda: Dense(2.5),
        lambda: Dense(3, "swish"),
        lambda: Dense(3, kernel_initializer="orthogonal"),
        lambda: Dense(3, dtype="int32"),
        lambda: Dense(3, dtype="float16"),
        lambda: Conv2D(0, 2),
        lambda: Conv2D(2, 0),
        lambda: Conv2D(2, (1, 2, 3)),
        lambda: Conv2D(2, 2, strides=0),
        lambda: Conv2D(2, 2, padding="causal"),
        lambda: MaxPooling2D(0),
        lambda: MaxPooling2D(2, padding="full"),
        lambda: Dropout(1.5),
        lambda: Dropout(-0.1),
        lambda: BatchNormalization(axis=1),
        lambda: BatchNormalization(momentum=2),
        lambda: scratch.Input((0, 3)),
        lambda: scratch.Input((-1,)),
        lambda: scratch.Input((None, 3)),
        lambda: scratch.Input(3),
        lambda: scratch.Sequential([Dense(3)]),
        lambda: scratch.Sequential().output_shape,
        lambda: scratch.optimizers.get("lion"),
        lambda: scratch.losses.get("hinge"),
        lambda: scratch.callbacks.EarlyStopping(mode="up"),
        lambda: model_of(loss=None),
        lambda: model_of(metrics=["precision"]),
        lambda: model_of(metrics="accuracy"),
    ],
)
def test_what_scratch_lacks_or_refuses_is_a_value_error_that_says_what_it_received(build):
    with pytest.raises(ValueError, match=r"received|scratch has no|has no layers yet"):
        build()


def test_what_is_no_layer_is_a_type_error():
    with pytest.raises(TypeError, match="sequential: expected a scratch layer; received 'dense'"):
        scratch.Sequential([scratch.Input((4,)), "dense"])


def test_a_layer_is_in_one_model():
    layer = Dense(3)
    scratch.Sequential([scratch.Input((4,)), layer])
    with pytest.raises(ValueError, match="dense: a layer can be in one model"):
        scratch.Sequential([scratch.Input((4,)), layer])


def with_one(value, dtype="float32"):
    x = images().astype(dtype)
    x[2, 1, 3] = value
    return x


BAD_IMAGES = {
    "other shape": (images(shape=(4, 5)), r"image of shape \(4, 4\), .*; received \(5, 4, 5\)"),
    "one image without a batch": (images()[0], r"received \(4, 4\)"),
    "a channel too many": (images(shape=(4, 4, 1)), r"received \(5, 4, 4, 1\)"),
    "a number": (np.float32(3), r"received \(\)"),
    "empty": (images(0), r"at least one image .*; received \(0, 4, 4\)"),
    "NaN": (with_one(np.nan), "must be finite; received NaN or infinity"),
    "infinity": (with_one(np.inf), "must be finite"),
    "minus infinity, float64": (with_one(-np.inf, "float64"), "must be finite"),
    "both infinities": (np.stack([images()[0] * s for s in (1, np.inf)]), "must be finite"),
    "text": (np.full((5, 4, 4), "a"), "must be real numbers; received <U1"),
    "complex": (images().astype(complex), "must be real numbers; received complex128"),
    "objects": (images().astype(object), "must be real numbers; received object"),
}


@pytest.mark.parametrize("kind", BAD_IMAGES)
@pytest.mark.parametrize(
    "method", ["fit", "fit batches", "evaluate", "predict", "train_on_batch", "call"]
)
def test_images_that_do_not_fit_are_refused_everywhere(method, kind):
    model = model_of()
    before = model.weights_vector.copy()
    x, message = BAD_IMAGES[kind]
    labels = np.zeros(len(x) if x.ndim else 1, int)
    with pytest.raises(ValueError, match=message) as error:
        if method == "fit batches":
            model.fit([(x, labels)], verbose=0)
        elif method in ("predict", "call"):
            (model.predict if method == "predict" else model)(x)
        else:
            getattr(model, method)(x, labels)
    assert str(error.value).startswith(method.split()[0])
    np.testing.assert_array_equal(model.weights_vector, before)


def test_large_finite_images_whose_sum_overflows_are_finite():
    assert np.isfinite(model_of().predict(np.full((2, 4, 4), 1e38, "float32") / 1e3)).all()
    checked_images(model_of(), "predict", np.full((2, 4, 4), 3e38, "float32"))


@pytest.mark.parametrize(
    ("y", "message"),
    [
        (None, "targets y are needed"),
        (LABELS[:4], r"targets of 5 images; received \(4,\)"),
        (np.array([0, 1, 2, 3, 0]), r"labels must be in \[0, 3\); received 3"),
        (np.array([0, 1, 2, -1, 0]), r"labels must be in \[0, 3\); received -1"),
        (np.array([0, 1, 2, 0.5, 0]), "whole numbers as labels"),
        (np.array([0, 1, 2, np.nan, 0]), "whole numbers as labels"),
        (np.eye(3)[LABELS], r"labels \(5,\) or \(5, 1\); received \(5, 3\)"),
        (np.array(list("abcab")), "numbers as targets"),
    ],
)
def test_labels_that_do_not_fit_are_refused(y, message):
    with pytest.raises(ValueError, match=message):
        model_of().fit(images(), y, verbose=0)


def test_one_hot_targets_of_other_classes_are_refused():
    model = model_of(loss="categorical_crossentropy")
    for y in (np.eye(4)[LABELS], LABELS):
        with pytest.raises(ValueError, match=r"one-hot targets \(5, 3\), as the outputs; received"):
            model.fit(images(), y, verbose=0)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"sample_weight": np.ones(4)}, "sample_weight .* 5 images"),
        ({"sample_weight": np.full(5, np.nan)}, "sample_weight must be a finite number"),
        ({"sample_weight": np.ones(5), "class_weight": {0: 1}}, "together; received both"),
        ({"class_weight": {3: 1.0}}, "class_weight must map classes from 0 to 2"),
        ({"batch_size": 0}, "batch_size must be at least 1; received 0"),
        ({"validation_split": 1.0}, "validation_split .*; received 1.0"),
        ({"validation_data": (images(),)}, "validation_data must be"),
        ({"validation_data": images()}, "validation_data must be"),
        ({"validation_data": (images(shape=(3, 3)), LABELS)}, "fit: validation_data: .*4, 4"),
        ({"validation_data": (images(), LABELS + 3)}, r"labels must be in \[0, 3\)"),
    ],
)
def test_options_of_fit_that_do_not_fit_are_refused_before_training(options, message):
    model = model_of()
    before = model.weights_vector.copy()
    with pytest.raises(ValueError, match=message):
        model.fit(images(), LABELS, verbose=0, **options)
    np.testing.assert_array_equal(model.weights_vector, before)


@pytest.mark.parametrize("method", ["fit", "evaluate", "train_on_batch"])
def test_training_needs_compile(method):
    model = scratch.Sequential([scratch.Input((4, 4)), Flatten(), Dense(3)])
    with pytest.raises(RuntimeError, match=f"{method}: call compile first"):
        getattr(model, method)(images(), LABELS)


@pytest.mark.parametrize(
    "batches", [[], [images()], [(images(),)], [(images(), LABELS, np.ones(5), 1)], [None]]
)
def test_an_iterable_of_something_else_than_batches_is_refused(batches):
    with pytest.raises(ValueError, match="fit: "):
        model_of().fit(batches, verbose=0)


def test_accuracy_of_one_output_is_refused():
    with pytest.raises(ValueError, match=r"accuracy needs .*; .*shape \(1,\)"):
        model_of(Flatten(), Dense(1), loss="mse")


def test_whole_numbers_are_images_too():
    model = model_of()
    x = np.arange(80).reshape(5, 4, 4)
    np.testing.assert_array_equal(model.predict(x), model.predict(x.astype("float32")))


def diverging():
    # squared outputs grow by orders of magnitude at each step, to infinity
    return model_of(Flatten(), BatchNormalization(), Dense(3), loss="mse", rate=1e4, metrics=None)


def test_a_loss_that_is_no_longer_finite_stops_the_training_and_keeps_good_weights():
    model = diverging()
    x, y = images(), np.random.default_rng(1).normal(size=(5, 3))
    seen = []

    class Watch(scratch.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            seen.append(model.get_weights())

    before = model.get_weights()
    with pytest.raises(
        FloatingPointError,
        match=r"sequential: the loss must stay finite, but was (inf|nan) in epoch \d+,",
    ) as error:
        model.fit(x, y, batch_size=5, epochs=100, verbose=0, callbacks=[Watch()])
    assert f"epoch {len(seen) + 1}, step 1" in str(error.value) or "after step" in str(error.value)
    assert 1 < len(seen) < 100
    kept = model.get_weights()
    assert all(np.isfinite(w).all() for w in kept)
    good = [before, *seen]
    assert any(np.array_equal(kept[2], w[2]) for w in good)  # the kernel of one of the steps
    assert np.isfinite(model.evaluate(x, y))


def test_a_loss_that_is_infinite_at_once_leaves_the_weights_as_they_were():
    model = diverging()
    model.set_weights([w + 1 for w in model.get_weights()])
    before = model.get_weights()
    y = np.full((5, 3), 1e30)
    for train in (model.fit, model.train_on_batch):
        with pytest.raises(FloatingPointError, match="lower the learning rate"):
            train(images(), y)
        for a, b in zip(before, model.get_weights(), strict=True):
            np.testing.assert_array_equal(a, b)


def test_train_on_batch_falls_back_to_weights_of_a_finite_loss():
    model = diverging()
    x, y = images(), np.random.default_rng(1).normal(size=(5, 3))
    with pytest.raises(FloatingPointError, match="in this batch"):
        for _ in range(100):
            model.train_on_batch(x, y)
    assert all(np.isfinite(w).all() for w in model.get_weights())


def test_a_last_step_that_breaks_the_weights_is_an_error_too():
    model = model_of(Flatten(), Dense(3), loss="mse", rate=1e38, metrics=None)
    before = model.get_weights()
    with pytest.raises(FloatingPointError, match="epoch 1, after step 1"):
        model.fit(1e3 * images(), 1e3 * np.ones((5, 3)), verbose=0)
    for a, b in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
