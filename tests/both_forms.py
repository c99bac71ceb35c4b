"""Tests that run once in NumPy and once in C.

A conftest gives its folder's modules that make models to `in_both_forms`, from its hook
`pytest_generate_tests`, and imports the fixture `form`. What a test compiles with `jit_compile`
given, or C does not have, is as it says in both runs.
"""

import os

import pytest

from fashionlab.scratch.compiled import library

FORMS = ("NumPy", "C")


def in_both_forms(metafunc, modules):
    """Parametrize a test of one of the modules over the forms."""
    if metafunc.module.__name__.rpartition(".")[2] in modules:
        metafunc.fixturenames.insert(0, "form")
        metafunc.parametrize("form", FORMS, indirect=True, scope="module")


@pytest.fixture(scope="module")
def form(request):
    """Let models run in this form; skip where there is no library."""
    if request.param == "NumPy":
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(library, "load", lambda: None)
            patch.setattr(library, "reason", lambda: "a test takes NumPy")
            yield request.param
        return
    require_library()
    yield request.param


def require_library():
    """Skip, or fail where FASHIONLAB_REQUIRE_COMPILED is set, where there is no library."""
    if library.load() is None:
        if os.environ.get("FASHIONLAB_REQUIRE_COMPILED"):
            pytest.fail(f"FASHIONLAB_REQUIRE_COMPILED is set, and {library.reason()}")
        pytest.skip(library.reason())
