import labelled
import pytest


@pytest.fixture
def begun(monkeypatch, tmp_path):
    """Do jobs in this process; return the list of the files that were begun."""
    found = []
    monkeypatch.setattr(
        "fashionlab.labelling.driver.start", lambda *some, **more: labelled.Here(found)
    )
    monkeypatch.setenv("FASHIONLAB_CACHE", str(tmp_path / "cache"))
    return found


@pytest.fixture
def model(tmp_path):
    return labelled.model(tmp_path)
