"""compare groups runs by recipe, tests them as SciPy does, and refuses what cannot be compared."""

import json
import shutil
from collections import Counter

import numpy as np
import pytest
from compared_runs import TRAIN_IMAGES, correct, data_of, write_run
from scipy import stats

from fashionlab.errors import InvalidValueError, RunError
from fashionlab.evaluation.metrics import compute_metrics
from fashionlab.report import compare
from fashionlab.runs import Run

DATA = data_of(200)


@pytest.fixture
def make(tmp_path):
    """A function that writes a run into a new folder of the test's own."""
    made = []

    def write(*arguments, data=DATA, **options):
        made.append(write_run(tmp_path / f"run {len(made)}", data, *arguments, **options))
        return made[-1]

    return write


@pytest.fixture(scope="module")
def twelve(tmp_path_factory):
    """Three recipes with four seeds each."""
    folder = tmp_path_factory.mktemp("twelve")
    return [
        write_run(folder / f"{name}-{seed}", DATA, name, seed=seed, margin=margin)
        for name, margin in (("a", 1.5), ("b", 3.0), ("c", 2.8))
        for seed in range(4)
    ]


def test_twelve_runs_are_three_recipes_with_four_seeds(twelve):
    found = compare(twelve)
    assert [group.name for group in found.groups] == ["b", "c", "a"]
    assert found.reference.name == "b" and found.passed is None
    for group in found.groups:
        runs = [run for run in twelve if run.recipe.name == group.name]
        x = [correct(run).mean() for run in runs]
        assert group.seeds == [0, 1, 2, 3]
        assert group.accuracy == pytest.approx(np.mean(x), abs=1e-12)
        assert group.deviation == pytest.approx(np.std(x, ddof=1), abs=1e-12)
        assert group.interval == pytest.approx(
            stats.t.interval(0.95, 3, np.mean(x), stats.sem(x)), rel=1e-9
        )
        assert group.seconds == sum(row["seconds"] for row in runs[0].history())
        assert group.size == np.mean([run.weights_size() for run in runs])


def test_recipes_are_compared_over_their_seeds_with_holms_adjustment(twelve):
    found = compare(twelve)
    by_name = {
        name: np.array([correct(run) for run in twelve if run.recipe.name == name])
        for name in "abc"
    }
    raw = {}
    for row in found.rows:
        x = by_name[row.name].mean(axis=1) - by_name["b"].mean(axis=1)
        error = np.sqrt((1 / 4 + 200 / TRAIN_IMAGES) * x.var(ddof=1))
        raw[row.name] = 2 * stats.t.sf(abs(x.mean()) / error, 3)
        assert row.difference.value == pytest.approx(x.mean(), abs=1e-12)
        assert row.difference.p == pytest.approx(raw[row.name], rel=1e-5)
        assert row.difference.seeds == 4
    low, high = sorted(raw, key=lambda name: raw[name])
    expected = {low: min(1, 2 * raw[low])}
    expected[high] = min(1, max(expected[low], raw[high]))
    for row in found.rows:
        assert row.difference.adjusted_p == pytest.approx(expected[row.name], rel=1e-5)
    assert found.verdict.startswith("b is the most accurate with ")
    assert "Significantly less accurate: a (" in found.verdict
    assert "No difference to it is shown for c (" in found.verdict


def test_only_the_seeds_that_both_have_are_paired(make):
    ours = [make("a", seed=seed, margin=1.5) for seed in (0, 1, 2)]
    theirs = [make("b", seed=seed, margin=3.0) for seed in (1, 2, 7)]
    (row,) = compare([*ours, *theirs]).rows
    assert [(x.seed, y.seed) for x, y in row.pairs] == [(1, 1), (2, 2)]
    assert row.difference.seeds == 2


def test_runs_without_two_common_seeds_are_compared_one_by_one(make):
    ours = [make("a", seed=seed, margin=1.0) for seed in (0, 1)]
    (other,) = [make("b", seed=1, margin=3.0)]
    found = compare([*ours, other])
    assert [row.name for row in found.rows] == ["a, seed 0", "a, seed 1"]
    for row, run in zip(found.rows, ours, strict=True):
        a, b = correct(run), correct(other)
        only = int((a & ~b).sum()), int((~a & b).sum())
        assert row.difference.p == pytest.approx(
            stats.binomtest(only[0], sum(only)).pvalue, rel=1e-9
        )
    assert found.rows[1].difference.test == "McNemar's test"


