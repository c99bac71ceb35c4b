"""One small set, grey and in colour, written in every form it may come in, is read as it was.

The files are written here by what others use (NumPy, the csv module, Pillow, pyarrow, struct), not
by the package's own writers.
"""

import csv
import gzip
import io
import json
import struct
import zipfile
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from fashionlab.data import Dataset, ReadOptions, load
from fashionlab.errors import DataFormatError, InvalidValueError

NAMES = ("ant", "bee", "cat")
NUMBERS = ("0", "1", "2")
SHORT = {"train": "train", "test": "test", "validation": "val"}


def drawn(part: str, n: int, channels: tuple[int, ...] = ()) -> Dataset:
    """Return n images (n, 8, 8[, 3]) of three classes, in no order."""
    rng = np.random.default_rng(len(part) + len(channels))
    labels = rng.permutation(np.arange(n) % 3).astype(np.uint8)
    images = rng.integers(0, 256, (n, 8, 8, *channels), np.uint8)
    return Dataset(images, labels, NUMBERS, "drawn", part, "here")


GREY, COLOUR = (
    tuple(drawn(part, n, channels) for part, n in (("train", 12), ("test", 6), ("validation", 9)))
    for channels in ((), (3,))
)


def idx_bytes(array: np.ndarray, kind: int = 8) -> bytes:
    """Return IDX as its page says: zero, zero, type, rank, big-endian sides, elements."""
    head = struct.pack(f">BBBB{array.ndim}I", 0, 0, kind, array.ndim, *array.shape)
    return head + array.astype(array.dtype.newbyteorder(">")).tobytes()


def as_idx(folder, parts, zipped=False, dot=False, kind=(8, "u1"), channel=False):
    for part in parts:
        start = {"train": "train", "test": "t10k", "validation": "val"}[part.part]
        images = part.images[..., None] if channel else part.images
        number, dtype = kind
        for what, array, of in (
            ("images", images.astype(dtype), number),
            ("labels", part.labels, 8),
        ):
            name = f"{start}-{what}{'.' if dot else '-'}idx{array.ndim}-ubyte"
            content = idx_bytes(array, of)
            if zipped:
                name, content = f"{name}.gz", gzip.compress(content)
            (folder / name).write_bytes(content)
    return folder


def as_npy(folder, parts, names="{part}_images {part}_labels", change=np.asarray):
    for part in parts:
        images, labels = names.format(part=SHORT[part.part]).split()
        np.save(folder / f"{images}.npy", change(part.images))
        np.save(folder / f"{labels}.npy", part.labels.astype(np.int64))
    return folder


def as_npz(folder, parts, save=np.savez, keys="{part}_{what}", column=True):
    arrays = {}
    for part in parts:
        x, y = ("x", "y") if keys.startswith("{what}") else ("images", "labels")
        named = {"part": SHORT[part.part]}
        arrays[keys.format(what=x, **named)] = part.images
        arrays[keys.format(what=y, **named)] = part.labels[:, None] if column else part.labels
    save(folder / "set.npz", **arrays)
    return folder / "set.npz"


def as_kmnist(folder, parts):
    for part in parts:
        np.savez_compressed(folder / f"mine-{SHORT[part.part]}-imgs.npz", part.images)
        np.savez_compressed(folder / f"mine-{SHORT[part.part]}-labels.npz", part.labels)
    return folder


def as_table(folder, parts, header=True, delimiter=",", last=False, names=None, ending=".csv"):
    for part in parts:
        text = io.StringIO()
        writer = csv.writer(text, delimiter=delimiter)
        pixels = part.images[0].size
        if header:
            row = ["label", *(f"pixel{i}" for i in range(pixels))]
            writer.writerow(row[1:] + row[:1] if last else row)
        for image, label in zip(part.images, part.labels.tolist(), strict=True):
            row = [names[label] if names else label, *image.ravel().tolist()]
            writer.writerow(row[1:] + row[:1] if last else row)
        content = text.getvalue().encode()
        content = gzip.compress(content) if ending.endswith(".gz") else content
        (folder / f"{SHORT[part.part]}{ending}").write_bytes(content)
    return folder


