"""ScratchClassifier: the network from scratch as a scikit-learn classifier.

Symbols: N rows, D features of a row, K classes.
"""

import copy
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.metrics import accuracy_score
from sklearn.preprocessing import LabelEncoder
from sklearn.utils import check_array, check_random_state
from sklearn.utils.extmath import softmax
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, validate_data

from fashionlab import scratch
from fashionlab.errors import InvalidValueError
from fashionlab.estimator.networks import BUILDERS, build, check_parameters, require
from fashionlab.estimator.rows import Array, Rows, chosen, hold_out, mean_one

DTYPES = (np.float64, np.float32, np.uint8)  # kept as they are; other numbers become the first


class ScratchClassifier(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """A network from scratch, trained by mini-batches on softmax with cross-entropy.

    Parameters
    ----------
    builder : "dense", "mlp", "cnn" or a function
        The network. "dense" takes features as they are; scale them before, as with StandardScaler.
        "mlp" and "cnn" (of fashionlab.models) take bytes, 0 to 255, and divide by 255 themselves.
        A function is called as builder(fashionlab.scratch, input_shape, K, seed, **options) and
        returns an uncompiled Sequential that ends in K logits.
    units : sequence of int, optional
        Units of the hidden layers; None leaves the builder's own, (100,) for "dense".
    builder_options : mapping, optional
        More keyword arguments of the builder.
    image_shape : tuple, optional
        The shape of a row for the builder, such as (28, 28), or (32, 32, 3) in colour; None is
        (D,). X may then also be given as images (N, *image_shape).
    optimizer : str or scratch optimizer
        Every `fit` starts with a copy of it.
    learning_rate : float, optional
        None leaves the optimizer's own, 0.001 for "adam".
    batch_size, epochs : int
        Rows a step, and passes over the rows that `fit` makes.
    early_stopping : bool
        Whether `fit` holds out `validation_fraction` of the distinct rows (equal rows go to one
        side), stops when the loss on them has not fallen for `patience` epochs, and keeps the
        weights of the best epoch. `partial_fit` never stops early.
    warm_start : bool
        Whether `fit` goes on with the network there is, whatever `builder` and `units` say by
        now, and a new optimizer.
    random_state : int, RandomState or None
        Decides initial weights, order of rows, held out rows, what the builder does with its seed,
        and what layers without a seed draw. The same int gives the same bits, on the same machine
        and versions.
    verbose : bool
        Whether to print a line an epoch.

    Attributes
    ----------
    classes_ : the K labels, sorted
    n_features_in_, feature_names_in_ : of X
    model_ : the scratch Sequential
    n_iter_, loss_curve_ : the epochs since its weights were drawn, and the mean loss in each
    best_validation_score_ : with early_stopping, accuracy on the rows held out; otherwise None

    Notes
    -----
    A sample weight counts as that many equal rows, and one of 0 as none, even for `classes_`: the
    loss of a fit is sum(weight * loss) / sum(weight). Where all rows fit in one batch, weights and
    repeated rows give the same network, up to rounding; in more batches they differ by the draw.

    "dense" computes in float64, or in float32 where X is float32 or bytes. A network's layers share
    buffers: an instance must not predict from two threads at once.
    """

    def __init__(
        self,
        builder: str | Callable[..., Any] = "dense",
        *,
        units: Sequence[int] | None = None,
        builder_options: Mapping[str, Any] | None = None,
        image_shape: tuple[int, ...] | None = None,
        optimizer: str | scratch.optimizers.Optimizer = "adam",
        learning_rate: float | None = None,
        batch_size: int = 128,
        epochs: int = 200,
        early_stopping: bool = False,
        validation_fraction: float = 0.1,
        patience: int = 10,
        warm_start: bool = False,
        random_state: int | np.random.RandomState | None = None,
        verbose: bool = False,
    ) -> None:
        self.builder = builder
        self.units = units
        self.builder_options = builder_options
        self.image_shape = image_shape
        self.optimizer = optimizer
        self.learning_rate = learning_rate
        self.batch_size = batch_size
        self.epochs = epochs
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.patience = patience
        self.warm_start = warm_start
        self.random_state = random_state
        self.verbose = verbose

    def fit(self, X: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None = None) -> Self:
        """Train for `epochs` on rows (N, D), labels (N,) of any kind, weights (N,) from 0.

        Raises ValueError for what does not fit, FloatingPointError where the loss is no longer
        finite (GridSearchCV then scores such a candidate as failed).
        """
        check_parameters(self)
        again = self.warm_start and hasattr(self, "model_")
        X, y, weights = self._checked(X, y, sample_weight, reset=not again)
        if again:
            self._require_classes(y)
            self.model_.compile(self._new_optimizer(), self.model_.loss)
        else:
            self._start(X, np.unique(y))
        rows = self._encoded(X, y, weights)
        if not self.early_stopping:
            return self._train(*mean_one(rows), self.epochs)
        held_out = hold_out(*rows[:2], self.validation_fraction, self._made_with[3])
        x, codes, weights = validation = mean_one(chosen(rows, held_out))
        stopping = scratch.callbacks.EarlyStopping(
            patience=self.patience, restore_best_weights=True
        )
        self._train(
            *mean_one(chosen(rows, ~held_out)),
            self.epochs,
            callbacks=[stopping],
            validation_data=validation,
        )
        found = self.model_.predict(x).argmax(axis=1)
        self.best_validation_score_ = accuracy_score(codes, found, sample_weight=weights)
        return self

    def partial_fit(
        self,
        X: ArrayLike,
        y: ArrayLike,
        classes: ArrayLike | None = None,
        sample_weight: ArrayLike | None = None,
    ) -> Self:
        """Make one more pass over rows (N, D); the first call needs all K `classes`.

        Weights, the optimizer's state and the order's stream go on from the last call, so that
        `epochs` calls with the same rows are one `fit`, unless the optimizer averages (use_ema).
        An ordinary row has the weight 1: the mean weight of later calls is not known.
        """
        check_parameters(self)
        first = not hasattr(self, "model_")
        if first and classes is None:
            raise InvalidValueError(
                "partial_fit: classes must be given in the first call; received None"
            )
        X, y, weights = self._checked(X, y, sample_weight, reset=first)
        if first:
            self._start(X, np.unique(np.asarray(classes)))
        elif classes is not None:
            self._require_classes(classes)
        return self._train(*self._encoded(X, y, weights), 1)

    def predict(self, X: ArrayLike) -> Array:
        """Return the most probable label of each row, (N,)."""
        codes = self._logits(X).argmax(axis=1)
        labels: Array = self.classes_[codes]
        return labels

    def predict_proba(self, X: ArrayLike) -> NDArray[np.float64]:
        """Return the probabilities (N, K), in the order of `classes_`."""
        probabilities: NDArray[np.float64] = softmax(self._logits(X).astype(np.float64), copy=False)
        return probabilities

    def decision_function(self, X: ArrayLike) -> Array:
        """Return the logits (N, K); for two classes log(p_1 / p_0), (N,)."""
        logits = self._logits(X)
        return logits[:, 1] - logits[:, 0] if len(self.classes_) == 2 else logits

    def _logits(self, X: ArrayLike) -> Array:
        check_is_fitted(self, "model_")
        rows = validate_data(self, self._rows(X), dtype=DTYPES, reset=False)
        return self.model_.predict(rows.reshape(-1, *self.model_.input_shape))

    def _rows(self, X: Any) -> Any:
        """Return images (N, *image_shape) as rows, anything else unchanged."""
        shape = tuple(self.image_shape or ())
        if len(shape) > 1 and isinstance(X, np.ndarray) and X.shape[1:] == shape:
            return X.reshape(len(X), -1)
        return X

    def _checked(self, X: Any, y: Any, sample_weight: Any, *, reset: bool) -> Rows:
        """Return X (N, D), y (N,) and weights (N,) above 0, without rows of weight 0."""
        X, y = validate_data(self, self._rows(X), y, dtype=DTYPES, reset=reset)
        check_classification_targets(y)
        if sample_weight is None:
            return X, y, None
        weights = check_array(
            sample_weight, dtype=np.float64, ensure_2d=False, input_name="sample_weight"
        )
        if weights.shape != y.shape or (weights < 0).any() or not weights.any():
            raise InvalidValueError(
                f"sample_weight must hold a weight from 0 for each of {len(y)} rows, and at least "
                f"one that is not zero; received shape {weights.shape}, sum {weights.sum():g}, "
                f"least {weights.min():g}"
            )
        kept = weights > 0
        return (X, y, weights) if kept.all() else chosen((X, y, weights), kept)

    def _encoded(self, X: Array, y: Array, weights: Array | None) -> Rows:
        """Return X in the network's input shape, y as numbers from 0 to K - 1, and the weights."""
        codes = LabelEncoder().fit(self.classes_).transform(y)
        return X.reshape(-1, *self.model_.input_shape), codes, weights

    def _start(self, X: Array, classes: Array) -> None:
        """Draw a new network from `random_state`."""
        several = len(classes) > 1
        require("y", several, "of more than 1 class, in rows of weight above 0", classes.tolist())
        values = X.shape[1]
        shape = tuple(self.image_shape or (values,))
        require("image_shape", math.prod(shape) == values, f"of {values} values, as a row", shape)
        options = dict(self.builder_options or {})
        if self.units is not None:
            options["units"] = tuple(self.units)
        if self.builder == "dense":
            options = {"dtype": "float64" if X.dtype == np.float64 else "float32"} | options
        builder = self.builder if callable(self.builder) else BUILDERS[self.builder]
        seed = int(check_random_state(self.random_state).randint(2**31 - 1))
        made_with = builder, shape, len(classes), seed, options
        self.model_, self._made_with = build(*made_with), made_with
        loss = scratch.losses.SparseCategoricalCrossentropy(from_logits=True)
        self.model_.compile(self._new_optimizer(), loss)
        self._rng = np.random.default_rng([seed, 1])  # another stream than that of the weights
        self.classes_ = classes
        self.loss_curve_: list[float] = []
        self.n_iter_ = 0
        self.best_validation_score_ = None

    def _new_optimizer(self) -> scratch.optimizers.Optimizer:
        optimizer = scratch.optimizers.get(copy.deepcopy(self.optimizer))
        if self.learning_rate is not None:
            optimizer.learning_rate = self.learning_rate
        return optimizer

    def _train(
        self, X: Array, codes: Array, weights: Array | None, epochs: int, **options: Any
    ) -> Self:
        history = self.model_.fit(
            X,
            codes,
            batch_size=self.batch_size,
            epochs=epochs,
            shuffle=self._rng,
            sample_weight=weights,
            verbose=int(self.verbose),
            **options,
        ).history
        self.loss_curve_ += history["loss"]
        self.n_iter_ = len(self.loss_curve_)
        return self

    def _require_classes(self, y: ArrayLike) -> None:
        classes = np.unique(np.asarray(y)).tolist()
        own = self.classes_.tolist()
        require("classes", classes == own, f"the network's, {own}", classes)

    def __getstate__(self) -> dict[str, Any]:
        """Return the parts that rebuild the network; in a copy its weights would be no views."""
        state = dict(super().__getstate__())
        if "model_" in state:
            model = state.pop("model_")
            draws = model.generator_states
            state["_trained"] = model.get_weights(), model.optimizer, model.loss, draws
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        state = dict(state)
        trained = state.pop("_trained", None)
        super().__setstate__(state)
        if trained:
            weights, optimizer, loss, draws = trained
            self.model_ = build(*self._made_with)
            self.model_.set_weights(weights)
            # copies: what joblib loads memory-mapped is read-only
            self.model_.compile(copy.deepcopy(optimizer), loss)
            self.model_.generator_states = draws
