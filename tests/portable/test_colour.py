"""A colour model sees colours, and whatever it is given is prepared as its metadata say."""

import io

import numpy as np
import pytest
from PIL import Image
from portable_model import COLOUR_TEST, TEST, colour_model, linear_model, metadata, tiny_model

from fashionlab.errors import ImageError, InvalidValueError
from fashionlab.images.decode import load
from fashionlab.images.preprocess import prepare
from fashionlab.portable import Predictor
from fashionlab.portable.schema import record

IMAGES = COLOUR_TEST.images  # (60, 12, 14, 3)


@pytest.fixture(scope="module")
def predictor():
    return Predictor(colour_model(), threads=1)


def png(image):
    file = io.BytesIO()
    Image.fromarray(image).save(file, "PNG")
    return file.getvalue()


def test_classes_that_differ_in_colour_alone_are_told_apart(predictor):
    found = predictor.probabilities(IMAGES).argmax(axis=1)
    assert (found == COLOUR_TEST.labels).mean() > 0.9
    grey = np.repeat((IMAGES @ (0.299, 0.587, 0.114)).astype(np.uint8)[..., None], 3, axis=3)
    assert (predictor.probabilities(grey).argmax(axis=1) == COLOUR_TEST.labels).mean() < 0.6


def test_red_green_and_blue_come_in_this_order(predictor):
    """A kernel that counts red in the upper left pixel alone, of an image and its mirror image."""
    kernel = np.zeros((12 * 14 * 3, 3), np.float32)
    kernel[0, 0] = 20  # of row 0, column 0, red
    only = linear_model(kernel, np.zeros(3, np.float32), data=(COLOUR_TEST, COLOUR_TEST))
    images = np.zeros((6, 12, 14, 3), np.uint8)
    for image, place in zip(
        images, [(0, 0, 0), (0, 13, 0), (0, 0, 1), (0, 0, 2), (0, 1, 0), (1, 0, 0)], strict=True
    ):
        image[place] = 255
    found = Predictor(only, threads=1).probabilities(images)[:, 0]
    np.testing.assert_allclose(found, [2 / 3, 2 / 3, *[1 / 3] * 4], atol=1e-4)


def test_an_array_its_png_and_an_enlargement_give_the_same_class(predictor):
    for image, label in zip(IMAGES[:6], COLOUR_TEST.labels, strict=False):
        large = Image.fromarray(image).resize((14 * 20, 12 * 20), Image.Resampling.NEAREST)
        exact = predictor.predict(image)
        np.testing.assert_array_equal(exact.seen, image)
        assert not exact.notes
        again = predictor.predict(png(image))
        np.testing.assert_array_equal(again.seen, image)
        assert again.notes == ("already of the model's size: not scaled",)
        photo = predictor.predict(large)
        assert exact.index == again.index == photo.index == label
        assert np.abs(photo.seen - image.astype(int)).mean() < 8


def test_a_grey_picture_is_three_alike_for_a_colour_model(predictor):
    grey = np.arange(12 * 14, dtype=np.uint8).reshape(12, 14)
    for given in (grey, grey[..., None], png(grey)):
        seen = predictor.predict(given).seen
        np.testing.assert_array_equal(seen, np.repeat(grey[..., None], 3, axis=2))


def test_a_colour_picture_is_luma_for_a_grey_model_of_whole_pictures():
    model = Predictor(tiny_model(preparation="fit"), threads=1)
    colours = np.random.default_rng(0).integers(0, 256, (28, 28, 3), dtype=np.uint8)
    seen = model.predict(colours).seen
    np.testing.assert_allclose(seen, colours @ (0.299, 0.587, 0.114), atol=0.51)


def test_a_picture_is_prepared_as_the_metadata_say():
    photo = np.full((200, 300, 3), 240, np.uint8)
    photo[60:160, 90:200] = (30, 90, 40)
    for preparation in ("fit", "garment"):
        prediction = Predictor(tiny_model(preparation=preparation), threads=1).predict(photo)
        expected = prepare(load(photo), (28, 28), preparation)
        np.testing.assert_array_equal(prediction.seen, expected.image)
        assert prediction.notes == expected.notes
    light = 255 - TEST.images[0]  # which as a garment would be inverted
    model = Predictor(tiny_model(preparation="fit"), threads=1)
    np.testing.assert_array_equal(model.predict(png(light)).seen, light)


@pytest.mark.parametrize(
    ("images", "why"),
    [
        (np.zeros((2, 12, 14), np.uint8), r"must be \(N, 12, 14, 3\).*received \(2, 12, 14\)"),
        (IMAGES[0], r"received \(12, 14, 3\)"),
        (np.zeros((2, 3, 12, 14), np.uint8), r"received \(2, 3, 12, 14\)"),
        (np.zeros((2, 12, 14, 3)), "uint8.*received float64"),
    ],
)
def test_images_of_another_shape_are_refused(predictor, images, why):
    with pytest.raises(InvalidValueError, match=why):
        predictor.probabilities(images)
    with pytest.raises(ImageError):
        predictor.predict(np.zeros((12, 14, 2), np.uint8))


def test_the_occlusion_map_hides_all_colours_of_a_pixel(predictor):
    image = IMAGES[0]
    label = int(COLOUR_TEST.labels[0])
    found = predictor.occlusion(image, label)
    whole = predictor.probabilities(image[None])[0, label]
    total, times = np.zeros((12, 14)), np.zeros((12, 14))
    for top in range(0, 12, 2):  # patches of 3, from place 1 - 3 + 2 on
        for left in range(0, 14, 2):
            hidden = image.copy()
            hidden[top : top + 3, left : left + 3] = 0
            fall = whole - predictor.probabilities(hidden[None])[0, label]
            total[top : top + 3, left : left + 3] += fall
            times[top : top + 3, left : left + 3] += 1
    np.testing.assert_allclose(found, total / times, atol=1e-5)
    assert found.max() > 0


def test_a_prediction_in_colour_as_json_has_three_numbers_a_pixel(predictor):
    seen = record(predictor.predict(IMAGES[0]), seen=True)["seen"]
    assert seen == IMAGES[0].tolist()


def test_a_copy_in_colour_predicts_the_same(predictor):
    state = predictor.__getstate__()
    again = Predictor.__new__(Predictor)
    again.__setstate__(state)
    np.testing.assert_array_equal(again.probabilities(IMAGES), predictor.probabilities(IMAGES))
    assert metadata(preparation="fit").preparation == "fit"
