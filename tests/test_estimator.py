"""ScratchClassifier keeps scikit-learn's contract, and works inside scikit-learn's tools."""

import copy
import pickle
import subprocess
import sys

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.datasets import load_iris, make_classification
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import parametrize_with_checks

from fashionlab import ScratchClassifier, scratch
from fashionlab.data import synthetic
from fashionlab.errors import InvalidValueError
from fashionlab.estimator.rows import hold_out


@pytest.fixture(scope="module")
def iris():
    x, y = load_iris(return_X_y=True)
    return StandardScaler().fit_transform(x), np.array(["setosa", "versicolor", "virginica"])[y]


@pytest.fixture(scope="module")
def images():
    return synthetic.draw(train=300, test=100)


def same_bits(one, other, x):
    return np.array_equal(one.predict_proba(x), other.predict_proba(x))


# warm_start is not among them: check_supervised_y_2d fits twice and expects equal predictions,
# which no estimator that goes on training can give, scikit-learn's own MLPClassifier included.
@parametrize_with_checks(
    [
        ScratchClassifier(),
        ScratchClassifier(early_stopping=True),
        ScratchClassifier(
            units=(20, 10),
            builder_options={"activation": "tanh"},
            optimizer=scratch.optimizers.SGD(momentum=0.9),
            learning_rate=0.1,
        ),
    ]
)
def test_scikit_learns_checks(estimator, check):
    check(estimator)


def test_pipeline_scales_then_classifies():
    x, y = load_iris(return_X_y=True)
    pipeline = make_pipeline(StandardScaler(), ScratchClassifier(random_state=0))
    assert cross_val_score(pipeline, x, y, cv=3).mean() > 0.9


def test_grid_search_over_units_and_learning_rate(iris):
    grid = {"units": [(), (20,)], "learning_rate": [1e-5, 0.01]}
    search = GridSearchCV(ScratchClassifier(random_state=0), grid, cv=3).fit(*iris)
    assert search.best_params_["learning_rate"] == 0.01
    assert search.best_score_ > 0.9


def test_grid_search_counts_a_diverging_candidate_as_failed(iris):
    search = GridSearchCV(
        ScratchClassifier(optimizer="sgd", units=(20, 20), epochs=20, random_state=0),
        {"learning_rate": [0.1, 1e200]},
        cv=2,
    )
    with pytest.warns() as caught, np.errstate(all="ignore"):
        search.fit(*iris)
    assert any("FloatingPointError: sequential: the loss must stay" in str(w) for w in caught)
    assert search.best_params_ == {"learning_rate": 0.1}


def test_calibrated_probabilities_sum_to_one(iris):
    calibrated = CalibratedClassifierCV(ScratchClassifier(epochs=30, random_state=0), cv=3)
    probabilities = calibrated.fit(*iris).predict_proba(iris[0])
    np.testing.assert_allclose(probabilities.sum(axis=1), 1)
    assert calibrated.score(*iris) > 0.9


def test_cnn_takes_images_and_their_rows_alike(images):
    train, test = images
    rows = train.images.reshape(len(train.images), -1)
    model = ScratchClassifier(
        "cnn", image_shape=(28, 28), builder_options={"filters": 8}, epochs=8, random_state=0
    )
    of_images = clone(model).fit(train.images, train.labels)
    assert of_images.n_features_in_ == 784
    assert of_images.score(test.images, test.labels) > 0.6
    assert same_bits(of_images, clone(model).fit(rows, train.labels), test.images)


def test_mlp_takes_bytes(images):
    train, test = images
    rows = train.images.reshape(len(train.images), -1)
    model = ScratchClassifier("mlp", units=(64,), epochs=20, random_state=0)
    model.fit(rows, train.labels)
    assert model.score(test.images.reshape(len(test.images), -1), test.labels) > 0.6


def test_a_builder_of_ones_own_gets_shape_classes_seed_and_options(iris):
    received = []

    def builder(nn, input_shape, classes, seed, *, rate):
        received.append((nn, input_shape, classes, rate))
        return nn.Sequential(
            [nn.Input(input_shape), nn.layers.Dropout(rate, seed=seed), nn.layers.Dense(classes)]
        )

    ScratchClassifier(builder, builder_options={"rate": 0.25}, epochs=2).fit(*iris)
    assert received == [(scratch, (4,), 3, 0.25)]


