import pytest
from done_jobs import let_workers_import_tests


@pytest.fixture(autouse=True)
def _importable(monkeypatch):
    let_workers_import_tests(monkeypatch)
