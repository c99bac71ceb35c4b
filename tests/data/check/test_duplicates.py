"""Equal images: every group by its rows, what crosses parts, and labels that disagree."""

import hashlib

import numpy as np

from fashionlab.data.check.duplicates import GROUPS, ROWS, find_duplicates

from .faults import drawn, found


def digests(values):
    hashed = b"".join(hashlib.blake2b(bytes([v]), digest_size=16).digest() for v in values)
    return np.frombuffer(hashed, np.uint64).reshape(-1, 2)


def test_groups_and_counts_are_those_of_a_plain_loop() -> None:
    rng = np.random.default_rng(1)
    values, labels = rng.integers(0, 60, 90), rng.integers(0, 2, 90).astype(np.uint8)
    ends = np.array([40, 55, 90])
    seen = find_duplicates(digests(values), labels, ends)

    groups = [np.flatnonzero(values == v).tolist() for v in np.unique(values)]
    groups = [group for group in groups if len(group) > 1]
    part = np.searchsorted(ends, np.arange(90), side="right")
    copies, shared = [0, 0, 0], [0, 0, 0]
    for group in groups:
        for n, row in enumerate(group):
            copies[part[row]] += any(part[r] == part[row] for r in group[:n])
            shared[part[row]] += any(part[r] < part[row] for r in group[:n])
    assert sorted(seen.groups) == sorted(groups)
    assert (seen.copies, seen.shared, seen.group_count) == (copies, shared, len(groups))
    assert seen.disagreeing == sum(len(set(labels[group])) > 1 for group in groups)
    firsts = [row for row in range(90) if values[row] not in values[:row]]
    assert np.flatnonzero(seen.is_first).tolist() == firsts


def test_what_is_listed_is_bounded_and_keeps_what_crosses_parts() -> None:
    values = np.zeros(500, int)
    seen = find_duplicates(digests(values), np.zeros(500, np.uint8), np.array([490, 500]))
    assert len(seen.groups[0]) == ROWS and seen.groups[0][-1] == 499
    assert (seen.copies, seen.shared) == ([489, 9], [0, 10])
    assert GROUPS >= 1


def test_no_equal_images_are_no_groups() -> None:
    seen = find_duplicates(digests(range(9)), np.zeros(9, np.uint8), np.array([5, 9]))
    assert (seen.groups, seen.copies, seen.shared) == ([], [0, 0], [0, 0]) and seen.is_first.all()


def test_a_test_image_in_train_is_leakage() -> None:
    train, test = drawn(400, 200)
    test.images[5] = train.images[9]
    test.labels[5] = train.labels[9]
    finding = found(train, test)["copies-across-parts"]
    assert finding.severity == "warning" and finding.text.startswith("1 image of test, 0.50%")
    assert [(w.part, w.index) for w in finding.pictures[0]] == [("train", 9), ("test", 5)]
    test.images[6:8] = train.images[10:12]
    assert found(train, test)["copies-across-parts"].severity == "error"


def test_copies_within_a_part_and_their_labels() -> None:
    train, test = drawn()
    train.images[30] = train.images[2]
    train.labels[30] = train.labels[2]
    kinds = found(train, test)
    assert "1 copy of an earlier image" in kinds["copies"].text and "labels-disagree" not in kinds
    train.labels[30] = (train.labels[2] + 1) % 10
    kinds = found(train, test)
    assert kinds["labels-disagree"].severity == "warning"
    assert [w.index for w in kinds["labels-disagree"].pictures[0]] == [2, 30]
