"""The verdict, its JSON, the order of parts, and memory that does not grow with the images."""

import json
import tracemalloc
from dataclasses import replace

import numpy as np
import pytest

from fashionlab.data import forms
from fashionlab.data.check import Finding, check, near
from fashionlab.data.check.finding import listed, number, ordered
from fashionlab.data.check.near import find_near_copies
from fashionlab.data.check.scan import cell_means, scan
from fashionlab.errors import InvalidValueError

from .faults import drawn, grey


def test_a_sound_set_and_one_that_is_not() -> None:
    train, test = drawn()
    seen = check((train, test))
    assert seen.sound and seen.verdict == "Sound: no findings."
    test.images[:5] = train.images[:5]
    test.labels[:5] = train.labels[:5]
    train.images[9] = 0
    seen = check((train, test))
    assert not seen.sound and seen.verdict == "Not sound: 1 error, 1 note."
    assert [finding.severity for finding in seen.findings] == ["error", "note"]


def test_parts_come_in_the_order_of_their_use() -> None:
    train, test = drawn()
    validation = replace(test, part="validation")
    seen = check((train, test, validation))
    assert [part.part for part in seen.parts] == ["train", "validation", "test"]
    copies = next(f for f in seen.findings if f.kind == "copies-across-parts")
    assert copies.text.startswith("100 images of test, 100.00%")
    assert {where.part for where in copies.pictures[0]} == {"validation", "test"}


def test_the_json_has_every_finding_with_its_rows() -> None:
    train, test = drawn()
    train.images[30] = train.images[2]
    train.images[50] = train.images[4]
    train.images[50, 0, 0] ^= 32
    answer = json.loads(json.dumps(check((train, test)).to_json()))
    assert [part["images"] for part in answer["parts"]] == [400, 100]
    assert answer["duplicates"]["listed"] == [
        [{"part": "train", "index": 2}, {"part": "train", "index": 30}]
    ]
    (pair,) = answer["near_copies"]["pairs"]
    assert [where["index"] for where in pair["places"]] == [4, 50]
    assert pair["distance"] == pytest.approx(32 / 28, abs=1e-4)
    kinds = {finding["kind"] for finding in answer["findings"]}
    assert {"copies", "near-copies"} <= kinds


def test_parts_that_do_not_fit_are_refused() -> None:
    train, test = drawn()
    with pytest.raises(InvalidValueError, match="one image shape"):
        check((train, grey(np.zeros((4, 9, 9)), [0, 1, 2, 3], train.class_names, "test")))
    with pytest.raises(InvalidValueError, match="one image shape"):
        check((train, test.renamed("drawn", tuple("abcdefghij"))))
    with pytest.raises(InvalidValueError, match="0 parts"):
        check(())


@pytest.mark.parametrize("shape", [(28, 28), (40, 33), (9, 7, 3), (1, 1), (3, 1)])
def test_a_scan_in_blocks_counts_what_the_whole_has(shape, monkeypatch) -> None:
    monkeypatch.setattr(forms, "BLOCK_BYTES", 3000)
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (53, *shape)).astype(np.uint8)
    images[[4, 9]] = 0
    part = grey(images, rng.integers(0, 3, 53), "abc")
    seen = scan(part, np.empty((53, 2), np.uint64))
    assert np.array_equal(seen.histogram, np.bincount(images.ravel(), minlength=256))
    assert (seen.mean, seen.deviation) == pytest.approx((images.mean(), images.std()))
    assert seen.black_count == (images.reshape(53, -1).max(axis=1) == 0).sum()
    assert len(np.unique(seen.digests, axis=0)) == len(np.unique(images.reshape(53, -1), axis=0))
    sides = [min(side, 32) for side in shape[:2]]
    for k in range(3):
        cells = cell_means(images[part.labels == k], *sides).mean(axis=3).sum(axis=0)
        np.testing.assert_allclose(seen.class_sums[k], cells, rtol=1e-5)


def test_cells_are_means_of_pixels() -> None:
    image = np.arange(20, dtype=np.uint8).reshape(1, 4, 5)
    cells = cell_means(image, 2, 2)[0, :, :, 0]
    assert cells.tolist() == [
        [image[0, :2, :2].mean(), image[0, :2, 2:].mean()],
        [image[0, 2:, :2].mean(), image[0, 2:, 2:].mean()],
    ]


def test_a_mapped_file_is_read_through_a_small_window(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(forms, "BLOCK_BYTES", 2**16)
    monkeypatch.setattr(near, "SORTED_ROWS", 256)
    images = drawn(8000, 1)[0]
    images.images.tofile(tmp_path / "images")
    mapped = np.memmap(tmp_path / "images", np.uint8, "r", shape=images.images.shape)
    part = replace(images, images=mapped.view(np.ndarray))
    digests = np.empty((8000, 2), np.uint64)
    tracemalloc.start()
    try:
        seen = scan(part, digests)
        pairs = find_near_copies([part], np.ones(8000, bool), 255, comparisons=8000 * 500)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 4 * 2**20 < mapped.nbytes
    assert np.array_equal(seen.histogram, np.bincount(images.images.ravel(), minlength=256))
    assert pairs.compared == [500]


def test_findings_are_ordered_and_counted_in_words() -> None:
    some = [Finding(s, s, "", "") for s in ("note", "error", "warning", "error")]  # type: ignore[arg-type]
    assert [f.severity for f in ordered(some)] == ["error", "error", "warning", "note"]
    assert (number(1, "image"), number(2000, "image")) == ("1 image", "2,000 images")
    assert number(2, "class", "classes") == "2 classes"
    assert listed("abcde", 3) == "a, b, c and 2 more"
