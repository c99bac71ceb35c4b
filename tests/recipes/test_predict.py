"""predict: an image and its mirror image, a part of the images at a time."""

from dataclasses import replace
from importlib import import_module

import numpy as np
import pytest

from fashionlab.recipes import get, predict

RECIPE = replace(get("net"), flip_at_prediction=True)


class Recorder:
    """A model of two logits: the brightness of the left and of the right half of an image."""

    def __init__(self):
        self.sizes = []

    def predict(self, images, batch_size, verbose):
        self.sizes.append(len(images))
        assert images.flags.c_contiguous and images.dtype == np.uint8
        half = images.shape[2] // 2
        sides = images[:, :, :half], images[:, :, half:]
        return np.stack([side.reshape(len(images), -1).mean(1) / 50 for side in sides], axis=1)


@pytest.mark.parametrize("shape", [(4, 6), (4, 6, 3)])
def test_it_is_the_mean_probability_of_both_views(shape):
    images = np.random.default_rng(0).integers(0, 256, (7, *shape), np.uint8)
    both = np.exp(predict(RECIPE, Recorder(), images, 2))
    np.testing.assert_allclose(both, 0.5, rtol=1e-6)  # the halves change places
    one = np.exp(predict(replace(RECIPE, flip_at_prediction=False), Recorder(), images, 2))
    expected = np.exp(Recorder().predict(images, 2, 0))
    np.testing.assert_allclose(one, expected / expected.sum(1, keepdims=True), rtol=1e-5)


@pytest.mark.parametrize("shape", [(4, 6), (4, 6, 3)])
def test_many_images_are_taken_in_parts_of_whole_batches(shape, monkeypatch, tmp_path):
    images = np.memmap(tmp_path / "images", np.uint8, "w+", shape=(23, *shape))
    images[:] = np.random.default_rng(0).integers(0, 256, images.shape, np.uint8)
    whole = predict(RECIPE, Recorder(), images, 4)
    monkeypatch.setattr(import_module("fashionlab.recipes.predict"), "PART", 9 * images[0].size)
    model = Recorder()
    np.testing.assert_array_equal(predict(RECIPE, model, images, 4), whole)
    assert model.sizes == [8, 8, 8, 8, 7, 7]
