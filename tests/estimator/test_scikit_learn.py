"""ScratchClassifier keeps scikit-learn's contract, and works inside scikit-learn's tools."""

import subprocess
import sys

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.datasets import load_iris
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import parametrize_with_checks

from fashionlab import ScratchClassifier, scratch
from fashionlab.errors import InvalidValueError

from .. import colour
from .conftest import same_bits


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


@pytest.mark.parametrize("builder", ["mlp", "cnn", "convnet"])
def test_images_in_colour_and_their_rows_alike(builder):
    train, test = colour.draw(150, 60, (10, 12))
    rows = train.images.reshape(len(train), -1)
    model = ScratchClassifier(
        builder, image_shape=(10, 12, 3), batch_size=16, epochs=8, random_state=0
    )
    of_images = clone(model).fit(train.images, train.labels)
    assert of_images.score(test.images, test.labels) > 0.8  # of a third by chance
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


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            {"builder": "vgg"},
            "builder must be a function or one of dense, mlp, cnn, convnet, resnet; .* 'vgg'",
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
    assert "MissingDependencyError: ScratchClassifier needs the package sklearn" in done.stderr
    assert 'pip install "fashionlab[sklearn]"' in done.stderr.splitlines()[-1]
