"""A recipe of any values, from TOML, JSON, Python or a command, is refused in one line or built.

Nothing is allocated before.
"""

import datetime
import json
import tracemalloc
from dataclasses import asdict, fields

import pytest

from fashionlab import recipes
from fashionlab.cli.recipe_fields import given_fields
from fashionlab.data import Augmentation
from fashionlab.engines import get as get_engine
from fashionlab.errors import InvalidValueError
from fashionlab.models import BUILDERS
from fashionlab.recipes import build
from fashionlab.recipes.recipe import NOT_OPTIONS, declared

DEEP = json.loads("[" * 200 + "]" * 200)
VALUES = [  # one or more of each type that TOML and JSON have
    *(True, False, None),
    *(0, 1, -1, 3, 2**63, -(2**63), 10**400, 16**5000),
    *(0.0, 0.5, 1.0, -0.5, 1e308, 1e-320, float("nan"), float("inf"), -float("inf")),
    *("", "text", "a\0b", "relu", "x" * 100_000),
    *([], [1], [0], [-1], [True], [1.5], ["1"], [None], [float("nan")], [2**63], [3] * 200),
    *([[]], [[3]], [[3, 1]], [[3, 1, 1]], [[3, -1]], [[3, 10**9]], [[1, 0]] * 11, DEEP),
    *({}, {"a": 1}, {"units": {}}, {"a": {"b": []}}),
    *(datetime.date(2024, 1, 1), datetime.time(1), datetime.datetime(2024, 1, 1)),
]
BASES = {"mlp": "report-mlp", "cnn": "report-cnn", "convnet": "tiny", "resnet": "large"}
OPTIONS = [
    *((b, "model", o) for b in BUILDERS for o in declared(BUILDERS[b]) if o not in NOT_OPTIONS),
    *(("mlp", "augment", field.name) for field in fields(Augmentation)),
    *(("mlp", "optimizer_options", o) for o in ("beta_1", "amsgrad", "weight_decay", "name", "")),
]


def refused_or_small(base, changes):
    """Whether it is refused, in one line, or built by scratch."""
    changes = {"engine": "scratch", "optimizer": "Adam", **changes}
    try:
        recipe = recipes.override(recipes.get(base), changes)
        build(recipe, get_engine(recipe.engine), (28, 28), 10, steps=3, images=8)
    except InvalidValueError as error:
        assert len(str(error)) < 500 and str(error).isprintable()
        return True
    return False


@pytest.mark.parametrize("name", [field.name for field in fields(recipes.Recipe)])
def test_a_field_of_any_type_is_refused_in_one_line_or_works(name):
    refused = [refused_or_small("report-mlp", {name: value}) for value in VALUES]
    assert sum(refused) > len(VALUES) / 2


@pytest.mark.parametrize(("builder", "table", "option"), OPTIONS)
def test_an_option_of_any_type_is_refused_in_one_line_or_works(builder, table, option):
    refused = [refused_or_small(BASES[builder], {table: {option: value}}) for value in VALUES]
    assert sum(refused) > len(VALUES) / 2


@pytest.mark.parametrize("engine", ["scratch", "keras"])
@pytest.mark.parametrize(
    ("base", "changes", "said"),
    [
        ("report-mlp", {"units": [10_000_000_000_000]}, r"from 1 to 1,048,576; received 10,000,0"),
        ("report-mlp", {"units": [1_000_000]}, "at most 100,000,000 parameters; .* 795,000,010"),
        ("report-mlp", {"units": [20_000, 20_000]}, "has 415,920,010; choose a smaller model"),
        ("report-mlp", {"units": [3] * 5000}, "length from 0 to 100; received 5,000"),
        ("report-cnn", {"filters": 1_000_000, "units": []}, "at most 100,000,000 parameters"),
        ("report-cnn", {"kernel": 29}, "conv_1 has windows of 29 x 29; received images of 28 x 28"),
        ("report-cnn", {"kernel": 28}, "pool_1 has windows of 2 x 2; received images of 1 x 1"),
        ("tiny", {"stem": 1_000_000}, "at most 100,000,000 parameters"),
        ("tiny", {"stem": 65_536}, "at most 4,294,967,296 values"),
        ("tiny", {"stages": [[16, 1]] * 6}, "6 stages must leave a pixel"),
        ("tiny", {"stages": [[16, 10**9]]}, "from 0 to 50; received 1,000,000,000"),
        ("tiny", {"stages": [[16]]}, "model.stages.0. must have 2 items; received 1"),
    ],
)
def test_a_network_that_is_too_large_is_refused_before_it_is_allocated(engine, base, changes, said):
    library = get_engine(engine)  # which may take memory to import
    tracemalloc.start()
    with pytest.raises(InvalidValueError, match=said):
        changed = {"engine": engine, "model": changes, "optimizer": "Adam"}
        recipe = recipes.override(recipes.get(base), changed)
        build(recipe, library, (28, 28), 10, images=128)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 20_000_000


def test_a_batch_whose_outputs_take_too_much_memory_is_refused():
    recipe = recipes.get("large")
    with pytest.raises(InvalidValueError, match="3,307,306 for each of 60,000 images of 28 x 28"):
        build(recipe, get_engine("scratch"), (28, 28), 10, images=60_000)


@pytest.mark.parametrize("base", recipes.RECIPES)
def test_a_size_is_that_of_the_network_that_is_built(base):
    from fashionlab.recipes.size import network_size

    recipe = recipes.get(base)
    model = recipes.build_network(recipe, get_engine("keras"), (21, 30), 7)
    assert network_size(recipe, (21, 30), 7).parameters == model.count_params()


