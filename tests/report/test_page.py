"""The page: sound HTML, nothing from outside, and the metrics of the runs."""

import base64
import re

import numpy as np
import pytest
from fashionlab.report.page import GENERATOR, GENERATOR_WITHIN, RUNS_IN_A_TABLE, render

from fashionlab.errors import InvalidValueError
from fashionlab.report import formatting, write_page
from fashionlab.report.paper import PAPER_RESULTS
from fashionlab.runs import Run

from .conftest import write_run
from .reading import Page, plain, require_sound

SYSTEMS = ("report-net", "report-mlp", "report-cnn")
HOSTILE = ("<script>alert(1)</script>", '" onerror="x', "{{ 7 * 7 }}", "&amp;", "a\x00\u202eb")


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs")
    return [write_run(folder / name, name) for name in SYSTEMS]


@pytest.fixture(scope="module")
def html(runs):
    return render(runs)


@pytest.fixture(scope="module")
def page(html):
    return Page(html)


def pictures(html):
    return [
        base64.b64decode(data).decode()
        for data in re.findall(r'src="data:image/svg\+xml;base64,([^"]*)"', html)
    ]


def test_the_html_is_sound(html, page):
    assert html.startswith('<!DOCTYPE html>\n<html lang="en">')
    ids, targets = require_sound(page)
    assert targets == ids


def test_the_page_has_each_runs_protocol(html):
    said = "<p>Trained on 60,000 images, 0 held out; the test set was read once.</p>"
    assert html.count(said) == len(SYSTEMS)


def test_every_picture_has_a_text_and_every_table_a_caption_and_scopes(page):
    images = page.all("img")
    assert len(images) >= 3 * (3 + 10)  # curves, matrix, a right image of each class
    assert all(len(image["alt"]) > 10 for image in images)
    assert len(page.all("caption")) == len(page.all("table"))
    assert all("scope" in header for header in page.all("th"))


def test_rows_have_as_many_cells_as_the_header(page):
    for table in page.tables:
        widths = {len(row) for row in table[2:-1]}
        assert len(widths) == 1


def test_nothing_comes_from_outside_and_nothing_runs(html, page):
    assert not page.all("script")
    for tag, attributes in page.elements:
        assert not [name for name in attributes if name.startswith("on")]
        for name in ("src", "href"):
            assert attributes.get(name, "#").startswith(("#", "data:")), tag
    assert "http" not in re.sub('http-equiv="', "", html)
    assert "url(" not in html and "@import" not in html
    policy = page.all("meta")[2]["content"]
    assert policy.startswith("default-src 'none'; img-src data:;")
    assert len(pictures(html)) == 12
    for picture in pictures(html):
        assert picture.count("http") == len(re.findall(r'xmlns(?::\w+)?="http', picture))


def test_names_cannot_break_out_of_their_place(make_run):
    html = render(
        [make_run("b&amp;recipe", class_names=HOSTILE, data="<i>data")],
        title="<u>title",
        notes=["<s>note"],
    )
    page = Page(html)
    assert not [tag for tag, _ in page.elements if tag in ("script", "b", "i", "u", "s")]
    assert not [1 for _, attributes in page.elements if "onerror" in attributes]
    for text in (*HOSTILE[:4], r"a\x00\u202eb", "b&amp;recipe", "<i>data", "<u>title", "<s>note"):
        assert text in page.text
    assert "\x00" not in html and "\u202e" not in html
    assert any(
        image["alt"].startswith("Test image") and HOSTILE[1] in image["alt"]
        for image in page.all("img")
    )
    assert all("<script" not in picture for picture in pictures(html))


def test_the_first_table_compares_every_run_with_the_course_report(runs, page):
    rows = page.table("Run")[2:]
    metrics = [run.metrics() for run in runs]
    for row, run, measured in zip(rows, runs, metrics, strict=True):
        low, high = measured.accuracy_interval
        assert row[0] == f"{run.config['recipe']['name']} seed 0"
        assert row[1] == f"{measured.accuracy:.2%} {low:.2%} to {high:.2%}".replace(
            "%", " %"
        ).replace(" % to", " to")
        assert (row[4], row[6], row[8]) == ("83.33 %", "12,345", "12.0 s")
    assert [row[2:4] + row[5:6] + row[7:8] + row[9:] for row in rows] == [
        ["74.53 %", "74.53 %", "75.05 %", "407,050", "–"],
        ["88.49 %", "87.80 %", "93.24 %", "535,818", "36 s"],
        ["90.31 %", "90.23 %", "98.00 %", "1,387,434", "100 to 117 s"],
    ]


def test_class_counts_are_those_of_the_metrics(runs, page):
    rows = page.table("Class")[2:]
    for k, name in enumerate(runs[0].config["class_names"]):
        # 20 test images a class here, 1,000 there: no counts to compare
        counts = [x for run in runs for x in (str(run.metrics().correct[k]), "–")]
        assert rows[k] == [name, "20", *counts]
    assert rows[-1][2::2] == [str(sum(run.metrics().correct)) for run in runs]


@pytest.mark.usefixtures("without_plots")
def test_the_course_reports_counts_are_shown_with_a_full_test_set(make_run, monkeypatch):
    monkeypatch.setattr("fashionlab.report.content.TEST_IMAGES_PER_CLASS", 20)
    rows = Page(render([make_run("report-cnn")])).table("Class")[2:]
    assert [row[3] for row in rows] == [
        *map(str, PAPER_RESULTS["report-cnn"].correct),
        "9,023",
    ]


