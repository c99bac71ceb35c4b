"""What imports of other packages need.

needs                   an import that fails is one line, which names the package really missing
give_matplotlib_a_home  a folder for what matplotlib keeps, where the user has none
"""

import atexit
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

from fashionlab.errors import MissingDependencyError

OURS = "fashionlab"
MATPLOTLIB = "MPLCONFIGDIR"


@contextmanager
def needs(what: str, *packages: str) -> Iterator[None]:
    """Turn an ImportError inside into MissingDependencyError.

    `what` needs what is imported inside; `packages` are what pip installs for it.
    """
    try:
        yield
    except ImportError as error:
        if isinstance(error, MissingDependencyError) or _module(error) == OURS:
            raise  # a module of this package is missing: a fault that no installation mends
        raise MissingDependencyError(f"{what} needs {_needed(error, packages)}") from error


def _needed(error: ImportError, packages: tuple[str, ...]) -> str:
    """Return what is missing, or is installed and cannot be imported, and the remedy."""
    from importlib.metadata import PackageNotFoundError, packages_distributions, version

    module = _module(error)
    said = " ".join(str(error).replace(f" ({error.path})", "").split())
    remedy = "install it: pip install " + " ".join(f'"{package}"' for package in packages)
    if not module:
        return f"packages that can be imported ({said}); {remedy}"
    if sys.modules.get(module) is None and find_spec(module) is None:
        if module in sys.stdlib_module_names:
            return f"Python's module {module}; install a Python that has it"
        return f"the package {module}, which is not installed; {remedy}"
    name = packages_distributions().get(module, [module])[0]
    try:
        return f"another version of {name} than {version(name)} ({said}); {remedy}"
    except PackageNotFoundError:  # a folder without metadata
        return f"another version of {name} ({said}); {remedy}"


def _module(error: ImportError) -> str:
    return (error.name or "").partition(".")[0]


def give_matplotlib_a_home() -> None:
    """Give it a folder until this process ends: matplotlib 3.10.7 is not imported without one.

    There is no home where HOME is unset and the user has no name, as in a bare container.
    """
    if os.environ.get(MATPLOTLIB):
        return
    try:
        Path.home()
    except RuntimeError:
        os.environ[MATPLOTLIB] = folder = tempfile.mkdtemp(prefix="matplotlib-")
        atexit.register(shutil.rmtree, folder, ignore_errors=True)
