"""train_parallel: one model trained by several workers together, by Ray Train. Experimental.

Each worker has the whole training set and takes its share of each batch; gradients are summed over
all of them before each step. The run is the one of a single worker with the same recipe and seed,
up to rounding.
"""

import os
from pathlib import Path

from fashionlab import __version__, files
from fashionlab.data import ReadOptions, load
from fashionlab.data.parts import NO_OPTIONS
from fashionlab.errors import InvalidValueError, RunError, StoppedError
from fashionlab.jobs.stopping import terminable
from fashionlab.progress import Progress
from fashionlab.recipes import Recipe
from fashionlab.runs import Run, is_begun, require_free, resume_command
from fashionlab.training.ray_train import fit
from fashionlab.training.records import source_of
from fashionlab.training.train import finished_run, settings

RETRIES = 3  # times that all workers begin again where one was lost


def train_parallel(
    recipe: Recipe,
    source: str | Path | None,
    out: str | Path,
    seed: int = 0,
    progress: Progress | None = None,
    *,
    workers: int,
    on: str = "ray",
    options: ReadOptions = NO_OPTIONS,
    resume: bool = False,
    checkpoint_steps: int | None = None,
    tensorboard: bool = False,
    retries: int = RETRIES,
) -> Run:
    """Train a recipe of the engine keras on `workers` processes, and write the run folder `out`.

    Experimental. Each worker reads the data from `source`, which with `options` is what `data.load`
    takes. `on` is "ray" or "ray://HOST:PORT", as in `jobs.start`. `out` must lie where this process
    and the first worker see it. Workers compute on GPUs where the cluster has one for each, and
    otherwise share its cores. Where a worker is lost, all begin again from the newest checkpoint,
    `retries` times at most. The other arguments are those of `train`.

    Raises InvalidValueError where several workers cannot train the recipe, or the cluster has too
    few cores; RunError where a worker has another version of the package or other data, or too many
    were lost; StoppedError where Ctrl-C or SIGTERM stopped it; MissingDependencyError without Ray
    or PyTorch; and what `train` and `data.load` raise.
    """
    progress, out = progress or Progress(), Path(out).resolve()
    _require_possible(recipe, workers, on)
    data = load(source, options, log=progress.say)
    # Without a name each worker searches: not every machine has Fashion-MNIST at the same place.
    is_named = source is not None or "FASHIONLAB_DATA" in os.environ
    if resume and (done := finished_run(recipe, out, data, seed)):
        progress.say(f"{out} is finished; it is used as it is")
        return done
    require_free(out, resume)
    task = {
        "version": __version__,
        "settings": settings(recipe, data, seed),
        "source": source_of(data.train) if is_named else None,
        "options": options.given(),
        "out": files.text(out),
        "checkpoint_steps": checkpoint_steps,
        "tensorboard": tensorboard,
    }
    del data  # the workers need the memory
    try:
        with terminable() as status:
            fit(task, workers, on, retries, progress)
    except KeyboardInterrupt:
        if not is_begun(out):
            raise
        remedy = f"{resume_command(out)} --workers {workers}" + f" --on {on}" * (on != "ray")
        raise StoppedError("stopped; the newest checkpoint is kept", status(), remedy) from None
    if not out.exists():
        raise RunError(
            f"a run folder must lie where all machines see it; received {out}, which the first "
            "worker has written elsewhere; choose another --out"
        )
    return Run(out)


def _require_possible(recipe: Recipe, workers: int, on: str) -> None:
    """Raise InvalidValueError where so many workers cannot train the recipe, or not there."""
    if on != "ray" and not on.startswith("ray://"):
        raise InvalidValueError(
            f'several workers train on "ray" or "ray://HOST:PORT"; received {on!r:.80}'
        )
    if type(workers) is not int or workers < 1:
        raise InvalidValueError(f"workers must be a whole number from 1; received {workers!r:.80}")
    if recipe.engine != "keras":
        raise InvalidValueError(
            f"several workers train the engine keras; received {recipe.engine} of {recipe.name}; "
            "give --engine keras, or leave --workers out"
        )
    backend = os.environ.get("KERAS_BACKEND", "torch")
    if backend != "torch":
        raise InvalidValueError(
            f"several workers train Keras on PyTorch; received KERAS_BACKEND {backend}; set it to "
            "torch, or leave --workers out"
        )
    if recipe.batch_size is not None and workers > max(1, recipe.batch_size // 2):
        raise InvalidValueError(
            f"workers must be at most half the images of a batch, {recipe.batch_size // 2}; "
            f"received {workers}; give fewer, or a larger --batch-size"
        )
