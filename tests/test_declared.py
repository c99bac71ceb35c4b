"""Every package that is imported is declared where it is needed, with a minimum that is tested."""

import ast
import importlib.metadata
import sys

import pytest
from minimum import ROOT, minima, normalized, project, requirements

EXTRAS = {  # of a room, or of a module
    "engines": "keras",
    "data/forms/parquet/files.py": "parquet",
    "estimator": "sklearn",
    "export": "export",
    "jobs": "ray",
    "labelling/answers.py": "parquet",
    "progress/tensorboard.py": "tensorboard",
    "remote.py": "ray",
    "serve": "serve",
    "training/ray_train.py": "ray",
    "tuning": "tune",
}
PARTS = {"pydantic-core": "pydantic"}  # which asks for one version of it
LOADED = {"uvloop"}  # by uvicorn, where it is installed
BY_NAME = ("import_module", "importorskip", "__import__")
DISTRIBUTIONS = importlib.metadata.packages_distributions()
SOURCE = ROOT / "src" / "fashionlab"
OTHER = ["benchmarks", "examples", "tests"]
OWN = {"benchmarks", "fashionlab", *(path.stem for path in (ROOT / "tests").glob("*.py"))}


def imported(text):
    """The projects whose modules the text of a module imports, by statement or by name."""
    for node in ast.walk(ast.parse(text)):
        names = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and not node.level:
            names = [node.module]
        elif isinstance(node, ast.Call) and ast.unparse(node.func).endswith(BY_NAME):
            names = [argument.value for argument in node.args if isinstance(argument, ast.Constant)]
        for name in {name.partition(".")[0] for name in names}:
            if name not in OWN and name not in sys.stdlib_module_names:
                yield distribution(name)


def distribution(module):
    """The name of the project that a module comes from."""
    name = normalized(DISTRIBUTIONS.get(module, [module])[0])
    return PARTS.get(name, name)


def declared(*extras):
    return {project(line) for extra in ("", *extras) for line in requirements()[extra]}


def files(folder):
    return sorted(folder.rglob("*.py"))


@pytest.mark.parametrize("path", files(SOURCE), ids=lambda p: p.relative_to(SOURCE).as_posix())
def test_a_module_imports_only_what_the_core_or_its_extra_installs(path):
    place = path.relative_to(SOURCE)
    extras = [EXTRAS[key] for key in (place.parts[0], place.as_posix()) if key in EXTRAS]
    assert set(imported(path.read_text("utf-8"))) <= declared(*extras)


def test_tests_and_benchmarks_import_only_what_is_declared():
    peers = (ROOT / "benchmarks" / "speed" / "peers.sh").read_text("utf-8")
    for path in (path for folder in OTHER for path in files(ROOT / folder)):
        others = set(imported(path.read_text("utf-8"))) - declared(*requirements())
        assert all(f" {name}==" in peers for name in others), path


@pytest.mark.parametrize(
    "line",
    [
        "import requests",
        "def get():\n    from requests.sessions import Session",
        'import_module("requests")',
        'pytest.importorskip("requests")',
    ],
)
def test_an_import_is_seen_however_it_is_made(line):
    assert list(imported(line)) == ["requests"]


def test_a_package_is_known_by_the_name_to_install():
    assert list(imported("import PIL.Image")) == ["pillow"]
    assert list(imported("from pydantic_core import to_json")) == ["pydantic"]


def test_nothing_is_declared_that_nothing_imports():
    used = {name for path in files(SOURCE) for name in imported(path.read_text("utf-8"))}
    extras = set(requirements()) - {"dev"}
    assert declared(*extras) - used == LOADED


def test_every_dependency_has_a_minimum_that_is_tested():
    lines = [line for name, of in requirements().items() if name != "dev" for line in of]
    assert [line for line in lines if ">=" not in line] == []
    pinned = {project(pin) for pin in minima()}
    assert pinned == declared(*requirements()) - {"fashionlab"}
    tested = {project(line) for line in (ROOT / "constraints.txt").read_text().split()}
    assert pinned <= tested
