import struct
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest

from fashionlab.errors import MissingDependencyError, RunError
from fashionlab.progress import Step
from fashionlab.progress.tensorboard import TensorBoard

STEPS = 3  # an epoch
FULL = Path("/dev/full")  # opens, and refuses every byte


def row(epoch, part="validation", seconds=2.0):
    return {
        "epoch": epoch,
        "loss": 1 / epoch,
        "accuracy": 0.5,
        f"{part}_loss": 2 / epoch,
        f"{part}_accuracy": 0.25,
        "learning_rate": 0.001,
        "seconds": seconds,
    }


def session(folder, epochs, done=0, part="validation"):
    """A session that makes these epochs."""
    board = TensorBoard(folder)
    board.start("net", 9, STEPS, done)
    for epoch in epochs:
        for step in range(1, STEPS + 1):
            board.step(Step(epoch, step, 100, 1.0, 0.5, 0.001))
        board.epoch(row(epoch, part))
    return board


def crc32c(data):
    """Bit by bit, RFC 3720's polynomial, reflected."""
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82F63B78 if crc & 1 else 0)
    return crc ^ 0xFFFFFFFF


def masked(data):
    crc = crc32c(data)
    return ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF


def read(path):
    """The events of a file: length, its checksum, event, its checksum."""
    from tensorboardX.proto.event_pb2 import Event

    data, at, events = path.read_bytes(), 0, []
    while at < len(data):
        (length,) = struct.unpack_from("<Q", data, at)
        header, body = data[at : at + 8], data[at + 12 : at + 12 + length]
        assert struct.unpack_from("<I", data, at + 8) == (masked(header),)
        assert struct.unpack_from("<I", data, at + 12 + length) == (masked(body),)
        events.append(Event.FromString(body))
        at += 16 + length
    return events


def files(folder):
    return sorted(folder.glob("events.out.tfevents.*"))


def points(folder, tag):
    """As TensorBoard shows them: a session's start hides older points from its step on."""
    shown = {}
    for event in (event for path in files(folder) for event in read(path)):
        if event.session_log.status == event.session_log.START:
            shown = {step: value for step, value in shown.items() if step < event.step}
        for value in event.summary.value:
            if value.tag == tag:
                assert event.step not in shown
                shown[event.step] = value.simple_value
    return shown


def test_crc32c_of_the_known_answer():
    assert crc32c(b"123456789") == 0xE3069283


@pytest.mark.parametrize("part", ["validation", "test"])
def test_each_epoch_is_a_point_of_every_metric(tmp_path, part):
    session(tmp_path, [1, 2], part=part).stop()
    (path,) = files(tmp_path)
    first, *events = read(path)
    assert first.file_version == "brain.Event:2"
    tags = {value.tag for event in events for value in event.summary.value}
    assert tags == {
        *("loss/train", f"loss/{part}", "accuracy/train", f"accuracy/{part}"),
        *("learning_rate", "images_per_second"),
    }
    assert points(tmp_path, "loss/train") == {1: 1.0, 2: 0.5}
    assert points(tmp_path, f"loss/{part}") == {1: 2.0, 2: 1.0}
    assert points(tmp_path, "accuracy/train") == {1: 0.5, 2: 0.5}
    assert points(tmp_path, f"accuracy/{part}") == {1: 0.25, 2: 0.25}
    assert points(tmp_path, "learning_rate") == {n: pytest.approx(0.001) for n in (1, 2)}
    assert points(tmp_path, "images_per_second") == {1: 150.0, 2: 150.0}


def test_a_resumed_training_hides_what_was_logged_after_the_checkpoint(tmp_path):
    killed = session(tmp_path, [1, 2, 3])  # the last checkpoint: in epoch 2
    session(tmp_path, [2, 3, 4], done=STEPS + 1).stop()
    assert len(files(tmp_path)) == 2
    assert sorted(points(tmp_path, "loss/train")) == [1, 2, 3, 4]
    events = read(files(tmp_path)[1])
    assert [event.step for event in events if event.session_log.status] == [2]
    killed.stop()


def test_a_training_resumed_between_epochs_keeps_all_before(tmp_path):
    session(tmp_path, [1, 2]).stop()
    session(tmp_path, [3], done=2 * STEPS).stop()
    assert sorted(points(tmp_path, "loss/train")) == [1, 2, 3]


def test_sessions_within_a_second_have_files_of_their_own_in_order(tmp_path):
    for epoch in range(1, 12):
        session(tmp_path, [epoch], done=(epoch - 1) * STEPS).stop()
    assert len(files(tmp_path)) == 11
    assert list(points(tmp_path, "loss/train")) == list(range(1, 12))


def test_an_epoch_is_in_the_file_when_epoch_returns(tmp_path):
    board = session(tmp_path, [1])
    assert points(tmp_path, "loss/train") == {1: 1.0}
    board.stop()


def test_stop_closes_the_file_once_and_before_a_start_does_nothing(tmp_path):
    TensorBoard(tmp_path).stop()
    board = session(tmp_path / "new" / "folder", [])
    board.stop()
    board.stop()
    assert not files(tmp_path)
    assert len(files(tmp_path / "new" / "folder")) == 1


def test_without_tensorboardx_construction_names_the_extra(tmp_path, monkeypatch):
    for name in [name for name in sys.modules if name.split(".")[0] == "tensorboardX"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "tensorboardX", None)
    with pytest.raises(
        MissingDependencyError, match=r'pip install "fashionlab\[tensorboard\]"'
    ) as e:
        TensorBoard(tmp_path)
    assert "\n" not in str(e.value)


def test_a_folder_that_cannot_be_written_is_one_line(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(RunError, match="cannot be written to") as e:
        TensorBoard(tmp_path / "file" / "folder").start("net", 1, 1)
    assert "\n" not in str(e.value)


@pytest.mark.skipif(not FULL.exists(), reason="Linux has /dev/full")
def test_a_full_disk_is_one_line_and_stops_cleanly(tmp_path):
    board = session(tmp_path, [1])
    records = board._writer._py_recordio_writer
    records.close()
    records._writer = FULL.open("wb")
    with pytest.raises(RunError, match="No space left"):
        board.epoch(row(2))
    with pytest.raises(RunError, match="No space left"):
        board.stop()
    board.stop()
    with suppress(OSError):
        records.close()


def test_it_imports_neither_torch_nor_matplotlib_nor_starts_a_thread_and_never_warns(tmp_path):
    code = (
        "import sys, threading; from pathlib import Path\n"
        "from fashionlab.progress.tensorboard import TensorBoard\n"
        "assert 'tensorboardX' not in sys.modules\n"
        f"board = TensorBoard(Path({str(tmp_path)!r}))\n"
        "board.start('net', 1, 1)\n"
        "assert threading.active_count() == 1\n"
        f"board.epoch({row(1)})\n"
        "board.stop()\n"
        "assert 'torch' not in sys.modules and 'matplotlib' not in sys.modules\n"
        "import importlib.util\n"
        "assert importlib.util.find_spec('torch') is None or __import__('torch').float32\n"
    )
    subprocess.run([sys.executable, "-W", "error", "-c", code], check=True, timeout=120)
    assert points(tmp_path, "loss/train") == {1: 1.0}
