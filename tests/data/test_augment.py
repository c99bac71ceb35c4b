"""Augmentation: changes of images and targets that follow from (seed, epoch) alone."""

from dataclasses import replace
from itertools import combinations, pairwise
from math import nan

import numpy as np
import pytest
from scipy.ndimage import affine_transform, label
from scipy.stats import beta, kstest, uniform

from fashionlab.data import Augmentation, one_hot
from fashionlab.errors import InvalidValueError

N, HEIGHT, WIDTH = 60, 20, 28
ROWS = np.arange(N)
IMAGES = np.random.default_rng(0).integers(0, 256, (N, HEIGHT, WIDTH), np.uint8)
TARGETS = one_hot(ROWS // (N // 2), 2)  # an image and its partner never have the same label
for array in (IMAGES, TARGETS):
    array.flags.writeable = False  # whoever writes into them fails

OWN = {"flip": True, "rotate": 30, "zoom": 0.2, "shift": 3, "erase": 0.5}
MIXED = ("cutmix", "fmix", "mixup")
EACH = [{name: value} for name, value in (OWN | dict.fromkeys(MIXED, 0.5)).items()]
ALL = [OWN | {name: 0.5} for name in MIXED]


def moved(image, down, right):
    """By hand: pixel by pixel."""
    height, width = image.shape
    out = np.zeros_like(image)
    for y, x in np.ndindex(height, width):
        if 0 <= y - down < height and 0 <= x - right < width:
            out[y, x] = image[y - down, x - right]
    return out


def turned(image, angle, scale):
    """By SciPy: clockwise by the angle, larger by the scale; beyond the border lies black."""
    cos, sin = np.cos(angle), np.sin(angle)
    back = np.linalg.inv(scale * np.array([[cos, sin], [-sin, cos]]))  # of (down, right)
    centre = (np.array(image.shape) - 1) / 2
    offset = centre - back @ centre
    return affine_transform(image.astype(float), back, offset, order=1, mode="grid-constant")


def flipped(images):
    """Which are mirrored; the others must be as they were."""
    mirrored = (images == IMAGES[:, :, ::-1]).all((1, 2))
    np.testing.assert_array_equal(images[~mirrored], IMAGES[~mirrored])
    return mirrored


def sides(mask):
    """Height and width of a mask, which must be one full rectangle."""
    height, width = (np.ptp(np.flatnonzero(mask.any(axis))) + 1 for axis in (1, 0))
    assert mask.sum() == height * width
    return height, width


def erasing(erase, n):
    """Erased images, and where: there it does not matter what was before."""
    images = np.random.default_rng(1).integers(0, 256, (n, 28, 28), np.uint8)
    draws, targets = Augmentation(erase=erase).draw(n, 0, 0), one_hot(np.zeros(n, int), 1)
    out, inverse = (draws.apply(x, targets, np.arange(n))[0] for x in (images, ~images))
    return out, out == inverse


def cutting(draws, n):
    """Where pixels come from the partner, and all targets, given the image's own label first."""
    white = np.arange(n) >= n // 2
    images = np.zeros((n, HEIGHT, WIDTH), np.uint8)
    images[white] = 255
    out, targets = draws.apply(images, one_hot(white.astype(int), 2), np.arange(n))
    return out != images, np.where(white[:, np.newaxis], targets[:, ::-1], targets)


def test_each_image_is_flipped_in_exactly_one_of_two_successive_epochs():
    flip = Augmentation(flip=True)
    epochs = [flip.draw(N, 3, epoch).apply(IMAGES, TARGETS, ROWS)[0] for epoch in range(4)]
    for before, after in pairwise(epochs):
        np.testing.assert_array_equal(flipped(after), ~flipped(before))


def test_half_of_the_images_are_flipped_first_which_ones_the_seed_says():
    a, b = (Augmentation(flip=True).draw(10_000, seed, 0).flipped for seed in (1, 2))
    assert abs(a.mean() - 0.5) < 0.02
    assert abs((a == b).mean() - 0.5) < 0.02


def test_flip_quarter_turn_clockwise_and_shift_follow_each_other_by_hand():
    square, rows = IMAGES[:, :, :HEIGHT], np.array([7, 3, 40, 7])
    draws = Augmentation(flip=True, rotate=90, shift=3).draw(N, 1, 2)
    draws = replace(draws, angles=np.full(N, np.pi / 2))
    out, targets = draws.apply(square[rows], TARGETS[rows], rows)
    for image, row in zip(out, rows, strict=True):
        expected = square[row, :, ::-1] if draws.flipped[row] else square[row]
        expected = np.rot90(expected, -1)  # clockwise
        np.testing.assert_array_equal(image, moved(expected, *draws.moves[row]))
    np.testing.assert_array_equal(targets, TARGETS[rows])


@pytest.mark.parametrize("options", [{"rotate": 180}, {"zoom": 0.5}, {"rotate": 30, "zoom": 0.2}])
def test_rotation_and_zoom_are_those_of_scipy_but_for_rounding(options):
    draws = Augmentation(**options).draw(N, 0, 0)
    out = draws.apply(IMAGES, TARGETS, ROWS)[0]
    expected = [turned(IMAGES[row], draws.angles[row], draws.scales[row]) for row in ROWS]
    np.testing.assert_allclose(out, expected, rtol=0, atol=0.51)


def test_rotations_zooms_and_shifts_reach_their_bounds_evenly():
    draws = Augmentation(rotate=30, zoom=0.2, shift=3).draw(10_000, seed=1, epoch=2)
    for values, low, high in ((np.rad2deg(draws.angles), -30, 30), (draws.scales, 0.8, 1.2)):
        shares = np.histogram(values, 10, (low, high))[0] / 10_000
        np.testing.assert_allclose(shares, 0.1, atol=0.015)
    for moves in draws.moves.T:
        values, counts = np.unique(moves, return_counts=True)
        assert values.tolist() == [-3, -2, -1, 0, 1, 2, 3]
        np.testing.assert_allclose(counts / 10_000, 1 / 7, atol=0.015)


def test_erasing_reaches_as_many_images_as_its_probability_says():
    _, where = erasing(0.25, 4000)
    assert abs(where.any((1, 2)).mean() - 0.25) < 0.03


def test_an_erased_rectangle_has_the_area_and_proportions_of_zhong_et_al():
    h, w = np.transpose([sides(mask) for mask in erasing(1, 1000)[1]])
    # Rounded to pixels, a side is less than one pixel longer or shorter than it was drawn.
    least, most = (h - 1) * (w - 1) / 28**2, (h + 1) * (w + 1) / 28**2
    assert (most > 0.02).all() and (least < 0.4).all()
    assert most.min() < 0.05 and least.max() > 0.3
    assert ((h + 1) / (w - 1) > 0.3).all() and ((w + 1) / (h - 1) > 0.3).all()


def test_erased_rectangles_lie_everywhere_in_the_image():
    _, where = erasing(1, 1000)
    assert where.any((0, 1)).all() and where.any((0, 2)).all()
    assert where.mean(0).max() < 0.6  # no pixel is in most of them


def test_an_erased_rectangle_holds_uniform_noise():
    out, where = erasing(1, 1000)
    shares = np.histogram(out[where], 8, (0, 256))[0] / where.sum()
    np.testing.assert_allclose(shares, 1 / 8, atol=0.02)
    assert min(len(np.unique(image[mask])) for image, mask in zip(out, where, strict=True)) > 8


def test_the_noise_differs_between_images():
    out, where = erasing(1, 1000)
    centre = out[:, 14, 14][where[:, 14, 14]]  # of every image that is erased there
    assert len(np.unique(centre)) > 128


def test_erasing_touches_no_other_pixel_and_comes_after_flip_turn_and_shift():
    draws = Augmentation(**OWN).draw(N, 0, 0)
    alone = replace(draws, augmentation=Augmentation(erase=0.5))
    noise, inverse = (alone.apply(x, TARGETS, ROWS)[0] for x in (IMAGES, ~IMAGES))
    before = replace(draws, erased=None).apply(IMAGES, TARGETS, ROWS)[0]
    expected = np.where(noise == inverse, noise, before)
    np.testing.assert_array_equal(draws.apply(IMAGES, TARGETS, ROWS)[0], expected)


def test_cutmix_reaches_as_many_images_as_its_probability_says():
    replaced, _ = cutting(Augmentation(cutmix=0.25).draw(4000, 0, 0), 4000)
    assert abs(replaced.any((1, 2)).mean() - 0.25) < 0.03


def test_cutmix_replaces_a_rectangle_with_the_proportions_of_the_image():
    replaced, _ = cutting(Augmentation(cutmix=1).draw(1000, 0, 0), 1000)
    for mask in replaced[replaced.any((1, 2))]:
        height, width = sides(mask)
        edge = mask[[0, -1]].any() or mask[:, [0, -1]].any()  # the image may cut it off there
        assert edge or abs(height / HEIGHT - width / WIDTH) < 1 / HEIGHT + 1 / WIDTH


def test_cutmix_replaces_a_uniform_share_cut_off_at_the_border():
    replaced, _ = cutting(Augmentation(cutmix=1).draw(4000, 0, 0), 4000)
    # A side s about a uniform centre has s - s^2 / 4 within the image; the mean of its square, s^2
    # uniform, is 77 / 240.
    assert abs(replaced.mean() - 77 / 240) < 0.02


@pytest.mark.parametrize("name", ["cutmix", "fmix"])
def test_the_target_has_the_counted_share_of_pixels(name):
    replaced, targets = cutting(Augmentation(**{name: 0.5}).draw(500, 0, 0), 500)
    share = replaced.mean((1, 2))
    np.testing.assert_allclose(targets, np.stack([1 - share, share], axis=1), atol=1e-6)


@pytest.mark.parametrize("name", ["cutmix", "fmix"])
def test_each_pixel_is_of_the_image_or_its_partner_after_their_own_changes(name):
    draws = Augmentation(**OWN, **{name: 1}).draw(N, 0, 0)
    own = replace(draws, replaced=None, fields=None).apply(IMAGES, TARGETS, ROWS)[0]
    only = replace(draws, augmentation=Augmentation(**{name: 1}), erased=None)
    replaced, _ = cutting(only, N)
    expected = np.where(replaced, own[::-1], own)
    np.testing.assert_array_equal(draws.apply(IMAGES, TARGETS, ROWS)[0], expected)


def test_fmix_replaces_a_uniform_share_of_as_many_images_as_its_probability_says():
    shares = cutting(Augmentation(fmix=0.25).draw(8000, 0, 0), 8000)[0].mean((1, 2))
    assert abs((shares > 0).mean() - 0.25) < 0.03
    assert kstest(shares[shares > 0], uniform().cdf).statistic < 0.04


def test_the_blobs_of_fmix_are_the_highest_values_of_a_few_low_frequencies():
    draws = Augmentation(fmix=1).draw(1, 0, 0)
    ranks = draws.ranks(HEIGHT, WIDTH)
    assert len(np.unique(ranks.reshape(len(ranks), -1), axis=0)) == len(ranks)
    assert (np.sort(ranks.reshape(len(ranks), -1)) == np.arange(HEIGHT * WIDTH)).all()
    power = (np.abs(np.fft.rfft2(ranks - ranks.mean((1, 2), keepdims=True))) ** 2).mean(0)
    frequency = np.hypot(np.fft.fftfreq(HEIGHT)[:, np.newaxis], np.fft.rfftfreq(WIDTH))
    assert power[frequency <= 0.1].sum() > 0.8 * power.sum()
    halves = ranks < HEIGHT * WIDTH // 2
    assert np.mean([label(half)[1] for half in halves]) < 4  # blobs, not dots
    later = Augmentation(fmix=1).draw(1, 0, 1).ranks(HEIGHT, WIDTH)
    assert (later != ranks).any((1, 2)).all()


def test_mixup_is_the_same_mean_of_images_as_of_targets_after_their_own_changes():
    draws = Augmentation(**OWN, mixup=1).draw(N, 0, 0)
    own = replace(draws, weights=None).apply(IMAGES, TARGETS, ROWS)[0]
    out, targets = draws.apply(IMAGES, TARGETS, ROWS)
    np.testing.assert_allclose(targets.sum(1), 1, atol=1e-6)
    weights = (targets * TARGETS).sum(1)  # of each image's own label
    for row, weight in enumerate(weights):
        expected = weight * own[row] + (1 - weight) * own[N - 1 - row]
        np.testing.assert_allclose(out[row], expected, rtol=0, atol=0.51)


@pytest.mark.parametrize("mixup", [0.5, 1, 5])
def test_the_weights_of_mixup_have_the_beta_distribution_about_one_half(mixup):
    images, targets = np.zeros((20_000, 1, 1), np.uint8), one_hot(np.arange(20_000) // 10_000, 2)
    draws = Augmentation(mixup=mixup).draw(20_000, 0, 0)
    weights = (draws.apply(images, targets, np.arange(20_000))[1] * targets).sum(1)
    assert abs(weights.mean() - 0.5) < 0.01
    assert kstest(weights, beta(mixup, mixup).cdf).statistic < 0.015


@pytest.mark.parametrize("options", EACH + ALL)
def test_changes_follow_from_seed_and_epoch_alone(options):
    def changed(seed, epoch):
        draws = Augmentation(**options).draw(N, seed, epoch)
        return [array.tobytes() for array in draws.apply(IMAGES, TARGETS, ROWS)]

    first = changed(1, 2)
    for seed, epoch in ((1, 3), (2, 2), (2, 1)):
        assert changed(seed, epoch)[0] != first[0]
    assert changed(1, 2) == first


@pytest.mark.parametrize("size", [1, 8])
def test_the_changes_of_an_image_by_itself_do_not_depend_on_its_batch(size):
    draws = Augmentation(**OWN).draw(N, 0, 1)
    whole, _ = draws.apply(IMAGES, TARGETS, ROWS)
    order = np.random.default_rng(2).permutation(N)
    for rows in (order[first : first + size] for first in range(0, N, size)):
        part, _ = draws.apply(IMAGES[rows], TARGETS[rows], rows)
        np.testing.assert_array_equal(part, whole[rows])


@pytest.mark.parametrize("options", [{}, *EACH, *ALL])
def test_changed_images_are_new_bytes_and_the_given_arrays_are_only_read(options):
    out, targets = Augmentation(**options).draw(N, 0, 0).apply(IMAGES, TARGETS, ROWS)
    assert not np.shares_memory(out, IMAGES)  # which, like TARGETS, is read-only
    assert (out.dtype, targets.dtype) == (np.uint8, np.float32)


@pytest.mark.parametrize(
    ("name", "rule", "values"),
    [
        ("flip", "true or false", [1, 0, None, "true"]),
        ("shift", "a whole number of pixels from 0", [-1, 1.5, True, None, "1"]),
        ("rotate", "from 0 to 180 degrees", [-0.01, 180.01, nan, True, None, "1"]),
        ("zoom", "from 0 to 0.5", [-0.01, 0.501, nan, True, None, "0.1"]),
        ("erase", "from 0 to 1", [-0.01, 1.01, nan, True, None, "0.1"]),
        ("cutmix", "from 0 to 1", [-0.01, 1.01, nan, True, None, "0.1"]),
        ("fmix", "from 0 to 1", [-0.01, 1.01, nan, True, None, "0.1"]),
        ("mixup", "from 0 to 100", [-0.01, 100.01, nan, True, None, "0.1"]),
    ],
)
def test_values_beyond_the_rule_of_an_option_are_refused(name, rule, values):
    for value in values:
        with pytest.raises(InvalidValueError, match=f"^{name} must be {rule}; received {value!r}$"):
            Augmentation(**{name: value})


@pytest.mark.parametrize("pair", list(combinations(MIXED, 2)))
def test_two_ways_of_mixing_are_refused(pair):
    words = f"{pair[0]} and {pair[1]} cannot be combined; received 0.5, 1; leave one and set"
    with pytest.raises(InvalidValueError, match=words):
        Augmentation(**dict(zip(pair, (0.5, 1), strict=True)))


def test_a_shift_that_leaves_nothing_is_refused():
    draws = Augmentation(shift=HEIGHT).draw(N, 0, 0)
    words = "shift must be below the image's sides, 20 x 28; received 20"
    with pytest.raises(InvalidValueError, match=words):
        draws.apply(IMAGES, TARGETS, ROWS)
