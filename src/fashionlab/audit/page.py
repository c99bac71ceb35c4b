"""page: the suspects of an audit with what a person needs to see to decide about them."""

import hashlib
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from fashionlab.audit.result import Audit
from fashionlab.data.check.near import gather
from fashionlab.data.fashion_mnist import NAME
from fashionlab.report.audit import Neighbour, Suspect, render_audit
from fashionlab.report.formatting import count, listing, percent

SHOWN = 500  # suspects on the page, at most; the list has all
EXAMPLES = 5  # of each class
NEIGHBOURS_SHOWN = 8


def page(made: Audit, rows: Sequence[dict[str, object]], command: str) -> str:
    """Return the page of an audit, whose list has these `rows`; `command` made it."""
    part = made.parts[0]
    chosen = np.flatnonzero(made.is_suspect[made.rows])[:SHOWN]
    total = int(made.is_suspect.sum())
    some = "" if total <= SHOWN else f" This page has the first {SHOWN}, suspects.csv has all."
    by_part = listing(
        [f"{count(n)} in {name}" for name, n in made.suspects_by_part.items() if n] or ["none"]
    )
    return render_audit(
        list(_suspects(made, rows, chosen)),
        [list(_examples(made, k)) for k in range(part.classes)],
        class_names=part.class_names,
        title=f"Labels of {'Fashion-MNIST' if part.name == NAME else part.name}",
        lead=f"{count(total)} of {count(len(made.labels))} labels are suspect ({by_part}); an "
        f"estimated {percent(made.found.noise)} of all are wrong.{some}",
        command=command,
        key=_key(rows),
    )


def _key(rows: Sequence[dict[str, object]]) -> str:
    """Return the audit's hash: decisions belong to these images in this order."""
    text = " ".join(f"{row['part_sha256']} {row['part']} {row['index']}" for row in rows)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _suspects(
    made: Audit, rows: Sequence[dict[str, object]], chosen: NDArray[np.int64]
) -> Iterator[Suspect]:
    for i in chosen:
        row, near = int(made.rows[i]), made.neighbours[i]
        found, given = made.found, int(made.labels[row])
        numbers = (
            f"Probability of the given label {percent(float(found.self_confidence[row]), 1)}, of "
            f"the likely one {percent(float(found.likely_probability[row]), 1)}; of the "
            f"{len(near)} images most alike {int((made.labels[near] == given).sum())} have the "
            "given label."
        )
        shown = [_neighbour(made, int(other)) for other in near[:NEIGHBOURS_SHOWN]]
        if row in made.duplicates:
            shown.insert(0, _neighbour(made, made.duplicates[row], "copy: "))
        image = gather(made.parts, made.rows[i : i + 1])[0]
        where, likely = str(made.place(row)), int(found.likely[row])
        yield Suspect(image, where, given, likely, numbers, shown, rows[int(i)])


def _neighbour(made: Audit, row: int, what: str = "") -> Neighbour:
    where = made.place(row)
    image = gather(made.parts, np.array([row]))[0]
    return Neighbour(image, int(made.labels[row]), f"{what}{where}")


def _examples(made: Audit, label: int) -> Iterator[NDArray[np.uint8]]:
    """Yield images of a class about whose labels the networks are the surest."""
    sure = made.found.ranking[::-1]
    own = sure[made.labels[sure] == label][:EXAMPLES]
    yield from gather(made.parts, own)