@pytest.mark.parametrize("batch_size", [32, 1000])
def test_random_state_decides_every_bit(iris, batch_size):
    x = iris[0]
    one, same, other = (
        ScratchClassifier(batch_size=batch_size, epochs=3, random_state=seed).fit(*iris)
        for seed in (1, 1, 2)
    )
    assert same_bits(one, same, x)
    assert not same_bits(one, other, x)


def test_without_random_state_each_fit_differs(iris):
    model = ScratchClassifier(epochs=1)
    assert not same_bits(clone(model).fit(*iris), clone(model).fit(*iris), iris[0])


@pytest.mark.parametrize("early_stopping", [False, True])
def test_weights_equal_repeated_rows_in_any_order(iris, early_stopping):
    x, y = iris
    rng = np.random.default_rng(0)
    weights = rng.integers(0, 4, len(y))
    order = rng.permutation(np.repeat(np.arange(len(y)), weights))
    model = ScratchClassifier(batch_size=1000, early_stopping=early_stopping, random_state=0)
    weighted = clone(model).fit(x, y, sample_weight=weights)
    repeated = clone(model).fit(x[order], y[order])
    np.testing.assert_allclose(
        weighted.predict_proba(x), repeated.predict_proba(x), rtol=1e-7, atol=1e-12
    )
    np.testing.assert_allclose(weighted.loss_curve_, repeated.loss_curve_)
    assert weighted.best_validation_score_ == pytest.approx(repeated.best_validation_score_)


def test_a_weight_of_zero_removes_the_row_in_batches_too(iris):
    x, y = iris
    model = ScratchClassifier(batch_size=16, epochs=3, random_state=0)
    kept = np.arange(len(y)) % 3 > 0
    weighted = clone(model).fit(x, y, sample_weight=kept)
    assert same_bits(weighted, clone(model).fit(x[kept], y[kept]), x)


def test_scale_of_the_weights_does_not_matter_to_fit(iris):
    weights = np.random.default_rng(0).uniform(0.5, 2, len(iris[1]))
    model = ScratchClassifier(batch_size=16, epochs=3, random_state=0)
    one, other = (clone(model).fit(*iris, sample_weight=s * weights) for s in (1, 1024))
    assert same_bits(one, other, iris[0])


def test_weights_of_a_class_shift_predictions_to_it():
    x, y = make_classification(400, flip_y=0.4, random_state=0)
    model = ScratchClassifier(epochs=20, random_state=0)
    plain = clone(model).fit(x, y).predict(x).mean()
    shifted = clone(model).fit(x, y, sample_weight=np.where(y == 1, 5, 1)).predict(x).mean()
    assert shifted > plain + 0.2


@pytest.mark.parametrize("batch_size", [16, 1000])
def test_fit_is_a_partial_fit_for_each_epoch(iris, batch_size):
    model = ScratchClassifier(batch_size=batch_size, epochs=4, random_state=0)
    fitted, stepped = clone(model).fit(*iris), clone(model)
    for _ in range(4):
        stepped.partial_fit(*iris, classes=np.unique(iris[1]))
    assert same_bits(fitted, stepped, iris[0])
    assert fitted.loss_curve_ == stepped.loss_curve_
    assert fitted.n_iter_ == stepped.n_iter_ == 4


def test_partial_fit_over_chunks_is_train_on_batch_over_them(iris):
    x, y = iris
    model = ScratchClassifier(random_state=0)
    classes, codes = np.unique(y, return_inverse=True)
    by_hand = clone(model).partial_fit(x[:1], y[:1], classes).model_
    for start in range(0, 150, 50):
        by_hand.train_on_batch(x[start : start + 50], codes[start : start + 50])
    model.partial_fit(x[:1], y[:1], classes)
    for start in range(0, 150, 50):
        model.partial_fit(x[start : start + 50], y[start : start + 50])
    np.testing.assert_array_equal(model.decision_function(x), by_hand.predict(x))


