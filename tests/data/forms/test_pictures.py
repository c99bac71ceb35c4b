"""Folders of pictures: found by class and part, read in order, refused in one line."""

import hashlib
import os
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from fashionlab.data.dataset import Dataset
from fashionlab.data.forms.pictures import folder as pictures
from fashionlab.data.forms.pictures.names import escaped
from fashionlab.data.options import ReadOptions
from fashionlab.data.synthetic import draw
from fashionlab.errors import DataFormatError, InvalidValueError

TRAIN, TEST = draw(train=40, test=20)


def fill(folder: Path, *names: str) -> Path:
    for i, name in enumerate(names):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.suffix == ".png":
            Image.fromarray(np.full((8, 8), i % 256, np.uint8)).save(path)
        else:
            path.write_bytes(b"notes")
    return folder


def rows(found, part, options=None):
    target = pictures.plan(found, options or ReadOptions())
    blocks = list(pictures.read(found, part, target))
    images = np.concatenate([block.images for block in blocks])
    return images, [label for block in blocks for label in block.labels]


def test_classes_of_one_part_are_read_in_the_order_of_their_names(tmp_path: Path) -> None:
    fill(tmp_path, "dog/b.png", "cat/2.png", "dog/a.png", "cat/10.png")
    found = pictures.find(tmp_path)
    images, labels = rows(found, None)
    assert found.class_names == ("cat", "dog") and labels == ["cat", "cat", "dog", "dog"]
    assert images[:, 0, 0].tolist() == [3, 1, 2, 0] and images.shape == (4, 8, 8)


@pytest.mark.parametrize(
    ("names", "parts"),
    [
        (("train", "test"), {"train", "test"}),
        (("Train", "VAL", "Test"), {"train", "validation", "test"}),
        (("training", "valid", "testing"), {"train", "validation", "test"}),
        (("train", "validation"), {"train", "validation"}),
    ],
)
def test_parts_are_known_by_the_names_in_use(tmp_path: Path, names, parts) -> None:
    fill(tmp_path, *[f"{name}/{kind}/1.png" for name in names for kind in "ab"])
    assert set(pictures.find(tmp_path).parts) == parts


def test_a_class_may_be_called_train(tmp_path: Path) -> None:
    found = pictures.find(fill(tmp_path, "bus/1.png", "train/1.png"))
    assert set(found.parts) == {None} and found.class_names == ("bus", "train")


def test_hidden_files_and_notes_are_passed_over_and_notes_are_counted(tmp_path: Path) -> None:
    hidden = (".DS_Store", "Thumbs.db", "._1.png", "desktop.ini", "__MACOSX/a/1.png")
    fill(tmp_path, "a/1.png", "b/1.png", "README.txt", *hidden)
    fill(tmp_path, *(f"a/{name}" for name in hidden), ".git/1.png", "a/1.xml", "b/notes.txt")
    lines: list[str] = []
    found = pictures.find(tmp_path, lines.append)
    assert found.parts == {
        None: [("a", [tmp_path / "a/1.png"]), ("b", [tmp_path / "b/1.png"])],
    }
    assert lines == [f"passed over 2 notes among the pictures in {tmp_path} (.txt and such)"]


def test_pictures_in_no_class_are_passed_over_and_said(tmp_path: Path) -> None:
    lines: list[str] = []
    found = pictures.find(fill(tmp_path, "a/1", "b/1.png", "2.png", "LICENSE"), lines.append)
    assert found.parts[None][0] == ("a", [tmp_path / "a/1"])
    assert lines == [f"passed over 2 files in no class, such as {tmp_path / '2.png'}"]


def test_folders_next_to_parts_are_passed_over_and_said(tmp_path: Path) -> None:
    fill(tmp_path, "train/a/1.png", "train/b/1.png", "extra/1.png")
    lines: list[str] = []
    assert set(pictures.find(tmp_path, lines.append).parts) == {"train"}
    assert "no parts: extra" in lines[0]


