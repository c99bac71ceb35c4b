"""Recipe: all that decides a run apart from its data and seed."""

import inspect
import math
from collections.abc import Iterable, Mapping
from dataclasses import MISSING, dataclass, field, fields
from difflib import get_close_matches
from typing import Any

from fashionlab.data import Augmentation
from fashionlab.engines import ENGINES
from fashionlab.errors import InvalidValueError
from fashionlab.models import BUILDERS

# Keras's optimizers that take a learning rate and need nothing else; scratch has the first four.
OPTIMIZERS = (
    *("SGD", "Adam", "AdamW", "RMSprop", "Nadam", "Adamax", "Adagrad", "Adadelta", "Adafactor"),
    *("Ftrl", "Lamb", "Lion", "Muon"),
)
OUTPUT_ACTIVATIONS = ("linear", "sigmoid", "softmax")
PRECISIONS = ("float32", "bfloat16")
SCHEDULES = ("constant", "cosine", "exponential")
MONITORS = ("validation_loss", "validation_accuracy")
TABLES = ("model", "augment", "optimizer_options")  # fields that are tables of options
NOT_OPTIONS = ("output", "layout")  # arguments of a builder that no recipe gives
FIELDS_OF_THEIR_OWN = {  # arguments of an optimizer that a recipe has as a field
    "learning_rate": "learning_rate",
    "use_ema": "moving_average",
    "ema_momentum": "moving_average",
}


Options = Mapping[str, Any]


def _field(help_text: str, default: Any = MISSING) -> Any:
    """Return a field whose `help` metadata is the help of its option of `fashionlab train`."""
    return field(default=default, metadata={"help": help_text})


