import pytest

from ...both_forms import require_library


@pytest.fixture(scope="session")
def compiled():
    """Skip a module that needs the library where there is none."""
    require_library()