TROUBLE = {
    "no folders": (["1.png"], r"two classes or more; received none in .*; make a folder for each"),
    "one class": (["a/1.png"], r"two classes or more; received one, a, in"),
    "one folder too many": (["x/a/1.png", "x/b/1.png"], r"received one, x, .*; name .*/x$"),
    "an empty class": (["a/1.png", "b/notes.txt"], r"each class must have .* none in .*/b;"),
    "nested deeper": (["a/1.png", "b/c/1.png"], r"pictures alone; received the folder .*/b/c;"),
    "a class missing": (
        ["train/a/1.png", "train/b/1.png", "test/a/1.png", "test/c/1.png"],
        r"the same classes; received 'b' in train and not in test",
    ),
    "two folders for a part": (
        ["val/a/1.png", "val/b/1.png", "valid/a/1.png", "valid/b/1.png"],
        r"received two for validation in .*, one of them valid;",
    ),
    "an unlabelled part": (
        ["train/a/1.png", "train/b/1.png", "test/1.png"],
        r"two classes or more; received none in .*/test;",
    ),
    "257 classes": ([f"{i}/1.png" for i in range(257)], r"at most 256, .*; received 257, 257"),
    "names that differ": (
        ["a/1.png", "b/1.png", "class_names.txt"],
        r"folders' names; received 'a' as the name of a folder alone",
    ),
}


@pytest.mark.parametrize(("names", "message"), TROUBLE.values(), ids=TROUBLE.keys())
def test_a_folder_that_is_laid_out_otherwise_is_refused(tmp_path: Path, names, message) -> None:
    with pytest.raises(DataFormatError, match=message) as caught:
        pictures.find(fill(tmp_path, *names))
    assert "\n" not in str(caught.value)


def test_a_folder_that_is_none_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataFormatError, match=r"'No such file or directory' from .*absent"):
        pictures.find(tmp_path / "absent")


@pytest.mark.parametrize("name", ["1.jpg", "1.gif", "1.jpeg.crdownload", "1.png"])
def test_what_is_no_picture_is_named_when_it_is_read(tmp_path: Path, name: str) -> None:
    fill(tmp_path, "a/0.png", "b/0.png")
    (tmp_path / "b" / name).write_bytes(b"GIF89a")
    found = pictures.find(tmp_path)
    with pytest.raises(DataFormatError, match=rf"/b/{name}: a picture must be .* received GIF;"):
        rows(found, None, ReadOptions(size=8, colour=False))


def test_another_size_is_named(tmp_path: Path) -> None:
    fill(tmp_path, "a/0.png", "b/0.png")
    Image.new("L", (9, 8)).save(tmp_path / "b/1.png")
    found = pictures.find(tmp_path)
    with pytest.raises(DataFormatError, match=r"8 x 8 as the first; received 9 x 8 in .*/b/1.png"):
        rows(found, None)
    images, _ = rows(found, None, ReadOptions(size=16))
    assert images.shape == (3, 16, 16)


def test_colour_is_looked_for_in_all_classes(tmp_path: Path) -> None:
    fill(tmp_path, *(f"a/{i:04}.png" for i in range(300)), "b/0.png")
    for i in range(10):
        Image.new("RGB", (8, 8), (200, 10, 10)).save(tmp_path / f"b/{i}.png")
    found = pictures.find(tmp_path)
    assert pictures.plan(found, ReadOptions()).shape == (8, 8, 3)
    assert pictures.plan(found, ReadOptions(colour=False)).shape == (8, 8)


def test_links_are_followed_to_files_and_to_folders_elsewhere(tmp_path: Path) -> None:
    elsewhere = fill(tmp_path / "elsewhere", "cats/1.png")
    data = fill(tmp_path / "data", "dog/1.png")
    (data / "cat").symlink_to(elsewhere / "cats")
    (data / "dog/2.png").symlink_to(elsewhere / "cats/1.png")
    _, labels = rows(pictures.find(data), None)
    assert labels == ["cat", "dog", "dog"]


@pytest.mark.parametrize(
    ("link", "target", "said"),
    [
        ("loop", ".", "a link to a folder above it"),
        ("a/loop", "..", "a link to a folder above it"),
        ("a/loop", "loop", "Too many levels of symbolic links"),
        ("a/2.png", "absent.png", "a link to no file"),
    ],
)
def test_a_link_that_leads_nowhere_or_back_is_named(tmp_path: Path, link, target, said) -> None:
    fill(tmp_path, "a/1.png", "b/1.png")
    (tmp_path / link).symlink_to(target)
    with pytest.raises(DataFormatError, match=rf"'{said}' from .*/{link}"):
        pictures.find(tmp_path)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes with a name here")
def test_a_pipe_is_refused_before_it_is_opened(tmp_path: Path) -> None:
    os.mkfifo(fill(tmp_path, "a/1.png", "b/1.png") / "a/2.png")
    with pytest.raises(DataFormatError, match=r"'neither file nor folder' from .*/a/2.png"):
        pictures.find(tmp_path)


