import sys

import pytest

from .trainings import clock


@pytest.fixture
def a_second_a_step(monkeypatch):
    clock.now = 1000.0
    for name in ("progress", "lines", "bar"):
        module = sys.modules[f"fashionlab.progress.{name}"]
        monkeypatch.setattr(module, "time", clock)
