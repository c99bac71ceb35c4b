"""Sets that are publicly known, by the hash, name and pixels of their files."""

import hashlib
import re
import string
from pathlib import Path

import numpy as np
import pytest

from fashionlab.data import fashion_mnist
from fashionlab.data.forms.idx import idx_header, read_idx
from fashionlab.data.known import KNOWN, by_file_hash, by_name, by_pixels

SETS = {known.name: known for known in KNOWN}


def test_every_hash_is_one_and_belongs_to_one_set() -> None:
    hashes = [sha for known in KNOWN for sha in known.sha256]
    assert all(re.fullmatch("[0-9a-f]{64}", sha) for sha in hashes)
    assert len(hashes) == len(set(hashes)) == 9 + 8 + 8 + 6 * 4 + 5
    assert len(SETS) == len(KNOWN)


@pytest.mark.parametrize("known", KNOWN, ids=lambda known: known.name)
def test_a_set_is_found_by_its_hashes_name_and_pixels(known) -> None:
    for sha in known.sha256:
        assert by_file_hash(sha) == by_file_hash(sha.upper()) == known
    assert by_name(known.name) == known
    for images, _ in known.counts if known.pixels else ():
        mean, deviation = known.pixels
        assert by_pixels(images, len(known.class_names), mean + 0.0004, deviation) == known
        assert by_pixels(images + 1, len(known.class_names), mean, deviation) is None
        assert by_pixels(images, len(known.class_names), 1 - mean, deviation) is None


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("emnist-letters-train-images-idx3-ubyte.gz", "emnist-letters"),
        ("emnist-mnist-test-labels-idx1-ubyte", "emnist-mnist"),
        ("EMNIST_Balanced", "emnist-balanced"),
        ("kmnist-train-imgs.npz", "kmnist"),
        ("Kuzushiji-MNIST", "kmnist"),
        ("FashionMNIST", "fashion-mnist"),
        ("fashion-mnist_train.csv", "fashion-mnist"),
        ("zalando_fashion_mnist.parquet", "fashion-mnist"),
        ("qmnist-test-images-idx3-ubyte.gz", "qmnist"),
        ("mnist.npz", "mnist"),
        ("mnist_train.csv", "mnist"),
        ("MNIST", "mnist"),
        ("mnist_784", "mnist"),
        ("train-images-idx3-ubyte.gz", None),
        ("emnist", None),
        ("femnist", None),
        ("pathmnist.npz", None),
        ("notMNIST_small", None),
        ("mnist-m", None),
        ("mnist_c", None),
        ("mnist3d.npz", None),
        ("", None),
    ],
)
def test_a_name_claims_a_set_or_none(text: str, name: str | None) -> None:
    found = by_name(text)
    assert (found.name if found else None) == name


def test_classes_are_those_of_the_mapping_files() -> None:
    names = {name: known.class_names for name, known in SETS.items()}
    assert names["kmnist"][:3] == ("お", "き", "す") and len(names["kmnist"]) == 10
    assert names["emnist-byclass"][10] == "A" and names["emnist-byclass"][36] == "a"
    assert len(names["emnist-byclass"]) == 62
    assert names["emnist-balanced"] == names["emnist-bymerge"]
    assert "".join(names["emnist-balanced"][36:]) == "abdefghnqrt"
    assert "".join(names["emnist-letters"]) == string.ascii_uppercase
    assert {name for name, known in SETS.items() if known.first_label} == {"emnist-letters"}
    turned = {name for name, known in SETS.items() if known.transposed}
    assert turned == {name for name in SETS if name.startswith("emnist-")}


def test_fashion_mnist_itself_is_found_by_content_and_by_pixels() -> None:
    folder = Path("/usr/share/datasets/fashion-mnist")
    if not folder.is_dir():
        pytest.skip("apt-get install dataset-fashion-mnist")
    images = read_idx(folder / "train-images-idx3-ubyte.gz")
    content = hashlib.sha256(idx_header(images.shape) + images.tobytes()).hexdigest()
    known = SETS[fashion_mnist.NAME]
    assert by_file_hash(content) == known
    counts = np.bincount(images.ravel(), minlength=256) / images.size
    levels = np.arange(256) / 255
    mean = float(counts @ levels)
    deviation = float(counts @ (levels - mean) ** 2) ** 0.5
    assert by_pixels(len(images), 10, mean, deviation) == known
