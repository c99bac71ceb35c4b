import os
import signal
import sys

import pytest

os.environ.setdefault("KERAS_BACKEND", "torch")
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")  # some tests import onnxruntime before we do
os.environ.setdefault("SCIPY_ARRAY_API", "1")  # scikit-learn checks that part of its contract then
# A shell starts what it sends to the background with Ctrl-C ignored, which a training would inherit
# from the tests, and rightly keep.
signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture
def fashionlab(tmp_path, monkeypatch, capsys):
    """Return a function that runs a command in an empty folder and returns what it printed."""
    from fashionlab.cli import main

    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("FASHIONLAB_DATA", raising=False)

    def run(*arguments, status=0):
        monkeypatch.setattr(sys, "argv", ["fashionlab", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            main()
        out, said = capsys.readouterr()
        assert (ended.value.code or 0) == status, said
        return out if status < 2 else said

    return run
