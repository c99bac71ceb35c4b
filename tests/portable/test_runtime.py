"""onnxruntime is imported in one place, which turns its telemetry off before."""

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest

import fashionlab
from fashionlab.portable import runtime

SOURCES = [
    path
    for folder in (Path(fashionlab.__file__).parent, Path(__file__).parents[2] / "benchmarks")
    for path in folder.rglob("*.py")
]
FAKE = """
import os
found, calls = os.environ.get("ORT_DISABLE_TELEMETRY"), []
def disable_telemetry_events():
    calls.append("disable")
"""


def imported(path):
    """The modules that a file imports, by a statement or by import_module."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module or ""
        elif isinstance(node, ast.Call) and ast.unparse(node.func).endswith("import_module"):
            yield from (arg.value for arg in node.args if isinstance(arg, ast.Constant))


def test_no_other_module_imports_onnxruntime():
    importing = {
        path.name
        for path in SOURCES
        if any(name.partition(".")[0] == "onnxruntime" for name in imported(path))
    }
    assert importing == {"runtime.py"}


@pytest.mark.parametrize(
    ("given", "found", "calls"),
    [
        (None, "1", ["disable"]),
        ("", "1", ["disable"]),  # onnxruntime takes it for yes
        ("1", "1", []),
        ("0", "0", []),  # a user who wants the telemetry
    ],
)
def test_the_variable_is_set_before_the_import_unless_the_user_has(
    given, found, calls, tmp_path, monkeypatch
):
    (tmp_path / "onnxruntime.py").write_text(FAKE)
    monkeypatch.delitem(sys.modules, "onnxruntime")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setenv(runtime.VARIABLE, given or "")
    if given is None:
        monkeypatch.delenv(runtime.VARIABLE)
    library = runtime._imported()
    assert (library.found, library.calls) == (found, calls)
    assert os.environ[runtime.VARIABLE] == found


@pytest.mark.parametrize(
    "code",
    [
        "from fashionlab import Predictor; Predictor()",
        "from fashionlab.export.quantize import runtime; runtime.quantization()",
        "import fashionlab.serve.models as models; models.load_all([None], threads=1)",
    ],
)
def test_using_a_model_writes_nothing(code, tmp_path):
    own = {
        name: str(tmp_path)
        for name in ("HOME", "TMPDIR", "USERPROFILE", "LOCALAPPDATA", "APPDATA", "TEMP", "TMP")
    }
    environment = {
        name: value
        for name, value in os.environ.items()
        if name != runtime.VARIABLE and not name.startswith("XDG_")
    }
    subprocess.run([sys.executable, "-c", code], env=environment | own, check=True)
    assert list(tmp_path.rglob("*")) == []
