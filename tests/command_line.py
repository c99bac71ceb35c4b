"""fashionlab as a user types it, in this process: to start one takes a second."""

import contextlib
import io
from unittest.mock import patch

import pytest

from fashionlab.cli import main


def fashionlab(*arguments, cwd, stdin=b""):
    """Return (status, output, errors) of a command with these arguments."""
    out, said = io.StringIO(), io.StringIO()
    with (
        contextlib.chdir(cwd),
        patch("sys.argv", ["fashionlab", *map(str, arguments)]),
        patch("sys.stdin", io.TextIOWrapper(io.BytesIO(stdin))),
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(said),
        pytest.raises(SystemExit) as ended,
    ):
        main()
    return ended.value.code, out.getvalue(), said.getvalue()


def refused(done, *words):
    """Check that a command has ended with one line, which has these words, and no output."""
    status, out, said = done
    assert (status, out) == (2, "") and len(said.strip().splitlines()) == 1, said
    assert all(word in said for word in words), said
