"""Metadata are checked against their types and limits before anything of them is used."""

import base64
import io
import json
import struct
import zlib

import numpy as np
import onnx
import pytest
from PIL import Image
from portable_model import (
    COLOUR_TEST,
    COLOUR_TRAIN,
    metadata,
    tiny_model,
)

from fashionlab.errors import ModelError
from fashionlab.portable import Metadata, Predictor
from fashionlab.portable.graph import read_graph
from fashionlab.portable.metadata import KEY, LARGEST_TEXT, examples_limit


def with_fields(**changes):
    return json.dumps({**json.loads(metadata().to_json()), **changes})


def png(image, **options):
    file = io.BytesIO()
    image.save(file, "PNG", **options)
    return base64.b64encode(file.getvalue()).decode()


def chunk(name, body):
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def bomb(width=28, height=28, pixels=50_000_000):
    """A PNG whose one chunk of pixels holds far more than its size says."""
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0))
    body = chunk(b"IDAT", zlib.compress(bytes(pixels), 9))
    return base64.b64encode(b"\x89PNG\r\n\x1a\n" + header + body + chunk(b"IEND", b"")).decode()


GREY = Image.fromarray(np.zeros((28, 28), np.uint8))


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"class_names": ()}, "class_names must have a length from 1 to 256"),
        ({"class_names": ("a", "a")}, "class_names must differ"),
        ({"class_names": ("a" * 201, "b")}, r"class_names\[0\]"),
        ({"class_names": ("a\x1b[2J", "b")}, "control characters"),
        ({"class_names": ("\ud800", "b")}, "control characters"),
        ({"class_names": tuple(map(str, range(257)))}, "class_names"),
        ({"image_shape": (28, 0)}, "image_shape"),
        ({"image_shape": (28, 5000)}, "image_shape"),
        ({"image_shape": (28, 28, 1)}, "image_shape"),
        ({"image_shape": (28,)}, "image_shape"),
        ({"image_shape": (28, 28, 3), "examples": ()}, "preparation must be fit for images in c"),
        ({"image_shape": (28, 28, 3, 3)}, "image_shape"),
        ({"preparation": "crop"}, "preparation must be fit or garment; received 'crop'"),
        ({"temperature": 0.0}, "temperature"),
        ({"temperature": float("nan")}, "temperature"),
        ({"threshold": 1.5}, "threshold"),
        ({"accuracy": 0.2}, "accuracy"),
        ({"calibration_error": float("inf")}, "calibration_error"),
        ({"name": ""}, "name"),
        ({"name": "x" * 201}, "name"),
        ({"licence": "a\nb"}, "control characters"),
        ({"bits": 16}, "bits"),
        ({"seed": -1}, "seed"),
        ({"parameters": 2**70}, "parameters"),
        ({"train_sha256": "0" * 63}, "SHA-256"),
        ({"weights_sha256": "G" * 64}, "SHA-256"),
        ({"examples": ((0, np.zeros((5, 5), np.uint8)),)}, "examples"),
        ({"examples": ((12, np.zeros((28, 28), np.uint8)),)}, "examples"),
        ({"examples": ((0, np.zeros((28, 28), np.uint8)),) * 513}, "examples"),
    ],
)
def test_metadata_that_cannot_be_true_are_refused(change, why):
    with pytest.raises(ModelError, match=why) as raised:
        metadata(**change)
    assert "\n" not in str(raised.value)


def test_metadata_come_back_as_they_were():
    one = metadata(name='quotes " and ünïcode')
    again = Metadata.from_json(one.to_json())
    assert again.to_json() == one.to_json()
    for (label, image), (other, pixels) in zip(one.examples, again.examples, strict=True):
        assert label == other
        np.testing.assert_array_equal(image, pixels)


@pytest.mark.parametrize(
    "text",
    [
        *("", "[]", "{}", "[" * 100_000, '{"format": 1}', "null", "9" * 5000, "\ufeff{}", b"\xff"),
        with_fields(threshold=float("nan")),
        " " * (LARGEST_TEXT + 1),
    ],
)
def test_metadata_of_another_kind_are_refused(text):
    with pytest.raises(ModelError, match="metadata"):
        Metadata.from_json(text)


@pytest.mark.parametrize("field", json.loads(metadata().to_json()))
def test_a_field_of_any_other_type_is_refused(field):
    own = json.loads(metadata().to_json())[field]
    alike = (int, float) if type(own) in (int, float) else type(own)
    for value in (None, True, 1, 1.5, "text", [], [None], {}, {"a": 1}):
        if isinstance(value, alike) and not isinstance(value, bool):
            continue
        with pytest.raises(ModelError, match=field):
            Metadata.from_json(with_fields(**{field: value}))


