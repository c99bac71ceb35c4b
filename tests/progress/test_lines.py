import sys

import pytest

from fashionlab.progress import Lines, for_stderr

from .trainings import train

pytestmark = pytest.mark.usefixtures("a_second_a_step")


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


def test_without_a_console_there_are_lines(monkeypatch):
    """Run as pythonw does on Windows, where standard error is None."""
    monkeypatch.setattr(sys, "stderr", None)
    assert isinstance(for_stderr(print), Lines)