@pytest.mark.parametrize("name", ["a\x1b[31m", "a\u202eb", " "])
def test_a_class_whose_name_cannot_be_shown_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(DataFormatError, match="text on one line that can be shown"):
        pictures.find(fill(tmp_path, "b/1.png", f"{name}/1.png"))


@pytest.mark.skipif(sys.platform != "linux", reason="file names here are Unicode")
def test_a_picture_whose_name_is_not_utf_8_is_read(tmp_path: Path) -> None:
    fill(tmp_path, "a/1.png", "b/1.png")
    (tmp_path / "a/1.png").rename(Path(os.fsdecode(os.fsencode(tmp_path) + b"/a/caf\xe9.png")))
    found = pictures.find(tmp_path)
    assert (
        len(rows(found, None)[1]) == 2 and next(pictures.facts(found, None))[0] == "a/caf\udce9.png"
    )


def test_facts_follow_names_and_content(tmp_path: Path) -> None:
    found = pictures.find(fill(tmp_path, "a/1.png", "b/1.png"))
    content = (tmp_path / "a/1.png").read_bytes()
    facts = dict(pictures.facts(found, None))
    assert list(facts) == ["a/1.png", "b/1.png"]
    assert facts["a/1.png"] == hashlib.sha256(content).hexdigest()
    (tmp_path / "b/1.png").write_bytes(content)
    assert dict(pictures.facts(found, None))["b/1.png"] == facts["a/1.png"] != facts["b/1.png"]


def colour_set(part):
    images = np.random.default_rng(3).integers(0, 256, (6, 10, 8, 3), dtype=np.uint8)
    names = ("T-shirt/top", "con", ".hidden", "100% \u00e9", "a:b*c?", "ends.")
    return Dataset(images, np.arange(6, dtype=np.uint8)[::-1].copy(), names, "d", part, "s")


@pytest.mark.parametrize(
    "datasets", [(TRAIN, TEST), (colour_set("train"),)], ids=["grey", "colour"]
)
def test_what_is_written_comes_back(tmp_path: Path, datasets) -> None:
    pictures.write(tmp_path / "out", datasets)
    assert [path.name for path in tmp_path.iterdir()] == ["out"]
    found = pictures.find(tmp_path / "out")
    assert found.class_names == datasets[0].class_names
    for dataset in datasets:
        images, labels = rows(found, dataset.part)
        names = [dataset.class_names[label] for label in dataset.labels]
        back = sorted((name, image.tobytes()) for name, image in zip(labels, images, strict=True))
        assert back == sorted(
            (name, image.tobytes()) for name, image in zip(names, dataset.images, strict=True)
        )
        assert images.shape == dataset.images.shape


def test_a_picture_is_numbered_by_its_row(tmp_path: Path) -> None:
    pictures.write(tmp_path / "out", [TRAIN])
    folder = tmp_path / "out/train" / escaped(TRAIN.class_names[TRAIN.labels[7]])
    assert np.array_equal(np.asarray(Image.open(folder / "000008.png")), TRAIN.images[7])


def test_what_cannot_be_read_back_is_not_written(tmp_path: Path) -> None:
    lacking = TRAIN.take(np.flatnonzero(TRAIN.labels != 3))
    with pytest.raises(InvalidValueError, match=r"an image in each part; received none of 'Dress'"):
        pictures.write(tmp_path / "out", [lacking])
    images, labels = np.zeros((2, 7, 9), np.uint8), np.array([0, 1], np.uint8)
    with pytest.raises(InvalidValueError, match=r"sides of 8 pixels or more"):
        pictures.write(tmp_path / "out", [Dataset(images, labels, ("a", "b"), "d", "train", "s")])
    assert not list(tmp_path.iterdir())


def test_a_write_that_fails_leaves_nothing(tmp_path: Path, monkeypatch) -> None:
    calls = []

    def full(image):
        calls.append(1)
        if len(calls) == 5:
            raise OSError(28, "No space left on device")
        return b""

    monkeypatch.setattr(pictures.pixels, "png", full)
    with pytest.raises(OSError, match=r"No space left on device: '.*/out'"):
        pictures.write(tmp_path / "out", [TRAIN])
    assert not list(tmp_path.iterdir())
    (tmp_path / "out").mkdir()
    with pytest.raises(FileExistsError):
        pictures.write(tmp_path / "out", [TRAIN])
