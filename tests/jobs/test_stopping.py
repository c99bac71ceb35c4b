"""A process that waits for its workers stops at the first signal, and says so after the second."""

import os
import signal
from contextlib import contextmanager

import pytest

from fashionlab.errors import StoppedError
from fashionlab.jobs.stopping import stoppable


@contextmanager
def impatient():
    """Raise KeyboardInterrupt at the end, as a second Ctrl-C does while workers are closed."""
    try:
        yield
    finally:
        raise KeyboardInterrupt


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_stops_it_also_once_more_while_it_is_closed(number, status):
    done = []
    with (
        pytest.raises(StoppedError, match=r"stopped after 1; go on with: it again") as raised,
        stoppable(lambda: f"stopped after {len(done)}", "it again"),
        impatient(),
    ):
        done.append("job")
        os.kill(os.getpid(), number)
    assert raised.value.status == status
    assert signal.getsignal(signal.SIGTERM) == signal.SIG_DFL