def in_colour(**changes):
    return metadata((COLOUR_TRAIN, COLOUR_TEST), **changes)


def test_metadata_in_colour_come_back_as_they_were():
    one = in_colour()
    again = Metadata.from_json(one.to_json())
    assert again.image_shape == (12, 14, 3) and again.preparation == "fit"
    for (_, image), (_, pixels) in zip(one.examples, again.examples, strict=True):
        np.testing.assert_array_equal(image, pixels)
    assert again.samples()[0]["pixels"] == COLOUR_TEST.images[0].tolist()
    assert again.description()["preparation"] == "fit"


def test_a_file_of_before_there_were_two_preparations_is_of_garments():
    values = json.loads(metadata().to_json())
    assert values["format"] == 1  # which an older version reads, and does the same
    del values["preparation"]
    assert Metadata.from_json(json.dumps(values)).preparation == "garment"


def test_a_version_that_knows_garments_alone_refuses_a_model_of_another_preparation():
    for other in (metadata(preparation="fit"), in_colour()):
        values = json.loads(other.to_json())
        assert values["format"] == 2
        assert Metadata.from_json(json.dumps(values)).preparation == "fit"
        del values["preparation"]
        with pytest.raises(ModelError, match="must have preparation"):
            Metadata.from_json(json.dumps(values))


@pytest.mark.parametrize("mode", ["L", "RGBA", "P", "CMYK"])
def test_an_example_in_colour_is_an_rgb_png(mode):
    picture = Image.fromarray(COLOUR_TEST.images[0]).convert(mode)
    text = png(picture) if mode != "CMYK" else png(picture.convert("RGB").resize((12, 14)))
    values = {**json.loads(in_colour().to_json()), "examples": [[0, text]]}
    with pytest.raises(ModelError, match="must be a colour PNG of 14 x 12"):
        Metadata.from_json(json.dumps(values))


def test_as_many_examples_as_fit_into_the_text_are_kept():
    """Noise of the largest size takes the most text."""
    rng = np.random.default_rng(0)
    for shape in [(64, 64), (40, 34, 3)]:
        few = examples_limit(shape)
        noise = rng.integers(0, 256, (few, *shape), dtype=np.uint8)
        one = metadata(image_shape=shape, preparation="fit", examples=tuple((0, x) for x in noise))
        assert len(one.to_json()) < LARGEST_TEXT and few > 500


def test_fields_of_a_newer_version_are_ignored():
    assert Metadata.from_json(with_fields(novelty=[1])).to_json() == metadata().to_json()


@pytest.mark.parametrize(
    "example",
    [
        *([0], [0, 0], "text", [0, "not base 64"], [0, ""], [0, png(GREY)[:40]], [True, png(GREY)]),
        [0, png(GREY.convert("RGB"))],
        [0, png(GREY.convert("P"))],
        [0, png(GREY.convert("1"))],
        [0, png(Image.new("I;16", (28, 28)))],
        [0, png(GREY.resize((28, 29)))],
        [0, png(GREY, save_all=True, append_images=[Image.new("L", (28, 28), 9)])],
        [10, png(GREY)],
    ],
)
def test_an_example_that_is_no_image_of_the_model_is_refused(example):
    with pytest.raises(ModelError, match="example"):
        Metadata.from_json(with_fields(examples=[example]))


def test_a_png_of_another_size_is_refused_before_its_pixels_are_unpacked():
    with pytest.raises(ModelError, match=r"it is a PNG of \(60000, 60000\)"):
        Metadata.from_json(with_fields(examples=[[0, bomb(60_000, 60_000)]]))
    found = Metadata.from_json(with_fields(examples=[[0, bomb()]]))
    np.testing.assert_array_equal(found.examples[0][1], np.zeros((28, 28)))


def test_a_file_is_refused_for_its_metadata_before_it_is_loaded():
    model = onnx.load_from_string(tiny_model())
    model.metadata_props[0].value = with_fields(name=None)
    with pytest.raises(ModelError, match="name must be text"):
        Predictor(model.SerializeToString())


def test_the_metadata_are_found_under_their_key():
    model = onnx.load_from_string(tiny_model())
    found = {key: bytes(text).decode() for key, text in read_graph(tiny_model()).metadata.items()}
    assert {p.key: p.value for p in model.metadata_props} == found
    assert list(found) == [KEY]
