"""The page of a comparison: its numbers are those of the run folders, and it is sound HTML."""

import json
import re
from pathlib import Path
from urllib.parse import unquote

import numpy as np
import pytest
from compared_runs import correct, data_of, write_run
from scipy import stats

from fashionlab.data import CLASS_NAMES
from fashionlab.data.fashion_mnist import SHA256
from fashionlab.errors import InvalidValueError, RunError
from fashionlab.report import write_comparison
from fashionlab.runs import Run

from ..reading import Page, plain

DATA = data_of(200)
HOSTILE = "<script>alert('x')</script> \"quoted\" & {{ 7 * 7 }} " + 200 * "w"


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "runs of <mine> & 100%"


def two(folder, data=DATA, **options):
    return [
        write_run(folder / name, data, name, margin=margin, **options)
        for name, margin in (("weak", 1.5), ("strong", 2.5))
    ]


def page_of(runs, out, *more, **options):
    return Page(write_comparison(runs, out, *more, **options).read_text(encoding="utf-8"))


def require_sound(page):
    for tag in ("h1", "title", "main"):
        assert len(page.all(tag)) == 1
    ids = [attributes["id"] for _, attributes in page.elements if "id" in attributes]
    assert len(set(ids)) == len(ids)
    links = [attributes["href"] for attributes in page.all("a")]
    assert {link[1:] for link in links if link.startswith("#")} <= set(ids)
    assert all("scope" in head for head in page.all("th"))
    assert len(page.all("caption")) == len(page.all("table"))
    regions = [one["aria-label"] for tag, one in page.elements if one.get("role") == "region"]
    assert len(set(regions)) == len(regions)
    assert all(svg.get("aria-label") or "aria-hidden" in svg for svg in page.all("svg"))
    assert all(one["aria-label"] for tag, one in page.elements if one.get("role") == "img")


def rows(page, start):
    """The rows of the table whose heads begin so, by the first cell."""
    return {row[0]: row for row in page.table(start)[1:]}


def numbers(text):
    return [float(x.replace("−", "-")) for x in re.findall(r"[−+-]?\d+\.\d+", text)]


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
    runs = two(folder)
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


def genuine(run):
    """Say that the run's data are Fashion-MNIST itself."""
    path = run.folder / "config.json"
    config = json.loads(path.read_text())
    for part, sha256 in SHA256.items():
        config["data"][part] |= {"name": "fashion-mnist", "sha256": sha256}
    path.write_text(json.dumps(config))
    return Run(run.folder)


def test_runs_of_the_course_reports_systems_stand_next_to_its_figures(folder):
    data = data_of(10_000)
    runs = [
        genuine(write_run(folder / name, data, name, margin=margin))
        for name, margin in (("report-net", 2.0), ("report-mlp", 3.0))
    ]
    page = page_of(runs, folder / "c.html")
    require_sound(page)
    (table,) = [t for t in page.tables if t[0][:2] == ["Run", "Test accuracy"]]
    cells = {row[0]: row for row in table[2:]}
    assert cells["report-mlp seed 0"][2:4] == ["88.49 %", "87.80 %"]
    (counts,) = [t for t in page.tables if t[0][0] == "Class" and "report-net seed 0" in t[0]]
    assert counts[2][:2] == ["T-shirt/top", "1,000"]
    by_name = {run.recipe.name: run.metrics().correct for run in runs}
    first = [by_name["report-mlp"][0], 826, by_name["report-net"][0], 880]
    assert [int(x.replace(",", "")) for x in counts[2][2:]] == first
    assert "Where the course report contradicts itself" in page.text


def test_other_runs_have_nothing_of_the_course_report(folder):
    page = page_of(two(folder), folder / "c.html")
    assert "course report" not in page.text.lower()


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