def test_partial_fit_takes_weights_as_they_are(iris):
    x, y = iris[0][:10], iris[1][:10]
    model = ScratchClassifier(optimizer="sgd", learning_rate=0.1, random_state=0)
    classes = np.unique(iris[1])
    single = clone(model).set_params(learning_rate=0.2).partial_fit(x, y, classes)
    double = clone(model).partial_fit(x, y, classes, sample_weight=np.full(10, 2))
    np.testing.assert_allclose(single.predict_proba(x), double.predict_proba(x))


def test_warm_start_goes_on_from_the_weights(iris):
    model = ScratchClassifier(epochs=10, random_state=0, warm_start=True).fit(*iris)
    first = list(model.loss_curve_)
    model.fit(*iris)
    assert model.n_iter_ == 20
    assert model.loss_curve_[:10] == first
    assert model.loss_curve_[10] < first[-1]
    cold = ScratchClassifier(epochs=10, random_state=0).fit(*iris).fit(*iris)
    assert cold.loss_curve_ == first


def test_warm_start_keeps_the_classes(iris):
    x, y = iris
    model = ScratchClassifier(epochs=1, warm_start=True).fit(x, y)
    with pytest.raises(InvalidValueError, match="classes must be the network's"):
        model.fit(x[y != "setosa"], y[y != "setosa"])


def test_early_stopping_stops_and_keeps_the_best_epoch(iris):
    x, y = iris
    model = ScratchClassifier(
        learning_rate=0.05, epochs=500, early_stopping=True, patience=5, random_state=0
    ).fit(x, y)
    assert model.n_iter_ < 500
    best = clone(model).set_params(epochs=model.n_iter_ - model.patience).fit(x, y)
    assert same_bits(model, best, x)
    assert model.best_validation_score_ > 0.8
    assert model.score(x, y) > 0.9


def test_rows_held_out_have_no_equal_among_those_trained_on(iris):
    x, y = np.tile(iris[0], (3, 1)), np.tile(iris[1], 3)
    held_out = hold_out(x, np.unique(y, return_inverse=True)[1], 0.1, seed=0)
    assert 0.05 < held_out.mean() < 0.2
    trained_on = {row.tobytes() for row in x[~held_out]}
    assert not any(row.tobytes() in trained_on for row in x[held_out])


@pytest.mark.parametrize("through", [copy.deepcopy, lambda e: pickle.loads(pickle.dumps(e))])
@pytest.mark.parametrize("optimizer", ["adam", scratch.optimizers.SGD(momentum=0.9)])
def test_a_copy_predicts_and_goes_on_training_the_same(iris, through, optimizer):
    model = ScratchClassifier(
        dropped_out, optimizer=optimizer, batch_size=16, epochs=2, random_state=0
    ).fit(*iris)
    copied = through(model)
    assert same_bits(model, copied, iris[0])
    for each in (model, copied):
        each.partial_fit(*iris)
    assert same_bits(model, copied, iris[0])


def dropped_out(nn, input_shape, classes, seed):
    return nn.Sequential(
        [
            nn.Input(input_shape),
            nn.layers.Dense(16, activation="relu", kernel_initializer="ones"),
            nn.layers.BatchNormalization(),
            nn.layers.Dropout(0.5, seed=seed),
            nn.layers.Dense(classes, kernel_initializer="zeros"),
        ]
    )


def test_an_optimizer_given_is_left_as_it_was(iris):
    optimizer = scratch.optimizers.Adam()
    model = ScratchClassifier(optimizer=optimizer, learning_rate=0.01, epochs=2).fit(*iris)
    assert model.optimizer is optimizer
    assert (optimizer.iterations, optimizer.learning_rate) == (0, 0.001)
    assert (model.model_.optimizer.iterations, model.model_.optimizer.learning_rate) == (4, 0.01)


