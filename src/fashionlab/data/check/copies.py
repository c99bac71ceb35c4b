"""Findings about copies: equal images and near-copies, within parts and across them."""

from collections.abc import Iterator, Sequence

from fashionlab.data.check.duplicates import Duplicates
from fashionlab.data.check.finding import SHOWN, Finding, Place, Severity, number, place_of
from fashionlab.data.check.near import NearCopies, Pair
from fashionlab.data.dataset import Dataset

MANY = 0.01  # of a part's images

Group = tuple[Place, ...]


def place(parts: Sequence[Dataset], row: int) -> Place:
    """Return the place of a row that is counted through all parts."""
    for part in parts:
        if row < len(part):
            return place_of(part, row)
        row -= len(part)
    raise IndexError(row)


def label(parts: Sequence[Dataset], where: Place) -> str:
    """Return the class name of an image."""
    part = next(part for part in parts if part.part == where.part)
    return part.class_names[int(part.labels[where.index])]


def duplicate_findings(parts: Sequence[Dataset], found: Duplicates) -> Iterator[Finding]:
    """Yield what equal images there are."""
    groups = [tuple(place(parts, row) for row in group) for group in found.groups]
    across = [group for group in groups if len({where.part for where in group}) > 1]
    for part, shared in zip(parts, found.shared, strict=True):
        if shared:
            yield Finding(
                "copies-across-parts",
                "error" if shared >= MANY * len(part) else "warning",
                f"{number(shared, 'image')} of {part.part}, {shared / len(part):.2%}, "
                f"{'is' if shared == 1 else 'are'} in an earlier part too: its metrics are partly "
                "those of images that were trained on.",
                "Remove them from training; fashionlab evaluate has the accuracy without them.",
                _shown([g for g in across if any(where.part == part.part for where in g)]),
            )
    copies = sum(found.copies)
    if copies:
        listed = [group for group in groups if len({w.part for w in group}) < len(group)]
        many = copies >= MANY * sum(map(len, parts))
        yield Finding(
            "copies",
            "warning" if many else "note",
            f"{number(copies, 'copy', 'copies')} of an earlier image of the same part.",
            "Remove them: they count several times, and a split by chance puts copies in both "
            "of its parts.",
            _shown(listed),
        )
    if found.disagreeing:
        differ = [group for group in groups if len({label(parts, w) for w in group}) > 1]
        yield Finding(
            "labels-disagree",
            "warning",
            f"{number(found.disagreeing, 'group')} of equal images with different labels: at most "
            "one of them is right.",
            "Look at them, and correct or remove them.",
            _shown(differ),
        )


def near_findings(parts: Sequence[Dataset], found: NearCopies) -> Iterator[Finding]:
    """Yield what near-copies there are."""
    within: list[Group] = []
    across: list[Group] = []
    for pair in found.pairs:
        one, other = places(parts, pair)
        (within if one.part == other.part else across).append((one, other))
    about = f"at most {found.distance:.3g} grey levels apart (root mean square)"
    least = "" if found.complete else "at least "
    for part in parts[1:]:
        ours = [group for group in across if group[1].part == part.part]
        if ours:
            many = len({where for _, where in ours}) >= MANY * len(part)
            severity: Severity = "warning" if many else "note"
            yield Finding(
                "near-copies-across-parts",
                severity,
                f"{least}{number(len(ours), 'pair')} of near-copies, {about}, between "
                f"{part.part} and an earlier part.",
                "Remove them from training where the metrics have to be strict.",
                _shown(ours),
            )
    if within:
        yield Finding(
            "near-copies",
            "note",
            f"{least}{number(len(within), 'pair')} of near-copies, {about}, within a part.",
            "Remove one of each where every image has to count once.",
            _shown(within),
        )
    differ = [g for g in (*across, *within) if label(parts, g[0]) != label(parts, g[1])]
    if differ:
        yield Finding(
            "near-labels-disagree",
            "warning",
            f"{number(len(differ), 'pair')} of near-copies with different labels.",
            "Look at them, and correct those that are wrong.",
            _shown(differ),
        )


def places(parts: Sequence[Dataset], pair: Pair) -> tuple[Place, Place]:
    """Return the places of a pair's images."""
    return place(parts, pair.first), place(parts, pair.second)


def _shown(groups: Sequence[Group]) -> tuple[Group, ...]:
    return tuple(groups[:SHOWN])
