"""Runs of the course report's systems stand next to its figures, others do not."""

import json

from compared_runs import data_of, write_run

from fashionlab.data.fashion_mnist import SHA256
from fashionlab.runs import Run

from .pages import page_of, require_sound, two


def genuine(run):
    """Say that the run's data are Fashion-MNIST itself."""
    path = run.folder / "config.json"
    config = json.loads(path.read_text())
    for part, sha256 in SHA256.items():
        config["data"][part] |= {"name": "fashion-mnist", "sha256": sha256}
    path.write_text(json.dumps(config))
    return Run(run.folder)


def test_runs_of_the_course_reports_systems_stand_next_to_its_figures(tmp_path):
    data = data_of(10_000)
    runs = [
        genuine(write_run(tmp_path / name, data, name, margin=margin))
        for name, margin in (("report-net", 2.0), ("report-mlp", 3.0))
    ]
    page = page_of(runs, tmp_path / "c.html")
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


def test_other_runs_have_nothing_of_the_course_report(tmp_path):
    page = page_of(two(tmp_path), tmp_path / "c.html")
    assert "course report" not in page.text.lower()
