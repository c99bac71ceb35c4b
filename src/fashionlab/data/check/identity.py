"""Identity: which known data set this is in truth, whatever a folder or its class names say."""

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from fashionlab.data.check.finding import Finding, listed
from fashionlab.data.check.orientation import CLASSES, SAME, Orientation
from fashionlab.data.check.scan import Scan
from fashionlab.data.fashion_mnist import CLASS_NAMES, NAME, SHA256
from fashionlab.data.known import KNOWN, KnownSet, by_pixels

DIGIT_WORDS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
LIKE = {"digits": "mnist", "garments": NAME}  # the sets that the kinds' class means are of
FASHION_SIZES = {"train": 60_000, "test": 10_000}


class Identity(NamedTuple):
    """The set that this is, or is like."""

    known: KnownSet | None
    certain: bool  # by its hash
    text: str  # a sentence on it

    @property
    def title(self) -> str:
        """What the set is called in text, "" where it is not known."""
        return title(self.known.name) if self.known else ""


def title(name: str) -> str:
    """Return a known set's name as it is written in text: MNIST, EMNIST letters."""
    if name == NAME:
        return "Fashion-MNIST"
    first, _, rest = name.partition("-")
    return f"{first.upper()} {rest}".rstrip()


def identity(scans: Sequence[Scan], seen: Orientation) -> Identity:
    """Recognise a known set by its hash, by its pixels, or by its class means."""
    train = scans[0]
    if all(_is_fashion_mnist(scan) for scan in scans):
        return Identity(_known(NAME), True, "This is Fashion-MNIST, by its SHA-256.")
    known = by_pixels(len(train.part), len(train.counts), train.mean / 255, train.deviation / 255)
    if known is not None:
        return Identity(
            known,
            False,
            f"This is {title(known.name)}, by the numbers of images and classes and the mean and "
            "deviation of its pixels.",
        )
    if seen.kind is None:
        return Identity(None, False, "This is none of the sets that are known here.")
    like = f"correlation {seen.correlation:.2f} of the class means"
    if seen.correlation < SAME:
        return Identity(None, False, f"These are {seen.kind}, of no set that is known ({like}).")
    known = _known(LIKE[seen.kind])
    return Identity(
        known,
        False,
        f"This is {title(known.name)} or a part of it, perhaps in another encoding ({like}).",
    )


def _known(name: str) -> KnownSet:
    return next(known for known in KNOWN if known.name == name)


def _is_fashion_mnist(scan: Scan) -> bool:
    # The hash of another number of images need not be computed.
    part = scan.part
    return len(part) == FASHION_SIZES.get(part.part) and part.sha256 == SHA256.get(part.part)


def identity_findings(scans: Sequence[Scan], seen: Orientation, of: Identity) -> Iterator[Finding]:
    """Yield names that belong to another set, images that are turned, and what must not flip."""
    part = scans[0].part
    names = part.class_names
    if what := _contradiction(part.name, names, seen, of):
        yield Finding(
            "names-of-another-set",
            "error",
            f"{of.text} But {what}.",
            "Take the files of the set that you mean, or correct the class names and the folder's.",
        )
    yield from _turned(seen, of)
    digits = seen.kind == "digits" or are_digits(names)
    if seen.kind == "digits" or is_text(names):
        yield Finding(
            "mirror-images",
            "note",
            f"These are {'digits' if digits else 'letters'}, of which a mirror image is another "
            "one or none.",
            "Do not train with the augmentation flip, nor predict with flip_at_prediction: some "
            "named recipes have one or both (fashionlab recipes --json).",
        )


def _contradiction(name: str, names: Sequence[str], seen: Orientation, of: Identity) -> str:
    """Return what a set is called that it is not, or ""."""
    shown = f"the classes are called {listed(names, 3)}"
    called = re.sub(r"[^a-z]", "", name.lower())
    numbers = all(map(str.isdigit, names))  # as classes without names are called
    if seen.kind == "digits":
        if not are_digits(names):
            return shown
        return f"the set is called {name}" if called.startswith("fashionmnist") else ""
    if seen.kind == "garments":
        if not numbers and tuple(names[:CLASSES]) != CLASS_NAMES:
            return shown
        return f"the set is called {name}" if called.startswith(("mnist", "digits")) else ""
    garments = of.known is not None and tuple(names) == CLASS_NAMES
    return shown if garments else ""


def _turned(seen: Orientation, of: Identity) -> Iterator[Finding]:
    if seen.turn not in ("", "upright"):
        remedy = (
            "Read them with --transposed; or with --upright, where they are read so now."
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
    if seen.inverted and seen.kind is not None:
        yield Finding(
            "inverted",
            "warning",
            f"The images are {seen.kind}, dark on light; those of {title(LIKE[seen.kind])} are "
            "light on dark.",
            "Invert them (255 - value), where they are to be used with such images.",
        )
    if not seen.turn and of.known is not None and of.known.transposed:
        yield Finding(
            "published-transposed",
            "note",
            f"{of.title} is published with rows and columns exchanged. Whether that was undone "
            "here cannot be told.",
            "Look at samples: read the set with --transposed where they are turned by 90 degrees.",
        )


def are_digits(names: Sequence[str]) -> bool:
    """Return whether the first ten classes are called as digits are: 0, "7 - seven", three."""
    words = [set(re.findall(r"[a-z0-9]+", name.lower())) - {"digit"} for name in names[:CLASSES]]
    return len(words) == CLASSES and all(
        found and found <= {str(k), DIGIT_WORDS[k]} for k, found in enumerate(words)
    )


def is_text(names: Sequence[str]) -> bool:
    """Return whether every class is called by a digit, or by one letter or digit.

    Numbers alone are what classes without names are called, whatever they show.
    """
    if all(map(str.isdigit, names)):
        return False
    return are_digits(names) or all(len(name) == 1 and name.isalnum() for name in names)
