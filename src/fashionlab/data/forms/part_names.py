"""part_named, part_in: which part of a data set the name of a folder, file or array means."""

import re

from fashionlab.data.dataset import Split

PARTS: dict[str, Split] = {
    **{"train": "train", "training": "train"},
    **{"val": "validation", "valid": "validation", "validation": "validation"},
    **{"test": "test", "testing": "test", "t10k": "test"},
}
WORD = re.compile(rf"(?<![a-z])({'|'.join(PARTS)})(?![a-z])")


def part_named(name: str) -> Split | None:
    """Return the part that a name is, in capitals or not; None for any other name."""
    return PARTS.get(name.lower())


def words(name: str) -> str:
    """Return a name in small letters, with "_" where capitals divide it: trainX is train_x."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()


def part_in(name: str) -> Split | None:
    """Return the part that the first such word in a name is, as in train-00000; None without."""
    found = WORD.search(words(name))
    return PARTS[found[1]] if found else None
