"""Duplicates with different labels: equal or nearly equal images, of which one label is wrong."""

from collections.abc import Sequence

from fashionlab.data import Dataset
from fashionlab.data.check import Place, check
from fashionlab.data.check.copies import label, place, places


def disagreeing(parts: Sequence[Dataset]) -> dict[int, int]:
    """Return, for each row that has one, the row of a copy or near-copy with another label.

    Rows are counted through `parts`; the nearest copy is taken.
    """
    begins, count = {}, 0
    for part in parts:
        begins[part.part] = count
        count += len(part)
    checked = check(parts)
    groups = [
        tuple(place(checked.parts, row) for row in group) for group in checked.duplicates.groups
    ]
    groups += [places(checked.parts, pair) for pair in checked.near_copies.pairs]
    found: dict[int, int] = {}

    def row(where: Place) -> int:
        return begins[where.part] + where.index

    for group in groups:
        for one in group:
            own = label(checked.parts, one)
            other = next((x for x in group if label(checked.parts, x) != own), None)
            if other is not None:
                found.setdefault(row(one), row(other))
    return found
