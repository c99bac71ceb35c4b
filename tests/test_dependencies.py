"""An import that fails is one line, which names the package that is really missing."""

import subprocess
import sys

import pytest

from fashionlab.dependencies import needs
from fashionlab.errors import MissingDependencyError

HIDE = """
import sys
sys.modules[sys.argv.pop(1)] = None
from fashionlab.cli import main
main()
"""
KERAS = ("train", "report-mlp", "--data", "synthetic", "--engine", "keras", "--out", "run")


def told(statement):
    with pytest.raises(MissingDependencyError) as error, needs("it", "fashionlab[serve]"):
        exec(statement)
    assert "\n" not in str(error.value)
    return str(error.value)


@pytest.fixture
def old(tmp_path, monkeypatch):
    """A package `ancient`, installed from a distribution of another name."""
    (tmp_path / "ancient").mkdir()
    (tmp_path / "ancient" / "__init__.py").write_text("")
    (tmp_path / "old_one-0.20.dist-info").mkdir()
    (tmp_path / "old_one-0.20.dist-info" / "METADATA").write_text("Name: old-one\nVersion: 0.20\n")
    (tmp_path / "old_one-0.20.dist-info" / "top_level.txt").write_text("ancient\n")
    monkeypatch.syspath_prepend(tmp_path)
    yield
    sys.modules.pop("ancient", None)


def test_a_package_that_is_not_installed_is_named_with_what_installs_it():
    assert told("import nowhere.inside") == (
        "it needs the package nowhere, which is not installed; install it: "
        'pip install "fashionlab[serve]"'
    )


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        ("from ancient import new", "cannot import name 'new' from 'ancient'"),
        ("import ancient.new", "No module named 'ancient.new'"),
    ],
)
def test_a_package_that_is_too_old_is_named_with_its_version(statement, said, old):
    assert told(statement) == (
        f"it needs another version of old-one than 0.20 ({said}); install it: "
        'pip install "fashionlab[serve]"'
    )


def test_an_import_that_fails_without_a_name_is_quoted():
    line = told("raise ImportError('DLL load\\nfailed')")
    assert line.startswith("it needs packages that can be imported (DLL load failed); install it")


def test_what_python_itself_lacks_is_no_package(monkeypatch):
    monkeypatch.setitem(sys.modules, "sqlite3", None)
    assert told("import sqlite3") == (
        "it needs Python's module sqlite3; install a Python that has it"
    )


def test_a_module_of_our_own_that_is_missing_stays_a_fault_of_the_program():
    with pytest.raises(ModuleNotFoundError, match=r"fashionlab\.nowhere"), needs("it", "x"):
        import fashionlab.nowhere  # noqa: F401


@pytest.mark.parametrize(
    ("hidden", "arguments", "line"),
    [
        ("prometheus_client", ["serve"], "serve needs the package prometheus_client, which is"),
        ("uvicorn", ["serve"], "serve needs the package uvicorn, which is not installed"),
        ("starlette", ["serve"], 'pip install "fashionlab[serve]"'),
        ("keras", KERAS, "the keras engine on torch needs the package keras, which is not"),
        ("torch", KERAS, "the keras engine on torch needs the package torch, which is not"),
        ("PIL", ["predict", "x.png"], "this command needs the package PIL, which is not installed"),
    ],
)
def test_each_command_names_what_it_lacks(hidden, arguments, line, tmp_path):
    pytest.importorskip(hidden)
    done = subprocess.run(
        [sys.executable, "-c", HIDE, hidden, *arguments],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        check=False,
        timeout=60,
    )
    assert done.returncode == 2
    assert line in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert not list(tmp_path.iterdir())
