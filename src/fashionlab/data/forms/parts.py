"""part_named: which part of a data set the name of a folder or file means."""

from fashionlab.data.dataset import Split

PARTS: dict[str, Split] = {
    **{"train": "train", "training": "train"},
    **{"val": "validation", "valid": "validation", "validation": "validation"},
    **{"test": "test", "testing": "test"},
}


def part_named(name: str) -> Split | None:
    """Return the part that a name stands for, in capitals or not; None for any other name."""
    return PARTS.get(name.lower())
