"""What changes in the course of a training, on both engines: rate, average, the epoch kept."""

import threading
from dataclasses import replace

import numpy as np
import pytest
from safetensors.numpy import load_file

from fashionlab.data import one_hot, split
from fashionlab.data.synthetic import draw
from fashionlab.engines import get as get_engine
from fashionlab.errors import InvalidValueError
from fashionlab.progress import Progress
from fashionlab.recipes import build, get, override
from fashionlab.runs import Run
from fashionlab.training import train
from fashionlab.training.early_stopping import best_epoch, is_over
from fashionlab.training.loop import Trainer
from fashionlab.training.signals import Interrupts

ENGINES = ("scratch", "keras")


@pytest.fixture(scope="module")
def data():
    return draw(200, 60)


def recipe(name, **changes):
    given = {
        "engine": name,
        "epochs": 4,
        "batch_size": 20,
        "output_activation": "linear",
        "model": {"units": (8,)},
        "validation_fraction": 0.2,
    }
    return replace(get("report-mlp"), **{**given, **changes})


@pytest.mark.parametrize("engine", ENGINES)
def test_both_engines_train_the_same_recipe_through_one_loop(engine, tmp_path):
    chosen = replace(get("report-mlp"), engine=engine, epochs=2, batch_size=64)
    run = train(chosen, draw(600, 200), tmp_path / engine)
    assert run.metrics().accuracy > 0.5
    layers = ("hidden_1", "hidden_2", "output")
    expected = {f"{layer}.{kind}" for layer in layers for kind in ("kernel", "bias")}
    assert load_file(run.folder / "weights.safetensors").keys() == expected
    with np.load(run.folder / "predictions.npz", allow_pickle=False) as stored:
        assert stored["log_probabilities"].shape == (200, 10)


def rows(*losses):
    return [
        {"epoch": i, "validation_loss": loss, "validation_accuracy": 1 - loss}
        for i, loss in enumerate(losses, 1)
    ]


def test_the_best_epoch_is_the_first_of_the_lowest_loss_or_the_highest_accuracy():
    for monitor in ("validation_loss", "validation_accuracy"):
        assert best_epoch(rows(0.5, 0.25, 0.75, 0.25), monitor) == 2


@pytest.mark.parametrize(
    ("losses", "patience", "over"),
    [
        ((), 1, False),
        ((0.5,), 1, False),
        ((0.5, 0.6), 1, True),
        ((0.5, 0.4), 1, False),
        ((0.5, 0.6), 2, False),
        ((0.5, 0.6, 0.7), 2, True),
        ((0.5, 0.6, 0.4, 0.4), 2, False),
        ((0.5, 0.6, 0.4, 0.4, 0.5), 2, True),
        ((0.5, 0.6, 0.7), None, False),
        ((0.5,) * 9, None, True),
    ],
)
def test_patience_ends_after_so_many_epochs_without_a_better_one(losses, patience, over):
    chosen = recipe("scratch", epochs=9, early_stopping_patience=patience)
    assert is_over(rows(*losses), chosen) is over


def planned(losses, monkeypatch):
    """Let the validation loss of each epoch be what a test needs."""
    left = iter(losses)
    monkeypatch.setattr(
        Trainer,
        "_evaluated",
        lambda self: {"validation_loss": next(left), "validation_accuracy": 0.5},
    )


@pytest.mark.parametrize("name", ENGINES)
def test_the_best_epochs_weights_are_kept_and_training_stops_early(
    name, data, tmp_path, monkeypatch
):
    seen = []
    real = Trainer._keep_if_best

    def keep(self):
        real(self)
        seen.append([w.copy() for w in self.model.get_weights()])

    monkeypatch.setattr(Trainer, "_keep_if_best", keep)
    planned([0.5, 0.3, 0.4, 0.35, 0.1], monkeypatch)
    chosen = recipe(name, epochs=9, early_stopping_patience=2, restore_best_weights=True)
    run = train(chosen, data, tmp_path / "run")
    assert len(run.history()) == 4
    kept = load_file(tmp_path / "run" / "weights.safetensors")
    for weights, wanted in ((seen[1], True), (seen[3], False)):
        same = all(any(np.array_equal(value, w) for w in weights) for value in kept.values())
        assert same is wanted


@pytest.mark.parametrize("name", ENGINES)
def test_without_it_the_last_epochs_weights_are_kept(name, data, tmp_path, monkeypatch):
    planned([0.5, 0.3, 0.4, 0.35], monkeypatch)
    train(recipe(name), data, tmp_path / "last")
    monkeypatch.undo()
    train(recipe(name), data, tmp_path / "plain")
    assert Run(tmp_path / "last").weights_sha256() == Run(tmp_path / "plain").weights_sha256()


