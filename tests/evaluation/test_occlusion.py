"""Occlusion maps of a model whose answer is known."""

import numpy as np
import pytest

from fashionlab.errors import InvalidValueError
from fashionlab.evaluation.occlusion import occlusion, occlusions


def brightness(images):
    """Two probabilities: the share of light in an image's upper left quarter, and the rest."""
    height, width = images.shape[1] // 2, images.shape[2] // 2
    p = images[:, :height, :width].reshape(len(images), -1).mean(axis=1) / 255
    return np.stack([p, 1 - p], axis=1).astype(np.float32)


@pytest.mark.parametrize("shape", [(8, 8), (8, 8, 3)])
def test_only_what_the_label_rests_on_is_in_the_map(shape):
    image = np.full(shape, 255, np.uint8)
    found = occlusion(brightness, image, 0)
    # A patch is 2 x 2, moved by 2: each pixel is under one patch, which hides 4 of 16.
    expected = np.zeros((8, 8))
    expected[:4, :4] = 4 / 16
    np.testing.assert_allclose(found, expected, atol=1e-6)
    np.testing.assert_allclose(occlusion(brightness, image, 1), -expected, atol=1e-6)


def test_a_black_part_is_not_computed_and_has_no_weight():
    counted = []

    def counting(images):
        counted.append(len(images))
        return brightness(images)

    image = np.zeros((8, 8), np.uint8)
    image[:2, :4] = 200
    found = occlusion(counting, image, 0)
    assert sum(counted) == 1 + 2  # the whole image, and the two patches that hide something
    expected = np.zeros((8, 8))
    expected[:2, :4] = 4 * 200 / 255 / 16
    np.testing.assert_allclose(found, expected, atol=1e-6)


def test_a_large_image_takes_no_more_patches():
    counted = []

    def probabilities(images):
        counted.append(len(images))
        return np.full((len(images), 2), 0.5, np.float32)

    occlusion(probabilities, np.full((1024, 1024), 9, np.uint8), 0)
    assert 100 < sum(counted) < 300 and max(counted) <= 64


def test_maps_of_several_images_are_those_of_each(monkeypatch):
    images = np.random.default_rng(0).integers(0, 256, (3, 28, 20), np.uint8)
    images[1, 5:] = 0
    labels = np.array([0, 1, 0])
    expected = [occlusion(brightness, x, k) for x, k in zip(images, labels, strict=True)]
    np.testing.assert_allclose(occlusions(brightness, images, labels), expected, atol=1e-6)
    monkeypatch.setattr("fashionlab.evaluation.occlusion.PIXELS", 1)
    np.testing.assert_allclose(occlusions(brightness, images, labels), expected, atol=1e-6)
    coarse = occlusions(brightness, images, labels, 2)
    assert np.abs(coarse - expected).max() < 0.05 and (coarse != expected).any()


@pytest.mark.parametrize("side", [1, 3, 5, 8, 11, 12, 28, 29, 100])
def test_every_pixel_of_an_image_of_any_size_is_hidden(side):
    def mean(images):
        p = images.reshape(len(images), -1).mean(axis=1) / 255
        return np.stack([p, 1 - p], axis=1).astype(np.float32)

    assert (occlusion(mean, np.full((side, side + 2), 255, np.uint8), 0) > 0).all()


def test_a_label_or_shape_that_is_none_is_refused():
    with pytest.raises(InvalidValueError, match=r"label must be in \[0, 2\); received 2"):
        occlusion(brightness, np.zeros((8, 8), np.uint8), 2)
    with pytest.raises(InvalidValueError, match="must be"):
        occlusion(brightness, np.zeros((1, 8, 8, 3), np.uint8), 0)
