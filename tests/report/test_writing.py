"""write_page and the files around it: whole or not at all, and never over somebody else's file."""

import errno
import os

import pytest

from fashionlab.errors import RunError
from fashionlab.report import write_page
from fashionlab.runs import Run

pytestmark = pytest.mark.usefixtures("without_plots")


def test_the_notes_and_title_stand_on_the_page_that_is_returned(make_run, tmp_path):
    out = tmp_path / "new folder" / "page.html"
    assert write_page([make_run()], out, title="My title", notes=["A quick look."]) == out
    text = out.read_text(encoding="utf-8")
    assert "<h1>My title</h1>" in text
    assert "<p>A quick look.</p>" in text
    assert [path.name for path in out.parent.iterdir()] == ["page.html"]


def test_without_notes_there_is_no_box(make_run, tmp_path):
    out = write_page([make_run()], tmp_path / "page.html")
    assert "<aside" not in out.read_text(encoding="utf-8")


def test_a_page_of_fashionlab_is_replaced(make_run, tmp_path):
    run, out = make_run(), tmp_path / "page.html"
    write_page([run], out, title="First")
    write_page([run], out, title="Second")
    assert "Second" in out.read_text(encoding="utf-8")


@pytest.mark.parametrize("content", [b"", b"<!DOCTYPE html><title>mine</title>", b"\xff\x00"])
def test_a_foreign_file_is_refused_and_untouched(make_run, tmp_path, content):
    out = tmp_path / "page.html"
    out.write_bytes(content)
    with pytest.raises(RunError, match=r"only a page that fashionlab wrote .* choose another"):
        write_page([make_run()], out)
    assert out.read_bytes() == content


@pytest.mark.parametrize("kind", ["folder", "link"])
def test_a_folder_or_a_dead_link_is_refused(make_run, tmp_path, kind):
    out = tmp_path / "page.html"
    if kind == "folder":
        out.mkdir()
    else:
        out.symlink_to(tmp_path / "nowhere")
    with pytest.raises(RunError, match="only a page that fashionlab wrote"):
        write_page([make_run()], out)
    assert out.is_dir() or out.is_symlink()


def test_a_full_disk_leaves_the_old_page_and_no_other_file(make_run, tmp_path, monkeypatch):
    run, out = make_run(), tmp_path / "pages" / "page.html"
    write_page([run], out, title="First")
    before = out.read_bytes()

    def full(source, target):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(RunError, match="No space left on device; choose another place"):
        write_page([run], out, title="Second")
    assert out.read_bytes() == before
    assert list(out.parent.iterdir()) == [out]


def test_a_folder_that_cannot_be_made_is_one_line(make_run, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(RunError, match="the page cannot be written to"):
        write_page([make_run()], tmp_path / "file" / "page.html")


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("config", {"recipe": {"name": "report-mlp"}}),
        ("config", {"data": {"train": {"name": "a"}, "test": {"name": "a"}}}),
    ],
)
def test_an_incomplete_run_is_refused_before_anything_is_written(
    make_run, change_json, tmp_path, name, values
):
    folder = make_run().folder
    with pytest.raises(RunError, match=r"config\.json cannot be read \(.*give a finished run"):
        write_page([change_json(Run(folder), name, values)], tmp_path / "page.html")
    assert not (tmp_path / "page.html").exists()


@pytest.mark.parametrize(
    ("file", "content", "message"),
    [
        ("model.json", '[{"name": "output"}]', "has no output_shape"),
        ("model.json", "[3]", "must be a table"),
        ("history.csv", "epoch,loss,accuracy,seconds\n", "its epochs are not 1, 2"),
        ("history.csv", "epoch,loss,accuracy\n1,2,0.5\n", "no column seconds"),
        ("history.csv", "epoch,loss,seconds\n1,2,1\n", "no column accuracy"),
        (
            "history.csv",
            "epoch,loss,accuracy,test_accuracy,seconds\n1,2,0.5,0.5,1\n",
            "must hold all that a page shows",
        ),
    ],
)
def test_a_damaged_table_of_a_run_is_one_line(make_run, tmp_path, file, content, message):
    run = make_run()
    (run.folder / file).write_text(content)
    with pytest.raises(RunError, match=message):
        write_page([run], tmp_path / "page.html")


def test_text_that_utf8_cannot_hold_is_written_all_the_same(make_run, change_json, tmp_path):
    run = change_json(make_run(), "environment", {"command": ["fashionlab", "\udcff"]})
    out = write_page([run], tmp_path / "page.html", notes=["\ud800"])
    assert "\N{REPLACEMENT CHARACTER}" in out.read_text(encoding="utf-8")
