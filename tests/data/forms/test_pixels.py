"""Pictures become images of one shape, in their order, whatever their size and colour."""

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from fashionlab.data.forms.pictures import pixels
from fashionlab.data.forms.pictures.pixels import Picture, Wanted
from fashionlab.data.options import ReadOptions
from fashionlab.errors import DataFormatError, InvalidValueError
from fashionlab.images import decode
from fashionlab.images.preprocess import prepare

GREY = np.arange(12 * 9, dtype=np.uint8).reshape(12, 9)
COLOUR = np.stack([GREY, GREY + 20, GREY[::-1]], axis=2)


def picture(array, where="p", form="PNG", **save):
    file = io.BytesIO()
    Image.fromarray(array).save(file, form, **save)
    return Picture(where, file.getvalue())


def blocks(pictures, target, log=None):
    return list(pixels.blocks(((p, i) for i, p in enumerate(pictures)), target, log))


@pytest.mark.parametrize("array", [GREY, COLOUR], ids=["grey", "colour"])
def test_pictures_of_one_size_are_taken_as_they_are(array):
    target = pixels.wanted([picture(array)], ReadOptions())
    assert target == Wanted(array.shape, "fit", scaled=False, guessed=array.ndim == 2)
    (block,) = blocks([picture(array), picture(array[::-1])], target)
    assert np.array_equal(block.images, [array, array[::-1]]) and block.labels.tolist() == [0, 1]


def test_grey_pictures_stored_in_colour_are_grey_also_after_lossy_compression():
    noise = np.random.default_rng(0).integers(0, 256, (64, 64, 1), dtype=np.uint8)
    stored = noise.repeat(3, axis=2)
    for form in ("PNG", "JPEG", "WEBP"):
        assert pixels.wanted([picture(stored, form=form)], ReadOptions()).shape == (64, 64)
    tinted = stored.copy()
    tinted[5:9, 5:9, 0] ^= 64
    assert pixels.wanted([picture(tinted)], ReadOptions()).shape == (64, 64, 3)


def test_colours_that_transparency_hides_do_not_count():
    hidden = np.zeros((16, 16, 4), np.uint8)
    hidden[..., 0] = 200
    assert pixels.wanted([picture(hidden)], ReadOptions()).shape == (16, 16)


def test_one_coloured_picture_of_a_sample_makes_all_coloured():
    sample = [picture(GREY)] * 5
    assert pixels.wanted(sample, ReadOptions()).shape == (12, 9)
    assert pixels.wanted([*sample, picture(COLOUR)], ReadOptions()).shape == (12, 9, 3)


def test_colour_that_no_picture_of_the_sample_showed_is_said_to_be_lost():
    row, lines = [picture(GREY, "a"), picture(COLOUR, "b"), picture(COLOUR, "c")], []
    blocks(row, pixels.wanted(row[:1], ReadOptions()), lines.append)
    assert len(lines) == 1 and lines[0].startswith("colour was lost in 2 of 3 pictures, such as b")
    blocks(row, pixels.wanted(row[:1], ReadOptions(colour=False)), lines.append)
    assert len(lines) == 1


def test_options_win_over_pictures_and_with_both_none_is_decoded():
    broken = Picture("p", b"none")
    assert pixels.wanted([broken], ReadOptions(size=8, colour=True)).shape == (8, 8, 3)
    assert pixels.wanted([broken], ReadOptions(size=8, preparation="garment")).shape == (8, 8)
    assert pixels.wanted([picture(COLOUR)], ReadOptions(colour=False)).shape == (12, 9)
    with pytest.raises(InvalidValueError, match=r"grey for the preparation garment; .* colour"):
        pixels.wanted([broken], ReadOptions(colour=True, preparation="garment"))


def test_turned_photos_have_the_size_that_they_show():
    exif = Image.Exif()
    exif[0x0112] = 6  # turned by 90 degrees
    turned = picture(GREY, exif=exif)
    target = pixels.wanted([turned], ReadOptions())
    assert target.shape == (9, 12)
    assert np.array_equal(blocks([turned], target)[0].images[0], np.rot90(GREY, -1))


