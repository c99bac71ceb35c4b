"""Whatever stands in a run's files, readers answer or raise an error of fashionlab's own."""

import io
import json
import shutil
import zipfile

import numpy as np
import pytest

from benchmarks.hostile import runs as hostile
from benchmarks.hostile.changes import OTHERS, bytes_changed, fields_swapped
from fashionlab.errors import CheckpointError, RunError
from fashionlab.report.charts import coverage, curves
from fashionlab.report.run import calibration
from fashionlab.runs import Run, reading

DRAWINGS = (
    *((curves, f"{name}_curves") for name in ("loss", "accuracy")),
    (curves, "rate_curve"),
    (coverage, "accuracy_against_coverage"),
    (coverage, "receiver_curves"),
    (calibration, "reliability_diagram"),
)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    return hostile.make(tmp_path_factory.mktemp("hostile"))


@pytest.fixture
def copy(made, tmp_path):
    return shutil.copytree(made[0], tmp_path / "copy")


@pytest.mark.parametrize("name", [*hostile.PAGE_FILES, hostile.layout.WEIGHTS])
def test_a_changed_file_is_read_or_refused(name, made, tmp_path, monkeypatch):
    monkeypatch.setattr(hostile, "EXPORTED", ())
    for module, drawing in DRAWINGS:  # which take most of the time
        monkeypatch.setattr(module, drawing, lambda *data, **options: "<svg/>")
    tally = hostile.attack_run(made[0], name, 12, tmp_path)
    assert tally.others == []
    assert tally.refused or name == hostile.layout.WEIGHTS  # another float is a weight too


@pytest.mark.parametrize("forged", [False, True])
@pytest.mark.parametrize("name", [hostile.ARRAYS, hostile.STATE])
def test_a_changed_checkpoint_is_gone_on_with_or_refused(name, forged, made, tmp_path):
    tally = hostile.attack_begun(made[1], name, 12, tmp_path, forged)
    assert tally.others == []
    assert tally.refused or not forged


def test_the_changes_change_each_byte_and_each_field():
    content = json.dumps({"a": [1, {"b": "c"}]}).encode()
    assert all(
        sum(x != y for x, y in zip(content, new, strict=True)) == 1
        for new in bytes_changed(content, 50, seed=0)
    )
    swapped = [json.loads(text) for text in fields_swapped(content)]
    for other in OTHERS:
        assert other in swapped
        assert {"a": [1, {"b": other}]} in swapped or other == "c"


def archive(**members):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as opened:
        for name, content in members.items():
            opened.writestr(f"{name}.npy", content)
    return file.getvalue()


def npy(array, **header):
    file = io.BytesIO()
    np.lib.format.write_array_header_1_0(
        file, {"descr": array.dtype.str, "fortran_order": False, "shape": array.shape} | header
    )
    return file.getvalue() + array.tobytes()


@pytest.mark.parametrize(
    "images",
    [
        npy(np.zeros(3, np.uint8), shape=(2**40,)),
        npy(np.zeros(3, np.uint8), shape=(-1, 3)),
        npy(np.zeros((3, 2), np.uint8), fortran_order=True),
        npy(np.array(["text"])),
        npy(np.zeros(2, "datetime64[s]")),
        npy(np.array(1.0)),
        npy(np.zeros(3, np.uint8))[:-1],
        b"\x93NUMPY\x03\x00" + 100 * b"(",
        b"\x93NUMPY\x01\x00\xff\xff" + 65535 * b"(",
        b"",
    ],
)
def test_an_array_is_what_its_header_says_or_refused_before_there_is_memory_for_it(images, copy):
    (copy / "examples.npz").write_bytes(archive(images=images, indices=npy(np.arange(3))))
    with pytest.raises(RunError, match=r"examples.npz cannot be read \("):
        Run(copy).examples()