def test_metrics_by_class_are_those_of_the_run(runs, page):
    tables = [table for table in page.tables if table[0][1:2] == ["Precision"]]
    for table, run in zip(tables, runs, strict=True):
        metrics = run.metrics()
        for k, row in enumerate(table[1:-1]):
            numbers = (metrics.precision[k], metrics.recall[k], metrics.f1[k])
            assert row[1:] == [
                *(f"{number:.4f}" for number in numbers),
                str(metrics.correct[k]),
                str(metrics.support[k]),
            ]
        macro = (metrics.macro_precision, metrics.macro_recall, metrics.macro_f1)
        assert table[-1][1:4] == [f"{number:.4f}" for number in macro]
        assert f"Log loss {metrics.log_loss:.4f} nats" in plain(" ".join(page.pieces))


def test_the_sentence_on_confusions_names_the_largest_cells(runs, page):
    for run in runs:
        metrics, names = run.metrics(), run.config["class_names"]
        cells = [
            (-times, i, j)
            for i, row in enumerate(metrics.confusion)
            for j, times in enumerate(row)
            if i != j
        ]
        for times, i, j in sorted(cells)[:3]:
            assert f"{names[i]} predicted as {names[j]} ({-times} of 20)" in page.text


def test_sample_images_carry_truth_prediction_and_probability(runs, page):
    shown = runs[0].examples()
    names = runs[0].config["class_names"]
    alts = [image["alt"] for image in page.all("img")]
    for index, label, predicted in zip(shown.indices, shown.labels, shown.predicted, strict=True):
        assert f"Test image {index}: {names[label]}, predicted {names[predicted]}" in alts
    wrong = [m for m in range(len(shown.labels)) if shown.labels[m] != shown.predicted[m]]
    for m in wrong:
        said = f"{shown.probability[m]:.1%}".replace("%", " %")
        assert f"{names[shown.predicted[m]]} {said} true: {names[shown.labels[m]]}" in plain(
            " ".join(page.pieces)
        )


@pytest.mark.usefixtures("without_plots")
@pytest.mark.parametrize(
    ("image_shape", "said", "enlarged"),
    [
        ((8, 8), "8 × 8, grey", True),
        ((64, 64, 3), "64 × 64, colour", True),
        ((85, 20, 3), "85 × 20, colour", False),
    ],
)
def test_sample_images_of_any_shape_are_shown_as_they_are(make_run, image_shape, said, enlarged):
    run = make_run(image_shape=image_shape)
    page = Page(render([run]))
    assert f"Images{said}" in page.text
    samples = [image for image in page.all("img") if image["alt"].startswith("Test image")]
    assert {image.get("class") == "enlarged" for image in samples} == {enlarged}
    shown = run.examples()
    first = np.argsort(shown.labels, kind="stable")[0]
    sources = [image["src"] for image in samples]
    assert formatting.png_uri(shown.images[first]) in sources


@pytest.mark.usefixtures("without_plots")
def test_a_run_without_mistakes_says_so(make_run):
    text = Page(render([make_run(perfect=True)])).text
    assert "No test image was misclassified." in text
    assert "No image was misclassified." in text


@pytest.mark.usefixtures("without_plots")
def test_without_a_result_of_its_own_the_course_report_disappears(make_run):
    page = Page(render([make_run("my-own")]))
    assert "report" not in page.text.replace("my-own", "")
    assert "contradict" not in page.text
    assert [len(row) for row in page.table("Run")] == [5, 5]
    assert [len(row) for row in page.table("Class")] == [3] * 12


@pytest.mark.usefixtures("without_plots")
def test_runs_with_and_without_a_result_in_the_course_report_share_the_table_with_dashes(make_run):
    rows = Page(render([make_run("report-mlp"), make_run("my-own")])).table("Run")[2:]
    assert rows[0][2] == "88.49 %"
    assert [rows[1][column] for column in (2, 3, 5, 7, 9)] == ["–"] * 5


@pytest.mark.usefixtures("without_plots")
def test_many_runs_are_spread_over_tables_that_fit_on_paper(make_run):
    runs = [make_run("report-mlp", seed=seed) for seed in range(RUNS_IN_A_TABLE + 1)]
    page = Page(render(runs))
    tables = [table for table in page.tables if table[0][0] == "Class" and "Images" in table[0][1]]
    assert [len(table[0]) - 2 for table in tables] == [RUNS_IN_A_TABLE, 1]
    assert len(page.table("Run")) == 2 + len(runs)


@pytest.mark.usefixtures("without_plots")
def test_commands_are_quoted_for_the_shell(runs, page, make_run):
    assert f"fashionlab evaluate {runs[0].folder}" in page.text
    run = make_run()
    assert f"fashionlab evaluate '{run.folder}'" in Page(render([run])).text
    assert "fashionlab train report-net --out 'a folder'" in page.text
    assert "Test CPU <1>" in page.text


def test_the_same_runs_give_the_same_bytes(runs, html):
    assert render([Run(run.folder) for run in runs]) == html


def test_the_generator_stands_where_it_is_looked_for(html):
    assert GENERATOR in html.encode()[:GENERATOR_WITHIN].decode()


def test_no_runs_make_no_page(tmp_path):
    with pytest.raises(InvalidValueError, match="at least one run"):
        write_page([], tmp_path / "page.html")
    assert not list(tmp_path.iterdir())
