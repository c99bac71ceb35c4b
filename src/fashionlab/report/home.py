"""give_matplotlib_a_home: a folder for what matplotlib keeps, where the user has none."""

import atexit
import os
import shutil
import tempfile
from pathlib import Path

VARIABLE = "MPLCONFIGDIR"


def give_matplotlib_a_home() -> None:
    """Give it a folder until this process ends: matplotlib 3.9 cannot be imported without one.

    There is no home where HOME is unset and the user has no name, as in a bare container.
    """
    if os.environ.get(VARIABLE):
        return
    try:
        Path.home()
    except RuntimeError:
        os.environ[VARIABLE] = folder = tempfile.mkdtemp(prefix="matplotlib-")
        atexit.register(shutil.rmtree, folder, ignore_errors=True)