def test_archives_are_read_as_numpy_reads_them(copy):
    with np.load(copy / "predictions.npz") as stored:
        for found, key in zip(
            reading.arrays(copy / "predictions.npz", *stored), stored, strict=True
        ):
            assert found.dtype == stored[key].dtype
            np.testing.assert_array_equal(found, stored[key])


@pytest.mark.parametrize(
    "text",
    [
        "epoch,loss,accuracy,seconds\n1,2," + 200_000 * "1" + ",3\n",
        'epoch,loss,accuracy,seconds\n1,2,"' + 200_000 * "1" + "\n",
        "epoch,loss,accuracy,seconds\n1,nan,0.5,3\n",
        "epoch,loss,accuracy,seconds\n1,1e301,0.5,3\n",
        "epoch,loss,accuracy,seconds\n2,1,0.5,3\n",
        "epoch,loss,accuracy,seconds\n1,1,0.5\n",
        "epoch,loss,accuracy,seconds\n1,1,0.5,3,4\n",
        "epoch,loss,accuracy,seconds,seconds\n1,1,0.5,3,4\n",
        "\0",
        "",
    ],
)
def test_a_history_has_numbers_in_its_columns(text, copy):
    (copy / "history.csv").write_text(text)
    with pytest.raises(RunError, match=r"history.csv cannot be read"):
        Run(copy).history()


def test_a_file_that_never_ends_is_not_opened(copy):
    import os

    for name in ("config.json", "predictions.npz"):
        kept = (copy / name).read_bytes()
        (copy / name).unlink()
        os.mkfifo(copy / name)
        with pytest.raises(RunError, match=f"{name} cannot be read .not a regular file"):
            Run(copy).predictions()
        (copy / name).unlink()
        (copy / name).write_bytes(kept)


def test_a_file_above_the_limit_is_refused(copy, monkeypatch):
    monkeypatch.setattr(reading, "LARGEST_TEXT", 100)
    with pytest.raises(RunError, match="larger than 100 bytes"):
        Run(copy)


def test_weights_of_another_network_are_refused_where_they_are_used(copy, tmp_path):
    from safetensors.numpy import save

    for weights in ({}, {"hidden_1.kernel": np.zeros((2, 2), np.float32)}):
        (copy / "weights.safetensors").write_bytes(save(weights))
        with pytest.raises(Exception) as refused:
            hostile.use(copy, exports=True)
        assert isinstance(refused.value, hostile.FashionlabError)


def test_a_training_is_refused_whose_best_weights_are_gone(made, tmp_path):
    from safetensors.numpy import load, save

    _, begun = made
    work = shutil.copytree(hostile.layout.work_folder(begun), tmp_path / "begun.partial")
    for folder in hostile.checkpoints.saved(work):
        arrays = load((folder / hostile.ARRAYS).read_bytes())
        kept = {name: a for name, a in arrays.items() if not name.startswith("best/")}
        (folder / hostile.ARRAYS).write_bytes(save(kept))
        (folder / hostile.MANIFEST).write_bytes(hostile.manifest(folder))
    with pytest.raises(CheckpointError, match="as its best"):
        hostile.resume(tmp_path / "begun")


def test_a_message_is_one_line_of_bounded_length(copy):
    config = json.loads((copy / "config.json").read_text())
    config["recipe"]["engine"] = "x\n" * 100_000
    (copy / "config.json").write_text(json.dumps(config))
    with pytest.raises(RunError) as refused:
        _ = Run(copy).recipe
    assert len(str(refused.value)) < 2100
    assert "\n" not in str(refused.value)
    assert str(refused.value).endswith("give a finished run folder")


def test_a_history_without_the_column_that_chose_the_epoch_is_refused(copy):
    text = (copy / "history.csv").read_text()
    (copy / "history.csv").write_text(text.replace("validation_loss", "validation_lost"))
    with pytest.raises(RunError, match="no column validation_loss"):
        Run(copy).history()
