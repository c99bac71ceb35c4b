"""Templates and files: text is no HTML, pages are whole or not at all, foreign files stay."""

import errno
import json
import os
from html import unescape

import pytest
from markupsafe import Markup

from fashionlab.errors import RunError
from fashionlab.report import write_page
from fashionlab.report.html import from_template, refuse_foreign, script_json, write_own
from fashionlab.runs import Run

from .reading import Page

pytestmark = pytest.mark.usefixtures("without_plots")
OURS = '<!DOCTYPE html>\n<meta name="generator" content="fashionlab 0">\n'


@pytest.mark.parametrize("text", ["</script><b>", "<!--", "a & b", "\u2028", "\ud800"])
def test_json_for_a_script_cannot_end_it_and_is_read_as_it_was(text):
    written = script_json({"name": text})
    assert not set("<>&") & set(written)
    assert json.loads(written) == {"name": text}


def test_values_of_a_template_are_text_unless_they_are_markup():
    html = from_template("notes.html.j2", notes=["<b>\x1b</b>", Markup("<i>slanted</i>")])
    assert "&lt;b&gt;\\x1b&lt;/b&gt;" in html and "<i>slanted</i>" in html


def test_a_value_that_a_template_lacks_is_an_error():
    with pytest.raises(Exception, match="notes"):
        from_template("notes.html.j2")


def test_a_page_is_written_with_its_folder_and_nothing_besides(tmp_path):
    out = tmp_path / "new folder" / "page.html"
    assert write_own(OURS, out) == out
    assert out.read_text(encoding="utf-8") == OURS
    assert list(out.parent.iterdir()) == [out]


def test_a_page_of_fashionlab_is_replaced(tmp_path):
    out = tmp_path / "page.html"
    write_own(OURS, out)
    write_own(f"{OURS}second", out)
    assert out.read_text(encoding="utf-8").endswith("second")


@pytest.mark.parametrize(
    "content",
    [b"", b"<!DOCTYPE html><title>mine</title>", b"\xff\x00", 2000 * b" " + OURS.encode()],
)
def test_a_foreign_file_is_refused_and_untouched(make_run, tmp_path, content):
    out = tmp_path / "page.html"
    out.write_bytes(content)
    for write in (lambda: write_own(OURS, out), lambda: write_page(make_run(), out)):
        with pytest.raises(RunError, match=r"only a page that fashionlab wrote .* choose another"):
            write()
    assert out.read_bytes() == content


@pytest.mark.parametrize("kind", ["folder", "link"])
def test_a_folder_or_a_dead_link_is_refused(tmp_path, kind):
    out = tmp_path / "page.html"
    if kind == "folder":
        out.mkdir()
    else:
        out.symlink_to(tmp_path / "nowhere")
    for write in (refuse_foreign, lambda place: write_own(OURS, place)):
        with pytest.raises(RunError, match="only a page that fashionlab wrote"):
            write(out)
    assert out.is_dir() or out.is_symlink()


def test_a_full_disk_leaves_the_old_page_and_no_other_file(tmp_path, monkeypatch):
    out = tmp_path / "pages" / "page.html"
    write_own(OURS, out)

    def full(source, target):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(RunError, match="No space left on device; choose another place"):
        write_own(f"{OURS}second", out)
    assert out.read_text(encoding="utf-8") == OURS
    assert list(out.parent.iterdir()) == [out]


def test_a_folder_that_cannot_be_made_is_one_line(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(RunError, match="the page cannot be written to"):
        write_own(OURS, tmp_path / "file" / "page.html")


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
        write_page(change_json(Run(folder), name, values), tmp_path / "page.html")
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
        ("explanation.npz", "no archive", "explanation.npz cannot be read"),
        ("robustness.json", "{", "robustness.json cannot be read"),
        ("predictions.npz", "", "predictions.npz"),
    ],
)
def test_a_damaged_file_of_a_run_is_one_line(make_run, tmp_path, file, content, message):
    run = make_run()
    (run.folder / file).write_text(content)
    with pytest.raises(RunError, match=message) as raised:
        write_page(run, tmp_path / "page.html")
    assert "\n" not in str(raised.value)
    assert not (tmp_path / "page.html").exists()


def test_text_that_utf8_cannot_hold_is_written_all_the_same(make_run, change_json, tmp_path):
    run = change_json(make_run(), "environment", {"command": ["fashionlab", "\udcff"]})
    out = write_page(run, tmp_path / "page.html", notes=["\ud800"])
    text = unescape(out.read_text(encoding="utf-8"))
    assert r"\udcff" in text and r"\ud800" in text


def test_without_notes_there_is_no_box(make_run, tmp_path):
    page = Page(write_page(make_run(), tmp_path / "page.html").read_text(encoding="utf-8"))
    assert not page.all("aside")
