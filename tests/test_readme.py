"""What the README says is what the results say."""

import sys
from importlib import import_module
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


def test_the_tables_are_those_of_the_results(monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT / "benchmarks"))
    monkeypatch.delitem(sys.modules, "readme", raising=False)
    readme = import_module("readme")
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    assert all(f"<!-- {name} -->" in text for name in readme.TABLES)
    assert readme.filled(text) == text
    damaged = text.replace("<!-- end of report_systems -->", "")
    with pytest.raises(SystemExit, match="must hold"):
        readme.filled(damaged)
