"""`compare` prints what is on the page, and its exit status passes or fails a run."""

import json

import pytest
from compared_runs import correct, data_of, write_run

DATA = data_of(200)


@pytest.fixture
def runs(tmp_path):
    return [
        write_run(tmp_path / name, DATA, name, margin=margin)
        for name, margin in (("weak", 1.5), ("strong", 3.0))
    ]


def test_lines_and_json_and_the_page_say_the_same(runs, fashionlab, tmp_path):
    lines = fashionlab("compare", "weak", "strong").splitlines()
    answer = json.loads(fashionlab("compare", "weak", "strong", "--json", "--out", "other.html"))
    for run, group in zip(reversed(runs), answer["groups"], strict=True):
        (line,) = [one for one in lines if one.startswith(f"{group['name']} ") and "to" in one][:1]
        assert f"{correct(run).mean():.2%}" in line
        assert group["accuracy"] == correct(run).mean()
    assert lines[-1] == (tmp_path / "comparison.html").as_uri()
    assert answer["verdict"] in lines and answer["passed"] is None
    assert answer["page"] == str(tmp_path / "other.html")
    (one,) = answer["differences"]
    p = one["adjusted_p"]
    said = "p < 0.001" if p < 0.001 else f"p = {p:.3f}"
    assert any(said in line and line.startswith("weak to strong: ") for line in lines)


def test_the_exit_status_is_one_where_a_run_is_worse_than_the_reference(runs, fashionlab):
    assert "FAIL" in fashionlab("compare", "weak", "--reference", "strong", status=1)
    assert "PASS" in fashionlab("compare", "strong", "--reference", "weak")
    answer = json.loads(fashionlab("compare", "weak", "--reference", "strong", "--json", status=1))
    assert answer["passed"] is False


def test_without_the_data_a_line_says_that_pictures_are_missing(runs, tmp_path, capsys, fashionlab):
    from command_line import fashionlab as command

    status, _, said = command("compare", "weak", "strong", cwd=tmp_path)
    assert status == 0 and len(said.strip().splitlines()) == 1 and "test images" in said


def test_bad_input_is_one_line_and_status_two(runs, fashionlab):
    for arguments in (
        ("weak",),
        ("weak", "weak"),
        ("weak", "nowhere"),
        ("weak", "strong", "--reference", "nowhere"),
        ("weak", "strong", "--data", "nowhere"),
        ("weak", "shipped"),
    ):
        said = fashionlab("compare", *arguments, status=2)
        assert len(said.strip().splitlines()) == 1, said


def test_a_foreign_file_in_the_pages_place_is_kept(runs, fashionlab, tmp_path):
    (tmp_path / "comparison.html").write_text("mine")
    assert "comparison.html" in fashionlab("compare", "weak", "strong", status=2)
    assert (tmp_path / "comparison.html").read_text() == "mine"