def test_a_run_is_compared_with_that_of_its_seed_else_with_the_first(make):
    ours = [make("a", seed=seed, margin=1.0) for seed in (3, 7)]
    theirs = [make("b", seed=seed, margin=3.0) for seed in (0, 3)]
    pairs = [row.pairs for row in compare([*ours, *theirs]).rows]
    assert [[(x.seed, y.seed) for x, y in some] for some in pairs] == [[(3, 3)], [(7, 0)]]
    pairs = [row.pairs for row in compare([*ours, *theirs], theirs[1]).rows]
    assert [[(x.seed, y.seed) for x, y in some] for some in pairs] == [[(3, 3)], [(7, 3)]]


def test_the_seed_and_the_type_of_a_number_make_no_other_recipe(make):
    runs = [make(seed=n, changes={"warmup_epochs": value}) for n, value in enumerate((0, 0.0))]
    found = compare(runs)
    assert len(found.groups) == 1 and found.rows == ()
    assert found.verdict.startswith("All runs are of one recipe, fast-90")


def test_recipes_of_one_name_are_told_apart_by_what_differs(make):
    runs = [make(changes={"epochs": 3}), make(changes={"epochs": 5, "label_smoothing": 0.2})]
    names = {group.name for group in compare(runs).groups}
    assert names == {
        "fast-90 (epochs 3, label smoothing 0.1)",
        "fast-90 (epochs 5, label smoothing 0.2)",
    }


def test_many_settings_that_differ_are_cut_short(make):
    many = {"epochs": 5, "label_smoothing": 0.2, "learning_rate": 0.01, "moving_average": 0.9}
    (one, other) = compare([make(), make(changes=many)]).groups
    assert one.name.endswith(", …)") and other.name.endswith(", …)") and one.name != other.name


def test_other_training_data_make_another_group(make):
    left_out = {"without": {"sha256": 64 * "b", "images": 12}}
    names = {group.name for group in compare([make(), make(**left_out)]).groups}
    assert names == {"fast-90 (left out –)", "fast-90 (left out 12 suspects)"}


def test_a_repeated_training_is_no_other_seed(make):
    one, other = make(seed=3), make(seed=3)
    found = compare([one, other])
    assert [len(group.members) for group in found.groups] == [1, 1]
    assert {group.name for group in found.groups} == {
        f"fast-90 in {one.folder}",
        f"fast-90 in {other.folder}",
    }
    assert found.verdict.startswith("No difference between ")
    said = found.verdict.replace("\xa0", " ")
    assert "+0.00 points" in said and "p = 1.000" in said


def test_a_worse_run_fails_against_the_reference_and_a_better_one_passes(make):
    weak, strong = make("weak", margin=1.0), make("strong", margin=3.5)
    failed, passed = compare([weak], strong), compare([strong], weak)
    assert failed.passed is False
    assert failed.verdict.startswith("FAIL: weak is significantly less accurate than the reference")
    assert passed.passed is True
    assert passed.verdict.startswith("PASS: strong is significantly more accurate than")
    assert compare([weak, strong], strong).passed is False  # the reference may be among the runs
    assert compare([weak.folder, strong.folder], str(strong.folder)).passed is False


def test_a_pass_says_how_much_worse_the_run_may_be(make):
    one, other = make("one", margin=2.0), make("other", margin=2.05)
    found = compare([one], other)
    low = found.rows[0].difference.interval[0]
    assert found.passed and low < 0
    assert f"up to {-100 * low:.2f} points less accurate" in found.verdict.replace("\xa0", " ")


def test_the_group_of_the_reference_is_the_reference(make):
    a = [make("a", seed=seed, margin=1.5) for seed in (0, 1)]
    b = [make("b", seed=seed, margin=3.0) for seed in (0, 1)]
    found = compare([*a, *b], a[1])
    assert found.reference.name == "a" and [row.name for row in found.rows] == ["b"]
    assert found.rows[0].difference.seeds == 2


def test_of_one_recipe_the_reference_stands_alone(make):
    runs = [make(seed=seed) for seed in (0, 1, 2)]
    found = compare(runs, runs[1])
    assert found.reference.name == "fast-90 (reference)" and found.reference.seeds == [1]
    assert [row.name for row in found.rows] == ["fast-90, seed 0", "fast-90, seed 2"]


