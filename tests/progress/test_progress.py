import pytest

from fashionlab.progress import Lines, Pace, Progress, ProgressList, duration

from .trainings import IMAGES, clock, row, step, train

pytestmark = pytest.mark.usefixtures("a_second_a_step")


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
