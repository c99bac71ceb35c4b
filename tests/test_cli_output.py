"""What the commands print: names that are hostile, and outputs that take no more."""

import base64
import contextlib
import csv
import io
import json
import logging
import os
import pty
import re
import shutil
import subprocess
import sys
import warnings
from pathlib import Path
from unittest.mock import patch

import pytest
from PIL import Image
from portable_model import TEST, tiny_model

from fashionlab.cli import main, output
from fashionlab.errors import OutputError
from fashionlab.runs import Run

FULL = Path("/dev/full")
MAIN = (sys.executable, "-c", "from fashionlab.cli import main; main()")
TRAIN = ("train", "report-net", "--data", "synthetic", "--epochs", "2", "--seed", "1")
pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="pipes and names of Unix")


def fashionlab(*arguments, cwd, out=None, err=None):
    """(status, output, errors), in this process; `out` and `err` are open files in their place."""
    said, told = out or io.StringIO(), err or io.StringIO()
    with (
        contextlib.chdir(cwd),
        patch("sys.argv", ["fashionlab", *map(os.fsdecode, arguments)]),
        contextlib.redirect_stdout(said),
        contextlib.redirect_stderr(told),
        pytest.raises(SystemExit) as ended,
    ):
        main()
    texts = [None if given else file.getvalue() for given, file in ((out, said), (err, told))]
    return ended.value.code, *texts


@contextlib.contextmanager
def unread():
    """A pipe whose reader has gone."""
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, "w") as file:
        yield file


@contextlib.contextmanager
def full():
    """A disk that is full."""
    with FULL.open("w") as file:
        yield file


def shown(text):
    """Whether a terminal obeys nothing in `text`, and every program can read it."""
    text.encode()
    return all(line.isprintable() for line in text.split("\n"))


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "model.onnx").write_bytes(tiny_model())
    Image.fromarray(TEST.images[0]).save(tmp_path / "good.png")
    return tmp_path


HOSTILE = [
    b"\x1b[31mred\x1b]0;title\x07.png",
    b"caf\xe9.png",
    b"a\nb.png",
    b"\xe2\x80\xaegnp.png",
    b"\xc2\x9b31m.png",
    b"=1+1.png",
    b"@SUM(1).png",
    b'q"u,o;te.png',
]


def named(folder, names=HOSTILE):
    """Pictures of these names, and a last one of an ordinary name."""
    for name in names:
        try:
            shutil.copy(folder / "good.png", os.fsencode(folder) + b"/" + name)
        except OSError:
            pytest.skip("file names here are Unicode")
    return [*names, b"good.png"]


def predict(folder, *arguments, **options):
    return fashionlab("predict", "--model", "model.onnx", *arguments, cwd=folder, **options)


def test_hostile_file_names_are_answered_and_escaped(folder):
    names = named(folder)
    status, out, said = predict(folder, *names)
    assert (status, said) == (0, "") and shown(out)
    answered = [line.partition(": ")[0] for line in out.splitlines() if not line.startswith(" ")]
    assert answered == [
        *(r"\x1b[31mred\x1b]0;title\x07.png", r"caf\udce9.png", r"a\nb.png"),
        *(r"\u202egnp.png", r"\x9b31m.png", "=1+1.png", "@SUM(1).png", 'q"u,o;te.png', "good.png"),
    ]


def test_csv_of_hostile_names_has_a_row_each_and_no_formula(folder):
    names = named(folder)
    status, out, _ = predict(folder, *names, "--csv")
    rows = list(csv.DictReader(io.StringIO(out)))
    assert status == 0 and shown(out) and len(rows) == len(out.splitlines()) - 1 == len(names)
    assert [row["picture"] for row in rows] == [
        *(r"\x1b[31mred\x1b]0;title\x07.png", r"caf\udce9.png", r"a\nb.png"),
        *(r"\u202egnp.png", r"\x9b31m.png", "'=1+1.png", "'@SUM(1).png", 'q"u,o;te.png'),
        "good.png",
    ]