def test_perfect_runs_do_not_differ(make):
    runs = [make(name, seed=seed, perfect=True) for name in "ab" for seed in (0, 1)]
    found = compare(runs)
    assert [group.accuracy for group in found.groups] == [1, 1]
    assert found.rows[0].difference.p == 1 and "No difference" in found.verdict


def test_all_numbers_are_json(twelve):
    answer = json.loads(json.dumps(compare(twelve, twelve[0]).to_json(), allow_nan=False))
    assert answer["passed"] is True and answer["reference"] == "a"
    assert Counter(len(group["runs"]) for group in answer["groups"]) == {4: 3}
    first = answer["groups"][0]["runs"][0]
    assert first["accuracy"] == Run(first["folder"]).metrics().accuracy
    assert [one["name"] for one in answer["differences"]] == ["b", "c"]
    assert answer["test_sha256"] == DATA.test.sha256


def test_a_notebook_shows_a_table_of_text(make):
    one, other = make("one", margin=1.0), make("other", margin=3.0)
    html = compare([one, other])._repr_html_()
    assert html.count("<tr") == 2 and f"{100 * correct(one).mean():.2f}" in html
    one.folder.rename(one.folder.with_name("x<b>"))
    copied = shutil.copytree(one.folder.with_name("x<b>"), one.folder.with_name("y<b>"))
    html = compare([one.folder.with_name("x<b>"), copied])._repr_html_()
    assert "<b>" not in html and "x&lt;b&gt;" in html


def refused(error, *words):
    text = str(error.value)
    assert "\n" not in text and all(str(word) in text for word in words), text


@pytest.mark.parametrize(
    ("other", "words"),
    [
        (data_of(200, class_names=[*"abcdefghij"]), ["class 0", "'T-shirt/top' and 'a'"]),
        (data_of(200, class_names=[*"abc"]), ["classes: 10 and 3"]),
        (data_of(200, seed=1), ["test images", DATA.test.sha256[:12]]),
    ],
)
def test_runs_of_other_data_are_refused_in_a_line_that_names_both(other, words, make):
    one, two = make(), make(data=other)
    with pytest.raises(InvalidValueError) as error:
        compare([one, two])
    refused(error, one.folder, two.folder, *words)


def test_other_stored_labels_are_refused(make):
    one, two = make(), make(seed=1)
    log_probabilities, labels = two.predictions()
    changed = two.folder / "predictions.npz"
    np.savez(changed, log_probabilities=log_probabilities, labels=labels[::-1].copy())
    metrics = compute_metrics(log_probabilities, labels[::-1]).to_json()
    (two.folder / "metrics.json").write_text(json.dumps(metrics))
    with pytest.raises(InvalidValueError) as error:
        compare([one, two])
    refused(error, one.folder, two.folder, "labels")


def test_fewer_than_two_runs_are_refused(make):
    one = make()
    with pytest.raises(InvalidValueError, match=r"fashionlab report .*run 0"):
        compare([one])
    with pytest.raises(InvalidValueError, match="received none"):
        compare([])
    with pytest.raises(InvalidValueError, match="at least two"):
        compare([one], one)


def test_the_same_folder_twice_is_refused(make):
    one = make()
    with pytest.raises(InvalidValueError, match=r"received .*run 0.* twice"):
        compare([one, one.folder / ".." / one.folder.name])


def damage(run, how):
    config = run.folder / "config.json"
    if how == "damaged":
        (run.folder / "predictions.npz").write_bytes(b"no archive")
    elif how == "newer":
        content = json.loads(config.read_text())
        content["recipe"]["of_tomorrow"] = 1
        config.write_text(json.dumps(content))
    elif how == "unfinished":
        run.folder.rename(f"{run.folder}.partial")
    else:
        shutil.rmtree(run.folder)


@pytest.mark.parametrize(
    ("how", "word"),
    [
        ("damaged", "predictions.npz cannot be read"),
        ("newer", "of_tomorrow"),
        ("unfinished", "is not finished yet"),
        ("absent", "cannot be read"),
    ],
)
@pytest.mark.parametrize("is_reference", [False, True])
def test_a_run_that_cannot_be_read_is_refused_in_one_line(how, word, is_reference, make):
    sound, other = make(), make(seed=1)
    damage(other, how)
    with pytest.raises(RunError) as error:
        compare([sound.folder], other.folder) if is_reference else compare([sound, other.folder])
    refused(error, other.folder, word)
