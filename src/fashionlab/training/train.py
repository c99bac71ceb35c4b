"""train: a recipe, data and a seed become a run folder, in one session or in several."""

import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fashionlab.data import Dataset, Parts, split
from fashionlab.data.parts import require_alike
from fashionlab.engines import get
from fashionlab.errors import DataFormatError, InvalidValueError, RunError
from fashionlab.progress import Progress, ProgressList
from fashionlab.recipes import Recipe, build, recorded
from fashionlab.runs import (
    Run,
    RunWriter,
    is_begun,
    recorded_config,
    require_free,
    tidy,
)
from fashionlab.training.loop import Trainer
from fashionlab.training.records import Data, describe, write_protocol, write_result
from fashionlab.training.signals import Interrupts

if TYPE_CHECKING:
    from fashionlab.engines.keras_torch.replica import Replica

AVERAGED = 0.2  # share of a training's steps that an average of weights may well span
LARGEST_SEED = 2**63 - 1  # that a run's JSON keeps for readers in any language


def train(
    recipe: Recipe,
    data: Data,
    out: str | Path,
    seed: int = 0,
    progress: Progress | None = None,
    *,
    resume: bool = False,
    checkpoint_steps: int | None = None,
    tensorboard: bool = False,
    replica: "Replica | None" = None,
) -> Run:
    """Train on (train, test) and write the run folder `out`.

    Each epoch is followed by an evaluation of the validation part, where the data have one of their
    own (`Parts`) or the recipe holds one out.
    The test set is read once, at the end, and no choice is made on it; a recipe with
    `test_each_epoch` reads it after each epoch too. The run's protocol.json says which.

    A checkpoint is written to `out`.partial after each epoch, and after every `checkpoint_steps`
    steps. With `resume` a training that was stopped goes on from the newest sound one, and comes
    out as if it had not been stopped, to the bit; one that is finished is returned as it is.
    `tensorboard` writes events for TensorBoard. `replica` is of `parallel`, whose first worker runs
    this function.

    Raises DataFormatError where the parts do not belong together; RunError where `out` exists,
    another process writes it, or it cannot be written; MissingDependencyError where the engine is
    not installed; InvalidValueError where the engine cannot build the recipe, or the loss is no
    longer finite; StoppedError where Ctrl-C or SIGTERM stopped it.
    """
    progress, out = progress or Progress(), Path(out)
    if type(seed) is not int or not 0 <= seed <= LARGEST_SEED:
        raise InvalidValueError(
            f"seed must be a whole number from 0 to {LARGEST_SEED:,}; received {seed!r:.80}"
        )
    if checkpoint_steps is not None and (type(checkpoint_steps) is not int or checkpoint_steps < 1):
        raise InvalidValueError(
            f"checkpoint_steps must be a whole number from 1; received {checkpoint_steps!r:.80}"
        )
    require_alike(parts(data))
    if data[0].classes < 2:
        raise DataFormatError(
            f"a data set must have two classes or more to be trained on; received "
            f"{data[0].classes} from {data[0].source}; add images of another"
        )
    if resume and (done := finished_run(recipe, out, data, seed)):
        progress.say(f"{out} is finished; it is used as it is")
        return done
    require_free(out, resume)  # before the engine is imported and the model built: seconds
    (training, test), held_out = data, own_validation(data)
    if recipe.validation_fraction and held_out:
        progress.say(
            "the data's own validation part is used; no share of the training part is held out"
        )
    elif recipe.validation_fraction:
        training, held_out = split(training, recipe.validation_fraction, seed)
    monitored = held_out or (test if recipe.test_each_epoch else None)
    with RunWriter(out, resume) as writer, Interrupts() as interrupts:
        if writer.is_leased:
            progress.say(
                f"{out} lies on a file system without locks: until it is finished, a lease that "
                "this process renews keeps others out"
            )
        checkpoint = writer.newest_checkpoint(progress.say)
        decisive = settings(recipe, data, seed)
        if checkpoint:
            _require_same(decisive, recorded_config(out), f"{out} was begun")
        engine = get(recipe.engine)
        batches = engine.batches(training, recipe.batch_size, seed, recipe.augmentation)
        shape = training.image_shape
        model = build(
            recipe, engine, shape, training.classes, seed, batches.steps, batches.batch_size
        )
        if replica:
            batches.share = replica.join(model)
        if tensorboard:
            from fashionlab.progress.tensorboard import TensorBoard

            progress = ProgressList([progress, TensorBoard(writer.tensorboard_folder)])
        trainer = Trainer(
            recipe, engine, model, batches, monitored, writer, progress, checkpoint_steps, replica
        )
        workers = batches.share.workers if batches.share else 1
        describe(writer, decisive, engine, model, data, checkpoint, progress, workers)
        if checkpoint:
            trainer.resume(checkpoint)
            writer.write_history(trainer.history)
            progress.say(f"{recipe.name} goes on after step {trainer.steps} in {out}")
        if warning := _short_for_its_average(recipe, recipe.epochs * batches.steps):
            progress.say(warning)
        progress.start(recipe.name, recipe.epochs, batches.steps, trainer.steps)
        try:
            trainer.run(interrupts)
        finally:
            progress.stop()
        if replica:
            replica.end()
        write_result(writer, model, recipe, test)
        write_protocol(writer, trainer, data, held_out, own_validation(data) is None)
    return Run(out)


