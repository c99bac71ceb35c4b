"""IDX files: what is written comes back; a hostile file is refused in one line that names it."""

import gzip
import os
import struct
from pathlib import Path

import numpy as np
import pytest

from fashionlab.data.forms.idx import idx_header, read_idx, write_idx
from fashionlab.errors import DataFormatError, DataNotFoundError, InvalidValueError

ARRAY = np.arange(24, dtype=np.uint8).reshape(2, 3, 4)
CONTENT = idx_header(ARRAY.shape) + ARRAY.tobytes()


@pytest.mark.parametrize("name", ["a-idx", "a-idx.gz"])
@pytest.mark.parametrize("shape", [(24,), (4, 6), (2, 3, 4), (1, 2, 3, 4)])
def test_written_array_comes_back(tmp_path: Path, name: str, shape: tuple[int, ...]) -> None:
    array = ARRAY.reshape(shape)
    write_idx(tmp_path / name, array)
    back = read_idx(tmp_path / name)
    assert back.shape == shape and np.array_equal(back, array)
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_header_is_the_published_layout() -> None:
    assert idx_header((60000, 28, 28)).hex() == "000008030000ea600000001c0000001c"


def test_gzip_is_recognised_by_content_not_by_name(tmp_path: Path) -> None:
    (tmp_path / "zipped").write_bytes(gzip.compress(CONTENT))
    (tmp_path / "plain.gz").write_bytes(CONTENT)
    assert np.array_equal(read_idx(tmp_path / "zipped"), ARRAY)
    assert np.array_equal(read_idx(tmp_path / "plain.gz"), ARRAY)


HOSTILE = {
    "empty": b"",
    "html": b"<!DOCTYPE html><html>rate limit</html>",
    "zipped html": gzip.compress(b"<!DOCTYPE html>"),
    "empty gzip": gzip.compress(b""),
    "float type": b"\0\0\x0d\x01" + struct.pack(">I", 1) + b"abcd",
    "rank 0": b"\0\0\x08\0",
    "rank 5": b"\0\0\x08\x05" + b"\0\0\0\x01" * 5 + b"a",
    "no elements": idx_header((0, 28, 28)),
    "extra byte": CONTENT + b"!",
    "zipped extra byte": gzip.compress(CONTENT + b"!"),
    "zipped missing byte": gzip.compress(CONTENT[:-1]),
    "huge promise": idx_header((2**32 - 1,) * 4) + b"abc",
    "zipped huge promise": gzip.compress(idx_header((2**32 - 1,) * 3) + b"abc"),
    "bytes after gzip": gzip.compress(CONTENT) + b"junk",
}


@pytest.mark.parametrize("content", HOSTILE.values(), ids=HOSTILE.keys())
def test_hostile_file_is_refused_by_name_in_one_line(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "hostile-idx"
    path.write_bytes(content)
    with pytest.raises(DataFormatError) as caught:
        read_idx(path)
    assert str(path) in str(caught.value) and "\n" not in str(caught.value)


@pytest.mark.parametrize("content", [CONTENT, gzip.compress(CONTENT)], ids=["plain", "gzip"])
def test_file_cut_at_any_length_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "cut"
    for length in range(len(content)):
        path.write_bytes(content[:length])
        with pytest.raises(DataFormatError):
            read_idx(path)


def test_flipped_bit_in_gzip_never_gives_other_data(tmp_path: Path) -> None:
    path, good = tmp_path / "flipped.gz", gzip.compress(CONTENT)
    refused = 0
    for bit in range(8 * len(good)):
        bad = bytearray(good)
        bad[bit // 8] ^= 1 << bit % 8
        path.write_bytes(bad)
        try:
            assert np.array_equal(read_idx(path), ARRAY)  # time stamp and the like do no harm
        except DataFormatError:
            refused += 1
    assert refused > 4 * len(good)


def test_missing_file_and_folder_are_named(tmp_path: Path) -> None:
    with pytest.raises(DataNotFoundError, match="nowhere"):
        read_idx(tmp_path / "nowhere")
    with pytest.raises(DataFormatError, match="directory"):
        read_idx(tmp_path)


@pytest.mark.parametrize(
    "array", [np.zeros(3), np.zeros((0, 2), np.uint8), np.zeros((1,) * 5, np.uint8)]
)
def test_unfit_array_is_not_written(tmp_path: Path, array: np.ndarray) -> None:
    with pytest.raises(InvalidValueError):
        write_idx(tmp_path / "a", array)
    assert not list(tmp_path.iterdir())


def test_failed_write_leaves_the_old_file_and_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.gz"
    write_idx(path, ARRAY)

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    for broken in ("replace", "fsync"):
        with monkeypatch.context() as patch:
            patch.setattr(os, broken, full)
            with pytest.raises(OSError, match="No space"):
                write_idx(path, ARRAY + 1)
        assert list(tmp_path.iterdir()) == [path]
        assert np.array_equal(read_idx(path), ARRAY)
