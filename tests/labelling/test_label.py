"""Each image of every form of source has its one row, with the answer that Predictor gives."""

import contextlib
import csv
import gzip

import labelled
import numpy as np
import pytest
from labelled import IMAGES, LABELS, N, contents, manifest, probabilities, rows
from PIL import Image

from fashionlab.data import Dataset
from fashionlab.data.forms import idx, npy, parquet, tables
from fashionlab.errors import DataFormatError, DataNotFoundError, InvalidValueError, RunError
from fashionlab.labelling import label
from fashionlab.portable import Predictor

CLASS_NAMES = tuple(f"class {k}" for k in range(10))


def dataset(images=IMAGES, labels=LABELS):
    return Dataset(images, labels, CLASS_NAMES, "drawn", "train", "nowhere")


def write(form, folder):
    """Write the images in a form; return the file."""
    path = folder / f"images.{form}"
    if form == "npy":
        npy.write_npy(path, IMAGES)
    elif form == "int64.npy":
        np.save(path, IMAGES.astype(np.int64))
    elif form == "npz":
        np.savez_compressed(path, images=IMAGES, labels=LABELS)
    elif form in ("idx", "idx.gz"):
        idx.write_idx(path, IMAGES)
    elif form == "parquet":
        parquet.write(path, dataset())
    elif form in ("csv", "csv.gz", "tsv"):
        tables.write(path, dataset())
    elif form == "unlabelled.csv":
        np.savetxt(path, IMAGES.reshape(N, -1), "%d", ",")
    return path


FORMS = ["npy", "int64.npy", "npz", "idx", "idx.gz", "parquet", "csv", "csv.gz", "tsv"]


@pytest.mark.parametrize("form", [*FORMS, "unlabelled.csv"])
def test_each_image_of_a_file_has_one_row_as_predictor_answers(form, begun, model, tmp_path):
    path, out = write(form, tmp_path), tmp_path / "out"
    summary = label(path, out, model, shard=30)
    found = rows(out)
    assert found["row"] == list(range(N))
    assert found["file"] == [str(path)] * N
    predictor = Predictor(model, threads=1)
    expected, scores = predictor.probabilities_and_scores(IMAGES)
    np.testing.assert_allclose(probabilities(found), expected, atol=1e-6)
    np.testing.assert_allclose(found["score"], scores, atol=1e-5)
    assert (summary.rows, summary.images, summary.done, summary.failures) == (N, N, N, [])
    assert sorted(begun) == [f"00000-00000{i}.parquet" for i in range(4)]


def test_class_and_verdict_are_those_of_predict(begun, model, tmp_path):
    label(write("npy", tmp_path), tmp_path / "out", model)
    found = rows(tmp_path / "out")
    expected = Predictor(model).predict_all(list(IMAGES))
    assert found["class_name"] == [one.class_name for one in expected]
    assert found["verdict"] == [one.verdict for one in expected]
    assert {"known", "none_of_these"} <= set(found["verdict"])


def test_pictures_of_a_folder_are_prepared_as_predict_does(begun, model, tmp_path):
    folder = tmp_path / "photos"
    (folder / "below").mkdir(parents=True)
    rng = np.random.default_rng(0)
    for i, name in enumerate(["b.png", "a.PNG", "below/c.png", "._d.png"]):
        photo = np.full((60, 50, 3), 250, np.uint8)
        photo[10 : 40 + i, 15:35] = rng.integers(0, 90, 3)
        Image.fromarray(photo).save(folder / name, "PNG")
    Image.fromarray(np.full((40, 40), 128, np.uint8)).save(folder / "plain.png")
    label(folder, tmp_path / "out", model, shard=2)
    found = rows(tmp_path / "out")
    names = [str(folder / name) for name in ("a.PNG", "b.png", "below/c.png", "plain.png")]
    assert (found["file"], found["row"]) == (names, [0, 1, 2, 3])
    expected = Predictor(model).predict_all(names)
    np.testing.assert_allclose(
        probabilities(found), [one.probabilities for one in expected], atol=1e-6
    )
    assert found["verdict"] == [one.verdict for one in expected]
    assert "not_found" in found["verdict"]


def test_several_sources_are_numbered_and_labels_of_a_folder_left_out(begun, model, tmp_path):
    folder = tmp_path / "set"
    folder.mkdir()
    idx.write_idx(folder / "a-images-idx3-ubyte", IMAGES[:40])
    idx.write_idx(folder / "a-labels-idx1-ubyte", LABELS[:40])
    npy.write_npy(tmp_path / "b.npy", IMAGES[40:])
    label([folder, tmp_path / "b.npy"], tmp_path / "out", model, shard=50)
    found = rows(tmp_path / "out")
    assert found["row"] == [*range(40), *range(60)]
    assert len(set(found["file"])) == 2
    names = [source["name"] for source in manifest(tmp_path / "out")["sources"]]
    assert names == [str(folder / "a-images-idx3-ubyte"), str(tmp_path / "b.npy")]


