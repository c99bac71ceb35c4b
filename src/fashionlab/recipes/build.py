"""build: the compiled model, optimizer and schedule that a recipe describes."""

from collections.abc import Callable
from inspect import signature
from typing import Any

from fashionlab.engines import Engine, get
from fashionlab.errors import InvalidValueError
from fashionlab.models import BUILDERS
from fashionlab.recipes.recipe import OPTIMIZERS, Recipe, one_of
from fashionlab.recipes.size import require_sensible


def build(
    recipe: Recipe,
    engine: Engine,
    image_shape: tuple[int, ...],
    classes: int,
    seed: int = 0,
    steps: int = 1,
    images: int | None = None,
) -> Any:
    """Return the compiled model; `steps` are the steps of an epoch, for the schedule.

    `images` are those of a batch, for a model that will be trained. Raises InvalidValueError where
    the engine lacks a layer that it needs, or refuses an option; and, before anything is allocated,
    where the network would take more memory than is sensible.
    """
    require_sensible(recipe, image_shape, classes, images)
    nn = engine.nn
    one_of("optimizer", recipe.optimizer, [x for x in OPTIMIZERS if hasattr(nn.optimizers, x)])
    optimizer = _optimizer(recipe, engine, steps)
    model = build_network(recipe, engine, image_shape, classes, seed)
    model.compile(
        optimizer=optimizer,
        loss=nn.losses.CategoricalCrossentropy(
            from_logits=recipe.output_activation == "linear",
            label_smoothing=recipe.label_smoothing,
        ),
        metrics=["accuracy"],
    )
    if recipe.precision == "bfloat16":
        engine.use_bfloat16(model)
    return model


def build_network(
    recipe: Recipe, engine: Engine, image_shape: tuple[int, ...], classes: int, seed: int = 0
) -> Any:
    """Return the model before it is compiled; raises InvalidValueError as `build` does."""
    require_sensible(recipe, image_shape, classes)
    builder = BUILDERS[recipe.builder]
    options = {"layout": engine.layout} if "layout" in signature(builder).parameters else {}
    try:
        return builder(
            engine.nn,
            image_shape,
            classes,
            seed,
            output=recipe.output_activation,
            **recipe.model,
            **options,
        )
    except AttributeError as error:
        raise InvalidValueError(
            f"{recipe.name} needs a layer that {engine.name} lacks ({error}); use --engine keras"
        ) from error
    except (TypeError, ValueError) as error:
        reason = " ".join(str(error).split())
        raise InvalidValueError(f"{recipe.name} cannot be built: {reason}") from error


def learning_rates(recipe: Recipe, steps: int) -> Callable[[int], float]:
    """Return the learning rate of each step, counted from 0 over the training, `steps` an epoch.

    On either engine; Keras would take 0.1 ms to compute it of a schedule.
    """
    rate = _schedule(recipe, get("scratch"), steps)
    return rate if callable(rate) else lambda step: float(rate)


def _optimizer(recipe: Recipe, engine: Engine, steps: int) -> Any:
    average: dict[str, Any] = {}
    if recipe.moving_average is not None:
        average = {"use_ema": True, "ema_momentum": recipe.moving_average}
    options = {
        # An int such as 1 in a TOML file stands for a number, which scratch wants as float.
        key: float(value) if type(value) is int else value
        for key, value in recipe.optimizer_options.items()
    }
    rate, kind = _schedule(recipe, engine, steps), engine.optimizer(recipe.optimizer)
    _require_flags(recipe, kind)
    try:
        return kind(learning_rate=rate, **average, **options)
    except (TypeError, ValueError) as error:
        reason = " ".join(str(error).split())
        raise InvalidValueError(
            f"{recipe.name}: {recipe.optimizer} refuses optimizer_options {options}: {reason}"
        ) from error


def _require_flags(recipe: Recipe, kind: Any) -> None:
    """Raise InvalidValueError where an option of the optimizer is a number for a flag, or reverse.

    Neither library tells true from 1.
    """
    parameters = signature(kind).parameters
    for key, value in recipe.optimizer_options.items():
        flag = key in parameters and isinstance(parameters[key].default, bool)
        if key in parameters and flag != isinstance(value, bool):
            wanted = "true or false" if flag else "a number"
            raise InvalidValueError(
                f"{recipe.optimizer}'s option {key} must be {wanted}; received {str(value).lower()}"
            )


def _schedule(recipe: Recipe, engine: Engine, steps: int) -> Any:
    """Return the learning rate, or the schedule that gives it at each of epochs x steps."""
    rate = float(recipe.learning_rate)  # scratch takes no int
    share = recipe.final_learning_rate / rate
    schedules, total = engine.nn.optimizers.schedules, recipe.epochs * steps
    if recipe.schedule == "exponential":
        return schedules.ExponentialDecay(rate, total, share)
    if recipe.schedule == "constant":
        return rate
    warmup = min(round(recipe.warmup_epochs * steps), total - 1)  # a step is left to decay in
    if not warmup:
        return schedules.CosineDecay(rate, total, alpha=share)
    return schedules.CosineDecay(
        0.0, total - warmup, share, warmup_target=rate, warmup_steps=warmup
    )
