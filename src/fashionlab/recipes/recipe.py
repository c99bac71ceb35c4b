"""Recipe: all that decides a run apart from its data and seed."""

from collections.abc import Hashable, Iterable, Mapping
from dataclasses import MISSING, dataclass, field
from difflib import get_close_matches
from functools import cache
from inspect import signature
from typing import Annotated, Any, get_type_hints

from fashionlab.data import Augmentation
from fashionlab.engines import ENGINES
from fashionlab.errors import InvalidValueError
from fashionlab.models import BUILDERS, CONVOLUTIONAL
from fashionlab.recipes.name import require_name
from fashionlab.typed import LARGEST, Between, MismatchError, typed

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

COUNT, EPOCHS, SHARE = Between(1, LARGEST), Between(1, 1_000_000), Between(0, 1)
Options = Mapping[str, Any]  # of types that `_check_tables` knows


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
    epochs: Annotated[int, EPOCHS] = _field("Passes over the training set.")
    batch_size: Annotated[int, COUNT] | None = _field("Images a step, or 'all'.")  # None for all
    optimizer: str = _field("SGD, Adam, ...")
    learning_rate: float = _field("The highest of a schedule.")
    output_activation: str = _field("linear (logits, through softmax), sigmoid or softmax.")
    validation_fraction: Annotated[float, SHARE] = _field(
        "Share of the training set to hold out.", 0.0
    )
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
    label_smoothing: Annotated[float, SHARE] = _field(
        "Share of each target spread over all classes.", 0.0
    )
    flip_at_prediction: bool = _field("Predict from an image and its mirror image.", False)
    # Of convolutions in training; weights and predictions are float32 always.
    precision: str = _field("float32; or bfloat16, where this machine is fast with it.", "float32")
    schedule: str = _field("constant, cosine or exponential.", "constant")
    final_learning_rate: float = _field("Where the schedule ends.", 0.0)
    warmup_epochs: float = _field("Epochs in which the rate climbs first (cosine).", 0)
    moving_average: float | None = _field(
        "Momentum of the weights' moving average, e.g. 0.999.", None
    )
    early_stopping_patience: Annotated[int, EPOCHS] | None = _field(
        "Stop after so many epochs without a better one.", None
    )
    restore_best_weights: bool = _field("Keep the best epoch's weights, not the last one's.", False)
    monitor: str = _field(
        "What is better: validation_loss or validation_accuracy.", "validation_loss"
    )

    def __post_init__(self) -> None:
        self._check_types()
        require_name(self.name)
        one_of("builder", self.builder, BUILDERS)
        one_of("engine", self.engine, ENGINES)
        one_of("optimizer", self.optimizer, OPTIMIZERS)
        one_of("output_activation", self.output_activation, OUTPUT_ACTIVATIONS)
        one_of("precision", self.precision, PRECISIONS)
        if self.precision == "bfloat16" and self.builder not in CONVOLUTIONAL:
            raise InvalidValueError(
                "precision 'bfloat16' needs the builder 'convnet' or 'resnet'; received "
                f"{self.builder!r}"
            )
        if not self.learning_rate > 0:
            raise InvalidValueError(
                f"learning_rate must be above 0; received {self.learning_rate!r}"
            )
        for name, meaning in (("validation_fraction", ", 0 for none"), ("label_smoothing", "")):
            share = getattr(self, name)
            if share == 1:
                raise InvalidValueError(f"{name} must be in [0, 1){meaning}; received {share!r}")
        self._check_course()
        self._check_tables()

    def _check_types(self) -> None:
        for name, kind in declared(Recipe).items():
            value = getattr(self, name)
            require_typed(kind, dict(value) if isinstance(value, Mapping) else value, name)

    def _check_tables(self) -> None:
        """Check the options of the model, the augmentation and the optimizer."""
        _require_options("model", self.model, self.builder, BUILDERS[self.builder])
        _require_options("augment", self.augment, "augment", Augmentation)
        Augmentation(**self.augment)
        for key, value in self.optimizer_options.items():
            if key in FIELDS_OF_THEIR_OWN:
                raise InvalidValueError(
                    f"optimizer_options must not have {key}; give {FIELDS_OF_THEIR_OWN[key]}"
                )
            if not str(key).isidentifier():
                raise InvalidValueError(f"an optimizer has no option {key!r:.80}; leave it out")
            require_typed(bool | float, value, f"optimizer_options.{key}")

    def _check_course(self) -> None:
        """Check the schedule, the moving average and the choice of an epoch."""
        one_of("schedule", self.schedule, SCHEDULES)
        one_of("monitor", self.monitor, MONITORS)
        final, warmup = self.final_learning_rate, self.warmup_epochs
        if not 0 <= final <= self.learning_rate:
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
        if not 0 <= warmup < self.epochs:
            raise InvalidValueError(
                f"warmup_epochs must be from 0 to below epochs, {self.epochs}; received {warmup!r}"
            )
        if warmup and self.schedule != "cosine":
            raise InvalidValueError(
                f"warmup_epochs needs schedule 'cosine'; received {self.schedule!r}"
            )
        average, patience = self.moving_average, self.early_stopping_patience
        if average is not None and not 0 < average < 1:
            raise InvalidValueError(
                f"moving_average must be a momentum between 0 and 1, such as 0.999; "
                f"received {average!r}"
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


@cache
def declared(kind: Hashable) -> Mapping[str, Any]:
    """Return the types of a dataclass's fields, or of a builder's options, by name."""
    hints = get_type_hints(kind, include_extras=True)
    return {
        argument.name: hints.get(argument.name, Any)
        for argument in signature(kind).parameters.values()  # type: ignore[arg-type]
        if isinstance(kind, type) or argument.kind is argument.KEYWORD_ONLY
    }


def require_typed(kind: Any, value: Any, name: str) -> None:
    """Raise InvalidValueError where a value, as JSON, TOML or Python has it, is not of `kind`."""
    try:
        typed(kind, _as_json(value), name)
    except (MismatchError, RecursionError) as error:
        said, shown = str(error), _shown(value)
        value_said = "" if shown in said else f": {shown}"
        raise InvalidValueError(
            f"{said}{value_said}; `fashionlab train --help` lists the fields"
        ) from error


def _shown(value: Any) -> str:
    try:
        return f"{value!r:.80}"
    except (ValueError, RecursionError):  # Python writes no whole number of 4,300 digits
        return "too long to show"


def _as_json(value: Any) -> Any:
    """Return tuples as lists, which a declaration takes for either."""
    return [_as_json(item) for item in value] if isinstance(value, list | tuple) else value


def _require_options(table: str, values: Options, owner: str, declaration: Any) -> None:
    """Raise InvalidValueError where options are unknown, or not of their declared types."""
    hints = {key: x for key, x in declared(declaration).items() if key not in NOT_OPTIONS}
    for key, value in values.items():
        one_of(f"option of {owner}", key, hints)
        require_typed(hints[key], value, f"{table}.{key}")


def one_of(what: str, value: Any, known: Iterable[str]) -> None:
    known = list(known)
    if value in known:
        return
    near = get_close_matches(str(value)[:80], known, n=1, cutoff=0.4)
    hint = f"did you mean {near[0]!r}?" if near else f"there are {', '.join(known)}"
    raise InvalidValueError(f"there is no {what} {value!r:.80}; {hint}")
