"""Studies of tests: a realistic random one, and small ones by hand."""

import math
from dataclasses import replace

import numpy as np

from fashionlab.report.study import Axis, Study, Trial

UNITS = ("[300, 100]", "[512, 256]", "[128]")
UNITS = ("[300, 100]", "[512, 256]", "[128]")
SPACE = (
    Axis("learning_rate", "float", 1e-4, 3e-2, log=True, given=0.001),
    Axis("batch_size", "int", 16, 512, log=True, given=128),
    Axis("optimizer", "choice", choices=("SGD", "Adam", "AdamW", "RMSprop"), given="Adam"),
    Axis("model.units", "choice", choices=UNITS, given=UNITS[0]),
    Axis("model.dropout", "float", 0.0, 0.5, given=0.0),
    Axis("label_smoothing", "float", 0.0, 0.2, given=0.0),
    Axis("augment.flip", "choice", choices=(True, False), given=False),
    Axis("optimizer_options.weight_decay", "float", 1e-6, 1e-1, log=True, given=0.0001),
)
IMPORTANCE = (0.52, 0.08, 0.21, 0.06, 0.05, 0.02, 0.05, 0.01)
ENVIRONMENT = {"Processor": "AMD EPYC 7B13", "Cores in use": "2", "Python": "3.12.3"}


def value(axis, generator):
    if axis.kind == "choice":
        return axis.choices[generator.integers(len(axis.choices))]
    of, back = (math.log, math.exp) if axis.log else (float, float)
    drawn = back(of(axis.low) + (of(axis.high) - of(axis.low)) * generator.random())
    return round(drawn) if axis.kind == "int" else drawn


def trial(number, accuracy, state="finished", seconds=10.0, curve=None, error="", **parameters):
    curve = [accuracy] if curve is None and accuracy is not None else curve or []
    run = f"mlp-{number:04x}"
    return Trial(number, parameters, state, accuracy, seconds, len(curve), curve, run, error)


def study(trials, space=SPACE, best=None, objectives=("accuracy",), **options):
    finished = [one for one in trials if one.state == "finished"]
    if best is None:
        best = [max(finished, key=lambda one: one.accuracy).number] if finished else []
    given = {
        "recipe": "mlp", "data": "fashion-mnist", "images_trained_on": 48000,
        "images_held_out": 12000, "seed": 0, "sampler": "tpe", "importance": {},
        "environment": ENVIRONMENT,
    }  # fmt: skip
    return Study(objectives=objectives, space=space, trials=trials, best=best, **(given | options))


def front_of(trials):
    """The numbers of trials that no other is at least as good as in both, by the definition."""
    done = [one for one in trials if one.state == "finished"]
    return [
        a.number
        for a in done
        if not any(
            b.accuracy >= a.accuracy and b.seconds <= a.seconds
            and (b.accuracy, b.seconds) != (a.accuracy, a.seconds)
            for b in done
        )
    ]  # fmt: skip


def random_study(count, seed=1, two=False, space=SPACE):
    """A study as a search makes it: better with time, some trials pruned, a few failed."""
    generator = np.random.default_rng(seed)
    trials = []
    for number in range(count):
        parameters = {axis.name: value(axis, generator) for axis in space}
        if number == 0:
            parameters = {axis.name: axis.given for axis in space}
        rate = parameters.get("learning_rate", 0.002)
        penalty = 0.006 * math.log(rate / 0.002) ** 2 + 0.02 * (
            parameters.get("optimizer") == "SGD"
        )
        final = 0.9 - penalty * (1 - 0.5 * number / count) + 0.004 * generator.standard_normal()
        final = 0.1 if rate > 0.027 else final
        noise = 0.002 * generator.standard_normal(10)
        curve = np.clip(final - 0.12 * np.exp(-0.6 * np.arange(10)) + noise, 0, 1).tolist()
        seconds = float(300 / math.sqrt(parameters.get("batch_size", 64)) + 5 * generator.random())
        run = f"mlp-{generator.integers(2**48):012x}"
        state, error = "finished", ""
        if number > 5 and curve[2] < 0.86:
            state, curve = "pruned", curve[: generator.integers(1, 6)]
            seconds *= len(curve) / 10
        accuracy = round(curve[-1] * 12000) / 12000
        if generator.random() < 0.04:
            state, accuracy, seconds, curve = "failed", None, None, []
            error = "RunError: training needs 9.1 GiB; received 8 GiB; take a smaller batch_size"
        trials.append(
            Trial(number, parameters, state, accuracy, seconds, len(curve), curve, run, error)
        )
    best = front_of(trials) if two else None
    made = study(trials, space, best, ("accuracy", "seconds") if two else ("accuracy",))
    return replace(
        made,
        importance=dict(zip([axis.name for axis in space], IMPORTANCE, strict=False)),
        command=f"fashionlab tune mlp --trials {count}",
        recipes={n: f"best-{n}.toml" if two else "best.toml" for n in made.best},
    )
