"""A colour model over HTTP: numbers and photos in colour, and bodies that are none."""

import io
import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from PIL import Image
from portable_model import COLOUR_TEST, colour_model
from served import served

from fashionlab.portable import Predictor
from fashionlab.serve import pixels
from fashionlab.serve.answers import DECIMALS
from fashionlab.serve.errors import Refused
from fashionlab.serve.models import ServedModel

from .conftest import as_json, encoded
from .wire import ask

PREDICT, EXPLAIN = "/v1/predict?model=colours", "/v1/explain?model=colours"
JSON = "application/json"
IMAGES = COLOUR_TEST.images  # (60, 12, 14, 3)
SHAPE = IMAGES.shape[1:]


@pytest.fixture(scope="module")
def predictor():
    return Predictor(colour_model(name="colours"), threads=1)


@pytest.fixture(scope="module")
def service(predictor, tiny):
    with served([ServedModel("colours", predictor), tiny]) as running:
        yield running


def test_numbers_and_a_photo_in_colour_are_answered_as_the_predictor_does(service, predictor):
    wanted = predictor.predict_all(list(IMAGES[:9]))
    answer = ask(service.port, "POST", PREDICT, as_json(*IMAGES[:9]), kind=JSON)
    assert [row["index"] for row in answer.json["predictions"]] == [one.index for one in wanted]
    (row,) = ask(service.port, "POST", PREDICT, encoded(IMAGES[0])).json["predictions"]
    assert row["seen"] == IMAGES[0].tolist()
    assert row["probability"] == pytest.approx(wanted[0].probability, abs=10**-DECIMALS)


def test_a_photo_of_any_size_is_prepared_whole(service, predictor):
    image = Image.fromarray(IMAGES[1]).resize((500, 400))
    file = io.BytesIO()
    image.save(file, "PNG")
    (row,) = ask(service.port, "POST", PREDICT, file.getvalue()).json["predictions"]
    expected = predictor.predict(file.getvalue())
    assert row["seen"] == expected.seen.tolist() and row["notes"] == list(expected.notes)
    assert row["notes"] == ["whole picture, scaled to fit"]


def test_an_explanation_has_one_number_a_pixel(service, predictor):
    body = json.dumps({"image": IMAGES[0].tolist()}).encode()
    answer = ask(service.port, "POST", EXPLAIN, body, kind=JSON).json
    expected = predictor.occlusion(IMAGES[0], answer["label"])
    np.testing.assert_allclose(answer["occlusion"], expected, atol=1e-5)


def test_models_and_samples_say_that_they_are_in_colour(service):
    models = ask(service.port, "GET", "/v1/models").json["models"]
    assert [(one["image_shape"], one["preparation"]) for one in models] == [
        ([12, 14, 3], "fit"),
        ([28, 28], "garment"),
    ]
    samples = ask(service.port, "GET", "/v1/samples?model=colours").json["samples"]
    assert np.array(samples[0]["pixels"]).shape == SHAPE


COLOUR = IMAGES[0].tolist()


def first(pixel):
    """The rows of an image whose first pixel is another thing."""
    (_, *row), *rows = COLOUR
    return [[pixel, *row], *rows]


WRONG = {
    "grey numbers": (IMAGES[0, ..., 0].tolist(), "a pixel of image.* 3 numbers.*a number"),
    "four numbers": (first([1, 2, 3, 4]), "3 numbers.*4 numbers|more than 504 of ,"),
    "a pixel of none": (first([]), "3 numbers.*0 numbers"),
    "a pixel of text": (first("abc"), "3 numbers.*text"),
    "a pixel of null": (first(None), "3 numbers.*null"),
    "a row too few": (COLOUR[1:], "12 rows of 14 colours of 3 numbers; received 11 rows"),
    "a pixel too few": ([row[1:] for row in COLOUR], "14 colours of 3 numbers; received 13 items"),
    "a number too large": (first([256, 0, 0]), "0 to 255; received 256"),
    "a number that is true": (first([True, 0, 0]), "received true"),
    "a fraction": (first([0.5, 0, 0]), "received 0.5"),
    "a list for a number": (first([[1], 0, 0]), "more than|a list"),
}


@pytest.mark.parametrize("name", WRONG)
def test_numbers_that_are_no_image_in_colour_are_refused_in_one_line(name):
    rows, why = WRONG[name]
    for read, value in [
        (lambda body: pixels.image(body, SHAPE), {"image": rows}),
        (lambda body: pixels.images(body, SHAPE, 4), {"images": [COLOUR, rows]}),
    ]:
        with pytest.raises(Refused, match=why) as raised:
            read(json.dumps(value).encode())
        assert raised.value.status == 422 and "\n" not in raised.value.message


def test_a_grey_model_refuses_colour(service):
    answer = ask(service.port, "POST", "/v1/predict?model=tiny", as_json(IMAGES[0]), kind=JSON)
    assert answer.status == 422 and "28" in answer.error


def test_the_most_images_in_colour_are_kept():
    images = np.random.default_rng(0).integers(0, 256, (256, *SHAPE))
    assert np.array_equal(pixels.images(as_json(*images), SHAPE, 256), images)


@pytest.mark.parametrize("part", [b"[],", b"[[]],", b"[[[[]]]],", b'"",'])
@pytest.mark.parametrize("side", [32, 1024])
def test_more_lists_than_colours_have_are_refused_before_they_are_made(part, side, monkeypatch):
    monkeypatch.delattr(pixels, "from_json")
    body = b'{"images":[' + part * (4_000_000 // len(part)) + b"0]}"
    with pytest.raises(Refused, match="nothing else; received more than"):
        pixels.images(body, (side, side, 3), 256)


def test_the_shortest_text_of_an_image_is_taken():
    body = json.dumps({"images": [np.zeros(SHAPE, int).tolist()]}, separators=(",", ":")).encode()
    assert not pixels.images(body, SHAPE, 256).any()


LEVELS = st.integers(-1, 256) | st.booleans() | st.none() | st.floats() | st.text(max_size=3)
NUMBERS = st.recursive(LEVELS, lambda inner: st.lists(inner, max_size=4), max_leaves=40)


@settings(max_examples=150, deadline=None, derandomize=True, database=None)
@given(NUMBERS, st.sampled_from([(2, 1), (1, 2, 3), (2, 2, 3)]))
def test_any_json_is_an_image_or_a_refusal(value, shape):
    try:
        found = pixels.image(json.dumps({"image": value}).encode(), shape)
    except Refused as refused:
        assert refused.status in (400, 422) and "\n" not in refused.message
    else:
        np.testing.assert_array_equal(found, np.array(value))


@settings(max_examples=50, deadline=None, derandomize=True, database=None)
@given(arrays(np.uint8, st.sampled_from([(2, 1), (1, 2, 3), (2, 2, 3)])))
def test_any_image_is_read_as_it_is(image):
    body = json.dumps({"image": image.tolist()}).encode()
    np.testing.assert_array_equal(pixels.image(body, image.shape), image)
