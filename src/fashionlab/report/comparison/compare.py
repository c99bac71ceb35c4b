"""compare: several runs next to each other, and whether their differences may be chance."""

import shlex
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from fashionlab import notebook
from fashionlab.errors import InvalidValueError
from fashionlab.evaluation.comparison import Difference, adjusted, difference
from fashionlab.report.comparison.groups import Group, Member, grouped, require_comparable
from fashionlab.report.formatting import percent, points, points_interval
from fashionlab.runs import Run

Given = Run | str | Path


@dataclass(frozen=True)
class Compared:
    """A group, or one run of it, next to the reference on the same test images."""

    group: Group
    pairs: tuple[tuple[Member, Member], ...]  # runs of the group and the reference's
    name: str  # of the group, or of the one run
    reference: str  # the name of what it is compared with
    difference: Difference  # of accuracy, adjusted for the number of comparisons

    def to_json(self) -> dict[str, object]:
        """Return the numbers and names as JSON has them."""
        one = self.difference
        return {
            "name": self.name,
            "reference": self.reference,
            "pairs": [[str(a.view.folder), str(b.view.folder)] for a, b in self.pairs],
            "test": one.test,
            "difference": one.value,
            "interval": list(one.interval),
            "p": one.p,
            "adjusted_p": one.adjusted_p,
            "significantly_better": one.is_better,
            "significantly_worse": one.is_worse,
        }


@dataclass(frozen=True)
class Comparison:
    """Runs by recipe, each recipe's difference to the reference, and what follows from it."""

    groups: tuple[Group, ...]  # the most accurate first
    reference: Group
    is_given: bool  # whether the caller named the reference, which is then passed or failed
    rows: tuple[Compared, ...]  # the other groups, or runs of them, in the order of the groups

    @property
    def members(self) -> list[Member]:
        """All runs, by group."""
        return [member for group in self.groups for member in group.members]

    @property
    def others(self) -> list[Group]:
        """The groups but the reference."""
        return [group for group in self.groups if group is not self.reference]

    @property
    def passed(self) -> bool | None:
        """Whether nothing is significantly less accurate than the reference that was named.

        None where none was named. To pass is not to be as good: the interval of the difference says
        how much less accurate it may still be.
        """
        if not self.is_given:
            return None
        return not any(row.difference.is_worse for row in self.rows)

    @property
    def verdict(self) -> str:
        """One sentence or two on what is better, by how much, and how sure that is."""
        from fashionlab.report.comparison.verdict import verdict

        return verdict(self)

    def to_json(self) -> dict[str, Any]:
        """Return all numbers as JSON has them."""
        return {
            "verdict": self.verdict,
            "passed": self.passed,
            "reference": self.reference.name,
            "reference_is_given": self.is_given,
            "test_images": len(self.reference.members[0].labels),
            "test_sha256": self.reference.view.test.sha256,
            "class_names": list(self.reference.view.class_names),
            "groups": [group.to_json() for group in self.groups],
            "differences": [row.to_json() for row in self.rows],
        }

    def _repr_html_(self) -> str:
        """Return HTML for notebooks: each recipe's accuracy and its difference to the reference."""
        by_group = {row.group.number: row for row in self.rows}
        shown = {}
        for group in self.groups:
            low, high = group.interval
            said = f"{percent(group.accuracy)} ({percent(low)} to {percent(high)})"
            row = by_group.get(group.number)
            if row and row.name == group.name:
                apart = row.difference
                said += f", {points(apart.value)} ({points_interval(apart.interval)})"
            runs = "a run" if len(group.members) == 1 else f"{len(group.members)} runs"
            shown[f"{group.name}, {runs}"] = said
        return notebook.block(self.verdict, notebook.facts(shown))


def compare(runs: Sequence[Given], reference: Given | None = None) -> Comparison:
    """Compare finished runs with the same classes and test images, from what they have stored.

    Runs are grouped by recipe and training data; those of a group differ by their seed. Each group
    is compared with the reference's: the group of the run `reference`, else the most accurate one.
    With two or more seeds in common it is the corrected resampled test over these; otherwise
    McNemar's test of each of its runs against one of the reference's: the one of the same seed
    where there is one, else `reference`, else the first. The p-values have Holm's adjustment.
    Where all runs are of one recipe, `reference` is a group of its own.

    Raises InvalidValueError for fewer than two runs, one that is given twice, other classes or
    other test images; RunError for a run that is unfinished, damaged or of a newer version.
    """
    opened = [_opened(run) for run in runs]
    named = None if reference is None else _opened(reference)
    _require_once(opened)
    if named is not None:
        same = [run for run in opened if _place(run) == _place(named)]
        named = same[0] if same else named
        opened = opened if same else [named, *opened]
    if len(opened) < 2:
        given = f"one, {opened[0].folder}" if opened else "none"
        remedy = "name two run folders"
        if opened:
            remedy = f"see it with: fashionlab report {shlex.quote(str(opened[0].folder))}"
        raise InvalidValueError(f"a comparison needs at least two runs; received {given}; {remedy}")
    members = [Member(run) for run in opened]
    require_comparable(members)
    chosen = next((m for m in members if m.view.run is named), None)
    groups = grouped(members)
    if chosen and len(groups) == 1:
        groups = grouped(members, alone=chosen)
    of = next((group for group in groups if chosen in group.members), groups[0])
    rows = [row for group in groups if group is not of for row in _rows(group, of, chosen)]
    apart = adjusted(row.difference for row in rows)
    final = [replace(row, difference=one) for row, one in zip(rows, apart, strict=True)]
    return Comparison(tuple(groups), of, chosen is not None, tuple(final))


def _opened(run: Given) -> Run:
    return run if isinstance(run, Run) else Run(run)


def _place(run: Run) -> Path:
    return run.folder.resolve()


def _require_once(runs: Sequence[Run]) -> None:
    places = [_place(run) for run in runs]
    for run, place in zip(runs, places, strict=True):
        if places.count(place) > 1:
            raise InvalidValueError(
                f"each run is compared once; received {run.folder} twice; leave one out"
            )


def _rows(group: Group, reference: Group, chosen: Member | None) -> list[Compared]:
    """Return a group's comparison with the reference's: one over seeds, or one for each run."""
    theirs = {member.seed: member for member in reference.members}
    pairs = [(member, theirs[member.seed]) for member in group.members if member.seed in theirs]
    if len(pairs) > 1:
        return [_compared(group, reference, pairs, group.name, reference.name)]
    single = chosen or reference.members[0]
    rows = []
    for member in group.members:
        against = theirs.get(member.seed, single)
        names = (
            one.name if len(one.members) == 1 else f"{one.name}, seed {run.seed}"
            for one, run in ((group, member), (reference, against))
        )
        rows.append(_compared(group, reference, [(member, against)], *names))
    return rows


def _compared(
    group: Group,
    reference: Group,
    pairs: Sequence[tuple[Member, Member]],
    name: str,
    reference_name: str,
) -> Compared:
    ours, theirs = (
        np.stack([member.correct for member in side]) for side in zip(*pairs, strict=True)
    )
    images = min(member.train_images for member in (*group.members, *reference.members))
    return Compared(
        group, tuple(pairs), name, reference_name, difference(ours, theirs, max(1, images))
    )
