"""Imports run one way; a room may use only the rooms to its right."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

import fashionlab

ROOT = Path(fashionlab.__file__).parent
LOWER = {"data", "scratch", "errors", "text", "dependencies", "remote"}
MIDDLE = {"engines", "runs", "files", "models", "recipes", "evaluation", "environment", "progress"}
ALLOWED = {
    "cli": LOWER
    | MIDDLE
    | {"training", "report", "reproduce", "bench", "shipped", "audit"}
    | {"images", "portable", "export", "serve", "jobs", "tuning", "labelling"},
    "audit": LOWER | MIDDLE | {"training", "report"},
    "bench": LOWER | MIDDLE | {"training", "jobs"},
    "tuning": LOWER | MIDDLE | {"training", "report", "jobs"},
    "labelling": {"portable", "jobs", "images", "data", "files", "dependencies", "errors", "text"}
    | {"shipped", "environment", "remote"},
    "jobs": {"errors", "dependencies", "environment", "text"},
    "serve": {"page", "portable", "images", "report", "runs", "errors", "text"},
    "export": LOWER | MIDDLE | {"page", "portable"},
    "page": {"portable", "images", "evaluation"},
    "portable": {"data", "images", "evaluation", "runs", "shipped", "files", "typed", "errors"}
    | {"text", "notebook"},
    "images": {"errors"},
    "reproduce": LOWER | MIDDLE | {"training", "report"},
    "report": {"portable", "runs", "recipes", "evaluation", "data", "typed", "training"}
    | {"shipped", "dependencies", "files", "errors", "text", "notebook"},
    "training": LOWER | MIDDLE | {"jobs"},
    "dependencies": {"errors"},
    "estimator": {"scratch", "models", "dependencies", "errors"},
    "runs": {"recipes", "evaluation", "data", "images", "files", "notebook", "typed", "errors"}
    | {"remote"},
    "recipes": {"models", "engines", "evaluation", "data", "scratch", "typed", "errors", "text"},
    "models": {"typed", "errors"},
    "environment": {"scratch"},
    "files": {"text"},
    "remote": {"dependencies", "errors"},
    "typed": set(),
    "progress": {"dependencies", "errors", "text"},
    "engines": {"models", "data", "scratch", "dependencies", "errors"},
    "evaluation": {"data", "scratch", "dependencies", "typed", "errors"},
    "data": {"images", "files", "dependencies", "errors", "text"},
    "scratch": set(),
    "errors": set(),
    "text": {"errors"},
    "notebook": {"text"},
    "shipped": set(),
}


def rooms_imported(path):
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and not node.level:
            names = [node.module]
            if node.module == "fashionlab":
                names = [f"fashionlab.{alias.name}" for alias in node.names]
        else:
            continue
        for name in names:
            if name.startswith("fashionlab.") and name != "fashionlab.__version__":
                yield name.split(".")[1]


def rooms_named(path):
    """The rooms in strings: modules, as "fashionlab.portable"; folders, as in Path or joinpath.

    A string that is a path reaches into another room only where a module leaves its own folder.
    """
    tree = ast.parse(path.read_text())
    texts = {node.value for node in ast.walk(tree) if isinstance(node, ast.Constant)}
    for text in texts:
        if isinstance(text, str) and (named := re.match(r"fashionlab\.(\w+)", text)):
            yield named[1]
        if isinstance(text, str) and re.fullmatch(r"[\w./-]+", text) and climbs(tree):
            yield from set(text.split("/")) & set(ALLOWED)


def climbs(tree):
    """Whether the module's paths can leave its own folder: parents of __file__, or the package."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and node.attr in {"parent", "parents"}:
            inner = ast.unparse(node.value)
            if "__file__" in inner and (node.attr == "parents" or ".parent" in inner):
                return True
        if isinstance(node, ast.Call) and ast.unparse(node.func).rpartition(".")[2] == "files":
            return True
    return False


@pytest.mark.parametrize(
    "path", sorted(ROOT.rglob("*.py")), ids=lambda p: p.relative_to(ROOT).as_posix()
)
def test_imports_run_one_way(path):
    room = path.relative_to(ROOT).parts[0].removesuffix(".py")
    if room == "__init__":
        return
    used = {*rooms_imported(path), *rooms_named(path)}
    assert used - {room} <= ALLOWED[room]


@pytest.mark.parametrize(
    "line",
    [
        'import_module("fashionlab.serve")',
        'import_module("fashionlab.serve.app")',
        'resources.files("fashionlab").joinpath("serve", "page")',
        'resources.files("fashionlab.serve") / "settings.py"',
        'Path(__file__).parent.parent / "serve" / "settings.py"',
        'Path(__file__).parents[1].joinpath("serve/settings.py")',
        "from fashionlab.serve import app",
        "from fashionlab import serve",
    ],
)
def test_a_room_is_seen_however_it_is_reached(line, tmp_path):
    (tmp_path / "module.py").write_text(line)
    assert "serve" in {
        *rooms_imported(tmp_path / "module.py"),
        *rooms_named(tmp_path / "module.py"),
    }


def test_scratch_needs_numpy_alone():
    script = (
        "import sys; before = set(sys.modules); import fashionlab.scratch; "
        "new = set(sys.modules) - before; "
        "print(*(name for name in new if getattr(sys.modules[name], '__file__', None)))"
    )
    command = [sys.executable, "-c", script]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    modules = set(done.stdout.split())
    packages = {name.partition(".")[0] for name in modules} - sys.stdlib_module_names
    assert packages == {"numpy", "fashionlab"}
    rooms = {name.split(".")[1] for name in modules if name.startswith("fashionlab.")}
    assert rooms == {"scratch"}
