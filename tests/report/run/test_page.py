"""The page of a run: sound HTML, nothing from outside, whole whatever the run and its data are."""

import json
import re

import numpy as np
import pytest
from report_runs import draw_parts, give_explanation, give_portable, write_run
from small_runs import DATA, trained

from fashionlab.data import Parts
from fashionlab.errors import InvalidValueError, RunError
from fashionlab.report import write_page
from fashionlab.report.html import GENERATOR, MARK_WITHIN
from fashionlab.report.run.page import render
from fashionlab.runs import Run

from ..reading import Page, read_page, require_sound
from .conftest import BEST, CHANGES, HISTORY

SECTIONS = [
    "figures", "curves", "confusion", "classes", "examples", "calibration", "coverage", "segments",
    "robustness", "explanation", "training", "model", "repeat",
]  # fmt: skip


def test_the_whole_page_is_sound_and_its_contents_lead_to_every_section(whole):
    page = read_page(whole.html)
    assert whole.html.startswith('<!DOCTYPE html>\n<html lang="en">')
    assert [one["id"] for one in page.all("section")] == SECTIONS
    _, targets = require_sound(page)
    assert set(SECTIONS) <= targets
    for table in page.tables:
        assert len({len(row) for row in table[2:-1]}) <= 1  # heads have cells of several columns


def test_the_generator_stands_where_it_is_looked_for(whole):
    assert GENERATOR in whole.html.encode()[:MARK_WITHIN].decode()


def test_notes_and_the_protocol_are_text(whole):
    assert "A <quick> look." in whole.page.text
    assert "Trained on 60,000 images, 0 held out; the test set was read once." in whole.page.text
    assert "validation split held out of the training images" in whole.page.text


def test_the_same_run_gives_the_same_bytes(whole, cache, monkeypatch):
    monkeypatch.setenv("FASHIONLAB_CACHE", str(cache))
    assert render(Run(whole.run.folder), whole.parts, notes=["A <quick> look."]) == whole.html


def test_commands_are_quoted_for_the_shell(whole):
    assert f"fashionlab evaluate '{whole.run.folder}'" in whole.page.text
    assert "fashionlab train my-own --out 'a folder'" in whole.page.text
    assert "Test CPU <1>" in whole.page.text


def test_every_cell_of_the_matrix_opens_the_images_that_it_counts(whole):
    page = whole.page
    cells = [one for one in page.all("a") if one["href"].startswith("#cell-")]
    lp, labels = whole.run.predictions()
    predicted = lp.argmax(axis=1)
    pairs = {tuple(pair) for pair in np.stack([labels, predicted], axis=1).tolist()}
    assert {one["href"] for one in cells} == {f"#cell-{i}-{j}" for i, j in pairs}
    assert page.data["classes"] == list(whole.run.class_names)


def test_pictures_are_the_images_that_their_words_name(whole):
    sheet, test = whole.page.sheets()["test"], whole.parts.test
    side = 12
    looked = 0
    for one in whole.page.all("i"):
        if one["class"] != "pic test":
            continue
        x, y = map(int, re.fullmatch(r"--x:(\d+);--y:(\d+)", one["style"]).groups())
        index = int(re.match(r"Test image (\d+)", one["aria-label"])[1])
        cut = sheet[side * y : side * (y + 1), side * x : side * (x + 1)]
        np.testing.assert_array_equal(cut, np.repeat(test.images[index][..., None], 3, axis=2))
        looked += 1
    assert looked > 100
    data = whole.page.data
    for *_, index, number in data["points"]:
        row, column = divmod(number, data["columns"])
        cut = sheet[side * row : side * (row + 1), side * column : side * (column + 1), 0]
        np.testing.assert_array_equal(cut, test.images[index])


def test_without_data_the_page_has_the_stored_pictures_and_says_what_it_lacks(make_run):
    run = make_run("my-own")
    page = read_page(render(run))
    assert len(page.sheets()["test"]) > 0
    assert "Segments need the test images, which were not found: give --data." in page.text
    assert "shown where the data are at hand: give --data." in page.text
    assert "It needs the run's network and its data" in page.sections["Explanation"]
    assert f"fashionlab evaluate '{run.folder}' --robustness" in page.sections["Robustness"]
    assert "no temperature: it is fitted on held-out images" in page.sections["Calibration"]
    assert "There is no portable model" in page.sections["Coverage"]
    assert "Next to simple methods" not in page.sections
    # The images of cells are not there, so that no cell leads anywhere.
    assert not [one for one in page.all("a") if one["href"].startswith("#cell-")]
    stored = set(run.examples().indices.tolist())
    named = {int(re.match(r"Test image (\d+)", words)[1]) for words in page.pictures}
    assert named == stored


