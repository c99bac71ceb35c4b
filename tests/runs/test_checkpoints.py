"""Checkpoints: whole or absent, whatever fails, and no changed bit unseen."""

import errno
import hashlib
import json
import math
import shutil
import subprocess

import numpy as np
import pytest
from safetensors.numpy import save as save_arrays

from fashionlab import files
from fashionlab.errors import CheckpointError
from fashionlab.runs import checkpoints
from fashionlab.runs.checkpoints import ARRAYS, MANIFEST, STATE, Checkpoint

from ..faults import FailingOs

FILES = (ARRAYS, STATE, MANIFEST)


def checkpoint(steps):
    rng = np.random.default_rng(steps)
    arrays = {
        "weights/0000": rng.normal(size=(5, 3)).astype(np.float32),
        "optimizer/iterations": np.array(steps),
        "random/dropout_1": rng.integers(2**63, size=6).astype(np.uint64),
    }
    return Checkpoint(steps, arrays, state(0.1 + steps))


def state(*losses):
    tally = {"step": 2, "images": 60, "loss": 1.5, "right": 20, "seconds": 0.1}
    history = [{"epoch": i + 1, "loss": loss} for i, loss in enumerate(losses)]
    return {"history": history, "tally": tally | {"learning_rate": 0.01}}


def equal(a, b):
    assert (a.steps, a.state, set(a.arrays)) == (b.steps, b.state, set(b.arrays))
    for name, value in a.arrays.items():
        assert value.dtype == b.arrays[name].dtype
        np.testing.assert_array_equal(value, b.arrays[name])
    return True


@pytest.fixture
def run(tmp_path):
    for steps in (7, 14):
        checkpoints.save(tmp_path, checkpoint(steps))
    return tmp_path


def newest(run):
    said = []
    return checkpoints.newest(run, said.append), said


def test_what_is_loaded_is_what_was_saved_to_the_bit_and_the_type(run):
    found, said = newest(run)
    assert equal(found, checkpoint(14))
    assert said == []


def test_the_two_newest_are_kept_and_nothing_else(run):
    checkpoints.save(run, checkpoint(100_000_000))
    assert [p.name for p in checkpoints.saved(run)] == [
        "checkpoint-00000014",
        "checkpoint-100000000",
    ]
    assert len(list(run.iterdir())) == 2


def test_the_manifest_is_one_that_sha256sum_checks(run):
    for folder in checkpoints.saved(run):
        subprocess.run(["sha256sum", "--check", "--quiet", MANIFEST], cwd=folder, check=True)


def test_the_manifest_is_written_last_and_the_name_after_it(tmp_path, monkeypatch):
    written = []
    real = files.write_new
    monkeypatch.setattr(
        files, "write_new", lambda path, content: (written.append(path.name), real(path, content))
    )
    checkpoints.save(tmp_path, checkpoint(1))
    assert written == list(FILES)


@pytest.mark.parametrize("name", FILES)
def test_a_file_cut_short_anywhere_is_seen(name, run):
    path = run / "checkpoint-00000014" / name
    whole = path.read_bytes()
    for size in sorted({*np.linspace(0, len(whole) - 1, 50).astype(int)}):
        path.write_bytes(whole[:size])
        with pytest.raises(CheckpointError, match="checkpoint-00000014 is damaged"):
            checkpoints.load(path.parent)
    path.write_bytes(whole)
    assert equal(checkpoints.load(path.parent), checkpoint(14))


