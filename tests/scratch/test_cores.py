"""Calls on several cores: errors are raised, BLAS has its threads back, a fork has its own."""

import os
import signal
import time

import pytest

from fashionlab.scratch import cores


def test_an_error_of_another_thread_is_raised_and_blas_has_its_threads_back():
    before = cores.count()
    finished = []

    def slow():
        time.sleep(0.05)
        finished.append(True)

    def fails():
        raise KeyError("mine")

    for calls in ([slow, fails], [fails, slow]):
        with pytest.raises(KeyError, match="mine"):
            cores.together(calls)
    assert finished == [True, True]
    assert cores.count() == before
    assert cores.together([lambda: 1, lambda: 2]) == [1, 2]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_a_forked_process_has_threads_of_its_own():
    cores.together([int, int])
    child = os.fork()
    if not child:
        os._exit(int(cores.together([int, lambda: 1]) != [0, 1]))
    deadline = time.monotonic() + 20
    while (ended := os.waitpid(child, os.WNOHANG)) == (0, 0) and time.monotonic() < deadline:
        time.sleep(0.01)
    if ended == (0, 0):
        os.kill(child, signal.SIGKILL)
        pytest.fail("the child waits for a thread that it does not have")
    assert os.waitstatus_to_exitcode(ended[1]) == 0