@pytest.mark.parametrize("name", ENGINES)
def test_a_moving_average_is_what_is_evaluated_and_kept(name, data, tmp_path):
    """Against the average worked out from the weights after each step."""
    momentum, averages = 0.8, []

    class Averages(Progress):
        def step(self, step):
            now = [w.copy() for w in trained.model.get_weights()]
            if not averages:
                averages.extend(now)
            else:
                for a, w in zip(averages, now, strict=True):
                    a *= momentum
                    a += (1 - momentum) * w

    made = []
    real = Trainer.__init__

    def noting(self, *arguments):
        real(self, *arguments)
        made.append(self)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Trainer, "__init__", noting)

        class Late(Averages):
            def start(self, *arguments, **options):
                nonlocal trained
                trained = made[0]

        trained = None
        run = train(recipe(name, moving_average=momentum), data, tmp_path / "run", progress=Late())
    kept = load_file(tmp_path / "run" / "weights.safetensors")
    assert len(kept) == len(averages)
    for value in kept.values():
        assert any(value.shape == a.shape and np.allclose(value, a, atol=1e-6) for a in averages), (
            value.shape
        )
    model = trained.model
    _, held_out = split(data[0], 0.2, 0)
    loss, accuracy = model.evaluate(
        held_out.images, one_hot(held_out.labels, 10), batch_size=500, verbose=0
    )
    last = run.history()[-1]
    assert (loss, accuracy) == pytest.approx((last["validation_loss"], last["validation_accuracy"]))


@pytest.mark.parametrize("name", ENGINES)
def test_the_history_has_the_rate_of_each_epochs_last_step(name, data, tmp_path):
    chosen = recipe(name, schedule="cosine", warmup_epochs=1, learning_rate=0.01)
    rates = [row["learning_rate"] for row in train(chosen, data, tmp_path / "run").history()]
    steps = 8  # an epoch: 160 images in batches of 20
    expected = [0.01 * 7 / 8] + [
        0.01 * 0.5 * (1 + np.cos(np.pi * (e * steps - 1 - 8) / 24)) for e in (2, 3, 4)
    ]
    assert rates == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("name", ENGINES)
def test_patience_counts_from_the_best_epoch(name, data, tmp_path, monkeypatch):
    planned([0.9, 0.5, 0.6, 0.4, 0.4, 0.41, 0.45, 0.1], monkeypatch)
    chosen = recipe(name, epochs=30, early_stopping_patience=3)
    assert len(train(chosen, data, tmp_path / "run").history()) == 7


@pytest.mark.parametrize("name", ENGINES)
def test_what_is_captured_and_restored_is_the_whole_state(name):
    """The steps after a restore are those of the model that was captured."""
    chosen = replace(
        recipe(name, moving_average=0.9, model={"units": (8,), "dropout": 0.5}), batch_size=20
    )
    engine = get_engine(name)
    images, labels = draw(40, 20)[0].images, one_hot(draw(40, 20)[0].labels, 10)

    def model():
        return build(chosen, engine, (28, 28), 10, seed=3)

    def steps(m):
        return [float(m.train_on_batch(images, labels, return_dict=True)["loss"]) for _ in range(3)]

    first = model()
    steps(first)
    captured = engine.capture(first)
    after = steps(first)
    again = model()
    engine.restore(again, captured)
    assert steps(again) == after
    for a, b in zip(first.get_weights(), again.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
    fresh = engine.capture(model()) if name == "scratch" else None
    random = [key for key in captured if key.startswith("random/")]
    assert random if name == "scratch" else not random
    if fresh:  # the draws of dropout alone make a difference
        other = model()
        engine.restore(other, {**captured, random[0]: fresh[random[0]]})
        assert steps(other) != after


@pytest.mark.parametrize("name", ENGINES)
def test_a_last_step_that_breaks_the_weights_is_refused(name, data, tmp_path, monkeypatch):
    real = Trainer._step

    def breaks(self, x, y):
        logs = real(self, x, y)
        if self._metrics.step + 1 == self.batches.steps:
            self.model.set_weights([w * np.nan for w in self.model.get_weights()])
        return logs

    monkeypatch.setattr(Trainer, "_step", breaks)
    with pytest.raises(InvalidValueError, match="the loss must stay finite, but was not in epoch"):
        train(recipe(name, epochs=1), data, tmp_path / "run")
    assert not list(tmp_path.iterdir())


def test_outside_the_main_thread_signals_are_left_alone():
    seen = []

    def work():
        with Interrupts() as interrupts:
            seen.append((interrupts.after_epoch, interrupts.after_step))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert seen == [(False, False)]


class Said(Progress):
    def __init__(self):
        self.lines = []

    def say(self, line):
        self.lines.append(line)


@pytest.mark.parametrize(
    ("changes", "warning"),
    [
        ({}, "over about 1,000 steps, and the training has 2:"),
        ({"epochs": 1}, "over about 500 steps, and the training has 1:"),
        ({"moving_average": 0.5}, ""),
        ({"moving_average": None}, ""),
    ],
)
def test_a_training_shorter_than_its_moving_average_says_so(changes, warning, tmp_path):
    short = replace(get("net"), epochs=2, warmup_epochs=0, model={"units": (4,)})
    said = Said()
    train(override(short, changes), draw(60, 20), tmp_path / "run", progress=said)
    assert len(said.lines) == bool(warning)
    assert warning in "".join(said.lines)
