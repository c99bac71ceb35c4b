"""`report` as a user types it: the page and the card, with the run's data, without, with others."""

import sys

import pytest
import small_runs
from command_line import fashionlab, refused

from fashionlab.data.convert import convert
from fashionlab.data.synthetic import draw


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder with a run and the data that it was trained on."""
    folder = tmp_path_factory.mktemp("report")
    for name, parts in (("data", small_runs.DATA), ("other", draw(60, 40))):
        convert(parts, folder / name)
    options = ("--engine", "scratch", "--epochs", "1", "--data", "data", "--out", "run")
    status, _, said = fashionlab("train", "report-mlp", *options, cwd=folder)
    assert status == 0, said
    return folder


def test_the_page_has_the_images_of_the_runs_data(folder):
    status, out, said = fashionlab("report", "run", cwd=folder)
    assert (status, out.strip()) == (0, (folder / "run/report.html").as_uri()), said
    text = (folder / "run/report.html").read_text(encoding="utf-8")
    assert "Map of the test set" in text and "significantly lower accuracy" in text


def test_without_data_a_line_says_what_the_page_lacks(folder, tmp_path):
    (folder / "data").rename(folder / "moved")
    try:
        status, _, said = fashionlab("report", "run", "--out", tmp_path / "page.html", cwd=folder)
    finally:
        (folder / "moved").rename(folder / "data")
    assert status == 0 and len(said.strip().splitlines()) == 1
    assert "the page lacks what needs the test images" in said
    text = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert "Segments need the test images" in text


def test_other_data_are_refused_and_nothing_is_written(folder, tmp_path):
    out = tmp_path / "page.html"
    refused(
        fashionlab("report", "run", "--data", "other", "--out", out, cwd=folder),
        "needs its own train data",
    )
    assert not out.exists()


@pytest.mark.parametrize(
    ("method", "words"), [("umap", "umap-learn"), ("tarot", "pca, t-sne, umap; received 'tarot'")]
)
def test_a_map_that_cannot_be_drawn_is_one_line(folder, tmp_path, monkeypatch, method, words):
    monkeypatch.setitem(sys.modules, "umap", None)
    out = tmp_path / "page.html"
    done = fashionlab("report", "run", "--map", method, "--out", out, cwd=folder)
    assert done[0] == 2 and words in done[2].strip().splitlines()[-1]
    assert not out.exists()


def test_the_card_stands_next_to_the_run_and_replaces_no_other_readme(folder, tmp_path):
    card = folder / "run/README.md"
    for _ in range(2):
        status, out, _ = fashionlab("report", "run", "--card", cwd=folder)
        assert (status, out.strip()) == (0, str(card))
    text = card.read_text(encoding="utf-8")
    assert text.startswith("---\n") and "model-index:" in text
    own = tmp_path / "README.md"
    own.write_text("# Mine\n")
    refused(
        fashionlab("report", "run", "--card", "--out", own, cwd=folder),
        "only a model card that fashionlab wrote is replaced",
    )
    assert own.read_text() == "# Mine\n"
