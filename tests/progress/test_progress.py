import io
import re
import sys
import time

import pytest
from rich.console import Console

from fashionlab.progress import Bar, Lines, Pace, Progress, ProgressList, Step, duration
from fashionlab.progress.bar import WIDTHS

IMAGES = 100  # of a step


def row(epoch, **changes):
    return {
        "epoch": epoch,
        "loss": 0.25,
        "accuracy": 0.5,
        "test_loss": 2.0,
        "test_accuracy": 0.4,
        "learning_rate": 0.001,
        "seconds": 0.1,
    } | changes


def step(epoch, number):
    return Step(epoch, number, IMAGES, 0.25, 0.5, 0.001)


def train(progress, epochs, steps=1, *, done=0, until=None):
    """A training of `epochs` that ends after `until` of them."""
    progress.start("net", epochs, steps, done)
    for i in range(done, (until or epochs) * steps):
        epoch, number = i // steps + 1, i % steps + 1
        clock.now += 1.0
        progress.step(step(epoch, number))
        if number == steps:
            clock.now += 1.0  # the evaluation
            progress.epoch(row(epoch, seconds=float(steps)))
    progress.stop()


class clock:  # noqa: N801  stands in for the module time
    now = 0.0

    @classmethod
    def perf_counter(cls):
        return cls.now


@pytest.fixture(autouse=True)
def a_second_a_step(monkeypatch):
    clock.now = 1000.0
    for name in ("progress", "lines", "bar"):
        module = sys.modules[f"fashionlab.progress.{name}"]
        monkeypatch.setattr(module, "time", clock)


def lines(epochs, **options):
    said = []
    train(Lines(said.append), epochs, **options)
    return said


def test_a_short_training_has_a_line_per_epoch_with_metrics_speed_and_the_time_left():
    assert lines(3, steps=2) == [
        f"net epoch {epoch}/3: loss 0.2500, accuracy 0.5000, test accuracy 0.4000, "
        f"learning rate 0.001, 100 images/s, 2.0 s, about {left} s left"
        for epoch, left in ((1, 6), (2, 3), (3, 0))
    ]


def test_a_long_training_has_the_first_the_last_and_every_tenth():
    assert [line.split()[2] for line in lines(145)] == [
        *("1/145:", *(f"{i}/145:" for i in range(10, 150, 10)), "145/145:")
    ]


def test_a_training_that_stops_early_has_its_last_epoch_once():
    for until in (9, 10):
        said = lines(145, until=until)
        assert [line.split()[2] for line in said[-2:]] == ["1/145:", f"{until}/145:"]
    assert lines(145, until=9)[-1].endswith("1.0 s")  # and no time left


def test_a_resumed_training_counts_its_own_steps_alone():
    said = lines(4, steps=4, done=10)  # in the middle of its third epoch
    assert [line.split()[2] for line in said] == ["3/4:", "4/4:"]
    assert ", 100 images/s, 4.0 s, about 6 s left" in said[0]  # 2 steps in 3 s, 4 steps to go
    assert ", 100 images/s, 4.0 s, about 0 s left" in said[1]


def test_a_resumed_training_says_its_first_epoch():
    assert [line.split()[2] for line in lines(145, done=42, until=44)] == ["43/145:", "44/145:"]


def test_lines_say_messages_and_progress_itself_says_nothing(capfd):
    said = []
    Lines(said.append).say("stopping")
    assert said == ["stopping"]
    Progress().say("stopping")
    train(Progress(), 2)
    assert capfd.readouterr() == ("", "")


def test_pace_divides_a_whole_epochs_images_by_the_rows_seconds():
    pace = Pace()
    clock.now += 8  # which the row's seconds do not count
    pace.step(step(1, 1))
    assert pace.so_far() == IMAGES / 8
    assert pace.end(row(1, seconds=2.0)) == IMAGES / 2


def test_pace_divides_a_part_of_an_epoch_by_the_time_observed():
    pace = Pace()
    clock.now += 8
    pace.step(step(1, 5))
    clock.now += 1  # the evaluation
    assert pace.end(row(1, seconds=100.0)) == IMAGES / 8


def test_pace_without_steps_or_seconds_is_unknown():
    pace = Pace()
    assert pace.so_far() is None
    assert pace.end(row(1)) is None
    pace.step(step(1, 1))
    assert pace.end(row(1, seconds=0.0)) is None


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


def test_the_bar_has_all_metrics_in_100_columns():
    screen = Screen(100)
    bar = Bar(screen.console)
    bar.start("report-mlp", 145, 469)
    clock.now += 11 * 5
    bar.epoch(row(11, validation_accuracy=0.8912, seconds=4.0))
    bar._pace = Pace()
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


def test_a_message_stands_above_the_bar_as_it_is():
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


def test_what_is_printed_into_a_file_meanwhile_stays_out_of_the_bar(capsys):
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


def test_a_bar_that_stops_early_tells_how_far_it_came():
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


class Recorder(Progress):
    def __init__(self, name, calls, fails=""):
        self.name, self.calls, self.fails = name, calls, fails

    def _call(self, what, *arguments):
        self.calls.append((self.name, what, *arguments))
        if what == self.fails:
            raise OSError(what)

    def start(self, name, epochs, steps, done=0):
        self._call("start", name, epochs, steps, done)

    def step(self, step):
        self._call("step", step)

    def epoch(self, row):
        self._call("epoch", row)

    def say(self, line):
        self._call("say", line)

    def stop(self):
        self._call("stop")


def test_several_pass_everything_on_to_each():
    calls = []
    several = ProgressList([Recorder("a", calls), Recorder("b", calls)])
    train(several, 1, steps=2, done=1)
    several.say("line")
    got = {name: [call for who, *call in calls if who == name] for name in "ab"}
    assert got["a"] == got["b"]
    assert got["a"][0] == ["start", "net", 1, 2, 1]
    assert [call[0] for call in got["a"]] == ["start", "step", "epoch", "stop", "say"]


def test_several_stop_all_where_one_fails():
    calls = []
    several = ProgressList([Recorder("a", calls), Recorder("b", calls, fails="stop")])
    with pytest.raises(OSError, match="stop"):
        several.stop()
    assert ("a", "stop") in calls


def test_several_stop_those_that_started_where_one_cannot():
    calls = []
    names = (("a", ""), ("b", "start"), ("c", ""))
    several = ProgressList([Recorder(name, calls, fails) for name, fails in names])
    with pytest.raises(OSError, match="start"):
        several.start("net", 1, 1)
    assert [call[:2] for call in calls] == [("a", "start"), ("b", "start"), ("a", "stop")]


def test_durations():
    assert [duration(s) for s in (0.4, 59.4, 59.6, 200)] == [
        *("0 s", "59 s", "1 min 00 s", "3 min 20 s")
    ]