def test_json_of_hostile_names_is_json_everywhere_and_keeps_each_name(folder):
    names = named(folder)
    status, out, _ = predict(folder, *names, "--json")
    answers = [json.loads(line) for line in out.splitlines()]
    assert status == 0 and out.isascii() and shown(out)
    assert not re.search(r"(?<!\\)(\\\\)*\\ud[89a-f]", out)  # half a character is no JSON for all
    for name, answer in zip(names, answers, strict=True):
        given = answer["picture"].encode()
        if "picture_base64" in answer:
            assert answer["picture"] == r"caf\udce9.png"
            given = base64.b64decode(answer["picture_base64"])
        assert given == name


def test_json_keeps_characters_of_two_halves_and_names_each_half_alone(capsys):
    for value, text in (("👟", r'"\ud83d\udc5f"'), ("\ud83d", r'"\\ud83d"'), ("\x7f", r'"\u007f"')):
        output.show_json(value)
        assert capsys.readouterr().out == f"{text}\n"
    for value in ("\\ud83d", "\\", '\\"', "\udc5f\ud83d", "\\\ud83d", "👟\udc5f"):
        output.show_json([value])
        (read,) = json.loads(capsys.readouterr().out)
        assert read == value.encode(errors="backslashreplace").decode()


def test_errors_that_quote_hostile_text_are_escaped(folder):
    """Raise each class of errors: ours, the system's, the parser's, and one with a traceback."""
    (folder / "b\x1bad.png").write_bytes(b"x")
    status, out, said = predict(folder, "good.png", b"b\x1bad.png", b"no\x1bn\xe9.png")
    assert status == 2 and out.startswith("good.png: ")
    assert shown(said) and len(said.splitlines()) == 3
    assert r"b\x1bad.png: a picture must" in said and r"no\x1bn\udce9.png: No such file" in said
    for arguments in (
        ["evaluate", b"caf\xe9\x1b"],
        ["train", "a\u202e"],
        ["train", b"a\x1b\xe9.toml"],
        ["train", "--ep\x1bochs", "3"],
        ["ev\x1baluate"],
        ["data", "info", "--data", "a\x1b\nb"],
        ["predict", "x.png", "--model", "m\x1b"],
        ["report", b"caf\xe9\x1b"],
    ):
        status, out, said = fashionlab(*arguments, cwd=folder)
        assert (status, out, len(said.splitlines())) == (2, "", 1), said
        assert shown(said), said
    status, _, said = fashionlab("evaluate", b"caf\xe9\x1b", "--debug", cwd=folder)
    assert status == 1 and said.startswith("Traceback") and shown(said)
    assert r"caf\udce9\x1b/config.json cannot be read" in said.splitlines()[-1]


def test_names_in_a_run_are_escaped(tmp_path):
    status, _, said = fashionlab(*TRAIN, "--out", "r\x1bun", cwd=tmp_path)
    assert status == 0, said
    config = tmp_path / "r\x1bun" / "config.json"
    record = json.loads(config.read_text())
    record["class_names"][3] = "\x1b[2JDress"
    record["recipe"]["name"] = "\u202enet"
    record["data"]["train"]["name"] = record["data"]["test"]["name"] = "da\x9bta"
    config.write_text(json.dumps(record))
    status, out, said = fashionlab("evaluate", "r\x1bun", cwd=tmp_path)
    if status == 2:  # nor is a reader bound to take them
        assert shown(said)
        return
    assert out.startswith(r"r\x1bun: \u202enet, ") and shown(out)
    rows = [line for line in out.splitlines() if re.match(r"T-shirt|\\x1b", line)]
    assert r"\x1b[2JDress" in rows[1] and len(rows[0]) == len(rows[1])


