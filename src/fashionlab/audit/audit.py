"""audit: the labels of all parts of a data set, each judged by a network that never saw its image.

    OUT/suspects.csv     the suspects, the surest first: `data.suspects` has its columns
    OUT/summary.json     how many labels are wrong, by class, and how it was found
    OUT/predictions.npz  out-of-fold log-probabilities (N, K), labels (N,) and folds (N,)
    OUT/audit.html       the page, on which a person decides

Until it is whole, it is OUT.partial: a run folder for each fold.
"""

import io
import json
import shlex
import shutil
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fashionlab import files
from fashionlab.audit.duplicates import disagreeing
from fashionlab.audit.folds import folds
from fashionlab.audit.page import page
from fashionlab.audit.predictions import Fold, trained_folds
from fashionlab.audit.recipe import recipe_for
from fashionlab.audit.result import Audit, listed, summary
from fashionlab.data import Dataset
from fashionlab.data.check.near import gather
from fashionlab.data.parts import require_alike
from fashionlab.errors import InvalidValueError, RunError, StoppedError
from fashionlab.evaluation.label_audit import audit_labels
from fashionlab.evaluation.neighbours import NEIGHBOURS, nearest, unit_rows
from fashionlab.progress import Progress
from fashionlab.recipes import Recipe
from fashionlab.runs.layout import require_absent, work_folder
from fashionlab.runs.lock import Lock

FOLDS = 5
LISTED = 300  # images of a list, at least, so that its end can be seen to be sound
LARGEST_SEED = 2**63 - 1

Rows = NDArray[np.int64]


def audit(
    parts: Sequence[Dataset],
    out: str | Path,
    recipe: Recipe | None = None,
    count: int = FOLDS,
    seed: int = 0,
    progress: Progress | None = None,
    *,
    quick: bool = False,
) -> Audit:
    """Audit the labels of all parts and write the folder `out`; by default with `recipe_for` them.

    `count` networks are trained, each on the images of all parts but its fold's. With `quick` it is
    one network, which has seen all images: few epochs do not learn a single wrong label by heart.
    What was trained before it was stopped is used again. The same bits on the same machine.

    Raises DataFormatError for data whose labels cannot be audited, RunError where `out` exists or
    was begun otherwise, and what `training.train` raises.
    """
    parts, out, progress = tuple(parts), Path(out), progress or Progress()
    require_alike(parts)
    if type(count) is not int or count < 2:
        raise InvalidValueError(f"folds must be a whole number from 2; received {count!r:.80}")
    if type(seed) is not int or not 0 <= seed <= LARGEST_SEED:
        raise InvalidValueError(
            f"seed must be a whole number from 0 to {LARGEST_SEED:,}; received {seed!r:.80}"
        )
    labels = np.concatenate([part.labels for part in parts])
    chosen = folds(labels, parts[0].class_names, 1 if quick else count, seed)
    fold_of = None if quick else chosen
    recipe = recipe or recipe_for(len(labels), quick)
    decisive = _settings(parts, recipe, count, seed, quick)
    require_absent(out)
    with _working(out) as work:
        _require_same(work, decisive, out)
        trained = list(trained_folds(recipe, parts, fold_of, seed, work, progress))
        made = _judged(parts, labels, trained, fold_of, decisive)
        log_probabilities = _log_probabilities(trained, len(labels), parts[0].classes)
        rows = listed(made)
        contents = {
            "suspects.csv": files.csv_text(rows).encode(),
            "summary.json": f"{json.dumps(summary(made), indent=2)}\n".encode(),
            "predictions.npz": _archive(log_probabilities, labels, chosen),
            "audit.html": page(made, rows, _command()).encode(),
        }
        files.write_folder(out, contents)
    shutil.rmtree(work, ignore_errors=True)
    return made


def _judged(
    parts: tuple[Dataset, ...],
    labels: NDArray[np.uint8],
    trained: Sequence[Fold],
    fold_of: Rows | None,
    decisive: Mapping[str, Any],
) -> Audit:
    """Return the audit that the trained networks make."""
    lp = _log_probabilities(trained, len(labels), parts[0].classes)
    found = audit_labels(np.exp(lp.astype(np.float64)), labels)
    copies = disagreeing(parts)
    suspect = found.is_suspect.copy()
    suspect[list(copies)] = True
    order = found.ranking
    wanted = suspect[order]
    wanted[:LISTED] = True
    rows = order[wanted]
    largest = 1 if fold_of is None else max(len(fold.rows) for fold in trained)
    k = min(NEIGHBOURS, len(labels) - largest)
    near = np.empty((len(rows), k), np.int64)
    for fold in trained:
        mine = np.isin(rows, fold.rows)
        others = np.arange(len(labels)) if fold_of is None else _others(fold.rows, len(labels))
        if mine.any():
            network = fold.run.network()
            near[mine] = nearest(
                unit_rows(network.features(gather(parts, rows[mine]))),
                rows[mine],
                unit_rows(network.features(gather(parts, others))),
                others,
                k,
            )
    return Audit(parts, found, rows, near, copies, fold_of, decisive)


def _others(rows: Rows, count: int) -> Rows:
    return np.setdiff1d(np.arange(count), rows)


def _log_probabilities(trained: Sequence[Fold], images: int, classes: int) -> NDArray[np.float32]:
    found = np.empty((images, classes), np.float32)
    for fold in trained:
        found[fold.rows] = fold.log_probabilities()
    return found


def _settings(
    parts: Sequence[Dataset], recipe: Recipe, count: int, seed: int, quick: bool
) -> dict[str, Any]:
    decisive = {
        "recipe": asdict(recipe),
        "seed": seed,
        "folds": 1 if quick else count,
        "out_of_fold": not quick,
        "data": {
            part.part: {"name": part.name, "sha256": part.sha256, "images": len(part)}
            for part in parts
        },
    }
    normal: dict[str, Any] = json.loads(json.dumps(decisive))
    return normal


def _command() -> str:
    """Return the command line that runs."""
    return shlex.join([Path(sys.argv[0]).name, *sys.argv[1:]])


def _archive(
    log_probabilities: NDArray[np.float32], labels: NDArray[np.uint8], fold_of: Rows
) -> bytes:
    archive = io.BytesIO()
    np.savez(archive, log_probabilities=log_probabilities, labels=labels, folds=fold_of)
    return archive.getvalue()


@contextmanager
def _working(out: Path) -> Iterator[Path]:
    """Hold OUT.partial; what stops the audit says how it goes on."""
    work = work_folder(out)
    lock = Lock(work, out)
    try:
        lock.acquire()
        try:
            yield work
        finally:
            lock.release()
    except (KeyboardInterrupt, StoppedError) as error:
        status = error.status if isinstance(error, StoppedError) else 130
        raise StoppedError(
            f"stopped; what was trained is kept in {work}", status, "the same command"
        ) from None
    except OSError as error:
        raise RunError(
            f"cannot write {error.filename or out}: {error.strerror or error}; free some space or "
            "choose another --out; what was trained is used again"
        ) from error


def _require_same(work: Path, decisive: Mapping[str, Any], out: Path) -> None:
    """Raise RunError where OUT.partial was begun with other settings; else note them there."""
    path = work / "audit.json"
    text = f"{json.dumps(decisive, indent=2)}\n".encode()
    with suppress(FileNotFoundError):
        if path.read_bytes() != text:
            raise RunError(
                f"{out} was begun with another recipe, seed, number of folds or other data; give "
                f"the same ones, choose another --out, or remove {work}"
            )
        return
    files.write(path, text)
