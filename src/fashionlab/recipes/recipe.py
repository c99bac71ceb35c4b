"""Recipe: all that decides a run beside its data and seed."""

import inspect
import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, fields
from difflib import get_close_matches
from types import ModuleType
from typing import Any

from fashionlab.data import Augmentation
from fashionlab.engines import ENGINES, engine, gpu, multiplies_bfloat16
from fashionlab.errors import InvalidValueError
from fashionlab.models import BUILDERS

# Those of Keras that take a learning rate and need nothing else; scratch has the first four.
OPTIMIZERS = (
    *("SGD", "Adam", "AdamW", "RMSprop", "Nadam", "Adamax", "Adagrad", "Adadelta", "Adafactor"),
    *("Ftrl", "Lamb", "Lion", "Muon"),
)
OUTPUT_ACTIVATIONS = ("linear", "sigmoid", "softmax")
PRECISIONS = ("float32", "bfloat16")
SCHEDULES = ("constant", "cosine", "exponential")
MONITORS = ("validation_loss", "validation_accuracy")
TABLES = ("model", "augment", "optimizer_options")  # fields that are tables of options
FIELDS_OF_THEIR_OWN = {  # arguments of an optimizer that a recipe has as a field
    "learning_rate": "learning_rate",
    "use_ema": "moving_average",
    "ema_momentum": "moving_average",
}


