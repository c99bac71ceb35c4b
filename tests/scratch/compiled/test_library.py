"""The compiled library is used where it was built, and a foreign or damaged one is refused."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from fashionlab.scratch.compiled import build, library

SCRIPT = """
from fashionlab.scratch.compiled import library
print(library.load() is not None)
print(library.reason())
"""
REFUSALS = {  # what was done to the library -> the reason
    "absent": "_compiled.json is not there); run python -m fashionlab.scratch.compiled.build",
    "cut short": "must be as it was built, but was changed; run python -m",
    "a bit flipped": "must be as it was built, but was changed; run python -m",
    "gone": "_compiled.so is not there); run python -m",
    "a record that is no JSON": "_compiled.json must be JSON, but is damaged; run python -m",
    "a record that is a list": "_compiled.json must be a JSON object, but is damaged; run",
    "another file": "cannot be loaded (",
    "another interface": "must have the interface 1; received 2; run python -m",
    "no interface": "lacks a function (",
    "half an interface": "lacks a function (",
}
OTHER = {  # the C source of another library
    "another interface": "int fl_abi(void) { return 2; } int fl_supports(int i) { return !i; }",
    "no interface": "int fl_other(void) { return 1; }",
    "half an interface": "int fl_abi(void) { return 1; }",
}


def built():
    if library.load() is None:
        pytest.skip(library.reason())
    return Path(library.load()._name)


def loaded(path, **variables):
    """Whether a fresh process loads the library at a path, and what it says if not."""
    variables = {"FASHIONLAB_COMPILED": str(path), "PYTHONPATH": os.pathsep.join(sys.path)} | (
        variables
    )
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", SCRIPT],
        env=os.environ | variables,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    first, reason = done.stdout.splitlines()
    return first == "True", reason


def copy(folder):
    """A copy of the library and its record."""
    for path in (built(), built().with_name(build.RECORD)):
        shutil.copy(path, folder)
    return folder / built().name


def record(path):
    """Write a record that fits the library at a path."""
    digest = build.hashlib.sha256(path.read_bytes()).hexdigest()
    path.with_name(build.RECORD).write_text(json.dumps({"sha256": digest}))


def damage(path, how):
    if how == "absent":
        path.unlink()
        path.with_name(build.RECORD).unlink()
    elif how == "gone":
        path.unlink()
    elif how == "cut short":
        path.write_bytes(path.read_bytes()[:5000])
    elif how == "a bit flipped":
        content = bytearray(path.read_bytes())
        content[len(content) // 2] ^= 1
        path.write_bytes(content)
    elif how == "a record that is no JSON":
        path.with_name(build.RECORD).write_text("{")
    elif how == "a record that is a list":
        path.with_name(build.RECORD).write_text("[]")
    elif how == "another file":  # as one of another architecture
        path.write_bytes(b"\x7fELF" + bytes(200))
        record(path)
    else:
        source = path.with_name("other.c")
        source.write_text(OTHER[how])
        command = [*build.compiler(), "-shared", "-fPIC", str(source), "-o", str(path)]
        subprocess.run(command, check=True)
        record(path)


@pytest.mark.skipif(
    "FASHIONLAB_REQUIRE_COMPILED" not in os.environ, reason="FASHIONLAB_REQUIRE_COMPILED is unset"
)
def test_the_library_is_on_where_it_is_required():
    assert library.load() is not None, library.reason()


@pytest.mark.skipif("FASHIONLAB_COMPILED" in os.environ, reason="another library is tested")
def test_the_library_was_built_from_these_sources():
    made = json.loads(built().with_name(build.RECORD).read_bytes())
    assert made["sources"] == build.sources(), "run `make setup`"


def test_the_library_is_looked_for_where_it_is_built():
    assert (library.LIBRARY, library.RECORD) == (build.LIBRARY, build.RECORD)


def test_a_copy_of_the_library_is_loaded(tmp_path):
    assert loaded(copy(tmp_path)) == (True, "None")


@pytest.mark.parametrize("how", REFUSALS)
def test_what_is_not_the_library_is_refused_with_one_line(how, tmp_path):
    path = copy(tmp_path)
    damage(path, how)
    found, reason = loaded(path)
    assert not found
    assert REFUSALS[how] in reason
    assert len(reason) < 500


def test_every_length_of_a_truncated_library_is_refused(tmp_path):
    path = copy(tmp_path)
    content = path.read_bytes()
    for length in (0, 1, 64, 4096, len(content) // 2, len(content) - 1):
        path.write_bytes(content[:length])
        with pytest.raises(library._RefusedError, match="was changed"):
            library._checked(path)


def test_a_library_of_another_architecture_is_refused(tmp_path):
    other = shutil.which("aarch64-linux-gnu-gcc")
    if other is None or "aarch64" in os.uname().machine:
        pytest.skip("no compiler for another architecture")
    path = copy(tmp_path)
    build.compile_(path, ["-shared", "-fPIC"], cc=[other])
    record(path)
    found, reason = loaded(path)
    assert not found
    assert "cannot be loaded (" in reason


def test_it_can_be_turned_off():
    assert loaded("0") == (False, "the compiled form is turned off by FASHIONLAB_COMPILED=0")


def test_the_reason_of_a_failed_build_is_given_when_it_is_asked_for(tmp_path):
    (tmp_path / build.RECORD).write_text(json.dumps({"reason": "no C compiler\nwas found"}))
    assert loaded(tmp_path / build.LIBRARY) == (
        False,
        "the compiled form was not built: no C compiler was found; with a C compiler at hand, "
        "run python -m fashionlab.scratch.compiled.build",
    )


def test_instruction_sets_are_named_the_fastest_first(monkeypatch):
    built()
    names = library.supported()
    assert names[-1] == "plain"
    assert names == tuple(name for name in reversed(library.NAMES) if name in names)
    assert library.instructions() == names[0]
    cpu = Path("/proc/cpuinfo")
    if cpu.exists() and " avx2 " in cpu.read_text():
        assert "avx2" in names


def test_instructions_are_those_of_a_library_alone(monkeypatch):
    monkeypatch.setattr(library, "_loaded", lambda: (None, "it is not there"))
    with pytest.raises(RuntimeError, match="the library must be there; it is not there"):
        library.instructions()


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("1", 1),
        (" 3 ", 3),
        ("2,1", 2),
        ("64", 64),
        ("0" * 20 + "5", 5),
        ("1000", 64),
        ("9" * 5000, 64),
        *((value, None) for value in ("", "0", "-1", "x", "1.5", "²", ",2")),
    ],
)
def test_threads_are_omp_num_threads_where_it_is_a_number(value, expected, monkeypatch):
    monkeypatch.setattr(library, "_cpus", lambda: 7)
    monkeypatch.setenv("OMP_NUM_THREADS", value)
    assert library.threads() == (expected or 7)


def test_threads_are_one_for_each_cpu_of_the_process(monkeypatch):
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    monkeypatch.delattr(os, "process_cpu_count", raising=False)
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: {3, 5, 6}, raising=False)
    assert library.threads() == 3
    monkeypatch.delattr(os, "sched_getaffinity")
    monkeypatch.setattr(os, "cpu_count", lambda: None)
    assert library.threads() == 1
    monkeypatch.setattr(os, "process_cpu_count", lambda: 5, raising=False)
    assert library.threads() == 5


def test_what_runs_is_described(monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "2")
    monkeypatch.setattr(library, "_loaded", lambda: (None, "it is not there"))
    assert library.described() == {"form": "numpy", "reason": "it is not there"}
    assert library.described(True) == library.described(False) == library.described()


def test_a_model_that_does_not_use_the_library_says_why():
    built()
    assert library.described()["form"] == library.described(True)["form"] == "compiled"
    assert library.described()["instructions"] == library.instructions()
    why = "BatchNormalization is not there yet"
    assert library.described(False, why) == {"form": "numpy", "reason": why}