def test_dense_computes_in_the_precision_of_its_rows(iris):
    x, y = iris
    for dtype in ("float32", "float64"):
        model = ScratchClassifier(epochs=1).fit(x.astype(dtype), y)
        assert model.model_.dtype == dtype


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            {"builder": "vgg"},
            "builder must be a function or one of dense, mlp, cnn, convnet; .* 'vgg'",
        ),
        ({"builder_options": {"unit": 3}}, "must fit the builder: .*'unit'"),
        ({"builder": lambda nn, s, k, seed: None}, "returns a scratch Sequential of 3 logits"),
        ({"builder": "mlp", "builder_options": {"output": "softmax"}}, "must be linear"),
        ({"builder": "cnn"}, "image_shape must be given for the builder 'cnn'; received None"),
        ({"units": 100}, "units must be None or a sequence of whole numbers"),
        ({"units": (0,)}, "units must be None or a sequence of whole numbers"),
        ({"image_shape": (28, 28)}, r"image_shape must be of 4 values, .* \(28, 28\)"),
        ({"optimizer": "lbfgs"}, "scratch has no optimizer 'lbfgs'"),
        ({"learning_rate": 0}, "learning_rate must be None or a number above 0; received 0"),
        ({"batch_size": 0}, "batch_size must be a whole number from 1; received 0"),
        ({"epochs": 2.5}, "epochs must be a whole number from 1; received 2.5"),
        ({"patience": -1}, "patience must be a whole number from 1"),
        ({"validation_fraction": 1.0}, r"validation_fraction must be in \(0, 1\)"),
    ],
)
def test_wrong_parameters_are_one_clear_line(iris, arguments, message):
    with pytest.raises(ValueError, match=message) as caught:
        ScratchClassifier(**{"epochs": 1} | arguments).fit(*iris)
    assert "\n" not in str(caught.value)


def test_wrong_weights_and_classes_are_one_clear_line(iris):
    x, y = iris
    model = ScratchClassifier(epochs=1)
    with pytest.raises(InvalidValueError, match="sample_weight must hold a weight from 0"):
        model.fit(x, y, sample_weight=-np.ones(150))
    with pytest.raises(InvalidValueError, match="more than 1 class"):
        model.fit(x, y, sample_weight=y == "setosa")
    with pytest.raises(InvalidValueError, match="classes must be given in the first call"):
        model.partial_fit(x, y)
    model.partial_fit(x, y, classes=np.unique(y))
    with pytest.raises(InvalidValueError, match="classes must be the network's"):
        model.partial_fit(x, y, classes=["boot", "shirt"])
    with pytest.raises(ValueError, match="previously unseen labels"):
        model.partial_fit(x, np.full(150, "tulip"))


def test_fashionlab_alone_does_not_import_sklearn():
    code = "import sys, fashionlab; print('sklearn' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stdout == "False\n"


def test_without_sklearn_the_extra_is_named():
    code = "import sys; sys.modules['sklearn'] = None; from fashionlab import ScratchClassifier"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert "MissingDependencyError: ScratchClassifier needs scikit-learn" in done.stderr
    assert "pip install 'fashionlab[sklearn]'" in done.stderr.splitlines()[-1]


@pytest.mark.parametrize("seed", [None, 5])
def test_layers_that_draw_are_seeded_by_random_state_and_go_on_in_a_copy(iris, seed):
    def builder(nn, shape, classes, number):
        glorot = nn.initializers.GlorotUniform(seed=number)
        return nn.Sequential(
            [
                nn.Input(shape),
                nn.layers.Dense(8, kernel_initializer=glorot),
                nn.layers.Dropout(0.5, seed=seed),
                nn.layers.Dropout(0.5, seed=seed),
                nn.layers.Dense(classes, kernel_initializer=glorot),
            ]
        )

    def fitted(random_state=3):
        made = ScratchClassifier(builder, epochs=2, random_state=random_state)
        return made.fit(*iris)

    one, other = fitted(), fitted()
    assert same_bits(one, other, iris[0])
    first, second = (words.tolist() for words in one.model_.generator_states.values())
    assert (first == second) == (seed is not None)
    again = copy.deepcopy(one)
    for estimator in (one, again):
        estimator.partial_fit(*iris)
    assert same_bits(one, again, iris[0])
    assert not same_bits(one, other, iris[0])
