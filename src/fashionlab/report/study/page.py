"""write_study_page: the page about a study, as one HTML file that needs no other."""

import shlex
from pathlib import Path

from fashionlab.data.fashion_mnist import NAME
from fashionlab.report.html import from_template, refuse_foreign, script_json, write_own
from fashionlab.report.study.drawings import Drawings
from fashionlab.report.study.results import Results
from fashionlab.report.study.study import Study, finite, searched, shown
from fashionlab.report.study.verdict import cautions, next_steps, verdict

SAMPLERS = {"tpe": "TPE (tree-structured Parzen estimator)", "random": "random", "grid": "grid"}
FEW = 20  # finished trials: below, the importance is a rough guess


def write_study_page(study: Study, out: Path) -> Path:
    """Write the page about a study to `out`, whole or not at all; returns `out`.

    It replaces an earlier page of fashionlab but nothing else. Raises RunError where something else
    is in the way or `out` cannot be written.
    """
    refuse_foreign(out)
    return write_own(render(study), out)


def render(study: Study) -> str:
    """Return the page as text."""
    study = finite(study)
    results = Results(study)
    data = "Fashion-MNIST" if study.data == NAME else study.data
    within = {trial.number for trial in results.within}
    return from_template(
        "study/page.html.j2",
        script="page.js",
        title=f"Tuning of {study.recipe} on {data}",
        verdict=verdict(results),
        notes=cautions(results),
        next_steps=next_steps(results),
        study=study,
        data_name=data,
        results=results,
        drawings=Drawings(results),
        sampler=SAMPLERS.get(study.sampler, study.sampler),
        few=FEW,
        within=within,
        front={trial.number for trial in results.front},
        commands={
            number: shlex.join(["fashionlab", "train", recipe])
            for number, recipe in study.recipes.items()
        },
        shown=shown,
        searched=searched,
        data=script_json({}),
    )
