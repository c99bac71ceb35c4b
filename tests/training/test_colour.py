"""Images in colour and of any size train on both engines, resume to the bit, and are stored."""

import json
from dataclasses import replace

import numpy as np
import pytest

from fashionlab.data import Dataset, one_hot
from fashionlab.engines import get as get_engine
from fashionlab.errors import InvalidValueError, RunError, StoppedError
from fashionlab.recipes import RECIPES, build, get, override
from fashionlab.runs import Run
from fashionlab.training import train

from .. import colour

ENGINES = ("scratch", "keras")
MODELS = {
    "mlp": {"units": (16,)},
    "cnn": {"filters": 4, "kernel": 3, "units": (16,)},
    "convnet": {"stem": 16, "stages": ((12, 1), (16, 1))},
}
CASES = [(builder, engine) for builder in MODELS for engine in ENGINES]


def recipe(builder, engine, **changes):
    """All that has a state: augmentation, schedule, average, best epoch, Adam, dropout."""
    return replace(
        get("report-mlp"),
        name=f"{builder}-{engine}",
        builder=builder,
        engine=engine,
        model=MODELS[builder] | {"dropout": 0.1},
        output_activation="linear",
        epochs=6,
        batch_size=12,
        learning_rate=0.02,
        schedule="cosine",
        validation_fraction=0.2,
        restore_best_weights=True,
        test_each_epoch=False,
        augment={"flip": True, "rotate": 5, "zoom": 0.1, "shift": 1, "erase": 0.2, "mixup": 0.1},
        flip_at_prediction=True,
        **({"optimizer": "Muon"} if (builder, engine) == ("convnet", "keras") else {}) | changes,
    )


@pytest.fixture(scope="module")
def data():
    return colour.draw(180, 90)


@pytest.fixture(scope="module")
def runs(data, tmp_path_factory):
    folder = tmp_path_factory.mktemp("colour")
    return {case: train(recipe(*case), data, folder / "-".join(case)) for case in CASES}


def result(run):
    history = [{k: v for k, v in row.items() if k != "seconds"} for row in run.history()]
    return run.weights_sha256(), history, run.predictions()[0].tobytes()


@pytest.mark.parametrize("case", CASES, ids="-".join)
def test_it_learns_what_a_grey_reading_could_not_tell(runs, case):
    losses = [row["loss"] for row in runs[case].history()]
    assert losses[-1] < losses[0]
    assert runs[case].metrics().accuracy > 0.8  # of a third by chance


def test_the_drawn_classes_are_alike_in_grey(data):
    train_set, _ = data
    grey = train_set.images @ colour.GREY
    means = [grey[train_set.labels == k].mean() for k in range(3)]
    assert np.ptp(means) < 0.05 * np.mean(means)


@pytest.mark.parametrize("case", CASES, ids="-".join)
def test_the_run_folder_keeps_shape_preparation_and_examples_in_colour(runs, data, case):
    run, (_, test) = runs[case], data
    assert (run.image_shape, run.preparation) == ((12, 14, 3), "fit")
    shown = run.examples()
    np.testing.assert_array_equal(shown.images, test.images[shown.indices])


@pytest.mark.parametrize("case", CASES, ids="-".join)
def test_stopped_and_resumed_it_comes_out_the_same(runs, data, case, tmp_path):
    from .test_resume import StopsAt

    with pytest.raises((StoppedError, KeyboardInterrupt)):
        train(recipe(*case), data, tmp_path / "run", progress=StopsAt(12), checkpoint_steps=1)
    run = train(recipe(*case), data, tmp_path / "run", resume=True)
    assert result(run) == result(runs[case])


@pytest.mark.parametrize("shape", [(8, 8), (20, 31), (8, 8, 3), (20, 31, 3), (64, 64, 3)], ids=str)
@pytest.mark.parametrize("builder", MODELS)
def test_both_engines_have_the_same_losses_from_the_same_weights(builder, shape):
    rng = np.random.default_rng(0)
    x, y = rng.integers(0, 256, (8, *shape), np.uint8), one_hot(np.arange(8) % 3, 3)
    smooth = recipe(builder, "scratch", optimizer="SGD", optimizer_options={})
    smooth = replace(smooth, model=MODELS[builder], learning_rate=0.01)
    ours, theirs = (
        build(replace(smooth, engine=name), get_engine(name), shape, 3) for name in ENGINES
    )
    theirs.set_weights(ours.get_weights())
    for step in range(3):
        a, b = (m.train_on_batch(x, y, return_dict=True)["loss"] for m in (ours, theirs))
        assert a == pytest.approx(float(b), rel=1e-5 if step == 0 else 1e-3)


@pytest.mark.parametrize("shape", [(8, 8), (20, 31, 3), (64, 64, 3)], ids=str)
@pytest.mark.parametrize("name", RECIPES)
def test_every_named_recipe_builds_for_other_sizes(name, shape):
    named = RECIPES[name]
    model = build(named, get_engine(named.engine), shape, 3, images=2)
    assert model.predict(np.zeros((2, *shape), np.uint8), verbose=0).shape == (2, 3)


def test_images_too_small_for_a_network_are_refused_in_one_line():
    rules = {
        "small": "convnet: 3 stages must leave a pixel of an image; received images of 7 x 9",
        "report-cnn": "conv_1 has windows of 2 x 2; received images of 1 x 9 there",
    }
    for name, words in rules.items():
        height = 7 if name == "small" else 1
        with pytest.raises(InvalidValueError, match=words):
            build(RECIPES[name], get_engine(RECIPES[name].engine), (height, 9, 3), 3)


def test_a_shift_as_large_as_the_image_is_refused_before_anything_is_written(tmp_path):
    images = np.zeros((6, 2, 2, 3), np.uint8)
    labels = np.arange(6, dtype=np.uint8) % 3
    both = tuple(
        Dataset(images, labels, ("a", "b", "c"), "dots", part, "dots") for part in ("train", "test")
    )
    shifted = override(get("net"), {"augment": {"shift": 2}})
    with pytest.raises(InvalidValueError, match="shift must be below the image's sides, 2 x 2"):
        train(shifted, both, tmp_path / "run")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"preparation": "garment"}, "preparation is 'garment'"),
        ({"preparation": "squeeze"}, "preparation is 'squeeze'"),
        ({"image_shape": [12, 14, 4]}, "image_shape has 4 channels, not 3"),
    ],
)
def test_a_run_that_says_otherwise_is_damaged(runs, tmp_path, changes, words):
    folder = runs["mlp", "scratch"].folder
    config = json.loads((folder / "config.json").read_text()) | changes
    (tmp_path / "config.json").write_text(json.dumps(config))
    with pytest.raises(RunError, match=words):
        _ = Run(tmp_path).preparation


def test_an_old_run_prepares_garments(runs, tmp_path):
    config = json.loads((runs["mlp", "scratch"].folder / "config.json").read_text())
    del config["preparation"]
    (tmp_path / "config.json").write_text(json.dumps(config | {"image_shape": [12, 14]}))
    assert Run(tmp_path).preparation == "garment"