def parts(data: Data) -> tuple[Dataset, ...]:
    """Return all parts of the data."""
    return data.all if isinstance(data, Parts) else data


def own_validation(data: Data) -> Dataset | None:
    """Return the validation part that the data have of their own."""
    return data.validation if isinstance(data, Parts) else None


def settings(recipe: Recipe, data: Data, seed: int) -> dict[str, Any]:
    """Return what decides a run, as JSON values: the recipe, the seed, the data by its hash."""
    decisive: dict[str, Any] = {
        "recipe": asdict(recipe),
        "seed": seed,
        "data": {
            part.part: {"name": part.name, "sha256": part.sha256, "images": len(part)}
            for part in parts(data)
        },
    }
    if left_out := isinstance(data, Parts) and data.left_out:
        decisive["without"] = asdict(left_out)
    normal: dict[str, Any] = json.loads(json.dumps(decisive))  # tuples become lists, as read back
    return normal


def finished_run(recipe: Recipe, folder: Path, data: Data, seed: int) -> Run | None:
    """Return the run in `folder`, None where it is not finished; RunError where it is another."""
    wanted = settings(recipe, data, seed)
    if not folder.exists():
        if is_begun(folder):
            _require_same(wanted, recorded_config(folder), f"{folder} was begun")
        return None
    run = Run(folder)
    _require_same(wanted, run.config, f"{folder} was trained")
    tidy(folder)
    return run


def _short_for_its_average(recipe: Recipe, steps: int) -> str:
    """Return a warning where a moving average would hold much of the weights from the beginning."""
    spanned = 1 / (1 - (recipe.moving_average or 0))
    if steps >= spanned:
        return ""
    lower = 1 - 1 / (steps * AVERAGED) if steps * AVERAGED > 1 else 0
    shorter = f"--moving-average {lower:.3g}, " if lower else ""
    return (
        f"the moving average of the weights is over about {spanned:,.0f} steps, and the training "
        f"has {steps:,}: much of the result is the weights before training; give {shorter}a "
        "smaller --batch-size, or more epochs"
    )


def _require_same(wanted: Mapping[str, Any], stored: Mapping[str, Any], what: str) -> None:
    """Raise RunError, which names the settings that differ, where it is not the run wanted."""
    require_equal(_flat(stored), _flat(wanted), what)


def require_equal(before: Mapping[str, Any], now: Mapping[str, Any], what: str) -> None:
    """Raise RunError, which names the settings that differ, where what was begun had others."""
    different = [
        f"{name} {before.get(name)!r:.80}, not {now.get(name)!r:.80}"
        for name in dict.fromkeys([*now, *before])
        if before.get(name) != now.get(name)
    ]
    if different:
        raise RunError(
            f"{what} with other settings ({'; '.join(different)}); give the same ones, choose "
            "another --out, or remove it"
        )


def _flat(stored: Mapping[str, Any]) -> dict[str, Any]:
    """Return what decides a run, by names for a message."""
    recipe, data = stored.get("recipe"), stored.get("data")
    with suppress(InvalidValueError):  # an older version did not know all fields
        recipe = json.loads(json.dumps(asdict(recorded(recipe))))
    flat = dict(recipe) if isinstance(recipe, Mapping) else {"recipe": recipe}
    for part, facts in data.items() if isinstance(data, Mapping) else ():
        decisive = isinstance(facts, Mapping)  # of data the hash decides, not the folder's name
        flat[f"{part} data"] = facts["sha256"] if decisive and "sha256" in facts else facts
    return flat | {"seed": stored.get("seed"), "images left out": stored.get("without")}