@dataclass(frozen=True)
class Recipe:
    """A model, how it is trained, and on which engine. Epochs are passes over the training set.

    Raises InvalidValueError for a value outside its range.
    """

    name: str
    builder: str  # a key of models.BUILDERS
    engine: str = _field("scratch or keras.")
    epochs: int = _field("Passes over the training set.")
    batch_size: int | None = _field("Images a step, or 'all'.")  # None for all
    optimizer: str = _field("SGD, Adam, ...")
    learning_rate: float = _field("The highest of a schedule.")
    output_activation: str = _field("linear (logits, through softmax), sigmoid or softmax.")
    validation_fraction: float = _field("Share of the training set to hold out.", 0.0)
    test_each_epoch: bool = _field("Log test accuracy too; nothing is chosen by it.", False)
    model: Options = field(
        default_factory=dict,
        metadata={"help": "An option of the model, e.g. units=[300,100]; can be repeated."},
    )
    augment: Options = field(
        default_factory=dict,
        metadata={"help": "A change of the images, flip=true or shift=2; can be repeated."},
    )
    optimizer_options: Options = field(
        default_factory=dict,
        metadata={"help": "An argument of the optimizer, e.g. momentum=0.9; can be repeated."},
    )
    label_smoothing: float = _field("Share of each target spread over all classes.", 0.0)
    flip_at_prediction: bool = _field("Predict from an image and its mirror image.", False)
    # Of convolutions in training; weights and predictions are float32 always.
    precision: str = _field("float32; or bfloat16, where this machine is fast with it.", "float32")
    schedule: str = _field("constant, cosine or exponential.", "constant")
    final_learning_rate: float = _field("Where the schedule ends.", 0.0)
    warmup_epochs: float = _field("Epochs in which the rate climbs first (cosine).", 0)
    moving_average: float | None = _field(
        "Momentum of the weights' moving average, e.g. 0.999.", None
    )
    early_stopping_patience: int | None = _field(
        "Stop after so many epochs without a better one.", None
    )
    restore_best_weights: bool = _field("Keep the best epoch's weights, not the last one's.", False)
    monitor: str = _field(
        "What is better: validation_loss or validation_accuracy.", "validation_loss"
    )

    def __post_init__(self) -> None:
        one_of("builder", self.builder, BUILDERS)
        one_of("engine", self.engine, ENGINES)
        one_of("output_activation", self.output_activation, OUTPUT_ACTIVATIONS)
        one_of("precision", self.precision, PRECISIONS)
        if self.precision == "bfloat16" and self.builder != "convnet":
            raise InvalidValueError(
                f"precision 'bfloat16' needs the builder 'convnet'; received {self.builder!r}"
            )
        for name, least in (("epochs", 1), ("batch_size", 1)):
            value = getattr(self, name)
            if (name, value) != ("batch_size", None) and (type(value) is not int or value < least):
                raise InvalidValueError(f"{name} must be a whole number from 1; received {value!r}")
        rate, share = self.learning_rate, self.validation_fraction
        if not _is_number(rate) or not 0 < rate < math.inf:
            raise InvalidValueError(f"learning_rate must be above 0; received {rate!r}")
        if not _is_number(share) or not 0 <= share < 1:
            raise InvalidValueError(
                f"validation_fraction must be in [0, 1), 0 for none; received {share!r}"
            )
        if not _is_number(self.label_smoothing) or not 0 <= self.label_smoothing < 1:
            raise InvalidValueError(
                f"label_smoothing must be in [0, 1); received {self.label_smoothing!r}"
            )
        for name in ("test_each_epoch", "flip_at_prediction", "restore_best_weights"):
            value = getattr(self, name)
            if not isinstance(value, bool):
                raise InvalidValueError(f"{name} must be true or false; received {value!r}")
        self._check_course()
        self._check_tables()

    def _check_tables(self) -> None:
        """Check the options of the model, the augmentation and the optimizer."""
        for name in TABLES:
            value = getattr(self, name)
            if not isinstance(value, Mapping):
                raise InvalidValueError(f"{name} must be a table of options; received {value!r}")
        for key in self.augment:
            one_of("option of augment", key, [f.name for f in fields(Augmentation)])
        Augmentation(**self.augment)
        arguments = inspect.signature(BUILDERS[self.builder]).parameters.values()
        known = [p.name for p in arguments if p.kind is p.KEYWORD_ONLY]
        options = [name for name in known if name not in NOT_OPTIONS]
        for key in self.model:
            one_of(f"option of {self.builder}", key, options)
        for key, value in self.optimizer_options.items():
            if key in FIELDS_OF_THEIR_OWN:
                raise InvalidValueError(
                    f"optimizer_options must not have {key}; give {FIELDS_OF_THEIR_OWN[key]}"
                )
            if not isinstance(value, bool) and not (_is_number(value) and math.isfinite(value)):
                raise InvalidValueError(
                    f"optimizer option {key} must be a number, true or false; received {value!r}"
                )

    def _check_course(self) -> None:
        """Check the schedule, the moving average and the choice of an epoch."""
        one_of("schedule", self.schedule, SCHEDULES)
        one_of("monitor", self.monitor, MONITORS)
        final, warmup = self.final_learning_rate, self.warmup_epochs
        if not _is_number(final) or not 0 <= final <= self.learning_rate:
            raise InvalidValueError(
                f"final_learning_rate must be from 0 to learning_rate, {self.learning_rate:g}; "
                f"received {final!r}"
            )
        if (self.schedule == "constant" and final) or (
            self.schedule == "exponential" and not final
        ):
            raise InvalidValueError(
                "final_learning_rate must be above 0 with schedule 'exponential', and 0 with "
                f"'constant'; received {final!r} with {self.schedule!r}"
            )
        if not _is_number(warmup) or not 0 <= warmup < self.epochs:
            raise InvalidValueError(
                f"warmup_epochs must be from 0 to below epochs, {self.epochs}; received {warmup!r}"
            )
        if warmup and self.schedule != "cosine":
            raise InvalidValueError(
                f"warmup_epochs needs schedule 'cosine'; received {self.schedule!r}"
            )
        average, patience = self.moving_average, self.early_stopping_patience
        if average is not None and (not _is_number(average) or not 0 < average < 1):
            raise InvalidValueError(
                f"moving_average must be a momentum between 0 and 1, such as 0.999; "
                f"received {average!r}"
            )
        if patience is not None and (type(patience) is not int or patience < 1):
            raise InvalidValueError(
                f"early_stopping_patience must be a whole number of epochs from 1; "
                f"received {patience!r}"
            )
        if (patience is not None or self.restore_best_weights) and not self.validation_fraction:
            raise InvalidValueError(
                "early_stopping_patience and restore_best_weights choose an epoch, and the test "
                "set is never used to choose; give a validation_fraction above 0"
            )

    @property
    def augmentation(self) -> Augmentation | None:
        """The augmentation of the training images; None for none."""
        return Augmentation(**self.augment) if self.augment else None


def _is_number(value: Any) -> bool:
    return type(value) in (int, float)


def one_of(what: str, value: Any, known: Iterable[str]) -> None:
    known = list(known)
    if value in known:
        return
    near = get_close_matches(str(value), known, n=1, cutoff=0.4)
    hint = f"did you mean {near[0]!r}?" if near else f"there are {', '.join(known)}"
    raise InvalidValueError(f"there is no {what} {value!r}; {hint}")
