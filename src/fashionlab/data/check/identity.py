"""Identity: which known data set this is in truth, whatever a folder or its class names say."""

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from fashionlab.data.check.finding import Finding, listed
from fashionlab.data.check.orientation import CLASSES, SAME, Orientation
from fashionlab.data.dataset import Dataset
from fashionlab.data.fashion_mnist import CLASS_NAMES, NAME, SHA256

DIGIT_WORDS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
TITLES = {"digits": "MNIST", "garments": "Fashion-MNIST"}
FASHION_SIZES = {"train": 60_000, "test": 10_000}


class Identity(NamedTuple):
    """The set that this is, or is like; `certain` where the hash says so."""

    title: str  # "Fashion-MNIST", "MNIST", "" where it is not known
    certain: bool
    text: str  # a sentence on it


def identity(parts: Sequence[Dataset], seen: Orientation) -> Identity:
    """Recognise a known set by its hash, or by its class means."""
    if all(_is_fashion_mnist(part) for part in parts):
        return Identity("Fashion-MNIST", True, "This is Fashion-MNIST, by its SHA-256.")
    if seen.kind is None:
        return Identity(
            "", False, "This is none of the known sets; digits and garments would be recognised."
        )
    like = f"correlation {seen.correlation:.2f} of the class means"
    if seen.correlation >= SAME:
        title = TITLES[seen.kind]
        return Identity(
            title, False, f"This is {title} or a part of it, perhaps in another encoding ({like})."
        )
    return Identity("", False, f"These are images of {seen.kind}, of no known set ({like}).")


def _is_fashion_mnist(part: Dataset) -> bool:
    # The hash of another number of images need not be computed.
    return len(part) == FASHION_SIZES.get(part.part) and part.sha256 == SHA256.get(part.part)


def identity_findings(parts: Sequence[Dataset], seen: Orientation) -> Iterator[Finding]:
    """Yield names that belong to another set, images that are turned, and what must not flip."""
    names = parts[0].class_names
    if seen.kind is not None:
        yield from _names(parts[0], seen)
        yield from _turned(seen)
    if seen.kind == "digits" or is_text(names):
        what = "digits" if seen.kind == "digits" or are_digits(names) else "letters or digits"
        yield Finding(
            "mirror-images",
            "note",
            f"These are {what}, of which a mirror image is another one or none.",
            "Do not train with the augmentation `flip`, nor predict with `flip_at_prediction`; "
            "some named recipes have both (`fashionlab recipes --json`).",
        )


def _names(part: Dataset, seen: Orientation) -> Iterator[Finding]:
    names = part.class_names
    others = not are_digits(names) if seen.kind == "digits" else names[:CLASSES] != CLASS_NAMES
    numbers = names == tuple(str(k) for k in range(len(names)))
    called = re.sub(r"[^a-z]", "", part.name.lower())
    alias = {"digits": ("fashionmnist",), "garments": ("mnist", "digits")}[seen.kind or "digits"]
    if (others and not numbers) or (called.startswith(alias) and part.name != NAME):
        shown = f"classes are called {listed(names, 3)}" if others else f"set is called {part.name}"
        yield Finding(
            "names-of-another-set",
            "error",
            f"The images are {seen.kind} (like {TITLES[seen.kind or 'digits']}, correlation "
            f"{seen.correlation:.2f} of the class means), but the {shown}.",
            "Take the files of the set that you mean, or correct the class names and the folder's.",
        )


def _turned(seen: Orientation) -> Iterator[Finding]:
    if seen.turn not in ("", "upright"):
        remedy = (
            "Read them with --transposed."
            if seen.turn == "transposed"
            else "Turn them back before they are stored."
        )
        yield Finding(
            "turned",
            "error",
            f"The images are {seen.kind} that are {seen.turn}: a model trained on them would not "
            "know upright ones.",
            remedy,
        )
    if seen.inverted:
        yield Finding(
            "inverted",
            "warning",
            f"The images are {seen.kind}, dark on light; those of {TITLES[seen.kind or 'digits']} "
            "are light on dark.",
            "Invert them (255 - value), where they are to be used with such images.",
        )


def are_digits(names: Sequence[str]) -> bool:
    """Return whether the first ten classes are called as digits are: 0, "7 - seven", three."""
    words = [re.findall(r"[a-z]+|\d", name.lower()) for name in names[:CLASSES]]
    return len(words) == CLASSES and all(
        str(k) in found or DIGIT_WORDS[k] in found for k, found in enumerate(words)
    )


def is_text(names: Sequence[str]) -> bool:
    """Return whether every class is called by a digit, or by one letter or digit.

    Numbers alone are what classes without names are called, whatever they show.
    """
    if all(map(str.isdigit, names)):
        return False
    return are_digits(names) or all(len(name) == 1 and name.isalnum() for name in names)
