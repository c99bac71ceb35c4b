"""The space of a study: ranges and choices of a recipe's fields, read from TOML or usual ones."""

import json
import tomllib
from dataclasses import asdict

import pytest

from fashionlab.errors import InvalidValueError
from fashionlab.recipes import RECIPES, get, override, space, to_toml
from fashionlab.tuning import Axis, Choosing, default, own, read, usual
from fashionlab.tuning.space import changes, defaults, grid, own_value

MLP = get("mlp")


def table(text):
    return tomllib.loads(text)


def test_a_file_says_ranges_choices_and_usual_ones():
    found = read(
        table("""
            learning_rate = { low = 1e-4, high = 1e-2, log = true }
            batch_size = [64, "all"]
            model.units = [[100], [300, 100]]
            model.dropout = { low = 0, high = 0.5 }
            augment.shift = "default"
        """),
        MLP,
    )
    assert found == (
        Axis("learning_rate", 1e-4, 1e-2, log=True),
        Axis("batch_size", choices=(64, "all")),
        Axis("model.units", choices=((100,), (300, 100))),
        Axis("model.dropout", 0, 0.5),
        Axis("augment.shift", 0, 3),
    )
    assert [axis.is_whole for axis in found] == [False, False, False, False, True]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "must have a field at least; received none"),
        (
            "learning_rat = [0.1, 0.2]",
            "no field to tune 'learning_rat'; did you mean 'learning_rate'",
        ),
        ("model.unit = [[3]]", "no option of mlp 'unit'; did you mean 'units'"),
        ("model.kernel = 'default'", "no option of mlp 'kernel'"),
        ("learning_rate = []", "choices of learning_rate must be one at least; received []"),
        ("learning_rate = { low = 1, high = 1 }", "low below high; received 1 and 1"),
        ("learning_rate = { low = 2.0, high = 1.0 }", "low below high; received 2.0 and 1.0"),
        ("learning_rate = { low = 0, high = 1, log = true }", "begin above 0 with log = true"),
        ("learning_rate = { low = 0.1 }", "must be low and high, both numbers"),
        ("learning_rate = { low = 0.1, high = 0.2, step = 1 }", "there are low, high, log"),
        ("learning_rate = { low = 0.1, hgh = 0.2 }", "did you mean 'high'"),
        ("learning_rate = 3", 'a list of choices, low and high, or "default"; received 3'),
        ("learning_rate = { low = nan, high = 1.0 }", "low below high"),
        ("learning_rate = { low = -1.0, high = 1.0 }", "must be above 0; received -1.0"),
        ("epochs = [0, 3]", "the space of epochs"),
        ("model.dropout = { low = 0.0, high = 2.0 }", "the space of model.dropout"),
        ("optimizer = ['Adan']", "the space of optimizer"),
        ("seed = [1, 2]", "no field to tune 'seed'"),
        ("model.stages = 'default'", "no option of mlp 'stages'"),
        ("activation = 'default'", "no field to tune 'activation'"),
        ("model.activation = 'default'", "has no space of its own for mlp; give low and high"),
        ("name = ['a', 'b']", "no field to tune 'name'"),
    ],
)
def test_a_space_that_is_none_is_refused_in_one_line(text, said):
    with pytest.raises(InvalidValueError) as refused:
        read(table(text), MLP)
    assert said in str(refused.value)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("recipe", RECIPES.values(), ids=lambda recipe: recipe.name)
def test_every_usual_value_fits_every_recipe(recipe):
    found = usual(recipe)
    assert found[0] == Axis(
        "learning_rate", recipe.learning_rate / 10, recipe.learning_rate * 10, log=True
    )
    for axis in defaults(recipe).values():
        if axis.name.partition(".")[2] not in ("cutmix", "fmix", "mixup"):  # one of these alone
            for value in axis.points():
                override(recipe, changes((axis,), {axis.name: value}))
    for axis in found:
        own = axis.name.partition(".")
        before = getattr(recipe, own[0]) if not own[1] else getattr(recipe, own[0]).get(own[2])
        if axis.choices and before is not None:
            assert before in axis.choices


def test_a_grid_has_every_combination_of_the_points_once():
    found = (
        Axis("learning_rate", 0.001, 0.1, log=True),
        Axis("augment.shift", 0, 3),
        Axis("model.units", choices=((3,), (4, 5))),
    )
    points = list(grid(found))
    assert len(points) == len({tuple(p.values()) for p in points}) == 3 * 3 * 2
    assert points[0] == {"learning_rate": 0.001, "augment.shift": 0, "model.units": "[3]"}
    assert {round(p["learning_rate"], 12) for p in points} == {0.001, 0.01, 0.1}
    assert [p["augment.shift"] for p in points[::2][:3]] == [0, 2, 3]
    assert changes(found, points[1]) == {
        "learning_rate": 0.001,
        "augment": {"shift": 0},
        "model": {"units": (4, 5)},
    }


def test_the_usual_range_of_a_field_can_be_asked_for():
    assert default("optimizer_options.weight_decay", MLP).log
    with pytest.raises(InvalidValueError, match="no space of its own for report-net"):
        default("optimizer_options.weight_decay", get("report-net"))


def test_train_reads_a_recipe_with_a_space_and_leaves_the_space_alone(tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text('base = "mlp"\nepochs = 4\n[space]\nlearning_rate = [0.1, 0.2]\n')
    assert get(str(path)) == override(MLP, {"name": "mine", "epochs": 4})
    assert space(str(path)) == {"learning_rate": [0.1, 0.2]}
    assert space("mlp") is None
    path.write_text('base = "mlp"\nspace = 3\n')
    with pytest.raises(InvalidValueError, match="space"):
        space(str(path))


@pytest.mark.parametrize(
    "values",
    [
        {},
        {"batch_size": None, "epochs": 3, "learning_rate": 1e-05, "final_learning_rate": 1e-22},
        {"model": {"units": (3, 4), "dropout": 0.25}, "augment": {"flip": False, "shift": 2}},
        {"optimizer": "Adam", "optimizer_options": {}, "test_each_epoch": True},
    ],
)
def test_a_recipe_that_is_written_is_read_as_it_was(values, tmp_path):
    path = tmp_path / "written.toml"
    path.write_text(to_toml("mlp", values, "a comment\nof two lines"))
    expected = override(MLP, {"name": "written"} | values)
    assert json.dumps(asdict(get(str(path)))) == json.dumps(asdict(expected))
    assert path.read_text().startswith("# a comment\n# of two lines\nbase = ")


@pytest.mark.parametrize("recipe", RECIPES.values(), ids=lambda recipe: recipe.name)
def test_the_recipes_own_point_is_in_its_usual_space(recipe):
    kept = own(usual(recipe), recipe)
    same = override(recipe, changes(usual(recipe), kept))
    for axis in usual(recipe):
        assert own_value(axis.name, same) == own_value(axis.name, recipe)
    assert own((Axis("epochs", recipe.epochs + 1, recipe.epochs + 2),), recipe) is None
    assert own((Axis("optimizer", choices=("Adamax",)),), recipe) is None


def test_the_first_trial_is_the_recipe_itself_where_it_lies_in_the_space():
    first = own(usual(MLP), MLP)
    assert Choosing(usual(MLP), first=first).choose([], []) == first
    assert Choosing(usual(MLP), first=first).choose([], [first]) != first
    assert first["model.units"] == "[512, 256]" and first["augment.shift"] == 1
