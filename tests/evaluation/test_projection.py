"""Maps of features: by hand, as scikit-learn has them, and where a package is missing."""

import sys

import numpy as np
import pytest

from fashionlab.errors import InvalidValueError, MissingDependencyError
from fashionlab.evaluation.projection import embedded, principal_components

RNG = np.random.default_rng(0)


def test_points_on_a_line_by_hand():
    x = np.array([[0.0, 0, 7], [3, 4, 7], [-3, -4, 7], [6, 8, 7]])  # mean (1.5, 2, 7)
    found = principal_components(x)
    np.testing.assert_allclose(found.points[:, 0], [-2.5, 2.5, -7.5, 7.5], atol=1e-6)
    np.testing.assert_array_equal(found.points[:, 1], 0)
    assert found.shares == (pytest.approx(1.0), 0.0)


@pytest.mark.parametrize(("n", "d"), [(200, 7), (12, 40), (30, 30), (3, 2)])
def test_they_are_those_of_scikit_learn_with_their_signs(n, d):
    decomposition = pytest.importorskip("sklearn.decomposition")
    x = RNG.normal(size=(n, d)) * np.geomspace(10, 0.1, d)
    theirs = decomposition.PCA(2, svd_solver="full")
    expected = theirs.fit_transform(x)
    found = principal_components(x)
    np.testing.assert_allclose(found.points, expected, atol=1e-5 * np.abs(expected).max())
    np.testing.assert_allclose(found.shares, theirs.explained_variance_ratio_, atol=1e-9)
    assert found.points.dtype == np.float32


def test_signs_do_not_depend_on_the_order_of_images():
    x = RNG.normal(size=(50, 6))
    order = RNG.permutation(50)
    one, other = principal_components(x).points, principal_components(x[order]).points
    np.testing.assert_allclose(one[order], other, atol=1e-5)


@pytest.mark.parametrize("x", [np.zeros((5, 3)), np.ones((1, 4)), RNG.normal(size=(6, 1))])
def test_axes_without_variance_are_zero(x):
    found = principal_components(x)
    assert found.points.shape == (len(x), 2) and len(found.shares) == 2
    assert found.points[:, 1].any() == found.shares[1] == 0
    assert embedded(x).points.tobytes() == found.points.tobytes()


def test_t_sne_keeps_groups_apart_and_is_repeatable():
    pytest.importorskip("sklearn")
    groups = np.repeat([0, 1], 40)
    x = RNG.normal(size=(80, 60)) + 30 * groups[:, None]
    found, again = (embedded(x, "t-sne", seed=3) for _ in range(2))
    np.testing.assert_array_equal(found.points, again.points)
    assert found.shares == () and found.points.dtype == np.float32
    distances = np.linalg.norm(found.points[:, None] - found.points[None], axis=2)
    np.fill_diagonal(distances, np.inf)
    np.testing.assert_array_equal(groups[distances.argmin(axis=1)], groups)
    assert embedded(x[:12], "t-sne").points.shape == (12, 2)


def test_umap_is_called_with_what_it_takes(monkeypatch):
    class Umap:
        def __init__(self, **options):
            self.options = options

        def fit_transform(self, x):
            assert self.options == {
                **{"n_components": 2, "n_neighbors": 11},
                **{"random_state": 5, "n_jobs": 1},
            }
            return x[:, :2]

    monkeypatch.setitem(sys.modules, "umap", type(sys)("umap"))
    sys.modules["umap"].UMAP = Umap
    x = RNG.normal(size=(12, 4))
    np.testing.assert_allclose(embedded(x, "umap", seed=5).points, x[:, :2], rtol=1e-6)


@pytest.mark.parametrize(
    ("method", "module", "package"),
    [("t-sne", "sklearn", r"fashionlab\[sklearn\]"), ("umap", "umap", "umap-learn")],
)
def test_a_missing_package_is_one_line_that_names_it(method, module, package, monkeypatch):
    for name in [name for name in sys.modules if name.partition(".")[0] == module]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(MissingDependencyError, match=f'needs .*pip install "{package}"') as raised:
        embedded(RNG.normal(size=(20, 4)), method)
    assert "\n" not in str(raised.value)


def test_what_cannot_be_mapped_is_refused():
    x = RNG.normal(size=(20, 4))
    with pytest.raises(InvalidValueError, match="must be one of pca, t-sne, umap; received 'x'"):
        embedded(x, "x")
    with pytest.raises(InvalidValueError, match="t-sne needs 10 images or more; received 9"):
        embedded(x[:9], "t-sne")
    with pytest.raises(InvalidValueError, match="seed must be"):
        embedded(x, "umap", seed=-1)
    for bad in (x[0], x[:0], np.full((2, 2), np.nan)):
        with pytest.raises(InvalidValueError, match="features must be finite numbers"):
            principal_components(bad)
