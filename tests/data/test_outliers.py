"""Drawn outliers have a set's shape, follow a seed, and are no images of its classes."""

import colour
import numpy as np
import pytest

from fashionlab.data.outliers import KINDS, changed, draw
from fashionlab.data.outliers.mixed import NONE, WAYS
from fashionlab.data.synthetic import draw as synthetic

GREY = synthetic(train=200, test=10)[0]
COLOUR = colour.draw()[0]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("data", [GREY, COLOUR], ids=["grey", "colour"])
def test_a_kind_has_the_shape_of_the_set_and_follows_its_seed(kind, data):
    first, again, other = (draw(kind, 30, data.images, data.labels, seed) for seed in (0, 0, 1))
    assert first.images.shape == (30, *data.image_shape) and first.images.dtype == np.uint8
    np.testing.assert_array_equal(first.images, again.images)
    assert (first.images != other.images).any()
    assert len({image.tobytes() for image in first.images}) > 25  # not the same picture again
    assert first.images.std(axis=0).mean() > 5


@pytest.mark.parametrize("shape", [(1, 1), (2, 7), (40, 9), (5, 5, 3)])
def test_images_of_any_size_can_be_drawn_and_changed(shape):
    images = np.random.default_rng(0).integers(0, 256, (6, *shape), np.uint8)
    labels = np.zeros(6, np.uint8)
    for kind in KINDS:
        assert draw(kind, 5, images, labels, 0).images.shape == (5, *shape)
    assert changed(np.random.default_rng(0), images).shape == images.shape


def test_drawings_lie_on_the_colour_of_the_images_corner():
    light = np.full((5, 20, 20), 200, np.uint8)
    drawn = draw("strokes", 40, light, np.zeros(5, np.uint8), 0).images
    assert np.median(drawn) > 120
    assert np.median(draw("strokes", 40, 0 * light, np.zeros(5, np.uint8), 0).images) < 15


def test_only_mixed_images_may_still_show_a_class():
    for kind in KINDS:
        outliers = draw(kind, 200, GREY.images, GREY.labels, 0)
        assert (outliers.shown != NONE).any() == (kind == "mixed")
    possible = (outliers.shown != NONE).all(axis=1)
    labels = np.where(possible, outliers.shown[:, 1], 0)
    np.testing.assert_array_equal(outliers.still_shown(labels), possible)
    none = outliers.still_shown(np.full(200, 77))
    assert not none.any()


def test_a_mixed_image_is_made_of_its_images():
    rng = np.random.default_rng(0)
    a, b = np.full((8, 8), 10, np.uint8), np.full((8, 8), 20, np.uint8)
    made = {way.__name__: way(rng, a, b) for way, _ in WAYS}
    assert (made["_negative"] == 245).all()
    assert set(np.unique(made["_halves"])) == {10, 20} and (made["_halves"] == 10).sum() == 32
    assert set(np.unique(made["_quarters"])) <= {10, 20}
    assert set(np.unique(made["_blended"])) <= {15, 20}
    ramp = np.arange(64, dtype=np.uint8).reshape(8, 8)
    np.testing.assert_array_equal(WAYS[6][0](rng, ramp, b), ramp[::-1])
    side = WAYS[5][0](rng, ramp, b)
    assert any(np.array_equal(side, np.rot90(ramp, k)) for k in (1, 3))


def test_changed_images_keep_what_they_show():
    images = GREY.images[:100]
    before = images.copy()
    after = changed(np.random.default_rng(0), images)
    np.testing.assert_array_equal(images, before)
    own = [np.corrcoef(x.ravel(), y.ravel())[0, 1] for x, y in zip(images, after, strict=True)]
    other = [
        np.corrcoef(x.ravel(), y.ravel())[0, 1] for x, y in zip(images, after[::-1], strict=True)
    ]
    assert np.mean(own) > np.mean(other) + 0.2
    assert 0 < np.mean([np.array_equal(x, y) for x, y in zip(images, after, strict=True)]) < 0.5
