"""The bar of a download."""

import io
import re

import pytest
from rich.console import Console

from fashionlab.progress import download_bar


def terminal():
    return Console(
        file=io.StringIO(), force_terminal=True, width=100, color_system=None, legacy_windows=False
    )


def lines(console):
    text = re.sub(r"\x1b\[[^A-Za-z]*[A-Za-z]", "", console.file.getvalue()).replace("\r", "\n")
    return [line.rstrip() for line in text.split("\n") if line.strip()]


def test_the_bar_begins_with_what_was_there_and_ends_with_the_last_byte():
    console = terminal()
    with download_bar("[red]a\x1b]0;x\x07.gz", 1_000_000, 4_000_000, console) as show:
        for done in (2_000_000, 3_000_000, 4_000_000):
            show(done)
    first, *_, last = lines(console)
    assert first.startswith(r"[red]a\x1b]0;x\x07.gz") and "1.0/4.0 MB" in first
    assert "4.0/4.0 MB" in last


def test_without_a_total_the_bytes_are_shown():
    console = terminal()
    with download_bar("a.gz", 0, None, console) as show:
        show(2_000_000)
    assert "2.0/? MB" in lines(console)[-1]


def test_a_download_that_fails_leaves_its_bar_and_a_visible_cursor():
    console = terminal()
    with (
        pytest.raises(KeyboardInterrupt),
        download_bar("a.gz", 0, 4_000_000, console) as show,
    ):
        show(1_000_000)
        raise KeyboardInterrupt
    assert "1.0/4.0 MB" in lines(console)[-1]
    assert console.file.getvalue().rindex("\x1b[?25h") > console.file.getvalue().rindex("\x1b[?25l")


def test_without_a_terminal_nothing_is_shown(capsys):
    with download_bar("a.gz", 0, 10, None) as show:
        show(10)
    assert capsys.readouterr() == ("", "")
