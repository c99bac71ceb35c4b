"""Numbers become exactly the image they are."""

import numpy as np

from fashionlab.serve import pixels

from .conftest import as_json


def test_every_value_of_a_pixel_is_kept():
    image = np.arange(784).reshape(28, 28) % 256
    assert np.array_equal(pixels.images(as_json(image), (28, 28), 1)[0], image)


def test_as_many_images_as_are_accepted_are_kept():
    images = np.random.default_rng(0).integers(0, 256, (256, 28, 28))
    body = as_json(*images)
    assert np.array_equal(pixels.images(body, (28, 28), 256), images)