@dataclass(frozen=True)
class Recipe:
    """A model, how it is trained, and on which engine. Epochs are passes over the training set.

    Raises InvalidValueError for a value outside its range.
    """

    name: str
    builder: str  # a key of models.BUILDERS
    engine: str  # one of engines.ENGINES
    epochs: int
    batch_size: int | None  # images a step; None takes the whole training set
    optimizer: str  # a class of nn.optimizers
    learning_rate: float
    output_activation: str  # of the last layer; "linear" gives logits, trained through softmax
    # The share of the training set that is held out and evaluated after each epoch.
    validation_fraction: float = 0.0
    # Evaluate the test set after each epoch too, as the course report did; nothing is chosen by it.
    test_each_epoch: bool = False
    model: Mapping[str, Any] = field(default_factory=dict)  # the builder's other options
    augment: Mapping[str, Any] = field(default_factory=dict)  # fields of data.Augmentation
    # Other arguments of the optimizer, such as momentum and weight_decay.
    optimizer_options: Mapping[str, Any] = field(default_factory=dict)
    label_smoothing: float = 0.0  # the share of each target that is spread over all classes
    # Predict from the mean probabilities of an image and its mirror image.
    flip_at_prediction: bool = False
    # Of convolutions in training, one of PRECISIONS; weights and predictions are float32 always.
    # "bfloat16" is float32 where the machine or the engine does not multiply it at full speed.
    precision: str = "float32"
    schedule: str = "constant"  # of the learning rate over all steps; one of SCHEDULES
    final_learning_rate: float = 0.0  # where a schedule ends
    warmup_epochs: float = 0  # with "cosine": in which the rate climbs from 0 first
    # Momentum of a moving average of the weights over the steps; the average is the result.
    moving_average: float | None = None
    # Epochs without a better `monitor` after which the training stops.
    early_stopping_patience: int | None = None
    restore_best_weights: bool = False  # the result is the epoch of the best `monitor`
    monitor: str = "validation_loss"  # one of MONITORS

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
        """Options of the model, the augmentation and the optimizer."""
        for name in TABLES:
            value = getattr(self, name)
            if not isinstance(value, Mapping):
                raise InvalidValueError(f"{name} must be a table of options; received {value!r}")
        for key in self.augment:
            one_of("option of augment", key, [f.name for f in fields(Augmentation)])
        Augmentation(**self.augment)
        options = inspect.signature(BUILDERS[self.builder]).parameters.values()
        known = [p.name for p in options if p.kind is p.KEYWORD_ONLY and p.name != "output"]
        for key in self.model:
            one_of(f"option of {self.builder}", key, known)
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
        """What changes in the course of a training: rate, average, the epoch that is chosen."""
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
        """What happens to the training images; None for nothing."""
        return Augmentation(**self.augment) if self.augment else None

    def build(
        self,
        nn: ModuleType,
        image_shape: tuple[int, ...],
        classes: int,
        seed: int = 0,
        steps: int = 1,
    ) -> Any:
        """The compiled model; `steps` are those of an epoch, for the schedule.

        Raises InvalidValueError where `nn` lacks a layer that it needs, or refuses an option.
        """
        one_of("optimizer", self.optimizer, [x for x in OPTIMIZERS if hasattr(nn.optimizers, x)])
        try:
            model = BUILDERS[self.builder](
                nn, image_shape, classes, seed, output=self.output_activation, **self.model
            )
        except AttributeError as error:
            raise InvalidValueError(
                f"{self.name} needs a layer that {nn.__name__} lacks ({error}); use --engine keras"
            ) from error
        except (TypeError, ValueError) as error:
            reason = " ".join(str(error).split())
            raise InvalidValueError(f"{self.name} cannot be built: {reason}") from error
        if self.precision == "bfloat16" and multiplies_bfloat16(nn):
            model.in_bfloat16 = True
        optimizer = self._optimizer(nn, steps)
        if self.precision == "bfloat16" and multiplies_bfloat16(nn) and gpu():
            optimizer.in_bfloat16 = True
        model.compile(
            optimizer=optimizer,
            loss=nn.losses.CategoricalCrossentropy(
                from_logits=self.output_activation == "linear",
                label_smoothing=self.label_smoothing,
            ),
            metrics=["accuracy"],
        )
        return model

    def _optimizer(self, nn: ModuleType, steps: int) -> Any:
        average: dict[str, Any] = {}
        if self.moving_average is not None:
            average = {"use_ema": True, "ema_momentum": self.moving_average}
        options = {
            # An int such as 1 in a TOML file stands for a number, which scratch wants as float.
            key: float(value) if type(value) is int else value
            for key, value in self.optimizer_options.items()
        }
        rate = self._schedule(nn, steps)
        kind = getattr(nn.optimizers, self.optimizer)
        if self.optimizer == "Muon":
            from fashionlab.keras_parts.muon import Muon

            kind = Muon
        try:
            return kind(learning_rate=rate, **average, **options)
        except (TypeError, ValueError) as error:
            reason = " ".join(str(error).split())
            raise InvalidValueError(
                f"{self.name}: {self.optimizer} refuses optimizer_options {options}: {reason}"
            ) from error

    def rates(self, steps: int) -> Callable[[int], float]:
        """The learning rate of each step, counted from 0 over the training, `steps` an epoch.

        On either engine; Keras would take 0.1 ms to say it of a schedule.
        """
        rate = self._schedule(engine("scratch"), steps)
        return rate if callable(rate) else lambda step: float(rate)

    def _schedule(self, nn: ModuleType, steps: int) -> Any:
        """The learning rate, or the schedule that gives it at each of epochs x steps."""
        rate = float(self.learning_rate)  # scratch takes no int
        share = self.final_learning_rate / rate
        schedules, total = nn.optimizers.schedules, self.epochs * steps
        if self.schedule == "exponential":
            return schedules.ExponentialDecay(rate, total, share)
        if self.schedule == "constant":
            return rate
        warmup = min(round(self.warmup_epochs * steps), total - 1)  # a step is left to decay in
        if not warmup:
            return schedules.CosineDecay(rate, total, alpha=share)
        return schedules.CosineDecay(
            0.0, total - warmup, share, warmup_target=rate, warmup_steps=warmup
        )


def _is_number(value: Any) -> bool:
    return type(value) in (int, float)


def one_of(what: str, value: Any, known: Iterable[str]) -> None:
    known = list(known)
    if value in known:
        return
    near = get_close_matches(str(value), known, n=1, cutoff=0.4)
    hint = f"did you mean {near[0]!r}?" if near else f"there are {', '.join(known)}"
    raise InvalidValueError(f"there is no {what} {value!r}; {hint}")
