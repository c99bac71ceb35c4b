"""The page of a comparison: its numbers are those of the run folders, and it is sound HTML."""

import re
from pathlib import Path
from urllib.parse import unquote

import numpy as np
import pytest
from compared_runs import correct, data_of, write_run
from scipy import stats

from fashionlab.data import CLASS_NAMES
from fashionlab.errors import InvalidValueError, RunError
from fashionlab.report import write_comparison

from ..reading import Page, plain
from .pages import DATA, numbers, page_of, require_sound, rows, two

HOSTILE = "<script>alert('x')</script> \"quoted\" & {{ 7 * 7 }} " + 200 * "w"


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "runs of <mine> & 100%"


def test_the_numbers_are_those_of_the_run_folders(folder):
    runs = two(folder)
    page = page_of(runs, folder / "comparison.html", DATA)
    require_sound(page)
    table = rows(page, "Recipe")
    for run, name in zip(runs, ("weak", "strong reference"), strict=True):
        right = correct(run)
        row = table[name]
        bounds = stats.binomtest(int(right.sum()), 200).proportion_ci(method="wilson")
        expected = [100 * right.mean(), 100 * bounds.low, 100 * bounds.high]
        assert numbers(row[2]) == pytest.approx(expected, abs=0.005001)
        assert row[1] == "1" and row[3] == "–"
        assert float(row[4]) == pytest.approx(run.metrics().log_loss, abs=5e-5)
        assert row[6] == f"{run.parameters:,}"
    (differences,) = [t for t in page.tables if t[0][:2] == ["Recipe", "Against"]]
    weak, strong = map(correct, runs)
    only = int((weak & ~strong).sum()), int((~weak & strong).sum())
    p = stats.binomtest(only[0], sum(only)).pvalue
    (cells,) = differences[1:]
    assert numbers(cells[2])[0] == pytest.approx(100 * (weak.mean() - strong.mean()), abs=0.0051)
    assert cells[3] == ("p < 0.001" if p < 0.001 else f"p = {p:.3f}")
    assert cells[5:] == ["McNemar's test", "less accurate"]
    tally = rows(page, "Right")
    both, neither = int((weak & strong).sum()), int((~weak & ~strong).sum())
    assert [int(tally[name][1]) for name in tally] == [both, *only, neither]
    assert list(tally) == ["Both right", "Only weak", "Only strong", "Neither"]
    recall = rows(page, "Class")
    for k, name in enumerate(CLASS_NAMES):
        for at, run in ((2, runs[1]), (3, runs[0])):
            assert numbers(recall[name][at])[0] == pytest.approx(
                100 * run.metrics().recall[k], abs=0.0051
            )


def test_each_class_has_its_difference_with_interval_and_sign(folder):
    runs = two(folder)
    page = page_of(runs, folder / "c.html", DATA)
    weak, strong = map(correct, runs)
    labels = DATA.test.labels
    said = [one["aria-label"] for tag, one in page.elements if one.get("class") == "tip"]
    for k, name in enumerate(CLASS_NAMES):
        (words,) = [text for text in said if re.match(rf"{re.escape(name)}: [+−]", text)]
        value = weak[labels == k].mean() - strong[labels == k].mean()
        assert numbers(words)[0] == pytest.approx(100 * value, abs=0.0051)
        assert "on 20 images" in words


def test_images_that_only_one_gets_right_are_shown_the_surest_first(folder):
    runs = two(folder)
    page = page_of(runs, folder / "c.html", DATA)
    right = [correct(run) for run in runs]
    shares = [np.exp(run.predictions()[0]) for run in runs]
    labels = DATA.test.labels
    pictures = [
        one["aria-label"]
        for tag, one in page.elements
        if tag == "i" and one.get("class", "").startswith("pic")
    ]
    expected = []
    for i in (0, 1):
        places = np.flatnonzero(right[i] & ~right[1 - i])
        order = places[np.argsort(-shares[i][places, labels[places]], kind="stable")][:14]
        for n in order:
            wrong = int(shares[1 - i][n].argmax())
            expected.append((int(n), CLASS_NAMES[labels[n]], CLASS_NAMES[wrong]))
    found = [
        re.match(r"Test image (\d+): (.+), .*? by \w+; (.+), .*? by \w+$", text).groups()
        for text in pictures
    ]
    assert [(int(n), a, b) for n, a, b in found] == expected


def test_over_seeds_the_images_are_those_that_all_runs_of_one_get_right(folder):
    runs = [
        write_run(folder / f"{name}{seed}", DATA, name, seed=seed, margin=margin)
        for name, margin in (("weak", 1.5), ("strong", 2.5))
        for seed in (0, 1, 2)
    ]
    page = page_of(runs, folder / "c.html", DATA)
    right = [np.array([correct(run) for run in some]) for some in (runs[:3], runs[3:])]
    tally = {name: int(row[1]) for name, row in rows(page, "Right").items()}
    both = right[0].all(axis=0) & right[1].all(axis=0)
    assert tally["Both right"] == both.sum()
    assert tally["Only strong"] == (right[1].all(axis=0) & ~right[0].any(axis=0)).sum()
    assert tally["Neither"] == (~right[1].any(axis=0) & ~right[0].any(axis=0)).sum()
    assert sum(tally.values()) == 200
    assert rows(page, "Run")  # every run has its row
    assert len(rows(page, "Run")) == 6


