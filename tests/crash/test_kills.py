"""Twenty trainings killed with SIGKILL, and resumed: the short form of `make crash-test`."""

import numpy as np
import pytest

from benchmarks.engine import crash_test


@pytest.mark.parametrize("engine", crash_test.ENGINES)
def test_a_killed_training_loses_one_interval_at_most_and_comes_out_the_same(engine, tmp_path):
    def calls(whole):  # in the middle of a save of each of the three epochs, and at the end
        return np.linspace(20, whole - 4, 5).astype(int)

    judged = list(crash_test.verdicts(engine, tmp_path, 5, calls))
    assert len(judged) == 10
    for _, verdict in judged:
        assert verdict.killed
        assert verdict.readable
        assert verdict.lost <= crash_test.INTERVAL
        assert verdict.same
        assert verdict.clean


def test_a_training_that_came_out_otherwise_would_be_seen(tmp_path):
    crash_test.run("scratch", tmp_path / "whole")
    expected = crash_test.fingerprint(tmp_path / "whole")
    outcome = crash_test.run("scratch", tmp_path / "killed", deadly=60)
    assert outcome.killed
    other = {**expected, "weights": expected["history"]}
    assert not crash_test.judge("scratch", tmp_path / "killed", other, outcome).same
    assert crash_test.judge("scratch", tmp_path / "killed", expected, outcome).same