@pytest.mark.parametrize("name", FILES)
def test_a_flipped_bit_anywhere_is_seen(name, run):
    path = run / "checkpoint-00000014" / name
    whole = path.read_bytes()
    for bit in np.random.default_rng(0).choice(8 * len(whole), 50, replace=False):
        changed = bytearray(whole)
        changed[bit // 8] ^= 1 << bit % 8
        path.write_bytes(changed)
        with pytest.raises(CheckpointError, match="checkpoint-00000014 is damaged"):
            checkpoints.load(path.parent)


@pytest.mark.parametrize("name", FILES)
def test_a_missing_file_is_seen_and_named(name, run):
    (run / "checkpoint-00000014" / name).unlink()
    with pytest.raises(CheckpointError, match=f"{name}: No such file"):
        checkpoints.load(run / "checkpoint-00000014")


@pytest.mark.parametrize("name", FILES)
def test_a_damaged_newest_is_reported_and_the_one_before_it_used(name, run):
    path = run / "checkpoint-00000014" / name
    path.write_bytes(path.read_bytes()[:-1])
    found, said = newest(run)
    assert equal(found, checkpoint(7))
    assert len(said) == 1
    assert "checkpoint-00000014" in said[0]
    assert name in said[0]
    assert "the one before it is used" in said[0]
    assert [p.name for p in checkpoints.saved(run)] == ["checkpoint-00000007"]
    checkpoints.save(run, checkpoint(14))  # its name is free again
    assert equal(newest(run)[0], checkpoint(14))


def test_where_all_are_damaged_nothing_is_used_and_nothing_removed(run):
    for folder in checkpoints.saved(run):
        (folder / STATE).write_bytes(b"")
    with pytest.raises(CheckpointError, match="no checkpoint can be used"):
        newest(run)
    assert len(checkpoints.saved(run)) == 2


def test_none_is_found_where_none_is(tmp_path):
    (tmp_path / "checkpoint-soon").mkdir()
    assert newest(tmp_path) == (None, [])
    assert newest(tmp_path / "nowhere") == (None, [])


def nonsense():
    """States of which one part is of another type, or out of its range."""
    sound = {"format": 1, "steps": 1, **state(0.5)}
    for change in (
        {"steps": -1},
        {"steps": "1"},
        {"history": {}},
        {"history": [{"epoch": 2, "loss": 0.5}]},
        {"history": [{"epoch": 1, "loss": "0.5"}]},
        {"history": [{"epoch": 1, "loss": None}]},
        {"tally": []},
        {"tally": sound["tally"] | {"loss": "text"}},
        {"tally": sound["tally"] | {"step": 1.5}},
        {"tally": sound["tally"] | {"images": -60}},
    ):
        yield json.dumps(sound | change).encode()
    yield json.dumps(sound).replace("1.5", "NaN").encode()
    yield json.dumps(sound).replace("1.5", "1" * 400).encode()


@pytest.mark.parametrize(
    ("arrays", "state"),
    [
        (b"", b'{"format": 1, "steps": 1}'),
        (b"\xff" * 8, b'{"format": 1, "steps": 1}'),
        ((10**9).to_bytes(8, "little") + b"{}", b'{"format": 1, "steps": 1}'),
        (None, b"{}"),
        (None, b"[]"),
        (None, b"\xff"),
        (None, b'{"format": 1}'),
        (None, b'{"format": 2, "steps": 1}'),
        (None, b'{"format": null, "steps": 1}'),
        *((None, text) for text in nonsense()),
    ],
)
def test_a_manifest_that_fits_does_not_make_nonsense_a_checkpoint(arrays, state, tmp_path):
    arrays = save_arrays({"a": np.zeros(1)}) if arrays is None else arrays
    lines = [
        f"{hashlib.sha256(content).hexdigest()}  {name}\n"
        for name, content in ((ARRAYS, arrays), (STATE, state))
    ]
    files.write_folder(
        tmp_path / "checkpoint-00000001",
        {ARRAYS: arrays, STATE: state, MANIFEST: "".join(lines).encode()},
    )
    with pytest.raises(CheckpointError, match="is damaged"):
        checkpoints.load(tmp_path / "checkpoint-00000001")


def test_floats_come_back_to_the_bit(tmp_path):
    values = [0.1, 1 / 3, 5e-324, 1.7976931348623157e308, -0.0]
    checkpoints.save(tmp_path, Checkpoint(1, {}, state(*values)))
    back = checkpoints.load(tmp_path / "checkpoint-00000001").state
    assert [row["loss"].hex() for row in back["history"]] == [v.hex() for v in values]
    assert json.dumps(back) == json.dumps(state(*values))


@pytest.mark.parametrize("value", [math.inf, math.nan])
def test_what_could_not_be_read_back_is_not_written(value, tmp_path):
    with pytest.raises(ValueError, match="JSON"):
        checkpoints.save(tmp_path, Checkpoint(1, {}, state(value)))
    assert list(tmp_path.iterdir()) == []


def calls_of_a_save(run):
    counting = FailingOs(fails=0, number=0)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(files, "os", counting)
        checkpoints.save(run, checkpoint(21))
    shutil.rmtree(run / "checkpoint-00000021")
    return counting.calls


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EIO, errno.EACCES])
def test_whichever_call_fails_the_checkpoint_before_is_intact(number, run, tmp_path_factory):
    scratch_copy = tmp_path_factory.mktemp("copy")
    shutil.copytree(run, scratch_copy, dirs_exist_ok=True)
    calls = calls_of_a_save(scratch_copy)
    assert {"open", "write", "fsync", "mkdir", "rename"} <= set(calls)
    for n in range(1, len(calls) + 1):
        place = tmp_path_factory.mktemp("run")
        shutil.copytree(run, place, dirs_exist_ok=True)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(files, "os", FailingOs(n, number))
            with pytest.raises(OSError, match=r"checkpoint-000000|run") as failed:
                checkpoints.save(place, checkpoint(21))
        assert failed.value.errno == number, f"call {n}, {calls[n - 1]}"
        assert str(place) in failed.value.filename
        found, said = newest(place)
        assert said == []
        assert found.steps in (14, 21), (
            "the one before, or the new one where only its pruning failed"
        )
        assert equal(found, checkpoint(found.steps))
        checkpoints.save(place, checkpoint(28))  # and the next save is as usual
        assert equal(newest(place)[0], checkpoint(28))