def test_scaled_pictures_are_what_prepare_gives_and_in_their_order(monkeypatch):
    monkeypatch.setattr("fashionlab.data.forms.BLOCK_BYTES", 16 * 16 * 7)
    rng = np.random.default_rng(1)
    arrays = [rng.integers(0, 256, rng.integers(8, 60, 2), dtype=np.uint8) for _ in range(50)]
    target = Wanted((16, 16), "fit", scaled=True)
    found = blocks([picture(array) for array in arrays], target)
    assert [len(block.images) for block in found] == [7] * 7 + [1]
    assert np.concatenate([block.labels for block in found]).tolist() == list(range(50))
    expected = [prepare(decode.load(a), (16, 16), "fit").image for a in arrays]
    assert np.array_equal(np.concatenate([block.images for block in found]), expected)


@pytest.mark.parametrize("array", [GREY, COLOUR], ids=["grey", "colour"])
@pytest.mark.parametrize("shape", [(12, 9), (12, 9, 3)])
def test_what_needs_no_scaling_is_what_prepare_gives(array, shape):
    (block,) = blocks([picture(array)], Wanted(shape, "fit", scaled=True))
    expected = prepare(decode.load(array), shape, "fit").image
    assert np.array_equal(block.images[0], expected) and block.images[0].shape == shape


def test_another_size_is_named_with_its_picture_and_the_remedy():
    row = [picture(GREY, "a"), picture(GREY, "b"), picture(GREY.T, "cat/3.png")]
    with pytest.raises(DataFormatError) as caught:
        blocks(row, Wanted((12, 9), "fit", scaled=False))
    for part in ("9 x 12 as the first", "12 x 9 in cat/3.png", "--size 28"):
        assert part in str(caught.value)


def test_pictures_too_large_to_be_taken_as_they_are_need_a_size():
    large = picture(np.zeros((8, 1025), np.uint8), "a.png")
    with pytest.raises(DataFormatError, match=r"1,024 .* received 1,025 x 8 in a.png; .*--size 28"):
        pixels.wanted([large], ReadOptions())
    assert pixels.wanted([large], ReadOptions(size=1024)).shape == (1024, 1024)


def test_broken_and_missing_pictures_are_named(tmp_path: Path):
    target = Wanted((12, 9), "fit", scaled=False)
    with pytest.raises(DataFormatError, match=r"^cat/1.jpg: a picture must be PNG, .*\b4 bytes"):
        blocks([Picture("cat/1.jpg", b"none")], target)
    with pytest.raises(DataFormatError, match=r"'No such file or directory' from cat/2.jpg"):
        blocks([Picture("cat/2.jpg", tmp_path / "absent")], target)


def test_pictures_without_a_garment_are_taken_whole_and_counted():
    plain, shirt = np.full((40, 40), 250, np.uint8), np.full((40, 40), 250, np.uint8)
    shirt[10:30, 12:28] = 60
    lines: list[str] = []
    row = [picture(plain, "a"), picture(shirt, "b"), picture(plain, "c")]
    (block,) = blocks(row, Wanted((28, 28), "garment", scaled=True), lines.append)
    assert len(block.images) == 3 and block.images[1].max() == 255
    assert lines == [
        "no garment was found in 2 of 3 pictures, such as a: the whole picture was taken"
    ]


def test_pictures_are_taken_from_the_source_only_as_they_are_needed(monkeypatch):
    monkeypatch.setattr("fashionlab.data.forms.BLOCK_BYTES", 12 * 9 * 10)
    taken = []

    def source():
        for i in range(1000):
            taken.append(i)
            yield picture(GREY), i

    reading = pixels.blocks(source(), Wanted((12, 9), "fit", scaled=False))
    assert len(next(reading).images) == 10
    assert len(taken) <= 10 + pixels.WAITING * pixels.THREADS
    reading.close()


@pytest.mark.parametrize("array", [GREY, COLOUR], ids=["grey", "colour"])
def test_a_written_picture_holds_the_same_pixels(array):
    image = decode.load(pixels.png(array)).image
    assert np.array_equal(np.asarray(image), array)