def test_csv_has_the_same_rows_as_parquet(begun, model, tmp_path):
    path = write("npy", tmp_path)
    label(path, tmp_path / "parquet", model, shard=64)
    label(path, tmp_path / "csv", model, shard=64, form="csv")
    found = []
    for file in sorted((tmp_path / "csv").glob("*.csv")):
        with file.open(newline="") as opened:
            found += list(csv.DictReader(opened))
    expected = rows(tmp_path / "parquet")
    assert list(found[0]) == list(expected)
    for name, values in expected.items():
        kind = np.float32 if isinstance(values[0], float) else type(values[0])
        assert [kind(row[name]) for row in found] == [kind(value) for value in values]


def test_a_url_is_read_and_written_as_a_file_is(begun, model, tmp_path):
    fsspec = pytest.importorskip("fsspec")
    fs = fsspec.filesystem("memory")
    fs.pipe("/in/images.npy", write("npy", tmp_path).read_bytes())
    label("memory://in/images.npy", "memory://out", model, shard=30)
    again = label("memory://in/images.npy", "memory://out", model, shard=30)
    assert (again.rows, again.done, len(begun)) == (N, 0, 4)
    label(tmp_path / "images.npy", tmp_path / "out", model, shard=30)
    own = rows(tmp_path / "out")
    for path in fs.ls("/out", detail=False):
        if path.endswith(".parquet"):
            (tmp_path / "copy").mkdir(exist_ok=True)
            fs.get_file(path, tmp_path / "copy" / path.rpartition("/")[2])
    copied = rows(tmp_path / "copy")
    assert {**copied, "file": own["file"]} == own
    fs.pipe("/in/pictures/a.png", _png())
    label("memory://in/pictures", tmp_path / "pictures", model)
    assert rows(tmp_path / "pictures")["file"] == ["memory://in/pictures/a.png"]


def _png():
    from fashionlab.data.forms.pictures.pixels import png

    return png(IMAGES[0])


def test_a_second_call_does_nothing_and_a_lost_file_is_made_again(begun, model, tmp_path):
    path, out = write("npy", tmp_path), tmp_path / "out"
    label(path, out, model, shard=30)
    before = contents(out)
    begun.clear()
    assert label(path, out, model, shard=30).done == 0
    assert not begun
    (out / "00000-000001.parquet").write_bytes(b"damaged")
    (out / "00000-000002.parquet").unlink()
    assert label(path, out, model, shard=30).done == 60
    assert sorted(begun) == ["00000-000001.parquet", "00000-000002.parquet"]
    assert contents(out) == before


def test_a_huge_file_is_not_loaded(begun, model, tmp_path, monkeypatch):
    resource = pytest.importorskip("resource")
    path, images = tmp_path / "huge.npy", 200_000_000  # 157 GB, of which nothing is on the disk
    npy.write_npy(path, np.zeros((2, 28, 28), np.uint8))
    header = path.read_bytes()[:128].replace(b"(2, 28, 28), }        ", b"(200000000, 28, 28), }")
    with path.open("r+b") as file:
        file.write(header[:128])
        file.truncate(128 + images * 784)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

    class Two(labelled.Here):
        def wait(self):
            if len(begun) == 2:
                raise KeyboardInterrupt
            return super().wait()

    monkeypatch.setattr("fashionlab.labelling.driver.start", lambda *some, **more: Two(begun))
    with pytest.raises(Exception, match="stopped with 2,000 of 200,000,000"):
        label(path, tmp_path / "out", model, shard=1000)
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert grown < 500_000  # kB; its two shards have 1.6 MB, its plan 200,000 of them


def test_what_cannot_be_labelled_is_refused(begun, model, tmp_path):
    out = tmp_path / "out"
    np.save(tmp_path / "wide.npy", np.zeros((3, 28, 30), np.uint8))
    with pytest.raises(DataFormatError, match=r"must have images of the model's size, \(28, 28\)"):
        label(tmp_path / "wide.npy", out, model)
    with pytest.raises(DataNotFoundError, match="does not exist"):
        label(tmp_path / "none.npy", out, model)
    (tmp_path / "empty").mkdir()
    with pytest.raises(InvalidValueError, match="a folder must have pictures"):
        label(tmp_path / "empty", out, model)
    with pytest.raises(InvalidValueError, match="at least 1 image"):
        label(write("npy", tmp_path), out, model, shard=0)
    with pytest.raises(InvalidValueError, match="each once"):
        label([tmp_path / "images.npy"] * 2, out, model)
    out.rmdir() if out.exists() and not any(out.iterdir()) else None
    file = tmp_path / "file"
    file.write_bytes(gzip.compress(b""))
    with pytest.raises(RunError, match="--out must be a folder"):
        label(tmp_path / "images.npy", file, model)


def test_relative_names_are_those_of_the_drivers_folder(begun, model, tmp_path, monkeypatch):
    write("npy", tmp_path)
    monkeypatch.chdir(tmp_path)

    class Elsewhere(labelled.Here):
        def wait(self):
            with contextlib.chdir("/"):
                return super().wait()

    monkeypatch.setattr("fashionlab.labelling.driver.start", lambda *some, **more: Elsewhere(begun))
    assert label("images.npy", "out", "model.onnx").rows == N
    assert set(rows(tmp_path / "out")["file"]) == {"images.npy"}