@pytest.mark.parametrize(
    "name",
    [
        *(
            "",
            ".",
            "..",
            "../x",
            "/x",
            "a/b",
            "a\\b",
            "C:",
            "a:b",
            "a\0b",
            "a\nb",
            "\x1b[31m",
            "a\x7f",
        ),
        *("-x", " x", "x ", "x.", ".x", "=1+1", "+1", "@x", "a*", "a?", 'a"', "a<b", "a|b"),
        *("con", "CON", "nul.txt", "Com1", "lpt9.a.b", "aux ", "a\u202eb", "a\u2028b", "\udce9"),
        *("x" * 201, "ü" * 101),
    ],
)
def test_a_name_that_is_no_folder_everywhere_is_refused(name):
    with pytest.raises(InvalidValueError, match=r"^a recipe's name must ") as caught:
        recipes.override(recipes.get("report-mlp"), {"name": name})
    assert str(caught.value).isprintable()


@pytest.mark.parametrize(
    "name", ["mine", "Größe 2", "a.b-c_d", "_x", "x" * 200, "console", "100", "net (2)", "服"]
)
def test_a_name_may_have_spaces_and_letters_of_any_script(name):
    assert recipes.override(recipes.get("report-mlp"), {"name": name}).name == name


@pytest.mark.parametrize(
    "text",
    [
        "name = '../x'",
        'name = "a\\u0000b"',
        "epochs = 2024-01-01",
        "learning_rate = 07:32:00",
        "batch_size = 2024-01-01T07:32:00Z",
        "model.units = [10000000000000]",
        "model.units = [2024-01-01]",
        f"epochs = 0x{'F' * 5000}",
        f"epochs = {'9' * 5000}",
        f"model.units = {'[' * 5000}{']' * 5000}",
        f"model.{'.'.join('a' * 5000)} = 1",
        f"model.units.{'.'.join('a' * 5000)} = 1",
        "model.units = [1]\n[[augment]]",
        "[[model]]",
        '"\\u001b[31m" = 1',
        'optimizer_options."\\u001b[31m" = 1',
        "model = 2024-01-01",
    ],
)
def test_a_hostile_file_is_refused_in_one_line(text, tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text(f'base = "report-mlp"\n{text}')
    with pytest.raises(InvalidValueError) as caught:
        recipes.get(str(path))
    assert str(caught.value).isprintable() and len(str(caught.value)) < 500


@pytest.mark.parametrize("base", ["2024-01-01", "3", "['net']", "{}", f"0x{'F' * 5000}", "'netz'"])
def test_a_base_of_any_type_is_refused(base, tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text(f"base = {base}")
    with pytest.raises(InvalidValueError):
        recipes.get(str(path))


@pytest.mark.parametrize("stem", ["con", "-x", ".hidden", "a:b"])
def test_a_file_whose_name_is_none_for_a_recipe_says_how_to_name_it(stem, tmp_path):
    path = tmp_path / f"{stem}.toml"
    path.write_text('base = "report-mlp"')
    with pytest.raises(InvalidValueError, match=r'a line name = "mine"$'):
        recipes.get(str(path))
    path.write_text('base = "report-mlp"\nname = "mine"')
    assert recipes.get(str(path)).name == "mine"


def test_the_byte_order_mark_of_a_windows_editor_is_not_read(tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text('base = "report-mlp"', encoding="utf-8-sig")
    assert recipes.get(str(path)).name == "mine"


@pytest.mark.parametrize(
    "fields",
    [
        {"model": [f"units={'[' * 5000}"]},
        {"model": [f"units=[{'9' * 5000}]"]},
        {"model": ["units=[1]\nepochs=3"]},
        {"model": ["units"]},
        {"model": ["=3"]},
        {"batch_size": "9" * 5000},
        {"batch_size": "-1"},
        {"batch_size": "²"},
        {"epochs": 99999999999999999999},
        {"learning_rate": float("nan")},
        {"learning_rate": float("inf")},
        {"learning_rate": -1.0},
        {"validation_fraction": 1.0},
    ],
)
def test_a_hostile_option_of_the_command_is_refused_in_one_line(fields):
    with pytest.raises(InvalidValueError) as caught:
        recipes.override(recipes.get("report-mlp"), given_fields(fields))
    assert str(caught.value).isprintable() and len(str(caught.value)) < 500


def test_a_recorded_recipe_of_any_type_is_refused():
    for value in [*VALUES, {"name": "mine"}]:
        with pytest.raises(InvalidValueError):
            recipes.recorded(value)


@pytest.mark.parametrize("base", recipes.RECIPES)
def test_a_recorded_recipe_comes_back(base):
    recipe = recipes.get(base)
    values = json.loads(json.dumps(asdict(recipe)))
    assert json.loads(json.dumps(asdict(recipes.recorded(values)))) == values


def test_a_flag_of_an_optimizer_is_no_number():
    for options in ({"amsgrad": 1}, {"beta_1": True}):
        recipe = recipes.override(recipes.get("report-net"), {"optimizer": "Adam"})
        with pytest.raises(InvalidValueError, match=r"must be (a number|true or false); received"):
            build(
                recipes.override(recipe, {"engine": "keras", "optimizer_options": options}),
                get_engine("keras"),
                (6, 6),
                4,
            )
