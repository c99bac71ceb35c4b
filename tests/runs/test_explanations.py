"""explanation.npz: what was written is read; what is damaged, or of another run, is refused."""

import io
import json
from dataclasses import fields, replace

import numpy as np
import pytest
from safetensors.numpy import load, save

from benchmarks.hostile.changes import bytes_changed, cut
from benchmarks.hostile.runs import DATA, RECIPE
from fashionlab.errors import FashionlabError, RunError
from fashionlab.evaluation.explanation import Explanation, Map, Neighbours
from fashionlab.runs import Run
from fashionlab.training import train

RNG = np.random.default_rng(0)


def explanation(m=3, k=2, p=5):
    """One that fits the run: 28 x 28 in grey, 10 classes, 120 and 60 images."""
    return Explanation(
        np.arange(m),
        RNG.integers(0, 256, (m, 28, 28), np.uint8),
        RNG.normal(size=(m, 28, 28)).astype(np.float16),
        RNG.random((m, 28, 28)).astype(np.float16),
        Neighbours(
            RNG.integers(0, 120, (m, k)),
            RNG.integers(0, 10, (m, k)),
            RNG.integers(0, 256, (m, k, 28, 28), np.uint8),
            120,
        ),
        Map(
            np.arange(p),
            RNG.normal(size=(p, 2)).astype(np.float32),
            RNG.integers(0, 256, (p, 14, 14), np.uint8),
            "pca",
            (0.5, 0.25),
        ),
        RNG.normal(size=(8, 28, 28, 1)).astype(np.float16),
    )


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    return train(RECIPE, DATA, tmp_path_factory.mktemp("explained") / "run", seed=0)


@pytest.fixture
def path(made):
    found = made.folder / "explanation.npz"
    yield found
    found.unlink(missing_ok=True)


def same(one, other):
    if isinstance(one, Explanation | Neighbours | Map):
        return all(same(getattr(one, f.name), getattr(other, f.name)) for f in fields(one))
    if isinstance(one, np.ndarray):
        return one.dtype == other.dtype and np.array_equal(one, other)
    return one == other


def test_what_was_kept_is_read(made, path):
    assert made.explanation() is None
    for given in (
        explanation(),
        replace(explanation(), map=replace(explanation().map, method="t-sne", shares=())),
        replace(explanation(), saliency=None, neighbours=None, map=None, kernels=None),
    ):
        made.keep_explanation(given)
        assert same(Run(made.folder).explanation(), given)


def test_one_of_other_weights_or_another_test_set_is_refused(made, path):
    made.keep_explanation(explanation())
    weights, config = made.folder / "weights.safetensors", made.folder / "config.json"
    before, was = weights.read_bytes(), config.read_text()
    arrays = load(before)
    weights.write_bytes(save({name: a + 1 for name, a in arrays.items()}))
    try:
        with pytest.raises(RunError, match=r"this run.s weights, .*; remove it"):
            made.explanation()
    finally:
        weights.write_bytes(before)
    changed = json.loads(was)
    changed["data"]["test"]["sha256"] = "ab" * 32
    config.write_text(json.dumps(changed))
    try:
        with pytest.raises(RunError, match="must be of this run's test set, with SHA-256 abab"):
            Run(made.folder).explanation()
    finally:
        config.write_text(was)
    assert made.explanation() is not None


WRONG = {
    "indices": np.array([0, 1, 60]),
    "images": np.zeros((3, 28, 29), np.uint8),
    "occlusion": np.full((3, 28, 28), np.nan, np.float16),
    "saliency": np.zeros((3, 28, 28), np.float32),
    "kernels": np.zeros((8, 28, 28, 3), np.float16),
    "neighbour_rows": np.full((3, 2), -1),
    "neighbour_labels": np.full((3, 2), 10),
    "neighbour_images": np.zeros((3, 1, 28, 28), np.uint8),
    "searched": np.array([121]),
    "map_indices": np.array([0, 1, 2, 3, 4.0]),
    "map_points": np.full((5, 2), np.inf, np.float32),
    "map_images": np.zeros((5, 28, 28), np.uint8),
    "map_method": np.array([3]),
    "map_shares": np.array([0.5, 1.5]),
    "weights_sha256": np.zeros(31, np.uint8),
    "test_sha256": np.zeros((0,), np.uint8),
}


@pytest.mark.parametrize("name", WRONG)
def test_an_array_that_does_not_fit_the_run_is_refused(name, made, path):
    made.keep_explanation(explanation())
    with np.load(path) as stored:
        arrays = dict(stored)
    assert set(arrays) == set(WRONG)
    for value in (WRONG[name], None):
        changed = {**arrays, name: value}
        archive = io.BytesIO()
        np.savez(archive, **{key: a for key, a in changed.items() if a is not None})
        path.write_bytes(archive.getvalue())
        with pytest.raises(
            RunError, match=r"explanation\.npz (cannot be read|must be of)"
        ) as raised:
            made.explanation()
        assert "\n" not in str(raised.value)


def test_a_changed_file_is_read_or_refused(made, path):
    made.keep_explanation(explanation())
    content, refused = path.read_bytes(), 0
    for changed in (*bytes_changed(content, 60, seed=0), *cut(content, 20, seed=0), b"", b"PK"):
        path.write_bytes(changed)
        try:
            assert made.explanation() is not None
        except FashionlabError as error:
            assert isinstance(error, RunError) and "\n" not in str(error)
            refused += 1
    assert refused > 20