def test_what_the_other_takes_an_image_for_is_never_the_true_class(folder):
    data = data_of(3, class_names=["a", "b", "c"])
    right = np.full((3, 3), 0.1) + 0.7 * np.eye(3)
    # Each run is wrong in another way about an "a", so that of the means "a" has the largest.
    wrong = [[0.4, 0.5, 0.1], [0.4, 0.08, 0.52]]
    runs = [write_run(folder / f"r{n}", data, "r", seed=n, probabilities=right) for n in (0, 1)]
    for n in (0, 1):
        theirs = right.copy()
        theirs[0] = wrong[n]
        runs.append(write_run(folder / f"w{n}", data, "w", seed=n, probabilities=theirs))
    page = page_of(runs, folder / "c.html", data)
    (words,) = [one["aria-label"] for tag, one in page.elements if tag == "i"]
    assert plain(words) == "Test image 0: a, 80.0 % by r; c, 31.0 % by w"


def test_without_data_the_page_has_no_pictures_and_says_so(folder):
    page = page_of(two(folder), folder / "c.html")
    require_sound(page)
    assert "give --data" in page.text and "Test image " in page.text


def test_other_data_are_refused_and_nothing_is_written(folder):
    runs = two(folder)
    with pytest.raises(InvalidValueError, match="SHA-256"):
        write_comparison(runs, folder / "c.html", data_of(200, seed=1))
    assert not (folder / "c.html").exists()


def test_runs_link_to_their_own_pages_where_these_are(folder):
    runs = two(folder / "a #1? <b>%41")
    (runs[0].folder / "report.html").write_text("a page")
    page = page_of(runs, folder / "deep" / "er" / "c.html", DATA)
    (link,) = [a["href"] for a in page.all("a") if not a["href"].startswith("#")]
    assert "<" not in link and " " not in link and "\\" not in link
    target = (folder / "deep" / "er" / Path(unquote(link))).resolve()
    assert target == (runs[0].folder / "report.html").resolve()


def test_names_of_recipes_classes_and_folders_are_text(folder):
    names = [HOSTILE, "'\"><img src=x>", *"abcdefgh"]
    data = data_of(200, class_names=names)
    place = folder / "'><b>bold<b>"
    runs = [
        write_run(place / f"<i>{name}", data, f"r{name}", margin=margin, seed=seed)
        for name, margin in (("x", 1.0), ("y", 3.0))
        for seed in (0,)
    ]
    html = write_comparison(
        runs, folder / "c.html", data, title=HOSTILE, notes=[HOSTILE]
    ).read_text("utf-8")
    page = Page(html)
    require_sound(page)
    assert "<script>alert" not in html and "<img" not in html and "<b>bold" not in html
    assert HOSTILE in page.text or plain(HOSTILE) in page.text
    assert len(page.all("script")) == 2


@pytest.mark.parametrize(
    ("classes", "images"), [(["yes", "no"], 12), ([f"class {k}" for k in range(100)], 300)]
)
def test_two_and_a_hundred_classes_and_few_images(classes, images, folder):
    data = data_of(images, class_names=classes)
    page = page_of(two(folder, data), folder / "c.html", data)
    require_sound(page)
    assert len(page.table("Class")) == len(classes) + 1


def test_perfect_runs_have_a_page(folder):
    runs = [write_run(folder / name, DATA, name, perfect=True) for name in ("one", "other")]
    page = page_of(runs, folder / "c.html", DATA)
    require_sound(page)
    assert "No difference between" in page.text and "Only one is right: 0 images" in page.text


def test_runs_of_one_recipe_have_a_page_without_differences(folder):
    runs = [write_run(folder / str(seed), DATA, seed=seed) for seed in range(3)]
    page = page_of(runs, folder / "c.html", DATA)
    require_sound(page)
    x = [100 * correct(run).mean() for run in runs]
    (row,) = rows(page, "Recipe").values()
    assert numbers(row[2])[0] == pytest.approx(np.mean(x), abs=0.0051)
    assert numbers(row[3])[0] == pytest.approx(np.std(x, ddof=1), abs=0.0051)
    assert "Differences" not in page.text


def test_many_recipes_and_few_epochs(folder):
    runs = [
        write_run(folder / str(i), DATA, f"recipe-{i}", margin=1 + i / 5, rows=1 + i, seconds=9**i)
        for i in range(16)
    ]
    page = page_of(runs, folder / "c.html", DATA)
    require_sound(page)
    assert len(rows(page, "Recipe")) == 16
    assert "The 14 most accurate recipes are drawn" in page.text
    assert "The 6 most accurate are shown" in page.text


def test_the_curves_are_of_validation_images_where_all_runs_have_them(folder):
    chosen = {"validation_fraction": 0.1}
    both = two(folder / "a", validation=True, changes=chosen)
    assert "on validation images" in page_of(both, folder / "v.html").text
    one = write_run(folder / "b", DATA, "other")
    assert "on training images" in page_of([*both, one], folder / "t.html").text


def test_a_reference_passes_or_fails_on_the_page(folder):
    weak, strong = two(folder)
    failed = page_of([weak], folder / "f.html", reference=strong)
    assert "FAIL: weak is significantly less accurate" in failed.text
    passed = page_of([strong], folder / "p.html", reference=weak)
    assert "PASS: strong" in passed.text and "To pass is not to be as good" in passed.text


def test_a_foreign_file_in_the_way_is_kept(folder):
    runs = two(folder)
    (folder / "c.html").write_text("mine")
    with pytest.raises(RunError, match=r"c\.html"):
        write_comparison(runs, folder / "c.html")
    assert (folder / "c.html").read_text() == "mine"


def test_the_same_runs_give_the_same_page(folder):
    runs = two(folder)
    one, other = (write_comparison(runs, folder / name).read_text() for name in ("a", "b"))
    assert one == other
