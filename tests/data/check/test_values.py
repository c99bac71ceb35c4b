"""Range, constant images and polarity: found where they are wrong, and only there."""

from dataclasses import replace

import numpy as np
import pytest

from .faults import changed, drawn, found


def of_unknown_kind(part):
    """Return the images with labels that make no kind recognisable."""
    return replace(part, labels=(part.labels + 3) % 10)


def test_a_drawn_set_without_a_fault_has_no_finding() -> None:
    assert found(*drawn()) == {}


def test_pixels_that_were_divided_already_are_an_error() -> None:
    train, test = drawn()
    faulty = found(*(changed(part, lambda x: (x > 90).astype(np.uint8)) for part in (train, test)))
    assert faulty["already-normalised"].severity == "error"
    assert "low-range" not in faulty
    one = found(train, changed(test, lambda x: (x > 90).astype(np.uint8)))
    assert "test" in one["already-normalised"].text


def test_a_range_of_less_than_half_is_named_with_its_factor() -> None:
    train, test = drawn()
    train.images[0, 0, 0] = test.images[0, 0, 0] = 255
    parts = [changed(part, lambda x: x // 16) for part in (train, test)]
    finding = found(*parts)["low-range"]
    assert finding.severity == "warning" and "0 to 15 of 255" in finding.text
    assert "17" in finding.remedy
    assert "low-range" not in found(*(changed(part, lambda x: x - x // 4) for part in drawn()))


def test_few_levels_are_a_note() -> None:
    parts = [changed(part, lambda x: np.where(x > 90, 255, 0).astype(np.uint8)) for part in drawn()]
    finding = found(*parts)["few-levels"]
    assert finding.severity == "note" and "2 different values: 0, 255" in finding.text


def test_a_part_of_other_brightness_is_named() -> None:
    train, test = drawn()
    assert "other-brightness" in found(train, changed(test, lambda x: x // 2 + 80))


def test_constant_images_are_listed_by_part_and_row() -> None:
    train, test = drawn()
    train.images[7] = 0
    test.images[3] = 90
    finding = found(train, test)["constant"]
    assert finding.severity == "note"
    assert finding.text.startswith("2 images of one value only (1 black)")
    assert [(w.part, w.index) for (w,) in finding.pictures] == [("train", 7), ("test", 3)]
    train.images[:20] = np.arange(20, dtype=np.uint8)[:, None, None]
    assert found(train, test)["constant"].severity == "warning"


def test_dark_on_light_is_found_whether_all_images_are_or_some() -> None:
    parts = [changed(part, lambda x: 255 - x) for part in drawn()]
    assert set(found(*parts)) == {"inverted"}  # known by their kind
    parts = [of_unknown_kind(part) for part in parts]
    assert found(*parts)["dark-on-light"].severity == "warning"
    train, test = drawn()
    train.images[:40] = 255 - train.images[:40]
    finding = found(train, test)["mixed-polarity"]
    assert "40 of 500" in finding.text and finding.pictures[0][0].index == 0


@pytest.mark.parametrize("change", [lambda x: x // 2 + 100, lambda x: np.maximum(x, 60)])
def test_a_light_ground_alone_is_not_inverted(change) -> None:
    kinds = found(*(changed(part, change) for part in drawn()))
    assert not {"dark-on-light", "mixed-polarity", "inverted"} & set(kinds)


def test_photos_in_colour_may_be_on_a_light_ground() -> None:
    parts = [
        of_unknown_kind(
            replace(part, images=np.repeat(255 - part.images[..., None], 3, 3), preparation="fit")
        )
        for part in drawn()
    ]
    assert found(*parts)["dark-on-light"].severity == "note"