def as_pictures(folder, parts):
    for part in parts:
        for i, (image, label) in enumerate(zip(part.images, part.labels.tolist(), strict=True)):
            place = folder / SHORT[part.part] / NAMES[label]
            place.mkdir(parents=True, exist_ok=True)
            Image.fromarray(image).save(place / f"{i:03}.png")
    return folder


def as_parquet(folder, parts, place="data/{part}-00000-of-00001.parquet"):
    pa = pytest.importorskip("pyarrow")
    from pyarrow import parquet

    features = {
        "image": {"_type": "Image"},
        "label": {"names": list(NAMES), "_type": "ClassLabel"},
    }
    for part in parts:
        pictures = []
        for image in part.images:
            file = io.BytesIO()
            Image.fromarray(image).save(file, "PNG")
            pictures.append({"bytes": file.getvalue(), "path": None})
        table = pa.table({"image": pictures, "label": pa.array(part.labels.tolist(), pa.int64())})
        described = {"huggingface": json.dumps({"info": {"features": features}})}
        path = folder / place.format(part=part.part)
        path.parent.mkdir(parents=True, exist_ok=True)
        parquet.write_table(table.replace_schema_metadata(described), path)
    return folder


FORMS = {  # name: writer, its options, the names of the classes
    "IDX": (as_idx, {}, NUMBERS),
    "IDX, gzip": (as_idx, {"zipped": True}, NUMBERS),
    "IDX, names with a dot": (as_idx, {"dot": True}, NUMBERS),
    "IDX of int16": (as_idx, {"kind": (0x0B, "i2")}, NUMBERS),
    "IDX of int32, gzip": (as_idx, {"kind": (0x0C, "i4"), "zipped": True}, NUMBERS),
    "npy": (as_npy, {}, NUMBERS),
    "npy, Keras's names": (as_npy, {"names": "x_{part} y_{part}"}, NUMBERS),
    "npy of int16": (as_npy, {"change": np.int16}, NUMBERS),
    "npy in Fortran's order": (as_npy, {"change": np.asfortranarray}, NUMBERS),
    "npy of rows": (as_npy, {"change": lambda x: x.reshape(len(x), -1)}, NUMBERS),
    "npz of MedMNIST": (as_npz, {}, NUMBERS),
    "npz, deflated": (as_npz, {"save": np.savez_compressed}, NUMBERS),
    "npz of Keras": (as_npz, {"keys": "{what}_{part}", "column": False}, NUMBERS),
    "npz of KMNIST": (as_kmnist, {}, NUMBERS),
    "CSV": (as_table, {}, NUMBERS),
    "CSV, gzip": (as_table, {"ending": ".csv.gz"}, NUMBERS),
    "CSV without a header": (as_table, {"header": False}, NUMBERS),
    "CSV, labels last": (as_table, {"last": True}, NUMBERS),
    "CSV with names": (as_table, {"names": NAMES}, NAMES),
    "TSV": (as_table, {"delimiter": "\t", "ending": ".tsv"}, NUMBERS),
    "Parquet": (as_parquet, {}, NAMES),
    "Parquet in one folder": (as_parquet, {"place": "{part}.parquet"}, NAMES),
    "Parquet as converted": (as_parquet, {"place": "default/{part}/0000.parquet"}, NAMES),
    "pictures": (as_pictures, {}, NAMES),
}
NEED_COLOUR = ("CSV", "TSV", "npy of rows")  # whose files do not say it


def rows(part: Dataset, by_class: bool = False) -> tuple[list[int], list[bytes]]:
    order = np.argsort(part.labels, kind="stable") if by_class else np.arange(len(part))
    return part.labels[order].tolist(), [image.tobytes() for image in part.images[order]]


@pytest.mark.parametrize("drawn_parts", [GREY, COLOUR], ids=["grey", "colour"])
@pytest.mark.parametrize("form", FORMS)
def test_a_set_of_three_parts_is_read_as_it_was(form, drawn_parts, tmp_path) -> None:
    write, options, names = FORMS[form]
    colour = drawn_parts is COLOUR
    reading = ReadOptions(colour=True if colour and form.startswith(NEED_COLOUR) else None)
    found = load(write(tmp_path, drawn_parts, **options), reading)
    assert [part.part for part in found.all] == ["train", "test", "validation"]
    for part, expected in zip(found.all, drawn_parts, strict=True):
        assert part.class_names == names
        assert part.image_shape == expected.image_shape and part.images.dtype == np.uint8
        assert rows(part) == rows(expected, by_class=form == "pictures")


