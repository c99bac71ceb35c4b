"""What holds for every corruption: form, seed, order, strengths, and what is refused."""

import numpy as np
import pytest

from fashionlab.data.synthetic import draw
from fashionlab.errors import InvalidValueError
from fashionlab.evaluation.corruptions import CORRUPTIONS, STRENGTHS

GARMENTS = draw(train=10, test=200)[1].images
RNG = np.random.default_rng(0)
EVERY = pytest.mark.parametrize("corruption", CORRUPTIONS, ids=lambda c: c.name)
DRAWING = [c for c in CORRUPTIONS if c.name not in {"brightness", "contrast", "JPEG", "inverted"}]
DRAWING.remove(next(c for c in DRAWING if c.name == "gaussian blur"))


def noise(*shape):
    return RNG.integers(0, 256, shape, np.uint8)


def test_there_are_fifteen_in_five_strengths_with_names_of_their_own():
    assert len({c.name for c in CORRUPTIONS}) == len(CORRUPTIONS) == 15
    assert all(len(set(c.strengths)) == STRENGTHS for c in CORRUPTIONS)


@EVERY
def test_images_differ_more_from_what_they_were_with_each_strength(corruption):
    errors = [
        np.square(corruption.apply(GARMENTS, s, np.random.default_rng(1)) - GARMENTS.astype(float))
        for s in corruption.strengths
    ]
    means = [error.mean() for error in errors]
    assert means[0] > 0 and all(np.diff(means) > 0)


@EVERY
def test_shape_and_dtype_stay_and_the_images_are_not_written_into(corruption):
    for shape in [
        (3, 1, 1),
        (3, 2, 2),
        (2, 1, 9),
        (2, 7, 3),
        (2, 5, 8, 3),
        (1, 1, 1, 3),
        (1, 2, 2),
    ]:
        images = noise(*shape)
        images.flags.writeable = False
        for strength in corruption.strengths:
            found = corruption.apply(images, strength, np.random.default_rng(2))
            assert (found.shape, found.dtype) == (shape, np.uint8)
            assert found.flags.writeable and not np.shares_memory(found, images)


@EVERY
def test_images_of_any_memory_order_are_taken(corruption):
    images = noise(4, 6, 9, 3)
    other = np.asfortranarray(images)[:, :, ::-1]
    strength = corruption.strengths[2]
    one = corruption.apply(other, strength, np.random.default_rng(3))
    two = corruption.apply(np.ascontiguousarray(other), strength, np.random.default_rng(3))
    np.testing.assert_array_equal(one, two)


@EVERY
@pytest.mark.parametrize("shape", [(9, 7, 6), (9, 6, 7, 3)])
def test_the_first_images_and_then_the_rest_become_what_all_become_at_once(corruption, shape):
    images = noise(*shape)
    for strength in corruption.strengths:
        at_once = corruption.apply(images, strength, np.random.default_rng(4))
        generator = np.random.default_rng(4)
        parts = [corruption.apply(x, strength, generator) for x in (images[:2], images[2:])]
        np.testing.assert_array_equal(np.concatenate(parts), at_once)


@pytest.mark.parametrize("corruption", DRAWING, ids=lambda c: c.name)
def test_another_seed_gives_other_images_and_the_same_the_same(corruption):
    one, two, three = (
        corruption.apply(GARMENTS, corruption.strengths[2], np.random.default_rng(seed))
        for seed in (5, 5, 6)
    )
    np.testing.assert_array_equal(one, two)
    assert (one != three).any()


@pytest.mark.parametrize("corruption", [c for c in CORRUPTIONS if c not in DRAWING])
def test_others_draw_nothing(corruption):
    generator = np.random.default_rng(7)
    corruption.apply(GARMENTS, corruption.strengths[0], generator)
    assert generator.random() == np.random.default_rng(7).random()


@EVERY
@pytest.mark.parametrize(
    "images",
    [
        GARMENTS / 255,
        GARMENTS.astype(np.int64),
        GARMENTS[0],
        GARMENTS[:0],
        GARMENTS[:, :, :, None],
        GARMENTS.tolist(),
        np.zeros((2, 0, 4), np.uint8),
    ],
    ids=["float", "int64", "one", "none", "one channel", "list", "no rows"],
)
def test_other_images_are_refused(corruption, images):
    with pytest.raises(InvalidValueError, match="images must be a non-empty uint8 array"):
        corruption.apply(images, corruption.strengths[0], RNG)


@EVERY
@pytest.mark.parametrize("strength", [-1, float("nan"), float("inf"), "0.1", None, True])
def test_another_strength_is_refused(corruption, strength):
    with pytest.raises(InvalidValueError, match="strength must be "):
        corruption.apply(GARMENTS, strength, RNG)