def test_a_map_without_data_shows_the_small_pictures_that_were_kept(tmp_path):
    parts = draw_parts("abc", (28, 28))
    run = give_explanation(write_run(tmp_path / "run", parts=parts), parts)
    page = read_page(render(run))
    data = page.data
    assert data["sheet"] == "points" and len(data["points"]) == len(parts.test)
    kept, sheet = run.explanation().map, page.sheets()["points"]
    for number in (0, 41, 59):
        row, column = divmod(data["points"][number][6], data["columns"])
        cut = sheet[14 * row : 14 * (row + 1), 14 * column : 14 * (column + 1), 0]
        np.testing.assert_array_equal(cut, kept.images[number])


@pytest.mark.usefixtures("without_plots")
def test_an_explanation_by_occlusion_alone_has_no_map_and_no_neighbours(make_run):
    parts = draw_parts("abc")
    run = give_explanation(make_run("my-own", parts=parts), parts, whole=False)
    page = read_page(render(run, parts))
    assert page.captioned("Test images with their maps")[0] == ["Image", "Prediction", "Occlusion"]
    assert "Map of the test set" not in page.sections and page.data["points"] == []


@pytest.mark.usefixtures("without_plots")
def test_a_history_without_learning_rate_has_two_drawings(make_run):
    for rate in (False, True):
        page = Page(render(make_run("my-own", rate=rate)))
        said = "Learning rate by epoch" in page.sections["Training curves"]
        assert said is rate


def test_the_epoch_whose_weights_are_the_result_is_named(whole, make_run):
    assert f"weights of epoch {BEST}" in whole.page.sections["Training curves"]
    last = make_run("my-own", changes=CHANGES | {"restore_best_weights": False}, history=HISTORY)
    page = Page(render(last))
    assert "weights after the last epoch" in page.sections["Training curves"]


@pytest.mark.usefixtures("without_plots")
def test_the_course_report_is_named_with_its_own_recipes_and_data_alone(make_run):
    for name, data, expected in (
        ("report-mlp", "fashion-mnist", True),
        ("report-mlp", "photos", False),
        ("my-own", "fashion-mnist", False),
    ):
        page = Page(render(make_run(name, data=data)))
        assert ("The course report gives" in page.sections["Figures"]) is expected


def test_a_trained_run_is_explained_once_and_has_its_baselines(tmp_path):
    parts = Parts(*DATA)
    run = trained("scratch", tmp_path / "run")
    said = []
    page = read_page(
        write_page(run, tmp_path / "page.html", parts, log=said.append).read_text("utf-8")
    )
    assert page.sections["Map of the test set"] and page.sections["Kernels of the first layer"]
    assert len(page.table("Method")) == 1 + 3 + 1
    kept = (run.folder / "explanation.npz").stat().st_mtime_ns
    write_page(run, tmp_path / "page.html", parts)
    assert (run.folder / "explanation.npz").stat().st_mtime_ns == kept
    assert "measuring simple baselines on the same data, once" in said


def test_other_data_are_refused_before_anything_is_measured(make_run, tmp_path):
    parts, others = draw_parts("abc"), draw_parts("abc", seed=1)
    run = make_run("my-own", parts=parts)
    with pytest.raises(InvalidValueError, match="needs its own test data"):
        write_page(run, tmp_path / "page.html", others)
    assert not (tmp_path / "page.html").exists() and not (tmp_path / "cache").exists()


def test_a_damaged_run_is_refused_before_anything_is_measured(make_run, tmp_path):
    parts, said = draw_parts("abc"), []
    run = make_run("my-own", parts=parts)
    config = run.folder / "config.json"
    config.write_text(json.dumps(json.loads(config.read_text()) | {"class_names": ["one"]}))
    with pytest.raises(RunError, match="not a column for each class"):
        write_page(Run(run.folder), tmp_path / "page.html", parts, log=said.append)
    assert not said
    assert not (tmp_path / "page.html").exists() and not (tmp_path / "cache").exists()


def test_a_run_whose_network_cannot_be_built_is_one_line(make_run, tmp_path):
    parts = draw_parts("abc")
    with pytest.raises(InvalidValueError, match="the weights must be of the network"):
        write_page(make_run("my-own", parts=parts), tmp_path / "page.html", parts)


@pytest.mark.usefixtures("without_plots")
def test_a_model_of_another_run_leaves_the_page_whole_and_is_named(make_run):
    run = give_portable(make_run(), weights_sha256="ab" * 32)
    assert "model.onnx is left out: it must be a model of this run" in Page(render(run)).text
