"""Findings about pixel values: their range, constant images, and dark on light."""

from collections.abc import Iterator, Sequence

from fashionlab.data.check.finding import SHOWN, Finding, listed, number, place_of
from fashionlab.data.check.scan import Scan

LOW = 128  # of 255; a range that is smaller uses less than half of the grey levels
FEW_LEVELS = 8
OTHER_BRIGHTNESS = 0.25  # standard deviations between the means of two parts
MANY = 0.01  # of the images
MIXED = 0.02  # of the images are of the other polarity


def value_findings(scans: Sequence[Scan], inverted: bool) -> Iterator[Finding]:
    """Yield what is wrong with the pixel values of the parts; `inverted` has been found already."""
    for scan in scans:
        yield from _range(scan)
    for scan in scans[1:]:
        if abs(scan.mean - scans[0].mean) >= OTHER_BRIGHTNESS * scans[0].deviation > 0:
            yield Finding(
                "other-brightness",
                "warning",
                f"The mean value of {scan.part.part} is {scan.mean:.1f}, and that of "
                f"{scans[0].part.part} {scans[0].mean:.1f} (deviation {scans[0].deviation:.1f}).",
                "Check that both parts were made in the same way.",
            )
    yield from _constant(scans)
    if not inverted:
        yield from _polarity(scans)


def _range(scan: Scan) -> Iterator[Finding]:
    part, levels = scan.part.part, scan.levels
    if scan.highest == 0:
        return  # all images are black, which is said of them
    if scan.highest == 1:
        yield Finding(
            "already-normalised",
            "error",
            f"All values of {part} are 0 or 1: the pixels were divided before they were stored, "
            "and would be divided by 255 again.",
            "Read the original bytes, or multiply by 255.",
        )
    elif scan.highest - levels[0] < LOW:
        yield Finding(
            "low-range",
            "warning",
            f"The values of {part} go from {levels[0]} to {scan.highest} of 255: the images may "
            "have been scaled before.",
            f"Scale them to 0 to 255 (here by {255 / max(1, scan.highest - levels[0]):.4g}), in "
            "all parts alike.",
        )
    elif len(levels) <= FEW_LEVELS:
        yield Finding(
            "few-levels",
            "note",
            f"{part} has only {number(len(levels), 'different value')}: {listed(levels)}.",
            "Nothing, if the images are drawings; else read the original images.",
        )


def _constant(scans: Sequence[Scan]) -> Iterator[Finding]:
    count = sum(scan.constant_count for scan in scans)
    if count:
        black = sum(scan.black_count for scan in scans)
        many = count >= MANY * sum(len(scan.part) for scan in scans)
        rows = [place_of(scan.part, row) for scan in scans for row in scan.constant]
        yield Finding(
            "constant",
            "warning" if many else "note",
            f"{number(count, 'image')} of one value only ({black:,} black).",
            "Remove them: they show nothing, whatever their labels say.",
            tuple((row,) for row in rows[:SHOWN]),
        )


def _polarity(scans: Sequence[Scan]) -> Iterator[Finding]:
    count = sum(scan.dark_on_light_count for scan in scans)
    total = sum(len(scan.part) for scan in scans)
    rows = [place_of(scan.part, row) for scan in scans for row in scan.dark_on_light]
    colour = scans[0].part.is_colour
    if count > total / 2:
        yield Finding(
            "dark-on-light",
            "note" if colour else "warning",
            f"{count:,} of {number(total, 'image')} are dark on a light border, the other way "
            "round than Fashion-MNIST and MNIST.",
            "Nothing, if what is to be predicted looks the same; else invert them (255 - value), "
            "or read pictures with --preparation garment.",
            tuple((row,) for row in rows[:SHOWN]),
        )
    elif count >= MIXED * total and not colour:
        yield Finding(
            "mixed-polarity",
            "warning",
            f"{count:,} of {number(total, 'image')} are dark on a light border, the others not.",
            "Invert these (255 - value), so that all are alike.",
            tuple((row,) for row in rows[:SHOWN]),
        )
