"""Near-copies: the same pairs as brute force finds, at any size, and bounded work."""

import numpy as np
import pytest

from fashionlab.data.check import near
from fashionlab.data.check.near import DISTANCE, find_near_copies

from .faults import drawn, found, grey


def close_set(n, shape, seed=0):
    """Images of which many pairs lie a little below and above the distance."""
    rng = np.random.default_rng(seed)
    bases = rng.integers(0, 256, (n // 4, *shape))
    images = bases[rng.integers(0, len(bases), n)].astype(float)
    images += rng.normal(0, 1, images.shape) * rng.uniform(1, 5, (n, *[1] * len(shape)))
    return np.clip(np.rint(images), 0, 255).astype(np.uint8)


def brute_force(images, limit=DISTANCE):
    flat = images.reshape(len(images), -1).astype(float)
    distance = np.sqrt(((flat[:, None] - flat[None]) ** 2).mean(axis=2))
    i, j = np.nonzero(np.triu(distance <= limit, 1))
    return {(int(a), int(b)): distance[a, b] for a, b in zip(i, j, strict=True)}


@pytest.mark.parametrize("shape", [(28, 28), (8, 8), (5, 3), (13, 30), (9, 9, 3), (1, 1)])
def test_the_pairs_are_those_of_brute_force(shape, monkeypatch) -> None:
    monkeypatch.setattr(near, "TILE", 32)
    monkeypatch.setattr(near, "QUERIES", 50)
    monkeypatch.setattr(near, "SORTED_ROWS", 100)
    images = close_set(300, shape)
    parts = [grey(images[:200], [0, 1] * 100), grey(images[200:], [0, 1] * 50, part="test")]
    seen = find_near_copies(parts, np.ones(300, bool), 255)
    expected = brute_force(images)
    assert len(expected) > 20 and seen.complete
    assert {(p.first, p.second): p.distance for p in seen.pairs} == pytest.approx(expected)
    assert [p.distance for p in seen.pairs] == sorted(p.distance for p in seen.pairs)


def test_bright_flat_images_lose_no_pair_to_rounding() -> None:
    # |a|^2 is 5 10^7, next to which a distance of 12,544 is small in float32.
    rng = np.random.default_rng(2)
    images = (240 + rng.integers(0, 16, (200, 1, 1)) + rng.integers(0, 2, (200, 28, 28))) % 256
    images = images.astype(np.uint8)
    seen = find_near_copies([grey(images, [0, 1] * 100)], np.ones(200, bool), 255)
    assert {(p.first, p.second) for p in seen.pairs} == set(brute_force(images))


def test_only_distinct_images_are_compared() -> None:
    images = close_set(120, (8, 8))
    first = np.arange(120) % 3 > 0
    seen = find_near_copies([grey(images, [0, 1] * 60)], first, 255)
    expected = {pair for pair in brute_force(images) if first[list(pair)].all()}
    assert {(p.first, p.second) for p in seen.pairs} == expected


def test_a_sample_finds_all_pairs_of_its_images_and_takes_the_test_images_first(
    monkeypatch,
) -> None:
    monkeypatch.setattr(near, "TILE", 16)
    images = close_set(400, (8, 8))
    parts = [grey(images[:360], [0, 1] * 180), grey(images[360:], [0, 1] * 20, part="test")]
    seen = find_near_copies(parts, np.ones(400, bool), 255, comparisons=400 * 100)
    assert seen.compared == [60, 40] and seen.of == [360, 40]
    expected = set(brute_force(images))
    pairs = {(p.first, p.second) for p in seen.pairs}
    assert pairs < expected
    assert {pair for pair in expected if pair[1] >= 360} <= pairs
    again = find_near_copies(parts, np.ones(400, bool), 255, comparisons=400 * 100)
    assert again.pairs == seen.pairs
    other = find_near_copies(parts, np.ones(400, bool), 255, 1, comparisons=400 * 100)
    assert other.pairs != seen.pairs


@pytest.mark.parametrize(("name", "value"), [("PAIRS", 100), ("CANDIDATE_BYTES", 64 * 1000)])
def test_a_set_of_close_images_ends_the_search_and_says_so(name, value, monkeypatch) -> None:
    monkeypatch.setattr(near, name, value)
    monkeypatch.setattr(near, "GATHERED_BYTES", 6400)
    images = np.random.default_rng(0).integers(100, 103, (400, 8, 8)).astype(np.uint8)
    images[:, 0, 0] = 255
    seen = find_near_copies([grey(images, [0, 1] * 200)], np.ones(400, bool), 255)
    assert not seen.complete and len(seen.pairs) <= 1100


def test_the_distance_shrinks_with_the_range() -> None:
    images = close_set(100, (8, 8)) // 16
    seen = find_near_copies([grey(images, [0, 1] * 50)], np.ones(100, bool), 15)
    assert seen.distance == pytest.approx(4 * 15 / 255)
    assert {(p.first, p.second) for p in seen.pairs} == set(brute_force(images, seen.distance))


def test_near_copies_are_named_within_and_across_parts() -> None:
    train, test = drawn()
    train.images[20] = train.images[4]
    train.images[20, 3, 3] ^= 64  # 2.3 levels
    train.labels[20] = (train.labels[4] + 1) % 10
    test.images[8] = train.images[5]
    test.images[8, 0, 0] ^= 32
    test.labels[8] = train.labels[5]
    kinds = found(train, test)
    assert [w.index for w in kinds["near-copies"].pictures[0]] == [4, 20]
    across = kinds["near-copies-across-parts"]
    assert [(w.part, w.index) for w in across.pictures[0]] == [("train", 5), ("test", 8)]
    assert across.severity == "warning"  # 1 % of the test images
    assert kinds["near-labels-disagree"].pictures == kinds["near-copies"].pictures
    test.images[8, :20] ^= 32
    assert "near-copies-across-parts" not in found(train, test)
