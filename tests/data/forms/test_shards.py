"""The Parquet files of a folder are found by part, and must be whole."""

from pathlib import Path

import pytest

from fashionlab.data.forms.parquet.shards import shards
from fashionlab.errors import DataFormatError


def fill(folder: Path, *names: str) -> Path:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()
    return folder


@pytest.mark.parametrize(
    ("names", "parts"),
    [
        (["a.parquet"], {None: ["a.parquet"]}),
        (["train.parquet", "test.parquet"], {"train": ["train.parquet"], "test": ["test.parquet"]}),
        (
            ["train-00001-of-00002.parquet", "train-00000-of-00002.parquet"],
            {"train": ["train-00000-of-00002.parquet", "train-00001-of-00002.parquet"]},
        ),
        (
            ["data/train-00000-of-00001-3ae56f2e0d.parquet", "data/valid-00000-of-00001.parquet"],
            {
                "train": ["data/train-00000-of-00001-3ae56f2e0d.parquet"],
                "validation": ["data/valid-00000-of-00001.parquet"],
            },
        ),
        (
            ["default/train/0000.parquet", "default/train/0001.parquet", "default/test/0.parquet"],
            {
                "train": ["default/train/0000.parquet", "default/train/0001.parquet"],
                "test": ["default/test/0.parquet"],
            },
        ),
        (["README.md", ".hidden.parquet", "fashion_mnist/TEST.PARQUET"], {"test": None}),
    ],
)
def test_files_are_found_by_part_and_in_order(tmp_path: Path, names, parts) -> None:
    found = shards(fill(tmp_path, *names))
    assert set(found) == set(parts)
    for part, expected in parts.items():
        if expected is not None:
            assert found[part] == [tmp_path / name for name in expected]


def test_a_file_is_one_part(tmp_path: Path) -> None:
    path = fill(tmp_path, "train-00000-of-00002.parquet") / "train-00000-of-00002.parquet"
    assert shards(path) == {None: [path]}


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (["README.md"], r"must hold .parquet files; received none in"),
        (["absent/.keep"], r"received none in"),
        (["train.parquet", "other.parquet"], r"named by their part .* received .*/other.parquet"),
        (
            ["train.parquet", "train-00000-of-00001.parquet"],
            r"received 2 files for train, such as .*/train-00000-of-00001.parquet and train.p",
        ),
        (["train-00000-of-00003.parquet", "train-00002-of-00003.parquet"], r"received 2 of 3 for"),
        (["train-00001-of-00002.parquet"], r"received 1 of 2 for train"),
        (["train-00000-of-00001.parquet", "train-00000-of-00002.parquet"], r"each of its shards"),
        (["a/train.parquet", "b/train.parquet"], r"received 2 folders .*; name one, such as .*/a$"),
    ],
)
def test_files_that_make_no_whole_are_refused(tmp_path: Path, names, message) -> None:
    with pytest.raises(DataFormatError, match=message) as caught:
        shards(fill(tmp_path, *names))
    assert "\n" not in str(caught.value)


def test_a_loop_of_links_is_no_data(tmp_path: Path) -> None:
    (tmp_path / "loop").symlink_to(".")
    with pytest.raises(DataFormatError, match="received none"):
        shards(tmp_path)