def test_logs_and_warnings_are_escaped(capsys):
    log = logging.getLogger("fashionlab.test_of_output")
    with output.streams(), patch.object(logging.root, "handlers", []):
        said = warnings.formatwarning(UserWarning("\x1b[31mred"), UserWarning, "a.py", 1, "x()")
        try:
            raise ValueError("\u202egnp")
        except ValueError:
            log.exception("failed at %s", "a\x07")
    said += capsys.readouterr().err
    assert shown(said) and said.count("\n") >= 4
    assert all(text in said for text in (r"\x1b[31mred", r"\u202egnp", r"failed at a\x07"))


@pytest.mark.parametrize("encoding", ["ascii", "cp1252", "utf-8"])
def test_a_terminal_of_another_encoding_has_escapes(encoding, folder):
    names = named(folder, ["写真.png".encode(), b"caf\xe9.png"])
    bytes_out = io.BytesIO()
    file = io.TextIOWrapper(bytes_out, encoding=encoding)
    status, _, said = predict(folder, *names, "--show", out=file)
    text = bytes_out.getvalue().decode(encoding)
    assert (status, said) == (0, "") and r"caf\udce9.png: " in text and "good.png" in text
    assert ("写真.png" if encoding == "utf-8" else r"\u5199\u771f.png: ") in text


ANSWERS = {
    "words": ("predict", "--model", "model.onnx", "good.png", "good.png"),
    "csv": ("predict", "--model", "model.onnx", "good.png", "--csv"),
    "json": ("predict", "--model", "model.onnx", "good.png", "--json"),
    "recipes": ("recipes",),
    "recipes in json": ("recipes", "--json"),
    "evaluate": ("evaluate", "shipped"),
    "info": ("data", "info", "--data", "synthetic"),
    "version": ("--version",),
    "help": ("--help",),
    "help of train": ("train", "--help"),
}


@pytest.mark.parametrize("name", ANSWERS)
def test_an_answer_that_is_lost_ends_its_command(name, folder):
    with unread() as pipe:
        assert fashionlab(*ANSWERS[name], cwd=folder, out=pipe) == (141, None, "")
    if FULL.exists():
        with full() as disk:
            status, _, said = fashionlab(*ANSWERS[name], cwd=folder, out=disk)
        assert status == 2 and len(said.splitlines()) == 1 and "No space left on device" in said
    said = io.StringIO()
    with (
        patch("sys.stdout", None),  # as after `>&-`
        patch("sys.stderr", said),
        patch("sys.argv", ["fashionlab", *ANSWERS[name]]),
        contextlib.chdir(folder),
        pytest.raises(SystemExit) as ended,
    ):
        main()
    assert ended.value.code == 2 and "Bad file descriptor" in said.getvalue()


def test_messages_that_are_lost_change_no_status(folder):
    with unread() as pipe:
        status, out, _ = predict(folder, "good.png", "none.png", "good.png", err=pipe)
    assert status == 2 and out.count("good.png: ") == 2
    with unread() as pipe:
        assert fashionlab("evaluate", "nowhere", cwd=folder, err=pipe)[0] == 2


@pytest.mark.parametrize("place", [unread, full])
def test_a_training_goes_on_when_nobody_can_read_of_it(place, tmp_path):
    if place is full and not FULL.exists():
        pytest.skip("no /dev/full here")
    with place() as out, place() as err:
        assert fashionlab(*TRAIN, "--out", "run", cwd=tmp_path, out=out, err=err)[0] == 0
    assert len(Run(tmp_path / "run").history()) == 2 and len(list(tmp_path.iterdir())) == 1
    again = ("train", "--from", "run", "--data", "synthetic", "--json")
    with place() as out, place() as err:
        assert fashionlab(*again, cwd=tmp_path, out=out, err=err)[0] == 0
    assert (tmp_path / "run-repeated").exists()
    measure = ("bench", "accuracy", "report-net", "--seeds", "1", "--data", "synthetic")
    with place() as out, place() as err:
        recipe = tmp_path / "one.toml"
        recipe.write_text('base = "report-net"\nepochs = 1\n')
        arguments = [recipe if word == "report-net" else word for word in measure]
        assert fashionlab(*arguments, "--out", "a.csv", cwd=tmp_path, out=out, err=err)[0] == 0
    assert len((tmp_path / "a.csv").read_text().splitlines()) == 2


