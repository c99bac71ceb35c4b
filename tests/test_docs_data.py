"""Every line of docs/data.md works, in its order, on files of the forms that it names."""

import re
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from fashionlab.cli import main
from fashionlab.data import Dataset, synthetic, write_idx
from fashionlab.data.convert import convert
from fashionlab.data.fetch import fetch
from fashionlab.errors import DataNotFoundError

PAGE = Path(__file__).parents[1] / "docs/data.md"
LINES = [
    line
    for block in re.findall(r"```sh\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.S)
    for line in block.splitlines()
]
PYTHON = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.S)


def draw_all(folder: Path) -> None:
    """Draw the files that the page names."""
    train, test = synthetic.draw(train=200, test=100)
    parts = (train, test)
    convert(parts, folder / "set.npz")
    for form in ("npy", "parquet"):
        convert(parts, folder / form, form)
    numbered = Dataset(train.images, train.labels, tuple("0123456789"), "a", "train", "b")
    convert([numbered], folder / "table.csv")
    (folder / "idx").mkdir()
    for prefix, part in (("train", train), ("t10k", test)):
        write_idx(folder / f"idx/{prefix}-images.idx3-ubyte", part.images)
        write_idx(folder / f"idx/{prefix}-labels.idx1-ubyte", part.labels)
    draw_known_sets(folder, train, test)
    rng = np.random.default_rng(0)
    for label in (0, 1):
        place = folder / "photos" / ("shirt", "trousers")[label]
        place.mkdir(parents=True)
        for i, image in enumerate(train.images[train.labels == label][:12]):
            size = tuple(rng.integers(40, 90, 2).tolist())
            Image.fromarray(255 - image).resize(size).save(place / f"{i}.png")


def draw_known_sets(folder: Path, train: Dataset, test: Dataset) -> None:
    """Draw sets in the forms of EMNIST, Kaggle, MedMNIST and KMNIST."""
    (folder / "gzip").mkdir()
    for set_name in ("emnist-letters", "emnist-digits"):
        for name, part in (("train", train), ("test", test)):
            start = folder / "gzip" / f"{set_name}-{name}"
            labels = part.labels + 1 if set_name == "emnist-letters" else part.labels
            turned = np.ascontiguousarray(part.images.swapaxes(1, 2))
            if set_name == "emnist-letters":
                labels = (np.arange(len(part)) % 26 + 1).astype(np.uint8)
            write_idx(f"{start}-images-idx3-ubyte.gz", turned)
            write_idx(f"{start}-labels-idx1-ubyte.gz", labels)
    convert([train], folder / "kaggle.csv")
    (folder / "kaggle").mkdir()
    (folder / "kaggle.csv").rename(folder / "kaggle/fashion-mnist_train.csv")
    convert([test], folder / "kaggle.csv")
    (folder / "kaggle.csv").rename(folder / "kaggle/fashion-mnist_test.csv")
    (folder / "digits").mkdir()
    (folder / "digits/test.csv").write_text(
        "\n".join(",".join(map(str, image.ravel())) for image in test.images[:3]) + "\n"
    )
    np.savez_compressed(
        folder / "medmnist.npz",
        **{
            f"{name}_{what}": array
            for name, part in (("train", train), ("val", test), ("test", test))
            for what, array in (("images", part.images), ("labels", part.labels[:, None]))
        },
    )
    (folder / "kmnist").mkdir()
    for name, part in (("train", train), ("test", test)):
        np.savez_compressed(folder / f"kmnist/kmnist-{name}-imgs.npz", part.images)
        np.savez_compressed(folder / f"kmnist/kmnist-{name}-labels.npz", part.labels)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("data")
    draw_all(place)
    return place


@pytest.mark.parametrize("line", LINES)
def test_a_line_of_the_page_works(
    line: str, folder: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(folder)
    monkeypatch.setenv("FASHIONLAB_CACHE", str(folder / "cache"))
    if "fashion-mnist" in line.split():
        monkeypatch.delenv("FASHIONLAB_CACHE")
        monkeypatch.setenv("FASHIONLAB_OFFLINE", "1")
        try:
            fetch()
        except DataNotFoundError:
            pytest.skip("apt-get install dataset-fashion-mnist")
    program, *arguments = line.split()
    assert program == "fashionlab"
    monkeypatch.setattr(sys, "argv", [program, *arguments])
    with pytest.raises(SystemExit) as ended:
        main()
    printed = capfd.readouterr()
    # The drawn sets are small, and `check` may say so: 1 is its answer that something is wrong.
    assert ended.value.code in (0, None) or "check" in arguments, printed.err
    assert printed.out


def test_the_python_of_the_page_works(capsys: pytest.CaptureFixture[str]) -> None:
    for text in PYTHON:
        names: dict[str, object] = {}
        exec(compile(text, str(PAGE), "exec"), names)
        assert isinstance(names["train"], Dataset) and names["train"].class_names[1] == "dog"
