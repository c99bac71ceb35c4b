"""The live line, as a terminal of so many columns shows it."""

import io
import re
import sys
import time

import pytest
from rich.console import Console

from fashionlab.progress import Bar, Step
from fashionlab.progress.bar import WIDTHS

from .trainings import clock, row, step, train

pytestmark = pytest.mark.usefixtures("a_second_a_step")


class Screen(io.StringIO):
    """A terminal of so many columns, without colours."""

    def __init__(self, columns=100):
        super().__init__()
        self.console = Console(
            file=self, force_terminal=True, width=columns, color_system=None, legacy_windows=False
        )

    def lines(self):
        """All that was written, each drawing of the bar a line."""
        text = re.sub(r"\x1b\[[^A-Za-z]*[A-Za-z]", "", self.getvalue()).replace("\r", "\n")
        return [line.rstrip() for line in text.split("\n") if line.strip()]


def test_names_and_messages_are_shown_as_they_are_and_obeyed_by_no_terminal():
    screen = Screen(100)
    bar = Bar(screen.console)
    bar.start("[red]\x1b]0;net\x07 :smile:", 2, 2)
    bar.say("caf\udce9 \x1b[2J [bold]x[/bold] :smile:\nnext")
    bar.stop()
    shown = screen.getvalue()
    assert "\x1b]" not in shown and "\x07" not in shown and "\x1b[2J" not in shown
    assert r"[red]\x1b]0;net\x07 :smile:" in shown
    assert r"caf\udce9 \x1b[2J [bold]x[/bold] :smile:\nnext" in shown


def test_a_message_before_the_bar_is_escaped_too(capsys):
    Bar().say("\x1b[2J\udce9")
    assert capsys.readouterr().err == "\\x1b[2J\\udce9\n"


def test_the_bar_has_all_metrics_in_100_columns():
    screen = Screen(100)
    bar = Bar(screen.console)
    bar.start("report-mlp", 145, 469)
    clock.now += 11 * 5
    bar.epoch(row(11, validation_accuracy=0.8912, seconds=4.0))
    clock.now += 0.5
    bar.step(Step(12, 1, 6400, 0.2345, 0.9512, 0.00012))
    shown = screen.lines()[-1]
    bar.stop()
    assert shown.endswith(
        " epoch 12/145 loss 0.234 accuracy 0.951 val 0.891 lr 0.00012 12,800 img/s 11:16 left"
    )
    assert shown.startswith("report-mlp  ")
    assert len(shown) <= 100


def test_a_narrow_bar_keeps_the_main_metrics_in_one_line():
    for columns, metrics in (
        (80, "epoch 1/2 loss 0.250 accuracy 0.500 100 img/s 0:01 left"),
        (60, "epoch 1/2 accuracy 0.500 0:01 left"),
        (40, "epoch 1/2 0:01 left"),
    ):
        screen = Screen(columns)
        bar = Bar(screen.console)
        bar.start("report-mlp", 2, 1)
        clock.now += 1
        bar.step(step(1, 1))
        shown = screen.lines()[-1]
        bar.stop()
        assert shown.endswith(f" {metrics}")
        assert len(shown) <= columns


def test_the_bar_is_drawn_a_few_times_a_second_at_most():
    drawn = {}
    for steps in (1_000, 10_000):
        screen = Screen()
        bar = Bar(screen.console)
        bar.start("net", 1, steps)
        for i in range(1, steps + 1):
            clock.now += 1 / steps  # a second in all
            bar.step(step(1, i))
        drawn[steps] = screen.getvalue().count("loss")
        bar.stop()
    assert 4 <= drawn[1_000] <= 6
    assert 4 <= drawn[10_000] <= 6


def test_the_bar_begins_where_earlier_sessions_ended_and_counts_its_own_time():
    screen = Screen()
    bar = Bar(screen.console)
    bar.start("net", 4, 4, done=8)
    assert screen.lines()[-1].endswith("epoch 3/4")
    assert screen.lines()[-1].count("━") == WIDTHS[1] / 2
    clock.now += 1
    bar.step(step(3, 1))
    assert screen.lines()[-1].endswith("100 img/s 0:07 left")  # 1 step in 1 s, 7 steps to go
    bar.stop()


def test_a_message_is_printed_above_the_bar_unchanged():
    screen = Screen(60)
    bar = Bar(screen.console)
    bar.say("before")  # nothing to stand above
    bar.start("net", 1, 2)
    clock.now += 1
    bar.step(step(1, 1))
    message = "stopping [after] this epoch; " + "Ctrl-C again stops now " * 3
    bar.say(message.rstrip())
    bar.stop()
    shown = screen.lines()
    assert message.rstrip() in shown
    assert shown.index(message.rstrip()) < len(shown) - 1
    assert shown[-1].startswith("net ")


def test_what_is_printed_into_a_file_stays_out_of_the_bar(capsys):
    screen = Screen()
    bar = Bar(screen.console)
    bar.start("net", 1, 1)
    print("kept")  # noqa: T201
    bar.stop()
    assert capsys.readouterr().out == "kept\n"
    assert "kept" not in screen.getvalue()


def test_a_finished_bar_shows_epochs_time_and_metrics():
    screen = Screen()
    train(Bar(screen.console), 3, steps=2)
    assert screen.lines()[-1].endswith("3/3 epochs, 9 s loss 0.250 accuracy 0.500 test 0.400")


def test_a_bar_that_stops_early_shows_how_far_it_came():
    screen = Screen()
    train(Bar(screen.console), 20, steps=2, until=7)
    assert screen.lines()[-1].endswith("7/20 epochs, 21 s loss 0.250 accuracy 0.500 test 0.400")
    assert screen.getvalue().endswith("\x1b[?25h")  # the cursor is back


def test_a_bar_stops_before_any_step_and_twice_and_unstarted():
    screen = Screen()
    bar = Bar(screen.console)
    bar.stop()
    bar.start("net", 2, 2)
    bar.stop()
    bar.stop()
    assert screen.lines()[-1].endswith("0/2 epochs, 0 s")


def test_a_bar_serves_one_training_after_another():
    screen = Screen()
    bar = Bar(screen.console)
    train(bar, 2)
    train(bar, 3)
    assert {line.split(" epochs")[0][-3:] for line in screen.lines() if " epochs" in line} == {
        *("2/2", "3/3")
    }


def test_a_step_costs_microseconds(monkeypatch):
    for name in ("progress", "lines", "bar"):
        module = sys.modules[f"fashionlab.progress.{name}"]
        monkeypatch.setattr(module, "time", time)
    bar = Bar(Screen().console)
    bar.start("net", 1, 20_000)
    a_step = step(1, 1)
    began = time.perf_counter()
    for _ in range(20_000):
        bar.step(a_step)
    passed = time.perf_counter() - began
    bar.stop()
    assert passed / 20_000 < 50e-6  # about 1e-6 on an idle machine