def test_what_is_written_is_told_where_the_answer_cannot_be(tmp_path):
    if not FULL.exists():
        pytest.skip("no /dev/full here")
    with full() as disk:
        status, _, said = fashionlab(
            *("export", "shipped", "--to", "safetensors", "--out", "w"), cwd=tmp_path, out=disk
        )
    assert status == 0 and (tmp_path / "w").stat().st_size > 1000
    assert len(said.splitlines()) == 1 and said.endswith("; w is written\n")
    with full() as disk:
        page = ("report", "shipped", "--out", "page.html")
        status, _, said = fashionlab(*page, cwd=tmp_path, out=disk)
    assert status == 0 and (tmp_path / "page.html").exists() and "page.html is written" in said


def test_head_ends_predict_without_a_word_of_python(folder):
    """In a process of its own, which flushes its streams once more when it ends."""
    command = [*MAIN, "predict", "--model", "model.onnx", *["good.png"] * 300]
    process = subprocess.Popen(
        command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, bufsize=0
    )
    assert process.stdout.read(9) == b"good.png:"
    process.stdout.close()
    assert process.stderr.read() == b""
    process.stderr.close()
    assert process.wait(60) == 141


def test_head_costs_no_training(tmp_path):
    process = subprocess.Popen(
        [*MAIN, *TRAIN, "--out", "run"],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        bufsize=0,
    )
    assert process.stdout.read(10) == b"report-net"
    process.stdout.close()
    assert process.wait(60) == 0
    assert len(Run(tmp_path / "run").history()) == 2


def test_streams_that_were_closed_get_no_file_of_the_run(tmp_path):
    """The first file that is opened would have the number of standard output."""
    command = " ".join([*map(repr, MAIN), *TRAIN, "--out", "run", "<&-", ">&-", "2>&-"])
    assert subprocess.run(["sh", "-c", command], cwd=tmp_path, check=False).returncode == 0
    assert Run(tmp_path / "run").metrics().accuracy > 0


def test_a_terminal_that_hangs_up_costs_no_training(tmp_path):
    master, slave = pty.openpty()
    process = subprocess.Popen(
        [*MAIN, *TRAIN, "--out", "run"], cwd=tmp_path, stdout=slave, stderr=slave
    )
    os.close(slave)
    os.read(master, 1)  # the bar is there
    os.close(master)  # each write now raises EIO
    assert process.wait(60) == 0
    assert len(Run(tmp_path / "run").history()) == 2


def test_a_stream_notes_its_first_failure_and_takes_the_rest():
    with unread() as pipe:
        stream = output.Stream(pipe)
        stream.write("x")
        assert stream.failure is None  # it is in the buffer
        stream.flush()
        assert isinstance(stream.failure, BrokenPipeError)
        stream.write("y" * 100_000)
        stream.flush()
        with patch("sys.stdout", stream), pytest.raises(OutputError) as caught:
            output.show("z")
        assert caught.value.reader_gone and caught.value.status == 141


def test_the_bar_of_many_pictures_leaves_the_answers_to_standard_output(folder):
    """Draw the bar on the terminal of standard error, and write the answers into a file."""
    master, slave = pty.openpty()
    names = ["good.png"] * 130
    with (folder / "out").open("w") as out:
        process = subprocess.Popen(
            [*MAIN, "predict", "--model", "model.onnx", *names],
            cwd=folder,
            stdout=out,
            stderr=slave,
        )
        os.close(slave)
        seen = b""
        with contextlib.suppress(OSError):  # Linux says so when the last writer has gone
            while piece := os.read(master, 4096):
                seen += piece
        os.close(master)
        assert process.wait(60) == 0
    assert b"pictures" in seen and b"good.png" not in seen
    assert (folder / "out").read_text().count("good.png: ") == 130
