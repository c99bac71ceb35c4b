"""Imports run one way; a room may use only the rooms to its right."""

import ast
from pathlib import Path

import pytest

import fashionlab

ROOT = Path(fashionlab.__file__).parent
LOWER = {"data", "scratch", "errors"}
MIDDLE = {"engines", "runs", "files", "models", "recipes", "evaluation", "environment", "progress"}
ALLOWED = {
    "cli": LOWER
    | MIDDLE
    | {"training", "report", "reproduce", "bench", "shipped", "portable", "serve"},
    "bench": LOWER | MIDDLE | {"training"},
    "serve": {"portable", "report", "runs", "errors"},
    "portable": LOWER | MIDDLE | {"shipped"},
    "reproduce": LOWER | MIDDLE | {"training", "report"},
    "report": {"runs", "recipes", "evaluation", "data", "files", "errors"},
    "training": LOWER | MIDDLE,
    "estimator": {"scratch", "models", "errors"},
    "runs": {"recipes", "evaluation", "files", "errors"},
    "recipes": {"models", "engines", "evaluation", "data", "errors"},
    "models": {"errors"},
    "environment": set(),
    "files": set(),
    "progress": {"errors"},
    "engines": {"models", "data", "scratch", "errors"},
    "evaluation": {"errors"},
    "data": {"files", "errors"},
    "scratch": set(),
    "errors": set(),
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


@pytest.mark.parametrize(
    "path", sorted(ROOT.rglob("*.py")), ids=lambda p: p.relative_to(ROOT).as_posix()
)
def test_imports_run_one_way(path):
    room = path.relative_to(ROOT).parts[0].removesuffix(".py")
    if room == "__init__":
        return
    assert set(rooms_imported(path)) - {room} <= ALLOWED[room]
