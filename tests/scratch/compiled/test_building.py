"""The library is built by any C compiler, and its absence is in nobody's way."""

import json
import os
import shutil
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

import pytest

from fashionlab.scratch.compiled import build, library

ROOT = Path(__file__).parents[3]
NONE = "no C compiler was found (cc, gcc, clang, or another by CC)"


@pytest.fixture
def without_compiler(tmp_path, monkeypatch):
    """An empty PATH, and no CC."""
    (tmp_path / "bin").mkdir()
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.delenv("CC", raising=False)
    return tmp_path / "bin"


def command(path, text):
    """A command that is a shell script."""
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)


def test_the_compiler_is_that_of_cc_then_of_python_then_any(without_compiler, monkeypatch):
    monkeypatch.setattr(sysconfig, "get_config_var", lambda name: "absent -pthread")
    with pytest.raises(build.BuildError) as raised:
        build.compiler()
    assert str(raised.value) == NONE
    command(without_compiler / "clang", "exit 0")
    assert build.compiler() == ["clang"]
    command(without_compiler / "cc", "exit 0")
    assert build.compiler() == ["cc"]
    monkeypatch.setattr(sysconfig, "get_config_var", lambda name: "clang -pthread")
    assert build.compiler() == ["clang", "-pthread"]
    monkeypatch.setenv("CC", "cc -m64")
    assert build.compiler() == ["cc", "-m64"]
    monkeypatch.setenv("CC", "nothing -m64")
    with pytest.raises(build.BuildError, match="CC must name a C compiler; received nothing -m64"):
        build.compiler()


def test_a_python_that_names_no_compiler_is_served_too(without_compiler, monkeypatch):
    monkeypatch.setattr(sysconfig, "get_config_var", lambda name: None)  # as on Windows
    command(without_compiler / "gcc", "exit 0")
    assert build.compiler() == ["gcc"]


def test_a_failed_build_leaves_its_reason_and_no_old_library(
    without_compiler, tmp_path, monkeypatch
):
    monkeypatch.setattr(build, "compiler", lambda: ["gcc"])
    text = "echo 'x.c:1: note: here' >&2; echo 'x.c:1: error:  no  memory' >&2; exit 1"
    command(without_compiler / "gcc", text)
    (tmp_path / build.LIBRARY).write_bytes(b"old")
    with pytest.raises(build.BuildError, match="gcc failed"):
        build.build(tmp_path)
    assert not (tmp_path / build.LIBRARY).exists()
    record = json.loads((tmp_path / build.RECORD).read_bytes())
    assert record == {"reason": "the C compiler gcc failed: x.c:1: error:  no  memory"}
    with pytest.raises(library._RefusedError) as refused:
        library._checked(tmp_path / build.LIBRARY)
    assert "gcc failed: x.c:1: error: no memory; with a C compiler at hand" in str(refused.value)


def test_a_compiler_that_writes_nothing_is_a_failed_build(without_compiler, tmp_path, monkeypatch):
    monkeypatch.setattr(sysconfig, "get_config_var", lambda name: None)
    command(without_compiler / "cc", "exit 0")
    with pytest.raises(build.BuildError, match="No such file"):
        build.build(tmp_path)


def test_a_compiler_that_cannot_be_run_is_a_failed_build(without_compiler, tmp_path, monkeypatch):
    monkeypatch.setattr(sysconfig, "get_config_var", lambda name: None)
    (without_compiler / "cc").write_bytes(b"\x7fELF")
    (without_compiler / "cc").chmod(0o755)
    with pytest.raises(build.BuildError, match="Exec format error"):
        build.build(tmp_path)


def test_a_library_in_use_is_replaced_and_not_overwritten(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(b"old")
    with path.open("rb") as file:
        build._write(path, b"new")
        assert file.read() == b"old"
    assert path.read_bytes() == b"new"
    assert [*tmp_path.iterdir()] == [path]


def test_neither_flags_nor_environment_let_the_compiler_change_a_result(monkeypatch):
    assert "-ffp-contract=off" in build.FLAGS
    assert not [flag for flag in build.FLAGS if flag.startswith(("-march", "-mcpu", "-ffast"))]
    monkeypatch.setenv("CFLAGS", "-Ofast -march=native")
    seen = []
    done = subprocess.CompletedProcess([], 0, "", "")
    monkeypatch.setattr(build.subprocess, "run", lambda words, **_: seen.extend(words) or done)
    build.compile_(Path("x"), ["-shared"], cc=["cc"])
    assert "-Ofast" not in seen
    assert "-march=native" not in seen


@pytest.fixture(scope="module")
def wheels(tmp_path_factory):
    """A wheel made where there is a compiler, and one made where there is none."""
    place = tmp_path_factory.mktemp("wheels")
    for name in ("pyproject.toml", "setup.py", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, place)
    ignored = shutil.ignore_patterns("__pycache__", "*.egg-info", "_compiled.*", "shipped", "page")
    shutil.copytree(ROOT / "src", place / "src", ignore=ignored)
    (place / "bin").mkdir()
    script = "import setuptools.build_meta as b; b.build_wheel({!r})"
    for folder, variables in (("with", {}), ("without", {"PATH": str(place / "bin"), "CC": ""})):
        subprocess.run(
            [sys.executable, "-c", script.format(folder)],
            cwd=place,
            env=os.environ | variables,
            capture_output=True,
            check=True,
            timeout=300,
        )
    return place


def unpacked(wheel, folder):
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder)
    return folder / "fashionlab" / "scratch" / "compiled" / build.LIBRARY


def test_one_wheel_serves_all_versions_of_python_and_has_library_and_sources(wheels, tmp_path):
    try:
        build.compiler()
    except build.BuildError as error:
        pytest.skip(str(error))
    (wheel,) = (wheels / "with").glob("*.whl")
    platform = sysconfig.get_platform().replace("-", "_").replace(".", "_")
    assert wheel.name.endswith(f"-py3-none-{platform}.whl")
    path = unpacked(wheel, tmp_path)
    assert library._checked(path).fl_abi() == library.ABI
    sources = {path.name for path in build.HERE.glob("*.[ch]")}
    assert sources <= {path.name for path in path.parent.iterdir()}


def test_a_wheel_that_was_made_without_a_compiler_says_so(wheels, tmp_path):
    (wheel,) = (wheels / "without").glob("*.whl")
    path = unpacked(wheel, tmp_path)
    assert not path.exists()
    with pytest.raises(library._RefusedError) as refused:
        library._checked(path)
    assert str(refused.value) == (
        f"the compiled form was not built: {NONE}; with a C compiler at hand, "
        "run python -m fashionlab.scratch.compiled.build"
    )


def test_the_command_says_what_came_of_it(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(build, "build", lambda: tmp_path / build.LIBRARY)
    build.main()
    assert capsys.readouterr().out == f"{tmp_path / build.LIBRARY}\n"

    def failing():
        raise build.BuildError(NONE)

    monkeypatch.setattr(build, "build", failing)
    with pytest.raises(SystemExit, match="the network from scratch will run in NumPy: no C comp"):
        build.main()