@pytest.mark.parametrize(
    "form", [form for form in FORMS if not form.startswith(("CSV", "TSV", "npy of rows"))]
)
def test_colour_is_made_grey_where_it_is_asked_for(form, tmp_path) -> None:
    write, options, _ = FORMS[form]
    found = load(write(tmp_path, COLOUR, **options), ReadOptions(colour=False))
    for part, colour in zip(found.all, COLOUR, strict=True):
        order = np.argsort(colour.labels, kind="stable") if form == "pictures" else slice(None)
        luma = colour.images[order] @ np.array([0.299, 0.587, 0.114])  # ITU-R BT.601
        assert part.image_shape == (8, 8)
        assert np.abs(part.images - luma).max() <= 1


def test_a_channel_of_its_own_is_grey(tmp_path) -> None:
    found = load(as_idx(tmp_path, GREY, channel=True))
    assert rows(found.train) == rows(GREY[0])
    (tmp_path / "npy").mkdir()
    found = load(as_npy(tmp_path / "npy", GREY, change=lambda x: x[..., None]))
    assert rows(found.test) == rows(GREY[1])


def test_class_names_of_numbers_lie_in_a_file_next_to_them(tmp_path) -> None:
    (tmp_path / "class_names.txt").write_text("ant\nbee\ncat\n")
    assert load(as_idx(tmp_path, GREY)).train.class_names == NAMES
    npz = as_npz(tmp_path, GREY)
    assert load(npz).validation.class_names == NAMES


def test_what_a_newcomer_is_likely_to_give_is_refused_with_what_to_do(tmp_path) -> None:
    images, labels = np.zeros((6, 3, 8, 8), np.uint8), np.arange(6) % 2
    np.savez(tmp_path / "torch.npz", x_train=images, y_train=labels)
    np.savez(tmp_path / "one_hot.npz", x_train=images[:, 0], y_train=np.eye(6, dtype=np.uint8))
    (tmp_path / "list.csv").write_text("filename,label\n1.jpg,cat\n2.jpg,dog\n")
    with zipfile.ZipFile(tmp_path / "table.xlsx", "w") as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
    np.savez(tmp_path / "mean.npz", x_train=images[:, 0], y_train=labels, mean=np.float64(3))
    np.savez(tmp_path / "float.npz", x_train=images[:, 0] / 255, y_train=labels)
    for name, words in {
        "mean.npz": r"a single number in .*mean; leave it out",
        "float.npz": r"received float64 .*uint8, times 255 .* where they go from 0 to 1",
        "torch.npz": r"received \(6, 3, 8, 8\).*channels last.*transpose\(0, 2, 3, 1\)",
        "one_hot.npz": r"labels must be \(N,\).*received \(6, 6\).*labels.argmax\(axis=1\)",
        "list.csv": r"received '1.jpg'.*a list of pictures is no table.*a folder a class",
        "table.xlsx": "save the table as CSV",
    }.items():
        with pytest.raises(DataFormatError, match=words):
            load(tmp_path / name)


@pytest.mark.parametrize("write", [as_pictures, as_parquet])
def test_pictures_that_were_scaled_keep_their_preparation_though_their_borders_are_black(
    write, tmp_path
) -> None:
    """`fit` puts black around what is not square: that is no garment on black."""
    wide = [replace(part, images=np.full((len(part), 8, 32), 200, np.uint8)) for part in GREY]
    train = load(write(tmp_path, wide), ReadOptions(size=16))[0]
    assert train.images[0, 0].max() == 0 and train.images[0, 8].min() > 0
    assert train.preparation == "fit"


def test_colour_of_grey_images_is_refused(tmp_path) -> None:
    with pytest.raises(InvalidValueError, match=r"colour is for .* received \(8, 8\)"):
        load(as_npz(tmp_path, GREY), ReadOptions(colour=True))


def test_names_may_be_divided_by_capitals(tmp_path) -> None:
    arrays = {f"{part.part}X": part.images for part in GREY}
    np.savez(tmp_path / "set.npz", **arrays, **{f"{part.part}Y": part.labels for part in GREY})
    assert [rows(part) for part in load(tmp_path / "set.npz").all] == [rows(p) for p in GREY]
