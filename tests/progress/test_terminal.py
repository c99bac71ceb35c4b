"""On a real terminal a training shows a bar."""

import os
import pty
import re
import subprocess
import sys


def test_a_terminal_sees_a_bar_with_the_time_left(tmp_path):
    master, slave = pty.openpty()
    process = subprocess.Popen(
        [
            *(sys.executable, "-c", "from fashionlab.cli import main; main()"),
            *("train", "report-net", "--data", "synthetic", "--epochs", "20", "--out", "run"),
        ],
        cwd=tmp_path,
        stderr=slave,
        stdout=subprocess.DEVNULL,
    )
    os.close(slave)
    seen = b""
    try:
        while piece := os.read(master, 4096):
            seen += piece
    except OSError:  # Linux says so when the last writer has gone
        pass
    os.close(master)
    assert process.wait(timeout=30) == 0
    text = seen.decode()
    assert re.search(r"epoch 1\d/20 loss .* accuracy 0\.\d{3}.* \d:\d\d left", text)
    assert "20/20 epochs, " in text
